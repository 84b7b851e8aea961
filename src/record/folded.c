/* SPDX-License-Identifier: Apache-2.0 */
#include "record/folded.h"

#include <inttypes.h>
#include <string.h>

#include "record/record_priv.h"

/* In this order they stand on the line. */
enum turn {
	WORDS,
	PROGRAM,
	KERNEL,
	TURNS
};

static enum turn turn_of(const struct skep_schema_field *field)
{
	return field->kind == SKEP_FIELD_USTACK	  ? PROGRAM
	       : field->kind == SKEP_FIELD_KSTACK ? KERNEL
						  : WORDS;
}

bool skep_folded_has_stack(const struct skep_schema_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct skep_schema_field *f = &fields[i];

		if (turn_of(f) != WORDS || (f->kind == SKEP_FIELD_TUPLE &&
					    skep_folded_has_stack(f->children, f->n_children)))
			return true;
	}
	return false;
}

/* What ends a frame cannot be in it. */
static void add_frame(const char *text, size_t len, bool cut_place, const char *mark,
		      struct skep_str *out)
{
	const char *plus = cut_place ? memrchr(text, '+', len) : NULL;

	if (plus && plus > text &&
	    strspn(plus + 1, "0123456789") >= (size_t)(text + len - plus - 1))
		len = (size_t)(plus - text);
	if (out->len && out->data[out->len - 1] != '\n')
		skep_str_addc(out, ';');
	for (size_t i = 0; i < len; i++)
		skep_str_addc(out, text[i] == ';' ? ':' : text[i]);
	skep_str_add(out, mark);
}

/* A cell has the innermost frame first, each ended by ';'. */
static void add_stack(const char *cell, size_t len, const char *mark, struct skep_str *out)
{
	while (len) {
		const char *before = memrchr(cell, ';', len - 1);
		size_t at = before ? (size_t)(before + 1 - cell) : 0;
		size_t n = len - at - (cell[len - 1] == ';');

		if (n)
			add_frame(cell + at, n, true, mark, out);
		len = at;
	}
}

static void add_fields(const struct skep_schema_field *fields, size_t n, const uint8_t *payload,
		       const struct skep_resolver *resolver, unsigned marks, struct skep_str *out)
{
	bool has_program = false;

	for (enum turn turn = WORDS; turn < TURNS; turn++)
		for (size_t i = 0; i < n; i++) {
			_cleanup_(skep_str_fini)
			struct skep_str cell = {}, shown = {};

			if (turn_of(&fields[i]) != turn)
				continue;
			skep_field_cell(&fields[i], payload, resolver, &cell);
			skep_cell_shown(skep_str_text(&cell), cell.len, &shown);
			if (turn == KERNEL && has_program && shown.len &&
			    marks & SKEP_FOLDED_DELIMITED)
				skep_str_add(out, ";--");
			has_program |= turn == PROGRAM && shown.len;
			if (turn == WORDS)
				add_frame(skep_str_text(&shown), shown.len, false, "", out);
			else
				add_stack(skep_str_text(&shown), shown.len,
					  turn == KERNEL && marks & SKEP_FOLDED_ANNOTATED ? "_[k]"
											  : "",
					  out);
		}
}

static uint64_t number_of(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry)
{
	uint64_t sum = 0;

	switch (s->kind) {
	case SKEP_SNAPSHOT_VALUE:
		return skep_field_has_int(&s->value_field)
			       ? skep_field_int(&s->value_field, entry->value)
			       : 0;
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		return entry->numbers[1];
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		for (size_t i = 0; i < s->n_numbers; i++)
			sum += entry->numbers[i];
		return sum;
	case SKEP_SNAPSHOT_TSERIES:
		return 0;
	default:
		return entry->numbers[0];
	}
}

static void add_line(const struct skep_schema_field *fields, size_t n, const void *payload,
		     uint64_t number, const struct skep_resolver *resolver, unsigned marks,
		     struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str line = {};

	add_fields(fields, n, payload, resolver, marks, &line);
	skep_str_addf(out, "%s %" PRIu64 "\n", skep_str_text(&line), number);
}

void skep_folded_snapshot(const struct skep_snapshot *s, const struct skep_resolver *resolver,
			  unsigned marks, struct skep_str *out)
{
	const struct skep_schema_field *keys;
	size_t base, n = skep_snapshot_keys(s, &keys, &base);

	for (size_t i = 0; i < s->n_entries; i++) {
		uint64_t number = number_of(s, &s->entries[i]);

		if (number)
			add_line(keys, n, (const uint8_t *)s->entries[i].key + base, number,
				 resolver, marks, out);
	}
}

void skep_folded_row(const struct skep_schema *schema, const void *payload,
		     const struct skep_resolver *resolver, unsigned marks, struct skep_str *out)
{
	if (skep_folded_has_stack(schema->fields, schema->n_fields))
		add_line(schema->fields, schema->n_fields, payload, 1, resolver, marks, out);
}
