/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published form of a session's JSON lines (--format json): one JSON Schema, draft 2020-12, for every line that the
 * session of a plan can write, from the first schema to the losses at the end.
 *
 *	{"$schema": ..., "title": "tcplife", "anyOf": [{"$ref": "#/$defs/row-life"}, ...], "$defs": {"row-life": {...}, ...}}
 *
 *	skep_live_json_schema(plan, &about, &out);
 *
 * Who adds a line, or a member of one, to what a session writes, adds it here: a test holds each line of each tool to this.
 */
#pragma once

#include "lang/plan.h"
#include "record/json_schema.h"

struct skep_line_about {
	const char *name;    /* the tool or script, as sinks know it */
	const char *summary; /* or NULL */
	struct skep_json_words words;
	enum {
		SKEP_LINES_RUN,
		SKEP_LINES_TEST,
		SKEP_LINES_BENCH
	} mode;
};

void skep_live_json_schema(const struct skep_plan *plan, const struct skep_line_about *about,
			   struct skep_str *out);
