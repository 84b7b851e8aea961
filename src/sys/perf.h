/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events that carry a BPF program.
 *
 *	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
 *					.config = PERF_COUNT_SW_CPU_CLOCK,
 *					.sample_period = 10000000 };
 *	fd = skep_perf_attach(&attr, -1, cpu, prog_fd, cookie);
 */
#pragma once

#include <linux/perf_event.h>

#include "base/macros.h"

/*
 * Opens a counter; size and disabled are filled in. Returns a descriptor, close-on-exec. @pid -1:
 * all, @cpu -1: all.
 */
int skep_perf_open(const struct perf_event_attr *attr, int pid, int cpu) _must_check_;

/*
 * Opens an event, gives it the program and starts it. Returns the one descriptor that holds all of
 * it: a BPF link, or on kernels without such links the event. -EOPNOTSUPP: those kernels have no
 * cookies.
 */
int skep_perf_attach(const struct perf_event_attr *attr, int pid, int cpu, int prog_fd,
		     uint64_t cookie) _must_check_;

/*
 * The type number of a dynamic PMU ("kprobe", "uprobe"). -ENOENT: the kernel is built without it.
 */
int skep_perf_pmu_type(const char *pmu, uint32_t *ret_type) _must_check_;
/* The bit of `config` that turns a probe of this PMU into one on return. */
int skep_perf_pmu_retprobe_bit(const char *pmu, unsigned *ret_bit) _must_check_;
