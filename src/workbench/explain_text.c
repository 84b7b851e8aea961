/* SPDX-License-Identifier: Apache-2.0 */
/* The eight steps for a terminal. */
#include <inttypes.h>
#include <string.h>

#include "workbench/explain_priv.h"

#define PROSE_MAX 100	/* columns of prose, however wide it could be */
#define CODE_WIDTH 32	/* of an instruction, before what is known */
#define CODE_AT 10	/* where an instruction begins */
#define NATIVE_AT 12	/* where machine code begins */
#define NATIVE_SHOWN 12 /* bytes of machine code on a line */

struct text {
	struct skep_str *out;
	struct skep_look look;
};

static void paint(const struct text *t, const char *code)
{
	if (t->look.color)
		skep_str_addf(t->out, "\033[%sm", code);
}

static void prose(const struct text *t, const char *words)
{
	unsigned columns = t->look.columns ? MIN(t->look.columns, PROSE_MAX) : PROSE_MAX;

	skep_str_add(t->out, "    ");
	skep_fit_words(words, columns, 4, 4, t->out);
	skep_str_addc(t->out, '\n');
}

/* What goes on in a further line stands below what it belongs to. */
static void indent(const struct text *t, const char *lines)
{
	for (size_t len; *lines; lines += len + (lines[len] == '\n')) {
		_cleanup_free_ char *line = NULL;

		len = strcspn(lines, "\n");
		line = strndup(lines, len);
		if (!line)
			skep_oom();
		skep_str_add(t->out, "    ");
		skep_fit_words(line, t->look.columns, 4, 6 + strspn(line, " "), t->out);
		skep_str_addc(t->out, '\n');
	}
}

static void step(const struct text *t, const struct skep_explain *e, unsigned number)
{
	struct explain_step s = explain_step(e, number);

	skep_str_addc(t->out, '\n');
	paint(t, "1;36");
	skep_str_addf(t->out, " %u  %s", number, s.name);
	paint(t, "0");
	skep_str_addc(t->out, '\n');
	paint(t, "2");
	prose(t, s.what);
	paint(t, "0");
	skep_str_addc(t->out, '\n');
}

static void facts(const struct text *t, const struct skep_explain *e, unsigned number)
{
	_cleanup_(skep_str_fini)
	struct skep_str lines = {};

	explain_facts(e, number, t->look.columns > 4 ? t->look.columns - 4 : 0, &lines);
	indent(t, skep_str_text(&lines));
	if (number != 4 || !explain_stop(e))
		return;
	skep_str_addc(t->out, '\n');
	paint(t, "1;33");
	prose(t, explain_stop(e));
	paint(t, "0");
}

static void show_source(const struct text *t, const struct skep_explain *e)
{
	const char *at = e->source, *end = at ? at + e->source_len : NULL;

	if (!at) {
		prose(t, "The source is not here; its lines that became code stand below.");
		return;
	}
	for (unsigned n = 1; at < end; n++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		paint(t, "2");
		skep_str_addf(t->out, "  %4u  ", n);
		paint(t, "0");
		skep_fit_code(at, len, t->look.columns, 8, t->out);
		skep_str_addc(t->out, '\n');
		at += len + 1;
	}
}

/* As many bytes on a line as there is room for. */
static void show_native(const struct text *t, const struct native_piece *piece, bool all)
{
	unsigned columns = t->look.columns, room = NATIVE_SHOWN;

	if (columns && columns < NATIVE_AT + 3 * NATIVE_SHOWN)
		room = columns > NATIVE_AT + 3 * 4 ? (columns - NATIVE_AT) / 3 : 4;
	paint(t, "2");
	for (uint32_t i = 0; i < piece->size && (all || i < room); i++) {
		if (i % room == 0)
			skep_str_addf(t->out, "%s%*s", i ? "\n" : "", NATIVE_AT, "");
		skep_str_addf(t->out, "%s%02x", i % room ? " " : "", piece->code[i]);
	}
	if (!all && piece->size > room)
		skep_str_addf(t->out, " and %u more", piece->size - room);
	paint(t, "0");
	skep_str_addc(t->out, '\n');
}

