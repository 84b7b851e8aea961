/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF programs of one process, found through the descriptors that it holds, and what the kernel says they cost.
 *
 * The kernel times programs only while somebody asks for it, and the two clock reads and the call cost too: that is
 * the floor, measured with a program of the same kind that does nothing. What such a program adds to a call without
 * the statistics is what no program of its kind can go below.
 *
 *	fd = progs_stats_on();		on until fd is closed
 *	r = progs_of(pid, &progs);
 *	r = progs_floor(type, &w, &floor);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "workload.h"

#define PROGS_MAX 256

struct prog {
	uint32_t id, type;
	uint64_t run_ns, n_runs;
	uint32_t n_insns, jited_bytes;
	uint32_t
		n_verified; /* instructions that the verifier went through; 0: not told (before 5.16) */
	char name[16];
};

struct progs {
	unsigned n;
	struct prog v[PROGS_MAX];
};

/* A descriptor, or -errno. */
int progs_stats_on(void);

/* What `pid` holds now, directly or through links; none is not an error. */
int progs_of(pid_t pid, struct progs *ret_progs);

const struct prog *progs_find(const struct progs *progs, uint32_t id);

const char *progs_kind(uint32_t type);

struct progs_floor {
	double run_ns;	 /* by the kernel's account, a run */
	double added_ns; /* time that it adds to a call */
};

/* Of an empty program of this type at the entry of getppid, or of any call where a type knows no other. */
int progs_floor(uint32_t type, struct workload *w, struct progs_floor *ret_floor);
