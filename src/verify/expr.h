/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions: how the source would write a value that instructions compute. Private to the folder; name.c makes them along
 * the path of a walk. Each is short, or is not made at all: false, and what it would have been is undefined.
 *
 *	skep_expr_set(&p, "eth") && (skep_expr_type(&p, btf, type), true)	// eth, struct ethhdr *
 *	skep_expr_memory(&p, 12, 2, &e)						// eth->h_proto
 */
#pragma once

#include "isa/insn.h"
#include "obj/places.h"

#define SKEP_EXPR_MAX 80 /* bytes; longer ones say nothing */

struct skep_expr {
	char text[SKEP_EXPR_MAX];
	bool is_sum; /* wants parentheses */
	bool is_pointer;
	/* Of a pointer: to what it points (0: not known), and how far behind its beginning. */
	const struct skep_btf *btf;
	uint32_t target;
	int64_t off;
};

bool skep_expr_set(struct skep_expr *e, const char *fmt, ...) _printf_(2, 3);
/* Its type makes an expression a pointer. */
void skep_expr_type(struct skep_expr *e, const struct skep_btf *btf, uint32_t type);
/* @size bytes of memory at @base + @off. */
bool skep_expr_memory(const struct skep_expr *base, int32_t off, uint32_t size,
		      struct skep_expr *e);
/* The result of ALU instruction @insn (no MOV, NEG, END) on @of and the instruction's constant; on @a and @b. */
bool skep_expr_constant(struct skep_insn insn, const struct skep_expr *of, struct skep_expr *e);
bool skep_expr_other(struct skep_insn insn, const struct skep_expr *a, const struct skep_expr *b,
		     struct skep_expr *e);
