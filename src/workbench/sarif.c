/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/sarif.h"

#include <string.h>

#include "record/format.h"

/* What each class is, for people who see the rule's name. */
static const char *const rules[SKEP_N_REASONS] = {
	[SKEP_REASON_CODE] = "The code is no program: encoding, jumps, ends, unreachable code",
	[SKEP_REASON_UNSET] = "Something is read that was never written",
	[SKEP_REASON_TYPE] = "A value is of the wrong kind for its use",
	[SKEP_REASON_NULL] = "A pointer that may be NULL is used",
	[SKEP_REASON_BOUNDS] = "Memory outside of its object is accessed",
	[SKEP_REASON_ALIGN] = "An access is not aligned where it has to be",
	[SKEP_REASON_ACCESS] = "Memory is accessed in a way that is not allowed",
	[SKEP_REASON_CALL] = "A helper or function may not be called like this",
	[SKEP_REASON_REFERENCE] = "A reference is not given back, or used afterwards",
	[SKEP_REASON_RETURN] = "A return value is not allowed for this kind of program",
	[SKEP_REASON_LOOP] = "No end of a loop can be shown",
	[SKEP_REASON_LIMIT] = "The program is too large, too deep, or has too many paths",
	[SKEP_REASON_UNKNOWN] = "The program uses what is not judged here",
};

static void string(const char *key, const char *value, struct skep_str *out)
{
	skep_str_addf(out, "\"%s\":", key);
	skep_json_string(value, strlen(value), out);
}

/* A URI may hold letters, digits and a few signs; the rest of a file's name is written as %XX. */
static void uri(const char *path, struct skep_str *out)
{
	static const char plain[] = "-._~/";

	if (path[0] == '/')
		skep_str_add(out, "file://");
	for (const char *c = path; *c; c++) {
		bool is_plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
				(*c >= 'A' && *c <= 'Z') || strchr(plain, *c);

		skep_str_addf(out, is_plain ? "%c" : "%%%02X", (unsigned char)*c);
	}
}

/*
 * {"physicalLocation":…,"logicalLocations":…,"message":…} without the braces. Where there is no source line, the file
 * that was judged is the place; the instruction is in the logical location.
 */
static void location(const struct skep_input *source, const char *prog, uint32_t insn,
		     const struct skep_spec_line *line, struct skep_str *out)
{
	bool known = line && line->loc.line;

	skep_str_add(out, "\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"");
	uri(known && line->file ? line->file : source->name, out);
	skep_str_add(out, "\"}");
	if (known) {
		skep_str_addf(out, ",\"region\":{\"startLine\":%u", line->loc.line);
		if (line->loc.col)
			skep_str_addf(out, ",\"startColumn\":%u", line->loc.col);
		skep_str_addc(out, '}');
	}
	skep_str_add(out, "},\"logicalLocations\":[{");
	string("name", prog, out);
	skep_str_addf(out, ",\"kind\":\"function\",\"fullyQualifiedName\":");
	{
		_cleanup_(skep_str_fini)
		struct skep_str name = {};

		skep_str_addf(&name, "%s+%u", prog, insn);
		skep_json_string(skep_str_text(&name), name.len, out);
	}
	skep_str_add(out, "}]");
}

/* The steps, and at the end the failure itself. */
static void code_flow(const struct skep_input *source, const char *prog,
		      const struct skep_finding *f, struct skep_str *out)
{
	skep_str_add(out, ",\"codeFlows\":[{\"threadFlows\":[{\"locations\":[");
	for (size_t i = 0; i <= f->n_steps; i++) {
		const struct skep_verify_step *s = i < f->n_steps ? &f->steps[i] : NULL;
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		if (s)
			skep_str_addf(&text, "%s%s%s", s->code, s->value ? "  " : "",
				      s->value ? s->value : "");
		else
			skep_str_add(&text, f->what);
		skep_str_add(out, i ? ",{\"location\":{" : "{\"location\":{");
		location(source, prog, s ? s->insn : f->insn, s ? s->line : f->line, out);
		skep_str_add(out, ",\"message\":{");
		string("text", skep_str_text(&text), out);
		skep_str_addf(out, "}},\"nestingLevel\":%u}", s ? s->depth : 0);
	}
	skep_str_add(out, "]}]}]");
}

void skep_sarif_add(const struct skep_input *source, size_t prog,
		    const struct skep_verify_result *result,
		    const struct skep_verdict_witness *witnesses, struct skep_str *results)
{
	const char *name = source->spec.progs[prog].name;

	for (size_t i = 0; i < result->n_findings; i++) {
		const struct skep_finding *f = &result->findings[i];
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		skep_str_addf(&text, "%s (program %s, instruction %u)%s%s", f->what, name, f->insn,
			      f->hint ? ". What to do: " : "", f->hint ? f->hint : "");
		skep_str_add(results, results->len ? ",\n{" : "{");
		string("ruleId", skep_reason_name(f->reason), results);
		skep_str_addf(results, ",\"ruleIndex\":%d,\"level\":\"%s\",\"message\":{",
			      f->reason, f->reason == SKEP_REASON_UNKNOWN ? "note" : "error");
		string("text", skep_str_text(&text), results);
		skep_str_add(results, "},\"locations\":[{");
		location(source, name, f->insn, f->line, results);
		skep_str_add(results, "}]");
		if (f->n_steps)
			code_flow(source, name, f, results);
		if (witnesses && witnesses[i].file) {
			skep_str_add(results, ",\"properties\":{");
			string("fault", witnesses[i].fault, results);
			skep_str_addc(results, ',');
			string("witness", witnesses[i].file, results);
			skep_str_addc(results, '}');
		}
		skep_str_addc(results, '}');
	}
}

void skep_sarif_finish(const struct skep_str *results, struct skep_str *out)
{
	skep_str_add(
		out,
		"{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":["
		"{\"tool\":{\"driver\":{\"name\":\"skep\",\"version\":\"" SKEP_VERSION
		"\",\"rules\":[");
	for (int i = 0; i < SKEP_N_REASONS; i++) {
		skep_str_add(out, i ? ",\n{" : "\n{");
		string("id", skep_reason_name((enum skep_reason)i), out);
		skep_str_add(out, ",\"shortDescription\":{");
		string("text", rules[i], out);
		skep_str_add(out, "}}");
	}
	skep_str_add(out, "]}},\"columnKind\":\"utf16CodeUnits\",\"results\":[\n");
	skep_str_addn(out, results->data, results->len);
	skep_str_add(out, "]}]}\n");
}
