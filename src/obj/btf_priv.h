/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the BTF reader, for its own files only: btf.c (parse and access), btf_find.c (names),
 * btf_member.c (structs), btf_text.c (C text).
 */
#pragma once

#include "obj/btf.h"
#include "obj/btf_format.h"

#define BTF_CHAIN_MAX 64	 /* typedefs, modifiers and array dimensions behind each other */
#define BTF_NEST_MAX 16		 /* structs in structs */
#define BTF_WALK_MAX (1u << 16)	 /* members visited in one search */
#define BTF_NAME_HASHED_MAX 512u /* bytes of a name that its hash looks at */

/* Names to ids: chains through next[], in ascending order of ids. Built by the first search. */
#define BTF_SEARCHES_MAX 12

struct btf_names {
	uint64_t build_ns; /* time that making it took */
	/* Functions have their own: they are four of five names of a kernel, and few ask for them. */
	struct btf_chains {
		uint32_t *heads;	   /* 1 << bits; NULL until built */
		unsigned bits, n_searches; /* without them */
	} functions, others;
	uint32_t *next; /* of whichever it is in, by id - first_id */
	/* Names with a flavour (name___flavour); few, and found once. NULL until then. */
	const char **flavours;
	size_t n_flavours;
	/* What was found without the chains, which are made when that is not enough any more. */
	struct {
		uint32_t id;
		uint32_t kind; /* that was asked for */
	} known[2 * BTF_SEARCHES_MAX];
	unsigned n_known;
};

struct skep_btf {
	const uint8_t *types;
	const char *strings;
	uint32_t strings_off,
		strings_len; /* its own names are strings_off ... strings_off + strings_len - 1 */
	uint32_t first_id, n_types;
	uint32_t *offsets; /* of its own types, by id - first_id, from types */
	const struct skep_btf *base;
	struct btf_names *names;
	void *data;
	size_t size;
	void (*release)(void *data, size_t size);
};

/* A type as it is stored. */
struct btf_raw {
	uint32_t name, info, word;
	const uint8_t *tail; /* inside the blob as far as kind and count say */
};

/* Type @id, which may be any number: what does not exist is void. */
struct btf_raw skep_btf_raw(const struct skep_btf *btf, uint32_t id);
/* The name at string offset @off, which the parse has checked. */
const char *skep_btf_string(const struct skep_btf *btf, uint32_t off);

/*
 * Its own names that have a flavour, from one pass over the bytes of all names when it is asked for the first time.
 * -ENOMEM.
 */
int skep_btf_flavours(const struct skep_btf *btf, const char *const **ret_names,
		      size_t *ret_n) _must_check_;

/*
 * Calls @visit for every member of struct @id, anonymous ones opened, in order, until it returns
 * something else than 0, which is returned. -ELOOP when there are more than BTF_WALK_MAX, or deeper
 * than BTF_NEST_MAX.
 */
int skep_btf_walk_members(const struct skep_btf *btf, uint32_t id,
			  int (*visit)(void *data, const struct skep_btf_member *member),
			  void *data);
