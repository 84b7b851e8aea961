/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plan files: a script that was compiled ahead of time, NAME.skep.
 *
 *	script ──skep_compile, portable──► plan ──skep_plan_write──► bytes     on one machine
 *	bytes ──skep_plan_read──► plan ──skep_plan_fit──► plan ──► live        on another (fit.h)
 *
 * A file is a head of 32 bytes, numbers with their lowest byte first, and a body:
 *
 *	 0	8	89 53 4b 45 50 0d 0a 1a   what it is; a transfer as text spoils it
 *	 8	4	version of the format, SKEP_PLAN_VERSION
 *	12	4	bytes of the body, at most SKEP_PLAN_FILE_MAX
 *	16	8	shape of the body: what its fields are (base/pack.h)
 *	24	8	checksum of the body, FNV-1a of 64 bits
 *	32	...	the body: struct skep_plan and all that hangs from it, field by field, by the tables of plan_file.c
 *
 * The version changes when a reader must do something else with the same fields, the shape by itself when fields change: a
 * file of another skep is told as such, and never misread. Bytes that are not whole, or were made up, give an error; a plan
 * that was read can be run without looking at it again: every index in it leads to something (plan_check.c).
 *
 *	_cleanup_(skep_str_fini) struct skep_str bytes = {};
 *	skep_plan_write(plan, &bytes);
 *	...
 *	r = skep_plan_read(arena, bytes.data, bytes.len, diag, &plan);	// -EBADMSG, -ENOTSUP: the diag says why
 */
#pragma once

#include "base/arena.h"
#include "lang/plan.h"

#define SKEP_PLAN_VERSION 1
#define SKEP_PLAN_FILE_MAX (4u << 20)

/* Whether these bytes begin as a plan file does; 8 are enough. */
bool skep_plan_is_file(const void *bytes, size_t len);
void skep_plan_write(const struct skep_plan *plan, struct skep_str *out);
/* @bytes may go afterwards. -EBADMSG: not such a file, or damaged; -ENOTSUP: of another version. */
int skep_plan_read(struct skep_arena *arena, const void *bytes, size_t len, struct skep_diag *diag,
		   struct skep_plan **ret_plan) _must_check_;
/* Whether everything in the plan leads to something. NULL: yes; else what does not. plan_check.c */
const char *skep_plan_wrong(struct skep_arena *arena, struct skep_plan *plan);
