/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Needs: what a script that is compiled ahead of time relies on, so that another machine can make up for what is different
 * there, or refuse (fit.h).
 *
 *	skep_type_field ──note──► needs ◄──use── code that takes the offset        (obj/spec.h: struct skep_need)
 *
 * Looking a member up only notes it; code that relies on it marks it as used, and only what is used goes into the plan.
 * The value of a need is what it is on the machine of the compiler; where the code has an instruction that a relocation can
 * change, the need is relative, else exact: the other machine must have the same value.
 *
 * In a compilation for this machine (types->needs is NULL) nothing is noted, and offsets are plain numbers:
 *
 *	at = skep_need_at(types, fn, at, &off, &field);       // off += field.offset, or at += a relocated number
 *	v = skep_ir_load(fn, at, off, field.type->size, 0);
 */
#pragma once

#include "base/hash.h"
#include "base/vec.h"
#include "gen/gen.h"
#include "lang/type.h"

struct skep_needs {
	struct skep_arena *arena;
	struct {
		SKEP_VEC(struct skep_need);
	} list;
	struct skep_hash index; /* by kind and name, to its place in the list plus 1 */
	uint64_t features;	/* bits by skep_world_feature: asked for, and taken to be there */
	bool wants_command;	/* the script asks for the process that -c starts */
	/* The first thing that another machine could not be helped with; NULL: all is well. */
	const char *refused, *instead;
	struct skep_loc refused_at;
};

void skep_needs_fini(struct skep_needs *needs);

/* A member that was found: notes it, and how its type is found when it has no name. @f->offset is its value. */
void skep_need_member(struct skep_types *types, const struct skep_struct *s, struct skep_field *f);
/* The code relies on the offset as it is. */
void skep_need_exact(struct skep_types *types, const struct skep_field *f);
/* The address of a member of what stands at @at + *off. */
struct skep_val *skep_need_at(struct skep_types *types, struct skep_fn *fn, struct skep_val *at,
			      int *off, const struct skep_field *f);
/* The code relies on how large values of this type are, if it is the kernel's to say. */
void skep_need_size(struct skep_types *types, const struct skep_type *type);
/* A constant of the kernel's enums: notes it; the result is 1 + its number, 0 in a compilation for this machine. */
uint32_t skep_need_enum(struct skep_types *types, const char *name, int64_t value);
/* The kernel's ticks a second, likewise: what scripts know as @name. */
uint32_t skep_need_ticks(struct skep_types *types, const char *name, int64_t value);
/* The code relies on a constant as it is; 0 is none. */
void skep_need_enum_exact(struct skep_types *types, uint32_t need_plus1);
/* The constant in code. */
struct skep_val *skep_need_enum_value(struct skep_types *types, struct skep_fn *fn,
				      uint32_t need_plus1, uint64_t value);
/* A number that every machine has another value for; @value is this one's. */
struct skep_val *skep_need_number(struct skep_types *types, struct skep_fn *fn,
				  enum skep_need_kind kind, const char *name, uint64_t value);
/* The needs that are used, numbered anew in the relocations of the spec, become the spec's. */
void skep_needs_give(struct skep_needs *needs, struct skep_spec *spec);
/*
 * What cannot be made ahead of time, and what can; neither is copied. False: it need not be. The compilation goes on, so
 * that all else that is wrong is told, and then fails.
 */
bool skep_need_refuse(struct skep_types *types, struct skep_loc at, const char *what,
		      const char *instead);

/* What stands at a member, as text: two machines agree on the code that reads it when they agree on this. */
const char *skep_need_shape(struct skep_types *types, const struct skep_field *f);
/* "struct foo", "union foo": how a struct is called on every machine; NULL: it has no name. */
const char *skep_need_type_name(struct skep_types *types, const struct skep_struct *s);
