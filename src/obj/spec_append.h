/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two specs in one: a script that imports an object, objects that were read apart. What the second refers to by number
 * moves on by as many as the first had; what it refers to by name is not looked for in the first (objects that need each
 * other are read together, obj/object.h).
 *
 *	r = skep_object_read(&file, 1, &options, arena, diag, &object);
 *	r = skep_spec_append(&spec, &object, arena, &places);
 *	index = places.prog + i;		// of what was progs[i] of the object
 */
#pragma once

#include "base/arena.h"
#include "obj/spec.h"

/* Where the second spec begins in the whole. */
struct skep_spec_places {
	uint32_t map, prog, attach, var;
	uint32_t type; /* what is added to its numbers of types */
};

/*
 * Appends @more, whose instructions, names and contents are shared and not copied. Needs (obj/need.h) must have been
 * answered. Licence and source stay those of @spec, unless it has none. -EINVAL: needs, or broken types; -E2BIG.
 */
int skep_spec_append(struct skep_spec *spec, const struct skep_spec *more, struct skep_arena *arena,
		     struct skep_spec_places *ret_places) _must_check_;
