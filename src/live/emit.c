/* SPDX-License-Identifier: Apache-2.0 */
#include "live/emit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "live/session.h"
#include "record/folded.h"
#include "record/prom.h"
#include "record/shape.h"

/* The actions whose rows become lines of a CSV file by their fields. */
static bool has_fields(const struct skep_plan_action *a)
{
	return a->kind == SKEP_ACTION_ROW || a->kind == SKEP_ACTION_PRINT ||
	       (a->kind == SKEP_ACTION_PRINTF && a->schema.n_fields);
}

static const char *text_type(const struct skep_plan_action *a)
{
	static const char *const names[SKEP_ACTION_KIND_MAX] = {
		[SKEP_ACTION_PRINTF] = "text",	 [SKEP_ACTION_TIME] = "time",
		[SKEP_ACTION_JOIN] = "join",	 [SKEP_ACTION_CAT] = "cat",
		[SKEP_ACTION_SYSTEM] = "system",
	};

	return names[a->kind];
}

static bool same_place(const struct skep_plan_action *a, const struct skep_plan_action *b)
{
	return a->loc.line == b->loc.line && a->loc.col == b->loc.col;
}

/*
 * printf has no name for what it prints: the first in the script is "printf", the next "printf #2". One statement may be
 * several actions, for probes whose arguments differ.
 */
static char *name_lines(const struct skep_plan *plan, size_t index, char *const *types)
{
	const struct skep_plan_action *a = &plan->actions[index];
	struct skep_str name = {};
	unsigned number = 1;

	skep_str_add(&name, a->schema.name);
	if (a->kind == SKEP_ACTION_ROW)
		return name.data;
	for (size_t i = 0; i < index; i++) {
		const struct skep_plan_action *b = &plan->actions[i];
		bool first = b->kind == a->kind && types[i];

		for (size_t k = 0; first && k < i; k++)
			first = plan->actions[k].kind != a->kind ||
				!same_place(&plan->actions[k], b);
		if (b->kind == a->kind && types[i] && same_place(a, b) &&
		    a->schema.n_fields == b->schema.n_fields) {
			skep_str_reset(&name);
			skep_str_add(&name, types[i]);
			return name.data;
		}
		number += first;
	}
	if (number > 1)
		skep_str_addf(&name, " #%u", number);
	return name.data;
}

/*
 * All kinds of lines that a CSV file of this plan can have, in the order of the script; maps of the end come last. One that
 * the script empties, and never prints, is taken for one that it keeps for itself.
 */
static void tell_kinds(struct skep_session *s)
{
	const struct skep_plan *plan = s->plan;
	struct skep_csv *csv = &s->emit.csv;

	for (size_t i = 0; i < plan->n_actions; i++) {
		const struct skep_plan_action *a = &plan->actions[i];
		const struct skep_schema *schema = &a->schema;

		if (s->emit.timed && s->emit.timed[i].fields)
			schema = &s->emit.timed[i];
		if (s->emit.types[i])
			skep_csv_kind(csv, s->emit.types[i], false, schema->fields,
				      schema->n_fields);
		else if (text_type(a))
			skep_csv_kind_text(csv, text_type(a));
		else if (a->kind == SKEP_ACTION_PRINT_MAP && a->map < plan->n_maps)
			skep_csv_kind_map(csv, &plan->maps[a->map].shape);
	}
	for (size_t i = 0; i < plan->n_maps; i++)
		if (skep_plan_is_result(plan, i))
			skep_csv_kind_map(csv, &plan->maps[i].shape);
}

static size_t count_rows(const struct skep_plan *plan)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_actions; i++) {
		const struct skep_plan_action *a = &plan->actions[i];

		if (a->kind != SKEP_ACTION_ROW || (first && skep_streq(first, a->schema.name)))
			continue;
		first = first ? first : a->schema.name;
		n++;
	}
	return n;
}

/* What rows are stands in front of them, even if there will be none: schemas of JSON, the heading of CSV. */
static void publish(struct skep_session *s)
{
	if (s->options->format == SKEP_LIVE_JSON)
		skep_plan_schemas(s->plan, false, skep_output_text(s->out));
	else if (s->options->format == SKEP_LIVE_CSV)
		skep_csv_heading(&s->emit.csv, skep_output_text(s->out));
	else
		return;
	skep_output_record_done(s->out);
}

/* A new file begins: it is to be understood without the one before. */
static void begin_file(void *data)
{
	struct skep_session *s = data;

	s->emit.csv.begun = false;
	publish(s);
}

