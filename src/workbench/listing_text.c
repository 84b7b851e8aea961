/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "isa/attachtype.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/section.h"
#include "workbench/listing_priv.h"
#include "workbench/mnemonics.h"
#include "workbench/source.h"

#define NOTE_COLUMN 48 /* where what is said about an instruction begins; tabs are 8 wide */
#define DATA_LINE 32   /* bytes of contents on a line */
#define NATIVE_LINE 16
#define MNEMONIC_BYTES 7 /* what most instructions have at most: names stand in one column */

/* Contents that are not zero, so that what is long and empty is short here. */
static void add_data(const struct skep_spec_map *map, const char *name, struct skep_str *out)
{
	const uint8_t *data = map->data;

	for (uint32_t at = 0; data && at < map->data_size; at += DATA_LINE) {
		uint32_t n = MIN(map->data_size - at, (uint32_t)DATA_LINE);

		while (n && !data[at + n - 1])
			n--;
		if (!n)
			continue;
		skep_str_addf(out, ".data %s %u ", name, at);
		for (uint32_t i = 0; i < n; i++)
			skep_str_addf(out, "%02x", data[at + i]);
		skep_str_addc(out, '\n');
	}
}

void skep_listing_maps(const struct skep_input *input, struct skep_str *out)
{
	const struct skep_spec *spec = &input->spec;
	struct skep_arena *arena = skep_arena_new();
	const char **names = skep_listing_map_names(spec, arena);

	if (spec->license && !skep_streq(spec->license, "GPL"))
		skep_str_addf(out, ".license %s\n", spec->license);
	for (size_t i = 0; i < spec->n_maps; i++) {
		const struct skep_spec_map *map = &spec->maps[i];
		const struct skep_map_kind *kind = skep_map_kind_find(map->type);
		uint32_t flags = map->flags | (map->read_only ? SKEP_MAP_RDONLY_PROG : 0);

		skep_str_addf(out, ".map %s %s %u %u %u", names[i], kind ? kind->name : "?",
			      map->key_size, map->value_size, map->max_entries);
		if (flags)
			skep_str_addf(out, " 0x%x", flags);
		if (input->loaded)
			skep_str_addf(out, "\t// id %u", input->loaded->image.map_ids[i]);
		if (map->inner || map->n_slots)
			skep_str_add(out,
				     "\t// elements are maps or programs, which this does not say");
		skep_str_addc(out, '\n');
		add_data(map, names[i], out);
	}
	if (spec->n_maps)
		skep_str_addc(out, '\n');
	skep_arena_free(arena);
}

/* Kind and attach type, where the name of the section does not give them. */
static void add_kind(const struct skep_spec_prog *p, struct skep_str *out)
{
	const struct skep_prog_kind *kind = skep_prog_kind_find(p->type);
	const struct skep_section_row *row = NULL;
	const char *target;

	if (p->section)
		row = skep_section_find(p->section, &target);
	if (row && row->prog == p->type && row->attach_type == p->attach_type)
		return;
	skep_str_addf(out, ".kind %s", kind ? kind->name : "?");
	if (p->attach_type)
		skep_str_addf(out, " %u", p->attach_type);
	skep_str_addc(out, '\n');
}

static bool is_one_word(const char *text)
{
	return text && *text && !strpbrk(text, " \t\n");
}

static void add_head(const struct skep_listing *l, struct skep_str *out)
{
	const struct skep_spec_prog *p = &l->input->spec.progs[l->index];

	if (l->input->loaded) {
		const struct skep_bpf_prog_info *info = &l->input->loaded->image.info;

		skep_str_addf(out, "// id %u, as the kernel rewrote it; %u bytes of machine code\n",
			      info->id, info->jited_len);
		if (l->input->loaded->rewritten)
			skep_str_addf(out, SKEP_LISTING_REWRITTEN "%s\n",
				      l->input->loaded->rewritten);
	}
	skep_str_addf(out, ".prog %s", is_one_word(p->name) ? p->name : "program");
	if (is_one_word(p->section))
		skep_str_addf(out, " %s", p->section);
	skep_str_addc(out, '\n');
	add_kind(p, out);
}

