/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .eh_frame: how to get from any instruction of a binary to the caller of its function, as a sorted table of small rows.
 *
 *	.eh_frame ─► FDE (a function) ─► its program, run on a CIE's start ─► a rule for each stretch of code
 *	                                                                  └─► struct skep_unwind_row, 8 bytes
 *
 * Format: the Linux Standard Base, "Exception Frames", and DWARF 5, section 6.4. Of all that DWARF can say only the rules for
 * the stack pointer, the frame pointer and the return address are kept; what cannot be said in a row becomes
 * SKEP_UNWIND_NONE, and is counted. x86-64 and arm64; of others there are no rows.
 *
 * Places of rows are offsets in the file, ascending, and each differs from the one before. Behind the end of a function that
 * no other follows within 16 bytes there is a row NONE.
 *
 * The section may be hostile: every read is checked, the work is linear in its size (a CIE's program is run for each function,
 * up to CIE_PROGRAM_MAX bytes), rows have a bound.
 *
 *	r = skep_eh_frame_read(elf, SKEP_UNWIND_ROWS_MAX, &table);
 *	word = skep_eh_frame_find(&table, offset);
 *	skep_eh_frame_fini(&table);
 */
#pragma once

#include "obj/elf_sym.h"
#include "obj/unwind.h"

struct skep_eh_frame {
	struct skep_unwind_row *rows;
	size_t n_rows;
	size_t n_functions;
	size_t n_bad;	 /* functions whose description could not be read: they have no rows */
	size_t n_unsaid; /* rows NONE inside of functions: rules that do not fit a row */
};

/* -ENOENT: no such section, or of another machine; -E2BIG: more than @max_rows; -EINVAL; -ENOMEM. */
int skep_eh_frame_read(const struct skep_elf *elf, size_t max_rows,
		       struct skep_eh_frame *ret_table) _must_check_;
void skep_eh_frame_fini(struct skep_eh_frame *table);
/* The word for the instruction at @place; NONE where there is none. */
uint32_t skep_eh_frame_find(const struct skep_eh_frame *table, uint32_t place);