static int open_csv(struct skep_session *s)
{
	const struct skep_plan *plan = s->plan;
	struct skep_emit *e = &s->emit;

	e->types = calloc(plan->n_actions + 1, sizeof(*e->types));
	if (!e->types)
		return -ENOMEM;
	e->n_types = plan->n_actions;
	for (size_t i = 0; i < plan->n_actions; i++)
		if (has_fields(&plan->actions[i]))
			e->types[i] = name_lines(plan, i, e->types);
	tell_kinds(s);
	return 0;
}

int skep_emit_open(struct skep_session *s)
{
	const struct skep_plan *plan = s->plan;
	struct skep_emit *e = &s->emit;
	struct winsize size = {};
	int r;

	if (isatty(s->out->fd) && ioctl(s->out->fd, TIOCGWINSZ, &size) == 0) {
		e->tables.screen = size.ws_col;
		e->tables.height = size.ws_row;
	}
	e->tables.tagged = count_rows(plan) > 1;
	s->out->rotated = begin_file;
	s->out->data = s;
	r = s->options->time ? skep_timed_open(s) : 0;
	if (r >= 0 && s->options->format == SKEP_LIVE_CSV)
		r = open_csv(s);
	if (r >= 0)
		publish(s);
	return r;
}

void skep_emit_close(struct skep_session *s)
{
	struct skep_emit *e = &s->emit;

	skep_emit_pause(s);
	s->out->rotated = NULL;
	for (size_t i = 0; e->types && i < e->n_types; i++)
		free(e->types[i]);
	free(e->types);
	skep_timed_close(s);
	skep_csv_fini(&e->csv);
	skep_row_tables_fini(&e->tables);
	*e = (struct skep_emit){};
}

/* Above the first row, as a column of time may come along. */
static void shaped_row(struct skep_session *s, const struct skep_schema *schema,
		       const void *payload, struct skep_str *out)
{
	if (!s->emit.shape_begun)
		skep_shape_header(s->options->shape, schema, out);
	s->emit.shape_begun = true;
	skep_shape_row(s->options->shape, schema, payload, s->resolver, out);
}

void skep_emit_row(struct skep_session *s, size_t action, const void *payload,
		   const struct skep_row_who *who)
{
	const struct skep_schema *schema = &s->plan->actions[action].schema;
	struct skep_str *out = skep_output_text(s->out);

	if (s->emit.timed && who)
		schema = skep_timed_row(s, action, &payload, who);
	if (s->options->format == SKEP_LIVE_PROM)
		return;
	if (s->options->format == SKEP_LIVE_FOLDED)
		skep_folded_row(schema, payload, s->resolver, s->options->folded, out);
	else if (s->options->format == SKEP_LIVE_CSV)
		skep_csv_row(&s->emit.csv, s->emit.types[action], schema, payload, s->resolver,
			     out);
	else if (s->options->shape)
		shaped_row(s, schema, payload, out);
	else
		skep_row_tables_add(&s->emit.tables, schema, payload, s->resolver, out);
}

void skep_emit_text(struct skep_session *s, const char *type, const struct skep_str *text)
{
	size_t len = text->len;

	while (len && text->data[len - 1] == '\n')
		len--;
	skep_csv_text(&s->emit.csv, type, skep_str_text(text), len, skep_output_text(s->out));
}

void skep_emit_map(struct skep_session *s, const struct skep_snapshot *snapshot, size_t top,
		   uint64_t divide)
{
	struct skep_str *out = skep_output_text(s->out);

	switch (s->options->format) {
	case SKEP_LIVE_TEXT:
		skep_snapshot_text(snapshot, top, divide, s->options->bpftrace_shapes,
				   s->emit.tables.screen, s->resolver, out);
		return;
	case SKEP_LIVE_TABLE:
		if (s->options->shape &&
		    skep_shape_map(s->options->shape, snapshot, top, s->resolver, out))
			return;
		skep_snapshot_table(snapshot, top, divide, s->resolver, s->emit.tables.screen, out);
		return;
	case SKEP_LIVE_FOLDED:
		skep_folded_snapshot(snapshot, s->resolver, s->options->folded, out);
		return;
	case SKEP_LIVE_PROM: {
		struct skep_prom prom = { .scope = s->options->scope };

		skep_prom_snapshot(&prom, snapshot, s->resolver, out);
		skep_prom_fini(&prom);
		return;
	}
	case SKEP_LIVE_CSV:
		skep_snapshot_csv(&s->emit.csv, snapshot, top, divide, s->resolver, out);
		return;
	default:
		skep_snapshot_json(snapshot, top, divide,
				   s->options->format == SKEP_LIVE_JSON_BPFTRACE, s->resolver, out);
	}
}

void skep_emit_pause(struct skep_session *s)
{
	skep_row_tables_write(&s->emit.tables, skep_output_text(s->out));
}
