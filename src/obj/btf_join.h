/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of several objects in one blob: those of each behind the others, their numbers and names moved on. Nothing is
 * merged, equal types stand there as often as they were given.
 *
 *	skep_btf_join_add(&joined, a, &first_type, &first_name);	// type N of a is first_type + N - 1
 *	skep_btf_join_add(&joined, b, &first_type, &first_name);
 *	skep_btf_join_finish(&joined, arena, &blob, &size);
 *	skep_btf_join_fini(&joined);
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "obj/btf.h"

#define SKEP_BTF_JOIN_MAX (256u << 20) /* bytes of all together */

struct skep_btf_join {
	struct skep_str types, strings;
	uint32_t n_types; /* with void; 0: nothing was added */
};

/*
 * Adds all types of @btf, which builds on no other. *ret_type: the number of its first type; *ret_name: what is added to
 * offsets of its names, but for 0. -E2BIG.
 */
int skep_btf_join_add(struct skep_btf_join *j, const struct skep_btf *btf, uint32_t *ret_type,
		      uint32_t *ret_name) _must_check_;
/* The blob is in @arena; at least one must have been added. */
void skep_btf_join_finish(const struct skep_btf_join *j, struct skep_arena *arena,
			  const void **ret_data, size_t *ret_size);
void skep_btf_join_fini(struct skep_btf_join *j);
