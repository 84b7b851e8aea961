/* SPDX-License-Identifier: Apache-2.0 */
#include "live/line_schema.h"

#include <stdio.h>
#include <string.h>

#define COUNT "{\"type\": \"integer\", \"minimum\": 0}"
#define TEXT "{\"type\": \"string\"}"
#define LIST_OF                  \
	"{\"type\": \"array\", " \
	"\"items\": "
#define NAME_OR_TRUE "{\"anyOf\": [" TEXT ", {\"const\": true}]}"
#define ROLE(role) "\"" role "\": " NAME_OR_TRUE ", "
#define NUMBER "{\"type\": \"number\", \"minimum\": 0}"
#define USE "\"max_cpu\": " NUMBER ", \"programs\": " NUMBER ", \"skep\": " NUMBER
#define USED "\"max_cpu\", \"programs\", \"skep\""

/* What is no event: no program of the script made it. */
static const struct fixed {
	const char *type, *about, *members, *required;
	int mode; /* -1: any */
} fixed[] = {
	{ "schema", "what rows of a name hold, before the first of them",
	  "\"name\": " TEXT ", \"version\": " COUNT ", \"fields\": " LIST_OF
	  "{\"type\": \"object\", \"properties\": "
	  "{\"name\": " TEXT ", \"type\": " TEXT ", \"unit\": " TEXT ", \"role\": " TEXT
	  ", \"count\": " COUNT ", \"element\": {\"type\": \"object\"}, "
	  "\"fields\": {\"type\": \"array\"}}, \"required\": [\"type\"]}}, "
	  "\"span\": {\"type\": \"object\", \"properties\": {\"kind\": " TEXT ", \"called\": " TEXT
	  ", " ROLE("name") ROLE("duration") ROLE("start") ROLE("failed")
		  ROLE("id") "\"parent\": " NAME_OR_TRUE "}, \"required\": [\"kind\"]}",
	  "\"name\", \"version\", \"fields\"", -1 },
	{ "attached_probes", "how many probes there are; from now on nothing is missed",
	  "\"count\": " COUNT, "\"count\"", -1 },
	{ "losses", "the last line: what should have been seen and was not, by probe and cause",
	  "\"items\": " LIST_OF "{\"type\": \"object\", \"properties\": "
	  "{\"probe\": " TEXT ", \"cause\": " TEXT ", \"count\": " COUNT
	  "}, \"required\": [\"cause\", \"count\"]}}, \"missed\": {\"enum\": "
	  "[\"counted\", \"not counted on this kernel\"]}",
	  "\"items\", \"missed\"", -1 },
	{ "sampling", "with --max-cpu: how many events are looked at from now on",
	  USE ", \"one_of\": " COUNT ", \"on_ms\": " COUNT ", \"period_ms\": " COUNT,
	  USED ", \"one_of\"", SKEP_LINES_RUN },
	{ "over_budget", "it ended, as it took more than --max-cpu allows; in percent", USE, USED,
	  SKEP_LINES_RUN },
	{ "test_result", "how a test went",
	  "\"name\": " TEXT ", \"duration_ns\": " COUNT
	  ", \"passed\": {\"type\": \"boolean\"}, \"output\": " TEXT,
	  "\"name\", \"duration_ns\", \"passed\", \"output\"", SKEP_LINES_TEST },
	{ "benchmark_result", "how long a probe took",
	  "\"name\": " TEXT ", \"average_ns\": " COUNT ", \"runs\": " COUNT,
	  "\"name\", \"average_ns\", \"runs\"", SKEP_LINES_BENCH },
};

/* Actions whose line is a text. */
static const char *const texts[SKEP_ACTION_KIND_MAX] = {
	[SKEP_ACTION_PRINTF] = "printf", [SKEP_ACTION_TIME] = "time",
	[SKEP_ACTION_JOIN] = "join",	 [SKEP_ACTION_CAT] = "cat",
	[SKEP_ACTION_SYSTEM] = "system", [SKEP_ACTION_ERRORF] = "errorf",
	[SKEP_ACTION_WARNF] = "warnf",
};

struct writer {
	const struct skep_plan *plan;
	const struct skep_line_about *about;
	struct skep_str refs, defs;
};

/* A definition of this name; what it is stands behind it in defs. False: it is there already. */
static bool begin(struct writer *w, const char *what, const char *name)
{
	_cleanup_(skep_str_fini)
	struct skep_str key = {};

	skep_str_addf(&key, "\"%s%s%s\": {", what, name ? "-" : "", name ? name : "");
	if (strstr(skep_str_text(&w->defs), key.data))
		return false;
	skep_str_addf(&w->defs, "%s\n    %s", w->defs.len ? "," : "", key.data);
	w->defs.len--; /* the brace is the definition's own */
	skep_str_addf(&w->refs, "%s\n    {\"$ref\": \"#/$defs/%s%s%s\"}", w->refs.len ? "," : "",
		      what, name ? "-" : "", name ? name : "");
	return true;
}

/* The members that open_own() of actions.c writes; the definition stays open behind its properties. */
static void begin_event(struct writer *w, const char *type)
{
	skep_str_addf(&w->defs,
		      "{\"type\": \"object\", \"properties\": {\"type\": {\"const\": \"%s\"}, "
		      "\"time\": " SKEP_JSON_SCHEMA_TIME ", \"probe\": " TEXT ", \"pid\": " COUNT
		      ", \"tid\": " COUNT ", \"comm\": " TEXT ", ",
		      type);
}

