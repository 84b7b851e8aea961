/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/spec_btf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "obj/btf_build.h"
#include "obj/btf_clean.h"

#define FUNC_NAME_MAX 120 /* the shortest bound on names among kernels is 128 */
#define LINE_TEXT_MAX 240 /* bytes of a source line */
#define LINE_BITS 22	  /* line_col: so many for the line */
#define COLUMN_BITS 10	  /* and for the column */

struct maker {
	const struct skep_spec *spec;
	struct skep_btf_builder *b;
	struct skep_arena *arena;
	struct skep_btf *base; /* the spec's own types, less what kernels refuse; or NULL */
	uintptr_t names;       /* where the names of the spec's own types lie, */
	uint32_t names_len;    /* and how many bytes */
	uint32_t file;	       /* string offset of the source's name */
	uint32_t *func_ids;    /* by index in the spec */
	size_t *line_starts;   /* of the source text */
	size_t n_lines;
};

/* The kernel accepts only what C accepts. */
static void make_identifier(const char *name, char out[static FUNC_NAME_MAX])
{
	size_t n = 0;

	if (!name || !*name)
		name = "anonymous";
	if (*name >= '0' && *name <= '9')
		out[n++] = '_';
	for (; *name && n + 1 < FUNC_NAME_MAX; name++) {
		bool fine = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
			    (*name >= '0' && *name <= '9');

		out[n++] = fine ? *name : '_';
	}
	out[n] = '\0';
}

static void make_funcs(struct maker *m)
{
	uint32_t i32 = skep_btf_build_int(m->b, "int", 4, SKEP_BTF_INT_SIGNED);
	uint32_t ptr = skep_btf_build_ref(m->b, SKEP_BTF_PTR, NULL, 0);
	struct skep_btf_param ctx = { "ctx", ptr };
	uint32_t prog = skep_btf_build_proto(m->b, i32, &ctx, 1);
	uint32_t sub = skep_btf_build_proto(m->b, i32, NULL, 0);

	for (size_t i = 0; i < m->spec->n_progs; i++) {
		const struct skep_spec_prog *p = &m->spec->progs[i];
		char name[FUNC_NAME_MAX];

		if (m->base && p->btf_func) {
			m->func_ids[i] = p->btf_func;
			continue;
		}
		make_identifier(p->name, name);
		/* A subprogram is static: only then is it verified as a part of its caller. */
		m->func_ids[i] = p->type ? skep_btf_build_func(m->b, name, prog, 1)
					 : skep_btf_build_func(m->b, name, sub, 0);
	}
}

static void index_source(struct maker *m)
{
	const char *text = m->spec->source_text;
	size_t len = m->spec->source_len, n = 1;

	if (!text)
		return;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	m->line_starts = skep_arena_calloc(m->arena, n, sizeof(*m->line_starts));
	m->n_lines = 1;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			m->line_starts[m->n_lines++] = i + 1;
}

