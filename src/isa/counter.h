/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters: what perf events count, as one table. The numbers are the kernel's UAPI (enum perf_sw_ids, perf_hw_id).
 *
 *	c = skep_counter_find(SKEP_COUNTER_SOFTWARE, "page-faults");
 *	attr.type = SKEP_COUNTER_SOFTWARE;
 *	attr.config = c->config;
 *	attr.sample_period = c->period;
 */
#pragma once

#include "base/macros.h"

/* The kernel's PERF_TYPE_*. */
enum skep_counter_type {
	SKEP_COUNTER_HARDWARE = 0,
	SKEP_COUNTER_SOFTWARE = 1,
};

#define SKEP_COUNTER_CPU_CLOCK 0 /* of software: nanoseconds */

struct skep_counter {
	const char *name, *alias; /* alias: or NULL */
	uint64_t config;
	uint64_t period; /* events between two runs of a program when nobody says how many */
};

/* Counter @index of a type; NULL behind the last. */
const struct skep_counter *skep_counter_row(enum skep_counter_type type, size_t index);
/* By its name or alias; NULL: there is none. */
const struct skep_counter *skep_counter_find(enum skep_counter_type type, const char *name);
