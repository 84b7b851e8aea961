/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of flags, from the text with which the kernel itself formats an event:
 *
 *	print fmt: "...", ... __print_flags(REC->gfp_flags, "|", {( unsigned long)(0x400u | 0x800u), "GFP_X"}, ...)
 *
 * They differ from kernel to kernel, and no other place tells them.
 */
#pragma once

#include "base/arena.h"
#include "record/schema.h"

#define SKEP_FLAGS_MAX 256 /* names of one list; what is beyond is left out */

/* The first list in @text, in its order; how many. What cannot be understood is left out. */
size_t skep_flags_parse(struct skep_arena *arena, const char *text,
			const struct skep_enum_name **ret_names);
