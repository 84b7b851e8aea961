/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/verdict.h"

#include <stdio.h>
#include <string.h>

#include "isa/progkind.h"
#include "record/format.h"
#include "workbench/source.h"
#include "workbench/witness.h"

void skep_verdict_of_loaded(const struct skep_input *source, struct skep_arena *arena,
			    struct skep_verify_result *result)
{
	struct skep_finding *finding;
	const char *why;

	if (!source->loaded || result->verdict != SKEP_VERDICT_REJECTED)
		return;
	why = source->loaded->rewritten;
	result->verdict = SKEP_VERDICT_UNDECIDED;
	if (!result->n_findings)
		return;
	finding = &result->findings[0];
	finding->hint =
		"the kernel has judged it before: verify the object or the script that it was made of";
	if (!why)
		return;
	/* all findings may come from that alone, and what is behind the first would be nonsense */
	result->n_findings = 1;
	*finding = (struct skep_finding){
		.reason = SKEP_REASON_UNKNOWN,
		.insn = finding->insn,
		.reg = -1,
		.line = finding->line,
		.what = skep_arena_printf(arena, "this is not the program that was loaded: %s",
					  why),
		.hint = finding->hint,
	};
}

static const char *verdict_name(enum skep_verdict verdict)
{
	switch (verdict) {
	case SKEP_VERDICT_SAFE:
		return "safe";
	case SKEP_VERDICT_REJECTED:
		return "rejected";
	default:
		return "not decided";
	}
}

/* What the lines about a program have in common. */
struct told {
	const struct skep_input *source;
	const struct skep_verify_result *result;
	unsigned columns;
	struct skep_str *out;
	size_t begin; /* of the line that is being written */
};

static void begin_line(struct told *t, const char *words)
{
	t->begin = t->out->len;
	skep_str_add(t->out, words);
}

static size_t column(const struct told *t)
{
	return skep_fit_width(skep_str_text(t->out) + t->begin, t->out->len - t->begin);
}

/* "count.bpf.c:12  struct iphdr *ip = data;", with room for @behind. */
static void add_source(struct told *t, const struct skep_spec_line *line, size_t behind)
{
	_cleanup_(skep_str_fini)
	struct skep_str code = {};

	skep_source_place(t->source, line, t->out);
	skep_str_add(t->out, "  ");
	skep_source_code(&t->source->spec, line, &code);
	skep_fit_code(skep_str_text(&code), code.len, t->columns, column(t) + behind, t->out);
}

/* "   12 r2 = *(u8 *)(r1 + 3)      idx = r2: [0, 255]" */
static void add_step(struct told *t, const struct skep_verify_step *s)
{
	_cleanup_(skep_str_fini)
	struct skep_str value = {};
	int width = t->columns && t->columns < 72 ? 22 : 30;

	begin_line(t, "");
	skep_str_addf(t->out, "    %5u %-*s", s->insn, width, s->code);
	if (s->name)
		skep_str_addf(&value, " `%s`", s->name);
	if (s->value)
		skep_str_addf(&value, "%s%s", s->name ? ", " : " ", s->value);
	skep_fit_words(skep_str_text(&value), t->columns, column(t), (size_t)width + 11, t->out);
	skep_str_addc(t->out, '\n');
}

static bool is_same_line(const struct skep_spec_line *a, const struct skep_spec_line *b)
{
	return b && a->loc.line == b->loc.line &&
	       (a->file == b->file || (a->file && b->file && skep_streq(a->file, b->file)));
}

static void add_steps(struct told *t, const struct skep_finding *f)
{
	const struct skep_spec_line *shown = NULL;

	if (f->n_steps)
		skep_str_add(t->out, "    how it came about:\n");
	if (f->steps_cut)
		skep_str_add(t->out, "          ...\n");
	for (size_t i = 0; i < f->n_steps; i++) {
		const struct skep_verify_step *s = &f->steps[i];

		if (s->line && s->line->loc.line && !is_same_line(s->line, shown)) {
			shown = s->line;
			begin_line(t, "          ; ");
			add_source(t, s->line, 0);
			skep_str_addc(t->out, '\n');
		}
		add_step(t, s);
	}
}

