/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pack: structs as bytes and back, by a table that says what is in them. There is one table for both ways, so the writer and
 * the reader cannot disagree.
 *
 *	static const struct skep_pack_field fields[] = {
 *		SKEP_PACK_TEXT(struct person, name),
 *		SKEP_PACK_NUM(struct person, age, 150),
 *		SKEP_PACK_LIST(struct person, children, n_children, &person),
 *	};
 *	static const struct skep_pack person = SKEP_PACK("person", struct person, fields);
 *
 *	skep_pack_write(&person, &p, out);
 *	r = skep_pack_read(arena, &person, bytes, len, &p, &why);	// -EBADMSG: *why says what is wrong
 *
 * Numbers are written in groups of 7 bits, the lowest first; signed ones so that small negative numbers are short; texts and
 * lists behind their length. Bytes that somebody has made up give -EBADMSG: no number is larger than its table allows, no
 * list is longer than the bytes that are left, nothing is nested deeper than SKEP_PACK_DEPTH_MAX, and reading takes at most
 * SKEP_PACK_MEMORY_MAX bytes. What fields mean together is for the caller to check.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

#define SKEP_PACK_DEPTH_MAX 24
#define SKEP_PACK_MEMORY_MAX (64u << 20)

enum skep_pack_kind {
	SKEP_PACK_KIND_NUM,	/* unsigned, enum or bool of `size` bytes, at most `max` */
	SKEP_PACK_KIND_INT,	/* signed */
	SKEP_PACK_KIND_TEXT,	/* const char *, never NULL */
	SKEP_PACK_KIND_MAYBE,	/* const char *, may be NULL */
	SKEP_PACK_KIND_STRUCT,	/* `of`, embedded */
	SKEP_PACK_KIND_POINTER, /* to `of`, may be NULL */
	SKEP_PACK_KIND_LIST,	/* pointer to as many of `of` as the number at `count` says */
	SKEP_PACK_KIND_TEXTS,	/* the same, of texts, which may be NULL */
	SKEP_PACK_KIND_BYTES,	/* the same, of `size` bytes each, as they lie in memory */
};

struct skep_pack;

struct skep_pack_field {
	const char *name;
	enum skep_pack_kind kind;
	size_t at, size;
	size_t count, count_size;
	uint64_t max;
	const struct skep_pack *of;
};

struct skep_pack {
	const char *name;
	size_t size;
	const struct skep_pack_field *fields;
	size_t n_fields;
};

#define SKEP_PACK(text, type, list)                        \
	{                                                  \
		text, sizeof(type), list, ARRAY_SIZE(list) \
	}
#define SKEP_PACK_AT_(type, m, k) .name = #m, .kind = k, .at = offsetof(type, m)
#define SKEP_PACK_SIZE_(type, m) sizeof(((type *)0)->m)
#define SKEP_PACK_NUM(type, m, most)                                                         \
	{                                                                                    \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_NUM), .max = most,                     \
							    .size = SKEP_PACK_SIZE_(type, m) \
	}
#define SKEP_PACK_INT(type, m)                                                               \
	{                                                                                    \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_INT), .size = SKEP_PACK_SIZE_(type, m) \
	}
#define SKEP_PACK_TEXT(type, m)                             \
	{                                                   \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_TEXT) \
	}
#define SKEP_PACK_MAYBE(type, m)                             \
	{                                                    \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_MAYBE) \
	}
#define SKEP_PACK_STRUCT(type, m, what)                                   \
	{                                                                 \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_STRUCT), .of = what \
	}
#define SKEP_PACK_POINTER(type, m, what)                                   \
	{                                                                  \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_POINTER), .of = what \
	}
#define SKEP_PACK_COUNT_(type, n) .count = offsetof(type, n), .count_size = SKEP_PACK_SIZE_(type, n)
#define SKEP_PACK_LIST(type, m, n, what)                                                           \
	{                                                                                          \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_LIST), SKEP_PACK_COUNT_(type, n), .of = what \
	}
#define SKEP_PACK_TEXTS(type, m, n)                                                     \
	{                                                                               \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_TEXTS), SKEP_PACK_COUNT_(type, n) \
	}
/* @each: bytes of one element; more than one must not depend on the byte order, or stay on one kind of CPU. */
#define SKEP_PACK_BYTES(type, m, n, each)                                                \
	{                                                                                \
		SKEP_PACK_AT_(type, m, SKEP_PACK_KIND_BYTES), SKEP_PACK_COUNT_(type, n), \
			.size = each                                                     \
	}

/* What the table says, as a number: it changes when the bytes would mean something else. */
uint64_t skep_pack_shape(const struct skep_pack *pack);
void skep_pack_write(const struct skep_pack *pack, const void *value, struct skep_str *out);
/* All of @bytes is one value. -EBADMSG: *ret_why says what, as "plan.maps.name: ...". Pointers in *ret_value are the arena's. */
int skep_pack_read(struct skep_arena *arena, const struct skep_pack *pack, const void *bytes,
		   size_t len, void *ret_value, const char **ret_why) _must_check_;
