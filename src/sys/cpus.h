/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs and clocks of this machine, as far as tracing needs them.
 *
 * Possible CPUs are those that could ever be plugged in: a per-CPU map has one value for each.
 * Online CPUs are those that run now: a sampling event is opened on each.
 *
 *	unsigned n = skep_cpus_possible();
 *	r = skep_cpus_online(&cpus, &n_online);
 *	realtime_ns = ktime_ns + skep_clock_offset_ns();	// bpf_ktime_get_ns to wall clock
 */
#pragma once

#include "base/macros.h"

#define SKEP_CPUS_MAX 65536 /* higher numbers in a list are ignored: no kernel has them */

/* Highest possible CPU number plus one; at least 1. Read once. */
unsigned skep_cpus_possible(void);
/* Numbers of the online CPUs, ascending; the array is malloc'ed. -errno. */
int skep_cpus_online(int **ret_cpus, size_t *ret_n) _must_check_;
/* "0-3,8" into numbers, ascending as written. -EINVAL. Exposed for tests. */
int skep_cpus_parse(const char *text, int **ret_cpus, size_t *ret_n) _must_check_;

/*
 * Wall clock minus CLOCK_MONOTONIC (what bpf_ktime_get_ns counts), now. Jumps when the clock is
 * set.
 */
int64_t skep_clock_offset_ns(void);
/* Wall clock minus CLOCK_BOOTTIME (what bpf_ktime_get_boot_ns counts), now. */
int64_t skep_clock_boot_offset_ns(void);