/* An instruction with its line of source, and what is said of it. */
static void add_code(struct told *t, uint32_t insn, const struct skep_spec_line *line,
		     const char *said)
{
	skep_str_addf(t->out, "instruction %u", insn);
	if (line && line->loc.line) {
		skep_str_add(t->out, ", ");
		add_source(t, line, strlen(said));
	}
	skep_str_addf(t->out, "%s\n", said);
}

/* "each round multiplies the paths by 2.0; 19 rounds make 524288 of them" */
static void add_factor(const struct skep_verify_growth *g, struct skep_str *out)
{
	double paths = 1;

	if (!g->rounds)
		return;
	skep_str_add(out, "        ");
	if (g->one_path) {
		skep_str_addf(out, "one path alone goes round %u times, and is not at its end\n",
			      g->path_rounds);
		return;
	}
	for (uint32_t i = 0; i < g->path_rounds && paths < 1e30; i++)
		paths *= g->factor;
	if (g->factor < SKEP_GROWTH_FACTOR)
		skep_str_addf(out, "each path goes round %u times%s\n", g->path_rounds,
			      g->n_branches ? ", and parts in some of these rounds only" : "");
	else
		skep_str_addf(out,
			      "each round multiplies the paths by %.1f: %u rounds make %s%.*g\n",
			      g->factor, g->path_rounds, paths < 1e6 ? "" : "about ",
			      paths < 1e6 ? 6 : 2, paths < 1e6 ? (double)(uint64_t)paths : paths);
}

static void add_branch(struct told *t, const struct skep_verify_growth *g,
		       const struct skep_growth_branch *b)
{
	char said[64];

	if (g->one_path && b->insn == g->last)
		return;
	snprintf(said, sizeof(said), ": both ways %u time%s", b->splits, b->splits == 1 ? "" : "s");
	begin_line(t, "        they part at ");
	add_code(t, b->insn, b->line, said);
}

/* At most SKEP_GROWTH_LOOPS * (2 + SKEP_GROWTH_BRANCHES) + 1 lines. */
static void add_growth(struct told *t, const struct skep_finding *f)
{
	if (f->n_growth)
		skep_str_add(t->out, "    what makes so many paths:\n");
	for (size_t i = 0; i < f->n_growth; i++) {
		const struct skep_verify_growth *g = &f->growth[i];
		uint32_t all = t->result->processed;
		unsigned percent = (unsigned)(100ull * g->processed / (all ? all : 1));
		char said[64];

		if (i && !percent)
			continue;
		snprintf(said, sizeof(said), ": %u %% of the work", percent);
		begin_line(t, g->rounds ? "      the loop that jumps back at "
					: "      outside of loops");
		if (g->rounds)
			add_code(t, g->last, g->line, said);
		else
			skep_str_addf(t->out, "%s\n", said);
		add_factor(g, t->out);
		for (size_t k = 0; k < g->n_branches; k++)
			add_branch(t, g, &g->branches[k]);
	}
}

static void add_finding(struct told *t, const struct skep_finding *f)
{
	begin_line(t, "  ");
	skep_str_addf(t->out, "%s: ", skep_reason_name(f->reason));
	skep_fit_words(f->what, t->columns, column(t), 4, t->out);
	skep_str_addc(t->out, '\n');
	begin_line(t, "    at ");
	add_code(t, f->insn, f->line, "");
	add_steps(t, f);
	add_growth(t, f);
	if (!f->hint)
		return;
	skep_str_add(t->out, "    = ");
	skep_fit_words(f->hint, t->columns, 6, 6, t->out);
	skep_str_addc(t->out, '\n');
}

/* Safe only as long as constants are what they are. */
static void add_unreached(struct told *t)
{
	const struct skep_verify_result *v = t->result;
	_cleanup_(skep_str_fini)
	struct skep_str words = {};

	skep_str_addf(&words, "%u of %u instructions are not reached", v->unreached, v->n_insns);
	if (v->constant)
		skep_str_addf(&words,
			      " while %s has the value that it has: --set %s=VALUE judges others",
			      v->constant->name, v->constant->name);
	else
		skep_str_add(
			&words,
			" while constants have the values that they have: --set NAME=VALUE judges others");
	skep_str_add(t->out, "  ");
	skep_fit_words(skep_str_text(&words), t->columns, 2, 4, t->out);
	skep_str_addc(t->out, '\n');
}

