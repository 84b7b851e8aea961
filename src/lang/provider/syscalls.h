/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call tracepoints without perf: every tracepoint:syscalls:sys_enter_X and sys_exit_X of a
 * probe runs from one program on the raw sys_enter or sys_exit, which attaches and detaches in a
 * fraction of a millisecond.
 *
 * It sees what the tracepoints would show, no more and no less: not the calls of the 32-bit and
 * x32 tables, only numbers that have an event, and fields that stand in the same registers with
 * the tracepoint's own type. What cannot be had so (common_*, fields we cannot place) stays with
 * perf.
 */
#pragma once

#include "lang/match.h"

enum skep_tracepoint_flavour {
	SKEP_TRACEPOINT_PERF,
	SKEP_TRACEPOINT_RAW,   /* raw tracepoint: registers are read with a helper */
	SKEP_TRACEPOINT_BTF,   /* BTF-typed raw tracepoint: registers are loaded */
	SKEP_TRACEPOINT_PLAIN, /* no system call: the raw tracepoint of the same name */
	SKEP_TRACEPOINT_FLAVOUR = 3,
	SKEP_TRACEPOINT_EXIT = 4, /* sys_exit, not sys_enter */
};

/* The flavour for "syscalls" events on this machine: RAW, BTF, or PERF when neither works. */
unsigned skep_syscalls_flavour(const struct skep_compiler *c);
/*
 * The number behind "sys_enter_openat" or "sys_exit_openat"; -1: not one we know. *ret_exit: which
 * of the two.
 */
int skep_syscalls_number(const char *event, bool *ret_exit);
/* Whether every used field can be read from the registers. */
bool skep_syscalls_can(const struct skep_struct *args, bool is_exit,
		       const struct skep_used_args *used);
/* Fills in how a new instance attaches. */
void skep_syscalls_setup(struct skep_compiler *c, struct skep_instance *inst);

void skep_syscalls_prologue(struct skep_lower *l);
int skep_syscalls_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			     const struct skep_field *field,
			     struct skep_value *ret_value) _must_check_;
/* Of an instance with several matches. */
struct skep_val *skep_syscalls_lower_probe(struct skep_lower *l);