/* What is known stands in a column of its own; behind a long instruction, or below it. */
static void show_known(const struct text *t, const struct explain_insn *insn)
{
	unsigned columns = t->look.columns;
	size_t code = columns && columns < 80 ? columns * 2 / 5 : CODE_WIDTH;
	size_t column = CODE_AT + code + 2,
	       at = CODE_AT + skep_fit_width(insn->code, strlen(insn->code));
	_cleanup_(skep_str_fini)
	struct skep_str words = {};

	if (insn->known)
		skep_str_add(&words, insn->known);
	if (insn->about)
		skep_str_addf(&words, "%s(%s)", insn->known ? "  " : "", insn->about);
	if (!words.len)
		return;
	if (at + 2 <= column) {
		skep_str_pad(t->out, ' ', column - at);
	} else if (columns && at + 2 + skep_fit_width(words.data, words.len) > columns) {
		skep_str_addc(t->out, '\n');
		skep_str_pad(t->out, ' ', column);
	} else {
		skep_str_add(t->out, "  ");
		column = at + 2;
	}
	paint(t, "32");
	skep_fit_words(skep_str_text(&words), columns, column, column, t->out);
	paint(t, "0");
}

static void show_insn(const struct text *t, const struct skep_explain *e,
		      const struct explain_insn *insn)
{
	const struct native_piece *native = &e->listing->notes[insn->at].native;
	const char *label = e->listing->notes[insn->at].label;

	if (label)
		skep_str_addf(t->out, "    %s:\n", label);
	skep_str_addf(t->out, "  %4zu    %s", insn->at, insn->code);
	show_known(t, insn);
	skep_str_addc(t->out, '\n');
	if (native->size)
		show_native(t, native, e->all_native);
}

static void show_beside(const struct text *t, const struct skep_explain *e)
{
	skep_str_addc(t->out, '\n');
	paint(t, "1");
	prose(t,
	      "steps 2, 4 and 5, line by line: source, instruction, what is known then, machine code");
	paint(t, "0");
	for (size_t i = 0; i < e->n_lines; i++) {
		const struct explain_line *l = &e->lines[i];

		skep_str_addc(t->out, '\n');
		if (l->place) {
			paint(t, "33");
			skep_str_addf(t->out, "    %s  ", l->place);
			skep_fit_code(l->code, strlen(l->code), t->look.columns,
				      6 + strlen(l->place), t->out);
			paint(t, "0");
			skep_str_addc(t->out, '\n');
		}
		for (size_t k = 0; k < l->n_insns; k++)
			show_insn(t, e, &l->insns[k]);
	}
}

void skep_explain_text(const struct skep_explain *e, bool first, struct skep_look look,
		       struct skep_str *out)
{
	struct text t = { out, look };
	_cleanup_(skep_str_fini)
	struct skep_str run = {};

	paint(&t, "1");
	skep_str_addf(out, "%s%s: %s", first ? "" : "\n", e->input->name, e->prog->name);
	paint(&t, "0");
	skep_str_addc(out, '\n');
	if (first) {
		step(&t, e, 1);
		show_source(&t, e);
	}
	for (unsigned i = 2; i <= 5; i++) {
		step(&t, e, i);
		facts(&t, e, i);
	}
	show_beside(&t, e);
	step(&t, e, 6);
	prose(&t, e->where);
	step(&t, e, 7);
	if (*e->fires)
		prose(&t, e->fires);
	if (*e->returns)
		prose(&t, e->returns);
	skep_str_addf(&run, "one run, in %s, with %s",
		      e->run.engine == SKEP_TRY_KERNEL ? "the kernel" : "skep's own machine",
		      e->run_input);
	skep_str_addc(out, '\n');
	prose(&t, skep_str_text(&run));
	step(&t, e, 8);
	indent(&t, e->ran ? e->run_text : e->run_why);
}