void skep_verdict_text(const struct skep_input *source, size_t prog,
		       const struct skep_verify_result *result, struct skep_look look,
		       struct skep_str *out)
{
	static const char *const colors[] = { "\033[32m", "\033[31m", "\033[33m" };
	const struct skep_spec_prog *p = &source->spec.progs[prog];
	const struct skep_prog_kind *kind = skep_prog_kind_find(p->type);
	struct told t = { source, result, look.columns, out, 0 };
	const char *name = verdict_name(result->verdict);
	_cleanup_(skep_str_fini)
	struct skep_str about = {};

	skep_str_addf(out, "%s%s%s", look.color ? colors[result->verdict] : "", name,
		      look.color ? "\033[0m" : "");
	skep_str_addf(&about, ": %s %s (%s), %u instructions, %u looked at", source->name, p->name,
		      kind ? kind->name : "?", result->n_insns, result->processed);
	if (result->stack_bytes)
		skep_str_addf(&about, ", %u bytes of stack", result->stack_bytes);
	skep_fit_words(skep_str_text(&about), look.columns, strlen(name), 2, out);
	skep_str_addc(out, '\n');
	if (result->unreached)
		add_unreached(&t);
	for (size_t i = 0; i < result->n_findings; i++)
		add_finding(&t, &result->findings[i]);
}

static void json_string(const char *key, const char *value, struct skep_str *out)
{
	skep_str_addf(out, "\"%s\":", key);
	skep_json_string(value, strlen(value), out);
}

static void json_line(const struct skep_input *source, const struct skep_spec_line *line,
		      struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (!line || !line->loc.line)
		return;
	skep_str_addc(out, ',');
	json_string("source_file", line->file ? line->file : source->name, out);
	skep_str_addf(out, ",\"line\":%u,", line->loc.line);
	skep_source_code(&source->spec, line, &text);
	json_string("code", skep_str_text(&text), out);
}

static void json_growth(const struct skep_input *source, const struct skep_finding *f,
			struct skep_str *out)
{
	if (!f->n_growth)
		return;
	skep_str_add(out, ",\"loops\":[");
	for (size_t i = 0; i < f->n_growth; i++) {
		const struct skep_verify_growth *g = &f->growth[i];

		skep_str_addf(out,
			      "%s{\"first\":%u,\"last\":%u,\"rounds\":%u,\"path_rounds\":%u,"
			      "\"processed\":%u,\"one_path\":%s,\"factor\":%.3f",
			      i ? "," : "", g->first, g->last, g->rounds, g->path_rounds,
			      g->processed, g->one_path ? "true" : "false", g->factor);
		json_line(source, g->line, out);
		skep_str_add(out, ",\"branches\":[");
		for (size_t k = 0; k < g->n_branches; k++) {
			skep_str_addf(out, "%s{\"insn\":%u,\"both_ways\":%u", k ? "," : "",
				      g->branches[k].insn, g->branches[k].splits);
			json_line(source, g->branches[k].line, out);
			skep_str_addc(out, '}');
		}
		skep_str_add(out, "]}");
	}
	skep_str_addc(out, ']');
}

static void json_witness(const struct skep_verdict_witness *w, struct skep_str *out)
{
	if (!w || !w->runs)
		return;
	skep_str_addf(out, ",\"witness\":{\"found\":%s,\"runs\":%u", w->file ? "true" : "false",
		      w->runs);
	if (w->file) {
		skep_str_addc(out, ',');
		json_string("fault", w->fault, out);
		skep_str_addc(out, ',');
		json_string("file", w->file, out);
	}
	skep_str_addc(out, '}');
}

