/* SPDX-License-Identifier: Apache-2.0 */
/* The order of definitions: what a type holds by value stands before it, what it points to is declared at the top. */
#include "workbench/vmlinux.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "workbench/vmlinux_priv.h"

static const char head[] =
	"/* The types of a kernel, made from its BTF by skep build. */\n"
	"#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n"
	"#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
	"#pragma clang diagnostic push\n"
	"#pragma clang diagnostic ignored \"-Wpragma-clang-attribute\"\n"
	"#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)\n"
	"#endif\n\n";
static const char tail[] =
	"#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
	"#pragma clang attribute pop\n#pragma clang diagnostic pop\n#endif\n\n#endif\n";

static bool is_record(enum skep_btf_kind kind)
{
	return kind == SKEP_BTF_STRUCT || kind == SKEP_BTF_UNION;
}

static void need(struct vmlinux *v, uint32_t id, bool whole);

/*
 * Definitions.
 */

static void need_members(struct vmlinux *v, const struct skep_btf_type *t)
{
	struct skep_btf_member m;

	for (uint32_t i = 0;
	     i < t->vlen && vmlinux_step(v) && skep_btf_member(v->btf, t->id, i, &m) == 0; i++)
		need(v, m.type, true);
}

/* What members point to that a program follows. */
static void open_members(struct vmlinux *v, uint32_t id)
{
	struct skep_btf_type t = skep_btf_type(v->btf, id);
	struct skep_btf_member m;

	if (++v->depth > VMLINUX_DEPTH_MAX)
		v->error = -ELOOP;
	for (uint32_t i = 0;
	     i < t.vlen && vmlinux_step(v) && skep_btf_member(v->btf, id, i, &m) == 0; i++) {
		uint32_t in = skep_btf_strip(v->btf, m.type, true);
		bool pointer = false;

		while ((skep_btf_kind(v->btf, in) == SKEP_BTF_PTR ||
			skep_btf_kind(v->btf, in) == SKEP_BTF_ARRAY) &&
		       vmlinux_step(v)) {
			pointer |= skep_btf_kind(v->btf, in) == SKEP_BTF_PTR;
			in = skep_btf_strip(v->btf, skep_btf_type(v->btf, in).type, true);
		}
		if (!is_record(skep_btf_kind(v->btf, in)))
			continue;
		if (!pointer && !*skep_btf_name(v->btf, in))
			open_members(v, in);
		else if (pointer && skep_vmlinux_words_have(v->words, m.name))
			skep_vec_add(&v->opened, in);
	}
	v->depth--;
}

static void write_enum(struct vmlinux *v, const struct skep_btf_type *t, const char *name,
		       struct skep_str *out)
{
	struct skep_btf_enumerator e;
	bool wide = false;

	skep_str_addf(out, "enum %s%s{\n", name, *name ? " " : "");
	for (uint32_t i = 0; i < t->vlen && skep_btf_enumerator(v->btf, t->id, i, &e) == 0; i++) {
		const char *constant = vmlinux_constant(v, t->id, e.name);

		skep_str_pad(out, '\t', v->indent + 1);
		wide |= t->is_signed ? (int64_t)e.value != (int32_t)e.value : e.value > UINT32_MAX;
		if (t->is_signed && (int64_t)e.value == INT64_MIN)
			skep_str_addf(out, "%s = -9223372036854775807LL - 1,\n", constant);
		else if (t->is_signed)
			skep_str_addf(out, "%s = %" PRId64 ",\n", constant, (int64_t)e.value);
		else
			skep_str_addf(out, "%s = %" PRIu64 "%s,\n", constant, e.value,
				      e.value > INT64_MAX ? "ULL" : "");
	}
	if (!t->vlen)
		skep_str_addf(out, "\t__no_constant_of_%s_%" PRIu32 ",\n", name, t->id);
	skep_str_pad(out, '\t', v->indent);
	skep_str_addc(out, '}');
	if (t->size_bytes == 8 && !wide)
		skep_str_add(out, " __attribute__((mode(DI)))");
	else if (t->size_bytes < 4)
		skep_str_addf(out, " __attribute__((mode(%s)))", t->size_bytes == 1 ? "QI" : "HI");
}

static bool begin(struct vmlinux *v, uint32_t id)
{
	if (v->states[id] >= VMLINUX_BEGUN || v->error)
		return false;
	if (v->depth >= VMLINUX_DEPTH_MAX || v->body.len > VMLINUX_BYTES_MAX) {
		v->error = v->depth >= VMLINUX_DEPTH_MAX ? -ELOOP : -E2BIG;
		return false;
	}
	v->states[id] = VMLINUX_BEGUN;
	v->depth++;
	return true;
}

static void end(struct vmlinux *v, uint32_t id)
{
	v->states[id] = VMLINUX_DEFINED;
	v->depth--;
}

static void define_record(struct vmlinux *v, const struct skep_btf_type *t)
{
	if (!begin(v, t->id))
		return;
	need_members(v, t);
	vmlinux_write_record(v, t->id, v->names[t->id], &v->body);
	skep_str_add(&v->body, ";\n\n");
	end(v, t->id);
	if (!v->all)
		open_members(v, t->id);
}

