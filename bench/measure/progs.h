/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF programs of one process, found through the descriptors that it holds, and what the kernel says they cost.
 *
 * The kernel times programs only while somebody asks for it, and the two clock reads and the call cost too: that is
 * the floor, measured with a program of the same kind that does nothing.
 *
 *	fd = progs_stats_on();		on until fd is closed
 *	r = progs_of(pid, &progs);
 *	r = progs_floor(kind, &w, &ns);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "workload.h"

#define PROGS_MAX 32

struct prog {
	uint32_t id, type;
	uint64_t run_ns, n_runs;
	uint32_t n_insns, jited_bytes;
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

/* ns per run of an empty program of this type on the entry of getppid, or of any call where a type knows no other. */
int progs_floor(uint32_t type, struct workload *w, double *ret_ns);
