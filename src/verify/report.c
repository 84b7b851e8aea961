/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings: each fault once, at its instruction and source line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "verify/name.h"

static const char *const reasons[SKEP_N_REASONS] = {
	[SKEP_REASON_CODE] = "code",	       [SKEP_REASON_UNSET] = "unset",
	[SKEP_REASON_TYPE] = "type",	       [SKEP_REASON_NULL] = "null",
	[SKEP_REASON_BOUNDS] = "bounds",       [SKEP_REASON_ALIGN] = "align",
	[SKEP_REASON_ACCESS] = "access",       [SKEP_REASON_CALL] = "call",
	[SKEP_REASON_REFERENCE] = "reference", [SKEP_REASON_RETURN] = "return",
	[SKEP_REASON_LOOP] = "loop",	       [SKEP_REASON_LIMIT] = "limit",
	[SKEP_REASON_UNKNOWN] = "unknown",
};

const char *skep_reason_name(enum skep_reason reason)
{
	return reasons[reason];
}

const struct skep_spec_line *skep_walk_line(const struct skep_walk *walk, uint32_t insn)
{
	const struct skep_spec_line *line = NULL;

	for (size_t i = 0; i < walk->n_lines && walk->lines[i].insn <= insn; i++)
		line = &walk->lines[i];
	return line;
}

static bool is_known(const struct skep_walk *walk, enum skep_reason reason)
{
	for (size_t i = 0; i < walk->result->n_findings; i++)
		if (walk->result->findings[i].insn == walk->insn &&
		    walk->result->findings[i].reason == reason)
			return true;
	return false;
}

/* Where the sentence says r2 for the first time, it says `idx` (r2). */
static void name_register(struct skep_walk *walk, struct skep_finding *finding)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	char reg[8];
	const char *at = finding->what;
	size_t n = (size_t)snprintf(reg, sizeof(reg), "r%d", finding->reg);

	while (finding->name && (at = strstr(at, reg))) {
		bool begins = at == finding->what || at[-1] == ' ';
		const char *end = at + n;

		if (begins && (*end < '0' || *end > '9')) {
			skep_str_addn(&text, finding->what, (size_t)(at - finding->what));
			skep_str_addf(&text, "`%s` (%s)%s", finding->name, reg, end);
			finding->what = skep_arena_strdup(walk->arena, skep_str_text(&text));
			return;
		}
		at = end;
	}
}

void skep_report(struct skep_walk *walk, enum skep_reason reason, int reg, const char *fmt, ...)
{
	struct skep_verify_result *result = walk->result;
	struct skep_finding *finding;
	char text[512];
	va_list args;

	if (is_known(walk, reason) || result->n_findings >= walk->max_findings) {
		walk->reported = NULL;
		return;
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	finding = &result->findings[result->n_findings++];
	*finding = (struct skep_finding){
		.reason = reason,
		.insn = walk->insn,
		.reg = reg,
		.what = skep_arena_strdup(walk->arena, text),
		.line = skep_walk_line(walk, walk->insn),
	};
	walk->reported = finding;
	if (walk->state && reg >= 0) {
		finding->kind = skep_walk_reg(walk, (unsigned)reg)->kind;
		finding->name = skep_name_of(walk, (unsigned)reg);
		name_register(walk, finding);
	}
	if (walk->options->explain)
		skep_explain_path(walk, finding);
	if (walk->records)
		skep_explain(walk, finding);
	if (reason == SKEP_REASON_UNKNOWN) {
		if (result->verdict == SKEP_VERDICT_SAFE)
			result->verdict = SKEP_VERDICT_UNDECIDED;
	} else {
		result->verdict = SKEP_VERDICT_REJECTED;
	}
}

void skep_report_hint(struct skep_walk *walk, const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (!walk->reported)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	walk->reported->hint = skep_arena_strdup(walk->arena, text);
}