static void define_enum(struct vmlinux *v, const struct skep_btf_type *t)
{
	if (!begin(v, t->id))
		return;
	write_enum(v, t, v->names[t->id] ? v->names[t->id] : "", &v->body);
	skep_str_add(&v->body, ";\n\n");
	end(v, t->id);
}

static void define_typedef(struct vmlinux *v, const struct skep_btf_type *t)
{
	if (!begin(v, t->id))
		return;
	need(v, t->type, false);
	skep_str_add(&v->body, "typedef ");
	skep_btf_format_c(v->btf, t->type, v->names[t->id], &v->how, &v->body);
	skep_str_add(&v->body, ";\n\n");
	end(v, t->id);
}

static void declare(struct vmlinux *v, const struct skep_btf_type *t)
{
	bool is_union = t->kind == SKEP_BTF_UNION || t->is_union;

	if (v->states[t->id] == VMLINUX_DEFINED || v->declared[t->id])
		return;
	v->declared[t->id] = true;
	skep_str_addf(&v->forward, "%s %s;\n", is_union ? "union" : "struct", v->names[t->id]);
}

/* One that has no name is defined where it stands, and what it holds before that. */
static void need_unnamed(struct vmlinux *v, const struct skep_btf_type *t)
{
	/* Once is enough, and saves those that hold each other twice. */
	if (v->error || v->states[t->id] == VMLINUX_DEFINED)
		return;
	if (v->depth++ < VMLINUX_DEPTH_MAX)
		need_members(v, t);
	else
		v->error = -ELOOP;
	v->depth--;
	v->states[t->id] = VMLINUX_DEFINED;
}

static void need_params(struct vmlinux *v, const struct skep_btf_type *proto)
{
	struct skep_btf_param p;

	if (v->depth++ >= VMLINUX_DEPTH_MAX)
		v->error = -ELOOP;
	for (uint32_t i = 0; i < proto->vlen && vmlinux_step(v); i++)
		if (skep_btf_param(v->btf, proto->id, i, &p) == 0)
			need(v, p.type, false);
	v->depth--;
}

/* What the type is made of. @whole: its size must be known; else a declaration will do. */
static void need(struct vmlinux *v, uint32_t id, bool whole)
{
	for (unsigned i = 0; i < VMLINUX_DEPTH_MAX && !v->error; i++) {
		struct skep_btf_type t = skep_btf_type(v->btf, skep_btf_strip(v->btf, id, false));

		id = t.type;
		switch (t.kind) {
		case SKEP_BTF_PTR:
			whole = false;
			continue;
		case SKEP_BTF_ARRAY:
			whole = true;
			continue;
		case SKEP_BTF_FUNC_PROTO:
			need_params(v, &t);
			whole = false;
			continue;
		case SKEP_BTF_TYPEDEF:
			define_typedef(v, &t);
			if (!whole)
				return;
			continue;
		case SKEP_BTF_STRUCT:
		case SKEP_BTF_UNION:
			if (!v->names[t.id])
				need_unnamed(v, &t);
			else if (whole)
				define_record(v, &t);
			else
				declare(v, &t);
			return;
		case SKEP_BTF_FWD:
			declare(v, &t);
			return;
		case SKEP_BTF_ENUM:
		case SKEP_BTF_ENUM64:
			if (v->names[t.id])
				define_enum(v, &t);
			return;
		default:
			return;
		}
	}
}

/*
 * What is wanted.
 */

static bool has_constant(const struct vmlinux *v, const struct skep_btf_type *t)
{
	struct skep_btf_enumerator e;

	for (uint32_t i = 0; i < t->vlen && skep_btf_enumerator(v->btf, t->id, i, &e) == 0; i++)
		if (skep_vmlinux_words_have(v->words, e.name) &&
		    !skep_hash_get_str(&v->words->own_constants, e.name))
			return true;
	return false;
}

static bool is_used(const struct vmlinux *v, const struct skep_btf_type *t)
{
	bool is_enum = t->kind == SKEP_BTF_ENUM || t->kind == SKEP_BTF_ENUM64;

	if (v->all)
		return is_enum || v->names[t->id];
	if (is_enum && has_constant(v, t))
		return true;
	if (!v->names[t->id] || !skep_streq(v->names[t->id], t->name))
		return false;
	return skep_vmlinux_words_have(v->words, t->name) ||
	       (t->kind == SKEP_BTF_TYPEDEF && skep_hash_get_str(&v->words->declared, t->name));
}

static void define(struct vmlinux *v, const struct skep_btf_type *t)
{
	switch (t->kind) {
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		define_record(v, t);
		return;
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		define_enum(v, t);
		return;
	case SKEP_BTF_TYPEDEF:
		define_typedef(v, t);
		/* Who names it wants what is behind it, unless it stands for itself. */
		need(v, t->type, !v->all);
		return;
	default:
		return;
	}
}

static const char *name_of(void *data, uint32_t id)
{
	const struct vmlinux *v = data;

	return v->names[id];
}