/* String offset of the text of source line @line, without the blanks around it. */
static uint32_t line_text(struct maker *m, uint32_t line)
{
	const char *text, *end;

	if (!line || line > m->n_lines)
		return 0;
	text = m->spec->source_text + m->line_starts[line - 1];
	end = line < m->n_lines ? m->spec->source_text + m->line_starts[line] - 1
				: m->spec->source_text + m->spec->source_len;
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	if (end - text > LINE_TEXT_MAX)
		end = text + LINE_TEXT_MAX;
	while (text < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	return skep_btf_build_stringn(m->b, text, (size_t)(end - text));
}

/* The place of a text that an object brought along among the names of its types; else one of our own. */
static uint32_t text_of(struct maker *m, const char *text)
{
	if (!text)
		return 0;
	if ((uintptr_t)text - m->names < m->names_len)
		return (uint32_t)((uintptr_t)text - m->names);
	return skep_btf_build_stringn(m->b, text, LINE_TEXT_MAX);
}

static void make_prog(struct maker *m, const struct skep_linked *linked, struct skep_prog_btf *out)
{
	const struct skep_spec_prog *prog = &linked->prog;

	out->funcs = skep_arena_calloc(m->arena, linked->n_funcs, sizeof(*out->funcs));
	for (size_t i = 0; i < linked->n_funcs; i++)
		out->funcs[out->n_funcs++] = (struct skep_func_info){
			.insn_off = linked->funcs[i].insn,
			.type_id = m->func_ids[linked->funcs[i].prog],
		};
	out->lines = skep_arena_calloc(m->arena, prog->n_lines, sizeof(*out->lines));
	for (size_t i = 0; i < prog->n_lines; i++) {
		const struct skep_spec_line *l = &prog->lines[i];
		uint32_t line = MIN(l->loc.line, (1u << LINE_BITS) - 1);
		uint32_t col = MIN(l->loc.col, (1u << COLUMN_BITS) - 1);

		out->lines[out->n_lines++] = (struct skep_line_info){
			.insn_off = l->insn,
			.file_name_off = l->file ? text_of(m, l->file) : m->file,
			.line_off = l->file ? text_of(m, l->text) : line_text(m, l->loc.line),
			.line_col = line << COLUMN_BITS | col,
		};
	}
}

/*
 * A spec that has types of its own: they come first, so that their numbers hold.
 */

static int read_base(struct maker *m, void **ret_data, size_t *ret_size)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *own = NULL;
	struct skep_btf_header h;
	bool *is_static;
	int r = skep_btf_parse(m->spec->btf, m->spec->btf_size, NULL, NULL, NULL, &own);

	if (r < 0)
		return r;
	memcpy(&h, m->spec->btf, sizeof(h));
	m->names = (uintptr_t)m->spec->btf + h.header_len + h.strings_off;
	m->names_len = h.strings_len;
	/* A function that only other objects of the same link may see is verified as a part of its callers. */
	is_static = skep_arena_calloc(m->arena, skep_btf_n_types(own), sizeof(*is_static));
	for (size_t i = 0; i < m->spec->n_progs; i++) {
		const struct skep_spec_prog *p = &m->spec->progs[i];

		if (p->btf_func >= skep_btf_n_types(own))
			return -EINVAL;
		is_static[p->btf_func] = !p->type && !p->is_global;
	}
	skep_btf_clean(own, is_static, m->arena, ret_data, ret_size);
	return skep_btf_parse(*ret_data, *ret_size, NULL, NULL, NULL, &m->base);
}

/* One blob of two: types behind types, names behind names, as the second was made for. */
static int join(struct maker *m, const uint8_t *first, struct skep_spec_btf *info)
{
	struct skep_btf_header a, b;
	const uint8_t *second = info->data;
	uint8_t *out;

	memcpy(&a, first, sizeof(a));
	memcpy(&b, second, sizeof(b));
	if ((uint64_t)a.types_len + b.types_len + a.strings_len + b.strings_len > UINT32_MAX)
		return -E2BIG;
	info->size = sizeof(a) + a.types_len + b.types_len + a.strings_len + b.strings_len;
	info->data = out = skep_arena_alloc(m->arena, info->size);
	out += sizeof(a);
	out = mempcpy(out, first + sizeof(a) + a.types_off, a.types_len);
	out = mempcpy(out, second + sizeof(b) + b.types_off, b.types_len);
	out = mempcpy(out, first + sizeof(a) + a.strings_off, a.strings_len);
	memcpy(out, second + sizeof(b) + b.strings_off, b.strings_len);
	a.types_len += b.types_len;
	a.strings_len += b.strings_len;
	a.types_off = 0;
	a.strings_off = a.types_len;
	memcpy(info->data, &a, sizeof(a));
	return 0;
}

static int make(struct maker *m, const struct skep_linked *linked, struct skep_spec_btf *info)
{
	const struct skep_spec *spec = m->spec;
	void *base = NULL;
	size_t base_size;
	int r = spec->btf ? read_base(m, &base, &base_size) : 0;

	if (r < 0)
		return r;
	m->b = skep_btf_builder_new(m->base);
	m->func_ids = skep_arena_calloc(m->arena, spec->n_progs, sizeof(*m->func_ids));
	m->file = skep_btf_build_string(m->b, spec->source_name ? spec->source_name : "");
	make_funcs(m);
	index_source(m);
	info->progs = skep_arena_calloc(m->arena, spec->n_progs, sizeof(*info->progs));
	for (size_t i = 0; i < spec->n_progs; i++)
		if (linked[i].n_funcs)
			make_prog(m, &linked[i], &info->progs[i]);
	r = skep_btf_builder_finish(m->b, m->arena, &info->data, &info->size);
	if (r < 0 || !base)
		return r;
	info->has_types = true;
	return join(m, base, info);
}

int skep_spec_btf(const struct skep_spec *spec, const struct skep_linked *linked,
		  struct skep_arena *arena, struct skep_spec_btf *ret_info)
{
	struct maker m = { .spec = spec, .arena = arena };
	struct skep_spec_btf info = {};
	int r = make(&m, linked, &info);

	skep_btf_builder_free(m.b);
	skep_btf_free(m.base);
	if (r < 0)
		return r;
	*ret_info = info;
	return 0;
}
