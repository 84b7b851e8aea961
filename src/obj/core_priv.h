/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the CO-RE resolver, for its own files only:
 *
 *	core_place.c    a place in local types, and the same place in a target type
 *	core_type.c     whether two types are compatible, or match
 *	core_insn.c     from places to a number, from the number to the instruction
 *	core.c          candidates in the target, and all records of a program
 */
#pragma once

#include "obj/btf_priv.h"
#include "obj/core.h"

#define CORE_DEPTH_MAX 32

/* One step on the way: a member that has a name, or an element of an array. */
struct core_step {
	const char *name; /* NULL: an element */
	uint32_t index;	  /* of the member, or the element */
	uint32_t type;	  /* the struct that has the member, or the element's type */
};

/* A type, and of fields and constants what in it. */
struct core_place {
	const struct skep_btf *btf;
	uint32_t root;
	struct core_step steps[SKEP_CORE_STEPS_MAX];
	unsigned n;
	uint64_t bit_offset;
};

/* Types beside each other. The budget ends what contains itself in many ways. */
struct core_pair {
	const struct skep_btf *local, *btf;
	unsigned budget; /* types and members that may still be looked at */
};
#define CORE_BUDGET (1u << 20)

/* One more look; false when the budget is spent. */
static inline bool core_spend(struct core_pair *pair)
{
	if (!pair->budget)
		return false;
	pair->budget--;
	return true;
}

static inline bool core_is_type(enum skep_core_kind kind)
{
	return (kind >= SKEP_CORE_TYPE_ID_LOCAL && kind <= SKEP_CORE_TYPE_SIZE) ||
	       kind == SKEP_CORE_TYPE_MATCHES;
}

static inline bool core_is_enum(enum skep_core_kind kind)
{
	return kind == SKEP_CORE_ENUM_EXISTS || kind == SKEP_CORE_ENUM_VALUE;
}

/* Kinds that can stand for each other: the same, or both enums. */
bool core_same_kind(enum skep_btf_kind a, enum skep_btf_kind b);
/* Whether names are equal but for their flavours. */
bool core_same_name(const char *a, const char *b);

/* core_place.c. Reads what a record means in its own types. -EINVAL: they do not have it. */
int core_parse(const struct skep_btf *local, const struct skep_core_reloc *reloc,
	       struct core_place *ret_place) _must_check_;
/*
 * Looks for place @local in type @target of @btf: 1 and *ret_place, 0: it is not there, -EINVAL: types are broken.
 */
int core_find(enum skep_core_kind kind, const struct core_place *local, const struct skep_btf *btf,
	      uint32_t target, struct core_place *ret_place) _must_check_;

/* core_type.c. 1 yes, 0 no, -EINVAL: types are nested without end. */
int core_fields_fit(struct core_pair *pair, uint32_t local_id, uint32_t id) _must_check_;
int core_types_fit(struct core_pair *pair, uint32_t local_id, uint32_t id,
		   unsigned depth) _must_check_;
int core_types_match(struct core_pair *pair, uint32_t local_id, uint32_t id, bool behind_pointer,
		     unsigned depth) _must_check_;

/* What a record comes to. */
struct core_answer {
	uint64_t before, after; /* in the local types, and in the target */
	uint32_t size_before,
		size_after; /* of the field, when a load or store of it may change its width; or 0 */
	bool missing;	    /* there is no answer: the instruction must not be reached */
	bool unchecked;	    /* the instruction need not hold `before` */
	bool wrong_width;   /* a load or store would read something else */
};

/*
 * core_insn.c. @target NULL: the target has no such place. -EINVAL, -E2BIG: there can be no answer, *ret_why says why.
 */
int core_ask(enum skep_core_kind kind, const struct core_place *local,
	     const struct core_place *target, struct core_answer *ret_answer,
	     const char **ret_why) _must_check_;
/* Puts the answer into the instruction; @left: instructions from it on. */
int core_patch(struct skep_insn *insn, size_t left, struct core_answer *answer,
	       const char **ret_why) _must_check_;
