/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking the stack of a program that has no frame pointers, as code for the kernel: see obj/unwind.h for the maps.
 *
 *	ustack ─► registers of the user ─► walk ─► loop( step ) ─► number of the stack
 *	                                             step ─► area of pc ─► row of its table ─► caller
 *
 * `walk` and what it calls are made once for a script, however many probes take stacks. All state of one walk is in memory of
 * the probe's program (struct walk in unwind.c), so little of the kernel's 512 bytes of stack is used.
 *
 * Which step is made: by the row of a table; where there is none by the frame pointer, as the kernel's own walk does at every
 * step. A walk ends well at a function that says it was not called by anyone, at a return address of 0, or at its depth. It
 * is cut short where neither leads anywhere; or may be wrong, where a table was not there in time and the frame pointer was
 * believed: both are counted (SKEP_LOSS_UNWIND).
 *
 * A stack costs about 0.1 us a frame, and 0.1 us around it; the frame-pointer walk of the kernel costs as much for the one
 * or two frames that it finds.
 */
#pragma once

#include "lang/lower.h"

/* Whether this kernel has what a walk needs. */
bool skep_unwind_possible(struct skep_lower *l);
/* The number of the user's stack, at most @depth frames of it; or -EFAULT: there is none, or another error, counted. */
struct skep_val *skep_lower_unwind(struct skep_lower *l, uint32_t depth);

/*
 * The kernel's map has one place for each stack, by its hash, and says -EEXIST when another one is there. Such a stack gets
 * a number of our own map: always, since nothing leaves the kernel's map, so equal stacks have equal numbers.
 */
bool skep_keep_possible(const struct skep_lower *l);
/* @flags: of the helper get_stack. The number, -EFAULT: there is no such stack, or another error, not counted yet. */
struct skep_val *skep_keep_kernel_stack(struct skep_lower *l, uint64_t flags, uint32_t depth);