static void add_source(const struct skep_listing *l, const struct skep_spec_line *line,
		       struct skep_str *out)
{
	skep_str_add(out, "\t// ");
	if (skep_source_place(l->input, line, out))
		skep_str_add(out, "  ");
	skep_source_code(&l->input->spec, line, out);
	skep_str_addc(out, '\n');
}

/* One instruction of the machine a line: its bytes, and what it is called. False: that is not known. */
static bool add_mnemonics(const struct native_piece *piece, struct skep_str *out)
{
	for (uint32_t at = 0; at < piece->size;) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};
		size_t n = skep_mnemonic(piece->code + at, piece->size - at, piece->address + at,
					 &text);

		if (!n)
			return false;
		skep_str_addf(out, "\t\t// %4" PRIx64 ": ", piece->address + at);
		for (size_t i = 0; i < MAX(n, (size_t)MNEMONIC_BYTES); i++)
			if (i < n)
				skep_str_addf(out, "%02x ", piece->code[at + i]);
			else
				skep_str_add(out, "   ");
		skep_str_addf(out, " %s\n", skep_str_text(&text));
		at += (uint32_t)n;
	}
	return true;
}

static void add_native(const struct native_piece *piece, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str lines = {};

	if (add_mnemonics(piece, &lines)) {
		skep_str_addn(out, skep_str_text(&lines), lines.len);
		return;
	}
	for (uint32_t i = 0; i < piece->size; i++) {
		if (i % NATIVE_LINE == 0)
			skep_str_addf(out, "%s\t\t// %4" PRIx64 ":", i ? "\n" : "",
				      piece->address + i);
		skep_str_addf(out, " %02x", piece->code[i]);
	}
	if (piece->size)
		skep_str_addc(out, '\n');
}

/* The instruction, blanks, and its number with what is said about it. */
static size_t add_insn(const struct skep_listing *l, size_t at, struct skep_str *out)
{
	size_t begin = out->len, words, width;

	words = skep_listing_insn(l, at, out);
	width = 8 + out->len - begin;
	do
		skep_str_addc(out, '\t');
	while ((width = width / 8 * 8 + 8) < NOTE_COLUMN);
	skep_str_addf(out, "// %zu", at);
	if (l->notes[at].about)
		skep_str_addf(out, "  %s", l->notes[at].about);
	skep_str_addc(out, '\n');
	return words;
}

static bool same_line(const struct skep_spec_line *a, const struct skep_spec_line *b)
{
	return a && a->loc.line == b->loc.line && skep_streq(a->file, b->file);
}

static bool has_native(const struct skep_listing *l)
{
	for (size_t i = 0; i <= l->prog->n_insns; i++)
		if (l->notes[i].native.size)
			return true;
	return false;
}

void skep_listing_text(const struct skep_listing *l, struct skep_str *out)
{
	const struct skep_spec_line *shown = NULL;
	size_t n = l->prog->n_insns, words;

	add_head(l, out);
	if (has_native(l) && !skep_mnemonics_work())
		skep_str_add(out, "// machine instructions have no names here: libcapstone4 is "
				  "not installed\n");
	for (size_t i = 0; i < n; i += words) {
		const struct insn_note *note = &l->notes[i];

		if (note->label)
			skep_str_addf(out, "%s:\n", note->label);
		else if (i && note->function)
			skep_str_addf(out, "// %s, which is never called:\n", note->function);
		if (note->label)
			shown = NULL;
		if (note->line && !same_line(shown, note->line))
			add_source(l, shown = note->line, out);
		skep_str_addc(out, '\t');
		words = add_insn(l, i, out);
		add_native(&note->native, out);
	}
	if (l->notes[n].label)
		skep_str_addf(out, "%s:\n", l->notes[n].label);
	if (l->notes[n].native.size)
		skep_str_add(out, "\t// shared by several, and what is seldom needed:\n");
	add_native(&l->notes[n].native, out);
}
