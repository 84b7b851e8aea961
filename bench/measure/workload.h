/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traced process: it makes getppid() calls when told to, or calls with a path, and nothing else in between. It stays on one CPU, so
 * that runs can be compared. Calls are timed in batches so short that the scheduler disturbs only few of them: the
 * median over batches is the price of a call, also on a busy machine.
 *
 *	r = workload_start(&w);
 *	r = workload_call(&w, 100, ns_per_call);	100 batches of WORKLOAD_BATCH calls
 *	workload_stop(&w);
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define WORKLOAD_BATCH 2000
#define WORKLOAD_MAX_BATCHES 1000
#define WORKLOAD_NAME "bench-calls"

#define WORKLOAD_PATH_NAME "/usr/lib/x86_64-linux-gnu/libnobody-has-this.so.1"

enum workload_kind {
	WORKLOAD_GETPPID,
	WORKLOAD_PATH, /* faccessat() of a path that does not exist */
};

struct workload {
	pid_t pid;
	int fd;
	enum workload_kind kind; /* of the calls to make; may be changed at any time */
	uint64_t n_calls;	 /* made so far */
};

int workload_start(struct workload *ret_w);
void workload_stop(struct workload *w);

/* Makes n_batches * WORKLOAD_BATCH calls; ret_ns: one number a batch, ns per call. */
int workload_call(struct workload *w, unsigned n_batches, double *ret_ns);