static void json_finding(const struct skep_input *source, const struct skep_finding *f,
			 const struct skep_verdict_witness *witness, struct skep_str *out)
{
	skep_str_addc(out, '{');
	json_string("reason", skep_reason_name(f->reason), out);
	skep_str_addf(out, ",\"insn\":%u,", f->insn);
	if (f->reg >= 0)
		skep_str_addf(out, "\"register\":%d,", f->reg);
	if (f->name) {
		json_string("variable", f->name, out);
		skep_str_addc(out, ',');
	}
	json_string("what", f->what, out);
	if (f->hint) {
		skep_str_addc(out, ',');
		json_string("hint", f->hint, out);
	}
	json_line(source, f->line, out);
	skep_str_add(out, ",\"steps\":[");
	for (size_t i = 0; i < f->n_steps; i++) {
		skep_str_addf(out, "%s{\"insn\":%u,", i ? "," : "", f->steps[i].insn);
		json_string("instruction", f->steps[i].code, out);
		if (f->steps[i].value) {
			skep_str_addc(out, ',');
			json_string("value", f->steps[i].value, out);
		}
		if (f->steps[i].name) {
			skep_str_addc(out, ',');
			json_string("variable", f->steps[i].name, out);
		}
		json_line(source, f->steps[i].line, out);
		skep_str_addc(out, '}');
	}
	skep_str_addc(out, ']');
	json_growth(source, f, out);
	json_witness(witness, out);
	skep_str_addc(out, '}');
}

void skep_verdict_json(const struct skep_input *source, size_t prog,
		       const struct skep_verify_result *result,
		       const struct skep_verdict_witness *witnesses, struct skep_str *out)
{
	const struct skep_spec_prog *p = &source->spec.progs[prog];
	const struct skep_prog_kind *kind = skep_prog_kind_find(p->type);

	skep_str_addc(out, '{');
	json_string("file", source->name, out);
	skep_str_addc(out, ',');
	json_string("program", p->name, out);
	skep_str_addc(out, ',');
	json_string("kind", kind ? kind->name : "?", out);
	skep_str_addc(out, ',');
	json_string("verdict",
		    result->verdict == SKEP_VERDICT_UNDECIDED ? "undecided"
							      : verdict_name(result->verdict),
		    out);
	skep_str_addf(out,
		      ",\"instructions\":%u,\"processed\":%u,\"unreached\":%u,"
		      "\"stack_bytes\":%u,\"findings\":[",
		      result->n_insns, result->processed, result->unreached, result->stack_bytes);
	for (size_t i = 0; i < result->n_findings; i++) {
		if (i)
			skep_str_addc(out, ',');
		json_finding(source, &result->findings[i], witnesses ? &witnesses[i] : NULL, out);
	}
	skep_str_add(out, "]}\n");
}

void skep_verdict_tell(const struct skep_verify_result *result,
		       const struct skep_verdict_witness *witnesses, struct skep_str *out)
{
	for (size_t i = 0; i < result->n_findings; i++) {
		const struct skep_finding *f = &result->findings[i];
		const struct skep_verdict_witness *w = &witnesses[i];

		if (f->reason == SKEP_REASON_UNKNOWN)
			continue;
		skep_str_addf(out, "  %s at instruction %u: ", skep_reason_name(f->reason),
			      f->insn);
		if (w->file)
			skep_str_addf(out, "it does happen, after %u tries: %s\n", w->runs,
				      w->fault);
		else if (!w->runs)
			skep_str_add(
				out,
				"no input was looked for: it is not about values that the machine here has\n");
		else
			skep_str_addf(
				out,
				"no input was found in %u tries that makes it fault: the verifier may know too little here\n",
				w->runs);
	}
}

struct skep_verdict_witness *skep_verdict_search(const struct skep_input *source, size_t prog,
						 const struct skep_verify_result *result,
						 struct skep_arena *arena)
{
	_cleanup_free_ struct skep_witness *witness = calloc(1, sizeof(*witness));
	struct skep_verdict_witness *all =
		skep_arena_calloc(arena, result->n_findings + 1, sizeof(*all));
	struct skep_witness_search search;

	if (!witness)
		skep_oom();
	for (size_t i = 0; i < result->n_findings; i++) {
		const struct skep_finding *f = &result->findings[i];
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		if (f->reason == SKEP_REASON_UNKNOWN)
			continue;
		if (skep_witness_find(&source->spec, prog, f, 0, witness, &search) == 0) {
			skep_witness_format(&source->spec, witness, &text);
			all[i].file = skep_arena_strdup(arena, skep_str_text(&text));
			all[i].fault = skep_arena_strdup(arena, search.fault);
		}
		all[i].runs = search.not_tried ? 0 : MAX(search.runs, 1u);
	}
	return all;
}
