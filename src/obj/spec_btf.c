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
	uint32_t file;	     /* string offset of the source's name */
	uint32_t *func_ids;  /* by index in the spec */
	size_t *line_starts; /* of the source text */
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
		struct skep_loc loc = prog->lines[i].loc;
		uint32_t line = MIN(loc.line, (1u << LINE_BITS) - 1);
		uint32_t col = MIN(loc.col, (1u << COLUMN_BITS) - 1);

		out->lines[out->n_lines++] = (struct skep_line_info){
			.insn_off = prog->lines[i].insn,
			.file_name_off = m->file,
			.line_off = line_text(m, loc.line),
			.line_col = line << COLUMN_BITS | col,
		};
	}
}

/*
 * Objects.
 */

/* The place of a text that lies in the names of the spec's types; "" else. */
static uint32_t offset_in(const struct skep_btf_header *h, const void *btf, const char *text)
{
	uintptr_t begin = (uintptr_t)btf + h->header_len + h->strings_off;

	if (!text || (uintptr_t)text < begin || (uintptr_t)text - begin >= h->strings_len)
		return 0;
	return (uint32_t)((uintptr_t)text - begin);
}

static void describe_object_prog(const struct skep_spec *spec, const struct skep_btf_header *h,
				 const struct skep_linked *linked, struct skep_arena *arena,
				 struct skep_prog_btf *out)
{
	const struct skep_spec_prog *prog = &linked->prog;

	/* The kernel wants all functions or none. */
	for (size_t i = 0; i < linked->n_funcs; i++)
		if (!spec->progs[linked->funcs[i].prog].btf_func)
			return;
	out->funcs = skep_arena_calloc(arena, linked->n_funcs, sizeof(*out->funcs));
	for (size_t i = 0; i < linked->n_funcs; i++)
		out->funcs[out->n_funcs++] = (struct skep_func_info){
			.insn_off = linked->funcs[i].insn,
			.type_id = spec->progs[linked->funcs[i].prog].btf_func,
		};
	out->lines = skep_arena_calloc(arena, prog->n_lines, sizeof(*out->lines));
	for (size_t i = 0; i < prog->n_lines; i++) {
		const struct skep_spec_line *line = &prog->lines[i];

		out->lines[out->n_lines++] = (struct skep_line_info){
			.insn_off = line->insn,
			.file_name_off = offset_in(h, spec->btf, line->file),
			.line_off = offset_in(h, spec->btf, line->text),
			.line_col = line->loc.line << COLUMN_BITS | line->loc.col,
		};
	}
}

static int object_btf(const struct skep_spec *spec, const struct skep_linked *linked,
		      struct skep_arena *arena, struct skep_spec_btf *ret_info)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	struct skep_spec_btf info = { .has_types = true };
	struct skep_btf_header h;
	bool *is_static;
	int r;

	r = skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, NULL, &btf);
	if (r < 0)
		return r;
	memcpy(&h, spec->btf, sizeof(h));
	/* A function that other objects of the same link may see is verified as a part of its callers. */
	is_static = skep_arena_calloc(arena, skep_btf_n_types(btf), sizeof(*is_static));
	for (size_t i = 0; i < spec->n_progs; i++)
		if (!spec->progs[i].type && !spec->progs[i].is_global &&
		    spec->progs[i].btf_func < skep_btf_n_types(btf))
			is_static[spec->progs[i].btf_func] = true;
	skep_btf_clean(btf, is_static, arena, &info.data, &info.size);
	info.progs = skep_arena_calloc(arena, spec->n_progs, sizeof(*info.progs));
	for (size_t i = 0; i < spec->n_progs; i++)
		if (linked[i].n_funcs)
			describe_object_prog(spec, &h, &linked[i], arena, &info.progs[i]);
	*ret_info = info;
	return 0;
}

int skep_spec_btf(const struct skep_spec *spec, const struct skep_linked *linked,
		  struct skep_arena *arena, struct skep_spec_btf *ret_info)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	struct maker m = { .spec = spec, .b = b, .arena = arena };
	struct skep_spec_btf info = {};
	int r;

	if (spec->btf)
		return object_btf(spec, linked, arena, ret_info);
	m.func_ids = skep_arena_calloc(arena, spec->n_progs, sizeof(*m.func_ids));
	m.file = skep_btf_build_string(b, spec->source_name ? spec->source_name : "");
	make_funcs(&m);
	index_source(&m);
	info.progs = skep_arena_calloc(arena, spec->n_progs, sizeof(*info.progs));
	for (size_t i = 0; i < spec->n_progs; i++)
		if (linked[i].n_funcs)
			make_prog(&m, &linked[i], &info.progs[i]);
	r = skep_btf_builder_finish(b, arena, &info.data, &info.size);
	if (r < 0)
		return r;
	*ret_info = info;
	return 0;
}