static void define_here(void *data, uint32_t id, struct skep_str *out)
{
	struct vmlinux *v = data;
	struct skep_btf_type t = skep_btf_type(v->btf, id);

	if (is_record(t.kind))
		vmlinux_write_record(v, id, "", out);
	else
		skep_str_add(out, "void");
}

static void define_wanted(struct vmlinux *v)
{
	uint32_t n = skep_btf_n_types(v->btf);

	for (uint32_t id = 1; id < n && !v->error; id++) {
		struct skep_btf_type t = skep_btf_type(v->btf, id);

		if (is_used(v, &t))
			define(v, &t);
	}
	while (v->opened.len && !v->error) {
		struct skep_btf_type t = skep_btf_type(v->btf, skep_vec_pop(&v->opened));

		if (v->names[t.id])
			define_record(v, &t);
	}
}

static void init(struct vmlinux *v, const struct skep_btf *btf,
		 const struct skep_vmlinux_words *words, bool all)
{
	uint32_t n = skep_btf_n_types(btf);

	*v = (struct vmlinux){
		.btf = btf, .words = words, .all = all || !words, .arena = skep_arena_new()
	};
	v->states = skep_arena_alloc(v->arena, n);
	v->declared = skep_arena_alloc(v->arena, n * sizeof(*v->declared));
	v->aligns = skep_arena_alloc(v->arena, n);
	v->names = skep_arena_calloc(v->arena, n, sizeof(*v->names));
	v->how = (struct skep_btf_c_names){ name_of, define_here, v };
	vmlinux_name_all(v);
}

static void fini(struct vmlinux *v)
{
	skep_vec_fini(&v->opened);
	skep_str_fini(&v->forward);
	skep_str_fini(&v->body);
	skep_hash_fini(&v->tags);
	skep_hash_fini(&v->plain);
	skep_arena_free(v->arena);
}

static int finish(struct vmlinux *v, struct skep_diag *diag, struct skep_str *out)
{
	if (v->error) {
		skep_diag_error(diag, SKEP_NO_LOC, "these types cannot be written as C: %s",
				v->error == -ELOOP ? "they are nested too deeply"
						   : "they are too many");
		return v->error;
	}
	skep_str_add(out, head);
	skep_str_add(out, skep_str_text(&v->forward));
	skep_str_addc(out, '\n');
	skep_str_add(out, skep_str_text(&v->body));
	skep_str_add(out, tail);
	return 0;
}

int skep_vmlinux_header(const struct skep_btf *btf, const struct skep_vmlinux_words *words,
			bool all, struct skep_diag *diag, struct skep_str *ret_text)
{
	struct vmlinux v;
	int r;

	init(&v, btf, words, all);
	define_wanted(&v);
	r = finish(&v, diag, ret_text);
	fini(&v);
	return r;
}

/* Members of a record, those of unnamed ones inside as well. */
static void assert_members(struct vmlinux *v, uint32_t top, uint32_t id, uint64_t bits,
			   unsigned depth, struct skep_str *out)
{
	const char *word = skep_btf_kind(v->btf, top) == SKEP_BTF_UNION ? "union" : "struct";
	struct skep_btf_type t = skep_btf_type(v->btf, id);
	struct skep_btf_member m;

	for (uint32_t i = 0;
	     i < t.vlen && vmlinux_step(v) && skep_btf_member(v->btf, id, i, &m) == 0; i++) {
		if (!*m.name && depth < 16)
			assert_members(v, top, skep_btf_strip(v->btf, m.type, true),
				       bits + m.bit_offset, depth + 1, out);
		if (*m.name && !m.bit_size)
			skep_str_addf(out,
				      "_Static_assert(__builtin_offsetof(%s %s, %s) == %" PRIu64
				      ", \"\");\n",
				      word, v->names[top], m.name, (bits + m.bit_offset) / 8);
	}
}

static void assert_type(struct vmlinux *v, uint32_t id, struct skep_str *out)
{
	struct skep_btf_type t = skep_btf_type(v->btf, id);
	bool record = is_record(t.kind);
	const char *word = t.kind == SKEP_BTF_UNION ? "union" : record ? "struct" : "enum";

	if (!v->names[id] || (!record && t.kind != SKEP_BTF_ENUM && t.kind != SKEP_BTF_ENUM64))
		return;
	skep_str_addf(out, "_Static_assert(sizeof(%s %s) == %" PRIu32 ", \"\");\n", word,
		      v->names[id], t.size_bytes);
	if (record)
		assert_members(v, id, id, 0, 0, out);
}

int skep_vmlinux_asserted(const struct skep_btf *btf, struct skep_diag *diag,
			  struct skep_str *ret_text)
{
	_cleanup_(skep_str_fini)
	struct skep_str assertions = {};
	struct vmlinux v;
	int r;

	init(&v, btf, NULL, true);
	define_wanted(&v);
	for (uint32_t id = 1; !v.error && id < skep_btf_n_types(btf); id++)
		assert_type(&v, id, &assertions);
	r = finish(&v, diag, ret_text);
	if (r == 0)
		skep_str_add(ret_text, skep_str_text(&assertions));
	fini(&v);
	return r;
}
