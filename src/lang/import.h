/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import of functions that were written in C:
 *
 *	import "score.bpf.o";
 *	xdp:eth0 { if (score(ctx, pkt.len) > 10) { drop(); } }
 *
 * The object's functions that are no programs of their own (no SEC of a program) can be called like those of a script.
 * Their types are those of its BTF: numbers, and pointers. A pointer is handed one: ctx, a typed pointer, or the bytes
 * of a text or another value, which the program has in its own memory.
 *
 *	names ─► checked against BTF ─► stub in gen ─► finish ─► the object's code in the place of the stub, its other
 *	                                                         functions and maps behind those of the script
 *
 * The code is verified together with the probe that calls it, for what it is handed there.
 */
#pragma once

#include "lang/check.h"
#include "lang/lower.h"

struct skep_import; /* the objects of a compilation */

/* Reads the script's objects into c->import. */
int skep_import_read(struct skep_compiler *c) _must_check_;
void skep_import_fini(struct skep_compiler *c);

/* Whether an imported function is called so. */
bool skep_import_has(const struct skep_compiler *c, const char *name);
int skep_import_check(struct skep_check *k, struct skep_expr *call) _must_check_;
int skep_import_lower(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value) _must_check_;
/* Puts the objects' code and maps into the finished spec. */
void skep_import_link(struct skep_compiler *c, struct skep_plan *plan);
