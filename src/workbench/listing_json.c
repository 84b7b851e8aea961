/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "record/format.h"
#include "workbench/listing_priv.h"
#include "workbench/source.h"

/* Every pair has a comma in front of it but the first of an object. */
static void key(const char *name, struct skep_str *out)
{
	if (out->len && out->data[out->len - 1] != '{')
		skep_str_addc(out, ',');
	skep_str_addf(out, "\"%s\":", name);
}

static void text(const char *name, const char *value, struct skep_str *out)
{
	key(name, out);
	skep_json_string(value, strlen(value), out);
}

static void number(const char *name, uint64_t value, struct skep_str *out)
{
	key(name, out);
	skep_str_addf(out, "%" PRIu64, value);
}

static void bytes(const char *name, const void *data, size_t size, struct skep_str *out)
{
	const uint8_t *p = data;

	key(name, out);
	skep_str_addc(out, '"');
	for (size_t i = 0; i < size; i++)
		skep_str_addf(out, "%02x", p[i]);
	skep_str_addc(out, '"');
}

static void add_maps(const struct skep_listing *l, struct skep_str *out)
{
	const struct skep_spec *spec = &l->input->spec;

	key("maps", out);
	skep_str_addc(out, '[');
	for (size_t i = 0; i < spec->n_maps; i++) {
		const struct skep_spec_map *map = &spec->maps[i];
		const struct skep_map_kind *kind = skep_map_kind_find(map->type);

		skep_str_add(out, i ? ",{" : "{");
		text("name", l->maps[i], out);
		text("kind", kind ? kind->name : "?", out);
		if (l->input->loaded)
			number("id", l->input->loaded->image.map_ids[i], out);
		number("key_size", map->key_size, out);
		number("value_size", map->value_size, out);
		number("max_entries", map->max_entries, out);
		number("flags", map->flags, out);
		skep_str_addc(out, '}');
	}
	skep_str_addc(out, ']');
}

static void add_line(const struct skep_listing *l, const struct skep_spec_line *line,
		     struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str code = {};

	text("source_file", line->file ? line->file : l->input->name, out);
	number("line", line->loc.line, out);
	skep_source_code(&l->input->spec, line, &code);
	text("source", skep_str_text(&code), out);
}

static size_t add_insn(const struct skep_listing *l, size_t at, struct skep_str *out)
{
	const struct insn_note *note = &l->notes[at];
	_cleanup_(skep_str_fini)
	struct skep_str code = {};
	size_t words = skep_listing_insn(l, at, &code);

	skep_str_add(out, at ? ",{" : "{");
	number("insn", at, out);
	text("code", skep_str_text(&code), out);
	bytes("bytes", &l->insns[at], words * sizeof(*l->insns), out);
	if (note->label)
		text("label", note->label, out);
	if (note->function)
		text("function", note->function, out);
	if (note->map)
		text("map", l->maps[note->map - 1], out);
	if (note->about)
		text("about", note->about, out);
	if (note->line)
		add_line(l, note->line, out);
	if (note->native.size)
		bytes("native", note->native.code, note->native.size, out);
	skep_str_addc(out, '}');
	return words;
}

void skep_listing_json(const struct skep_listing *l, struct skep_str *out)
{
	const struct skep_spec_prog *p = &l->input->spec.progs[l->index];
	const struct skep_prog_kind *kind = skep_prog_kind_find(p->type);

	skep_str_addc(out, '{');
	text("file", l->input->name, out);
	text("program", p->name, out);
	text("kind", kind ? kind->name : "?", out);
	if (p->section)
		text("section", p->section, out);
	if (l->input->loaded)
		number("id", l->input->loaded->image.info.id, out);
	add_maps(l, out);
	key("instructions", out);
	skep_str_addc(out, '[');
	for (size_t i = 0; i < l->prog->n_insns;)
		i += add_insn(l, i, out);
	skep_str_add(out, "]}\n");
}
