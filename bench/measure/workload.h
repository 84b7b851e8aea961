/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traced process: it makes calls of one kind when told to, getppid() for example, and nothing else in between. It
 * stays on one CPU, so that runs can be compared. Calls are timed in batches so short that the scheduler disturbs only few
 * of them: the median over batches is the price of a call, also on a busy machine.
 *
 *	r = workload_start(&w);
 *	w.kind = WORKLOAD_OPEN;
 *	r = workload_call(&w, 100, ns_per_call);	100 batches of WORKLOAD_BATCH calls
 *	workload_stop(&w);
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define WORKLOAD_BATCH \
	2000 /* system calls; of what takes longer there are fewer: workload_batch() */
#define WORKLOAD_MAX_BATCHES 1000
#define WORKLOAD_NAME "bench-calls"

#define WORKLOAD_PATH_NAME "/usr/lib/x86_64-linux-gnu/libnobody-has-this.so.1"

enum workload_kind {
	WORKLOAD_GETPPID,
	WORKLOAD_PATH,	 /* faccessat() of a path that does not exist */
	WORKLOAD_OPEN,	 /* openat() of it */
	WORKLOAD_EXEC,	 /* /bin/true is run to its end, as WORKLOAD_USER */
	WORKLOAD_TCP,	 /* a connection over loopback, from its begin to its end */
	WORKLOAD_SWITCH, /* two threads on one CPU wake each other in turn: a call is one turn */
	WORKLOAD_DISK,	 /* pwrite() of 4 KiB to the device WORKLOAD_DEVICE names, past the cache */
};

#define WORKLOAD_USER 54321
#define WORKLOAD_DEVICE "BENCH_DEVICE" /* of the environment */

struct workload {
	pid_t pid;
	int fd;
	enum workload_kind kind; /* of the calls to make; may be changed at any time */
	uint64_t n_calls;	 /* made so far */
};

int workload_start(struct workload *ret_w);
/* Calls in a batch of its kind. */
unsigned workload_batch(const struct workload *w);
void workload_stop(struct workload *w);

/* Makes so many batches of calls; ret_ns: one number a batch, ns per call. -EPIPE: this kind cannot be had here. */
int workload_call(struct workload *w, unsigned n_batches, double *ret_ns);
