/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places: which variable of the source a register or a slot of the stack holds, instruction by instruction, as debugging
 * information of an object tells. For messages only: nothing may depend on it being right or being there.
 *
 *	progs[0]   insns 3..9    r2         idx    u32
 *	           insns 0..4    fp-8       key    u32
 *
 *	place = skep_place_of_reg(places, prog, insn, SKEP_R2);	// before that instruction
 *	if (place)
 *		puts(place->name);
 */
#pragma once

#include "obj/btf.h"

struct skep_place {
	uint32_t prog;	     /* in the spec */
	uint32_t first, end; /* it is there before these instructions: first <= insn < end */
	bool on_stack;
	uint8_t reg; /* unless on the stack */
	/* On the stack: of its lowest byte, counted from the frame pointer. Else: the variable is the register plus this. */
	int32_t off;
	const char *name;
	uint32_t type; /* in `btf`; 0: not known */
};

struct skep_places {
	struct skep_place *places;
	size_t n;
	struct skep_btf *btf; /* types of the variables; freed with the places, or NULL */
};

/* Of several the one that is there for the shortest time: the innermost. NULL: none is known. @places may be NULL. */
const struct skep_place *skep_place_of_reg(const struct skep_places *places, uint32_t prog,
					   uint32_t insn, unsigned reg);
/* A variable that points to memory at register @reg plus at most @off, the nearest such. */
const struct skep_place *skep_place_near(const struct skep_places *places, uint32_t prog,
					 uint32_t insn, unsigned reg, int32_t off);
/* The variable that the byte at fp+@off is part of; it may lie before @off. */
const struct skep_place *skep_place_of_slot(const struct skep_places *places, uint32_t prog,
					    uint32_t insn, int32_t off);

/*
 * Appends which part of a value of type @id the @size bytes at @offset are, as C says it: ".count", ".small[2]", "" for the
 * whole. Bytes inside of a number have the number's name. -ENOENT: it is no part; nothing is appended then. @ret_type: of
 * that part, 0 for bytes inside of one; may be NULL.
 */
int skep_btf_format_part(const struct skep_btf *btf, uint32_t id, uint32_t offset, uint32_t size,
			 struct skep_str *out, uint32_t *ret_type) _must_check_;
