/* SPDX-License-Identifier: Apache-2.0 */
/* What a clock of the kernel shows, in nanoseconds: CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID, ... */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t skep_clock_ns(clockid_t clock)
{
	struct timespec t = {};

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
