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

/* How many kinds of lines a CSV file of this plan can have; more than one is all that matters. */
static size_t count_types(const struct skep_plan *plan, char *const *types)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_actions; i++) {
		const char *type = types[i] ? types[i] : text_type(&plan->actions[i]);

		if (!type && plan->actions[i].kind == SKEP_ACTION_PRINT_MAP &&
		    plan->actions[i].map < plan->n_maps)
			type = plan->maps[plan->actions[i].map].name;
		if (!type || skep_streq(type, first ? first : ""))
			continue;
		first = first ? first : type;
		n++;
	}
	for (size_t i = 0; i < plan->n_maps; i++)
		if (plan->config.print_maps_on_exit && plan->maps[i].print_at_end &&
		    !skep_streq(plan->maps[i].name, first ? first : "")) {
			first = first ? first : plan->maps[i].name;
			n++;
		}
	return n;
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

static void publish(struct skep_session *s)
{
	skep_plan_schemas(s->plan, false, skep_output_text(s->out));
	skep_output_record_done(s->out);
}

/* A new file begins: it is to be understood without the one before. */
static void begin_file(void *data)
{
	struct skep_session *s = data;
	bool tagged = s->emit.csv.tagged;

	skep_csv_fini(&s->emit.csv);
	s->emit.csv.tagged = tagged;
	if (s->options->format == SKEP_LIVE_JSON)
		publish(s);
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
	if (s->options->format == SKEP_LIVE_JSON)
		publish(s);
	r = s->options->time ? skep_timed_open(s) : 0;
	if (r < 0 || s->options->format != SKEP_LIVE_CSV)
		return r;
	e->types = calloc(plan->n_actions + 1, sizeof(*e->types));
	if (!e->types)
		return -ENOMEM;
	e->n_types = plan->n_actions;
	for (size_t i = 0; i < plan->n_actions; i++)
		if (has_fields(&plan->actions[i]))
			e->types[i] = name_lines(plan, i, e->types);
	e->csv.tagged = count_types(plan, e->types) > 1;
	return 0;
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
	skep_csv_text(&s->emit.csv, type, "text", skep_str_text(text), len,
		      skep_output_text(s->out));
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
