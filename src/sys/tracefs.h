/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracefs: the kernel's list of tracepoints, their fields and numbers, and of the functions that
 * can be traced.
 *
 * It is looked for at /sys/kernel/tracing and below debugfs. Where it is mounted nowhere, root gets
 * a mount of its own that nobody else can see and that is gone with the process; the machine's
 * mounts are never changed.
 *
 * Events are named "category/event". Nothing is read before it is asked for; an exact name costs
 * one small read.
 *
 *	r = skep_tracefs_event_id("syscalls/sys_enter_openat", &id);
 *	r = skep_tracefs_event_format("sched/sched_switch", &text);
 *	r = skep_tracefs_events("syscalls", "sys_enter_*", each, data);
 */
#pragma once

#include "base/macros.h"

/*
 * Descriptor of its top directory, kept for the life of the process (borrowed). -ENOENT, -EACCES,
 * -EPERM.
 */
int skep_tracefs_dir(void) _must_check_;

/* -ENOENT: no such event; -EINVAL: not "category/event". */
int skep_tracefs_event_id(const char *event, uint32_t *ret_id) _must_check_;
/* Text of the event's `format` file, malloc'ed. */
int skep_tracefs_event_format(const char *event, char **ret_text) _must_check_;

/*
 * Calls @each for every event whose category and name match the patterns ('*' is any run of
 * characters), sorted. Stops when it returns other than 0 and returns that; else 0.
 */
int skep_tracefs_events(const char *category, const char *name,
			int (*each)(void *data, const char *category, const char *name),
			void *data) _must_check_;

/*
 * Calls @each with "category/event" for every event that somebody made at run time (on a function,
 * or from other events). None where the kernel has no such events. Stops as the above.
 */
int skep_tracefs_made_events(int (*each)(void *data, const char *event), void *data) _must_check_;

/*
 * Calls @each for every kernel function that matches and can be traced, with its module (NULL: the
 * kernel itself). Where the list is not readable (lockdown) the symbols of the kernel stand in:
 * some of them cannot be traced, and *ret_exact (may be NULL) is false.
 */
int skep_tracefs_functions(const char *module, const char *name,
			   int (*each)(void *data, const char *module, const char *name),
			   void *data, bool *ret_exact) _must_check_;