static void end_event(struct writer *w, const char *required)
{
	skep_str_addf(&w->defs, "}, \"required\": [\"type\", \"time\", \"probe\", %s]}", required);
}

static void add_const(struct writer *w, const char *name, const char *text)
{
	skep_str_addf(&w->defs, "\"%s\": {\"const\": ", name);
	skep_json_string(text, strlen(text), &w->defs);
	skep_str_add(&w->defs, "}, ");
}

static void add_fields(struct writer *w, const struct skep_schema *schema)
{
	skep_str_add(&w->defs, "\"fields\": ");
	skep_fields_json_schema(schema->fields, schema->n_fields, &w->about->words, &w->defs);
}

static void add_row(struct writer *w, const struct skep_schema *schema)
{
	if (!begin(w, "row", schema->name))
		return;
	begin_event(w, "row");
	add_const(w, "name", schema->name);
	skep_str_addf(&w->defs, "\"version\": {\"const\": %u}, ", schema->version);
	add_fields(w, schema);
	end_event(w, "\"name\", \"version\", \"fields\"");
}

/* One statement may be several actions, for probes whose arguments differ. */
static void add_printf(struct writer *w, size_t action)
{
	const struct skep_plan_action *a = &w->plan->actions[action];
	char at[32], name[64];

	snprintf(at, sizeof(at), "%u:%u", a->loc.line, a->loc.col);
	snprintf(name, sizeof(name), "%s-%zu", at, action);
	if (!begin(w, "printf", name))
		return;
	begin_event(w, "printf");
	add_const(w, "at", at);
	add_fields(w, &a->schema);
	end_event(w, "\"at\", \"fields\"");
}

static void add_value(struct writer *w, size_t action)
{
	const struct skep_schema_field *field = w->plan->actions[action].schema.fields;
	char name[32];

	snprintf(name, sizeof(name), "%zu", action);
	if (!w->plan->actions[action].schema.n_fields || !begin(w, "value", name))
		return;
	begin_event(w, "value");
	add_const(w, "name", field->name ? field->name : "");
	skep_str_add(&w->defs, "\"value\": ");
	skep_field_json_schema(field, &w->about->words, &w->defs);
	end_event(w, "\"name\", \"value\"");
}

static void add_text(struct writer *w, const char *type)
{
	if (!begin(w, type, NULL))
		return;
	begin_event(w, type);
	skep_str_add(&w->defs, "\"text\": " TEXT);
	end_event(w, "\"text\"");
}

static void add_map(struct writer *w, size_t map)
{
	const struct skep_snapshot *shape = &w->plan->maps[map].shape;

	if (begin(w, "map", shape->name + strspn(shape->name, "@")))
		skep_snapshot_json_schema(shape, w->about->name, &w->about->words, &w->defs);
}

static void add_action(struct writer *w, size_t action)
{
	const struct skep_plan_action *a = &w->plan->actions[action];

	switch (a->kind) {
	case SKEP_ACTION_ROW:
		add_row(w, &a->schema);
		return;
	case SKEP_ACTION_PRINT:
		add_value(w, action);
		return;
	case SKEP_ACTION_PRINT_MAP:
		if (a->map < w->plan->n_maps)
			add_map(w, a->map);
		return;
	case SKEP_ACTION_PRINTF:
		if (a->schema.n_fields) {
			add_printf(w, action);
			return;
		}
		break;
	default:
		break;
	}
	if (texts[a->kind])
		add_text(w, texts[a->kind]);
}

static void add_fixed(struct writer *w, const struct fixed *f)
{
	if ((f->mode >= 0 && f->mode != (int)w->about->mode) || !begin(w, f->type, NULL))
		return;
	skep_str_addf(&w->defs,
		      "{\"type\": \"object\", \"description\": \"%s\", \"properties\": {\"type\": "
		      "{\"const\": \"%s\"}, %s}, \"required\": [\"type\", %s]}",
		      f->about, f->type, f->members, f->required);
}

void skep_live_json_schema(const struct skep_plan *plan, const struct skep_line_about *about,
			   struct skep_str *out)
{
	struct writer w = { .plan = plan, .about = about };

	for (size_t i = 0; i < plan->n_actions; i++)
		add_action(&w, i);
	for (size_t i = 0; plan->config.print_maps_on_exit && i < plan->n_maps; i++)
		if (plan->maps[i].print_at_end)
			add_map(&w, i);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		add_fixed(&w, &fixed[i]);
	skep_str_add(out, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
			  "  \"title\": ");
	skep_json_string(about->name, strlen(about->name), out);
	if (about->summary) {
		skep_str_add(out, ",\n  \"description\": ");
		skep_json_string(about->summary, strlen(about->summary), out);
	}
	skep_str_addf(out, ",\n  \"anyOf\": [%s\n  ],\n  \"$defs\": {%s\n  }\n}\n",
		      skep_str_text(&w.refs), skep_str_text(&w.defs));
	skep_str_fini(&w.refs);
	skep_str_fini(&w.defs);
}
