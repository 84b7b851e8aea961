/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF builder: makes a blob that the reader (obj/btf.h) and the kernel accept.
 *
 * Types get their ids in the order they are made, so an id may be used before its type is there:
 * the caller counts (skep_btf_builder_next_id). Names are kept once each. Members, parameters and
 * enumerators are those of the reader. Working memory ends the process when it is out (skep_oom).
 *
 *	_cleanup_(skep_btf_builder_freep) struct skep_btf_builder *b = skep_btf_builder_new(NULL);
 *	uint32_t i32 = skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
 *	uint32_t proto = skep_btf_build_proto(b, i32, NULL, 0);
 *	skep_btf_build_func(b, "handle", proto, 0);
 *	r = skep_btf_builder_finish(b, arena, &blob, &size);
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"
#include "obj/btf_format.h"

struct skep_btf_builder;

/* @base: ids and names go on where it ends (split BTF); borrowed, may be NULL. */
struct skep_btf_builder *skep_btf_builder_new(const struct skep_btf *base);
void skep_btf_builder_free(struct skep_btf_builder *b);
SKEP_DEFINE_CLEANUP(struct skep_btf_builder, skep_btf_builder_free)

/* The id that the next type will have. */
uint32_t skep_btf_builder_next_id(const struct skep_btf_builder *b);
/* The offset of a string in the string section, added when it is new. "" is 0. */
uint32_t skep_btf_build_string(struct skep_btf_builder *b, const char *text);
uint32_t skep_btf_build_stringn(struct skep_btf_builder *b, const char *text, size_t len);

/* Each returns the new type's id. @encoding: SKEP_BTF_INT_*. */
uint32_t skep_btf_build_int(struct skep_btf_builder *b, const char *name, uint32_t size_bytes,
			    unsigned encoding);
uint32_t skep_btf_build_float(struct skep_btf_builder *b, const char *name, uint32_t size_bytes);
/* PTR, CONST, VOLATILE, RESTRICT (without a name), TYPEDEF, TYPE_TAG: @kind around @type. */
uint32_t skep_btf_build_ref(struct skep_btf_builder *b, enum skep_btf_kind kind, const char *name,
			    uint32_t type);
uint32_t skep_btf_build_array(struct skep_btf_builder *b, uint32_t elem, uint32_t index_type,
			      uint32_t count);
uint32_t skep_btf_build_fwd(struct skep_btf_builder *b, const char *name, bool is_union);
/*
 * @kind: STRUCT or UNION. Members with a bit_size make it one with bit fields (offsets below 2^24
 * then).
 */
uint32_t skep_btf_build_struct(struct skep_btf_builder *b, enum skep_btf_kind kind,
			       const char *name, uint32_t size_bytes,
			       const struct skep_btf_member *members, size_t n);
/* @kind: ENUM or ENUM64. */
uint32_t skep_btf_build_enum(struct skep_btf_builder *b, enum skep_btf_kind kind, const char *name,
			     uint32_t size_bytes, bool is_signed,
			     const struct skep_btf_enumerator *enumerators, size_t n);
uint32_t skep_btf_build_proto(struct skep_btf_builder *b, uint32_t ret_type,
			      const struct skep_btf_param *params, size_t n);
/* @linkage: 0 static, 1 global, 2 extern. */
uint32_t skep_btf_build_func(struct skep_btf_builder *b, const char *name, uint32_t proto,
			     unsigned linkage);
uint32_t skep_btf_build_var(struct skep_btf_builder *b, const char *name, uint32_t type,
			    unsigned linkage);
uint32_t skep_btf_build_datasec(struct skep_btf_builder *b, const char *name, uint32_t size_bytes,
				const struct skep_btf_secvar *vars, size_t n);
uint32_t skep_btf_build_decl_tag(struct skep_btf_builder *b, const char *name, uint32_t type,
				 int32_t component);

/* The whole blob. -E2BIG: something did not fit in the format (more than 65535 members, 4 GB). */
int skep_btf_builder_finish(const struct skep_btf_builder *b, struct skep_arena *arena,
			    void **ret_data, size_t *ret_size) _must_check_;
