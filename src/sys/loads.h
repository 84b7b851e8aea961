/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads: programs as they come into the kernel and leave it, as the kernel reports them to perf. No program of our own is
 * needed for it.
 *
 *	perf event on each CPU ──► KSYMBOL: name ─► BPF_EVENT: load or unload, id ──► callback
 *	                       └─► COMM: names of processes, for those that have ended until we look
 *
 *	r = skep_loads_open(0, &loads);
 *	... poll(skep_loads_fd(loads))
 *	r = skep_loads_read(loads, each, data);
 *	skep_loads_close(loads);
 */
#pragma once

#include "base/macros.h"

struct skep_loads;

struct skep_load {
	bool unload;
	uint32_t id;
	uint32_t pid,
		tid; /* who did it; an unload may be done by the kernel itself, pid 0 or one of its threads */
	uint64_t monotonic_ns;
	uint8_t tag[8];
	const char *name; /* as far as the kernel keeps it; "" when it does not say */
	const char *comm; /* of the process; "" when nobody knows */
};

/* @pid: only of this process and those that it starts; 0: all. -EPERM, -EOPNOTSUPP. */
int skep_loads_open(uint32_t pid, struct skep_loads **ret_loads) _must_check_;
void skep_loads_close(struct skep_loads *loads);
SKEP_DEFINE_CLEANUP(struct skep_loads, skep_loads_close)
/* Readable when there is something. Borrowed. */
int skep_loads_fd(const struct skep_loads *loads);
/* All that is there. */
void skep_loads_read(struct skep_loads *loads,
		     void (*each)(void *data, const struct skep_load *load), void *data);
/* Records that found no room so far. */
uint64_t skep_loads_lost(const struct skep_loads *loads);
