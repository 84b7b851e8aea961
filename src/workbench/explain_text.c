/* SPDX-License-Identifier: Apache-2.0 */
/* The eight steps for a terminal. */
#include <inttypes.h>
#include <string.h>

#include "workbench/explain_priv.h"

#define WIDTH 100
#define CODE_WIDTH 32	/* of an instruction, before what is known */
#define NATIVE_SHOWN 12 /* bytes of machine code on a line */

struct text {
	struct skep_str *out;
	bool color;
};

static void paint(const struct text *t, const char *code)
{
	if (t->color)
		skep_str_addf(t->out, "\033[%sm", code);
}

/* Words of a paragraph, indented, in lines that fit. */
static void wrap(const struct text *t, const char *words)
{
	size_t column = 0;

	while (*words) {
		size_t len = strcspn(words, " ");

		if (!column || column + 1 + len > WIDTH - 4) {
			skep_str_add(t->out, column ? "\n    " : "    ");
			column = 0;
		} else {
			skep_str_addc(t->out, ' ');
			column++;
		}
		skep_str_addn(t->out, words, len);
		column += len;
		words += len + (words[len] == ' ');
	}
	skep_str_addc(t->out, '\n');
}

static void indent(const struct text *t, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		skep_str_add(t->out, "    ");
		skep_str_addn(t->out, lines, len);
		skep_str_addc(t->out, '\n');
		lines += len + (lines[len] == '\n');
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
	wrap(t, s.what);
	paint(t, "0");
	skep_str_addc(t->out, '\n');
}

static void facts(const struct text *t, const struct skep_explain *e, unsigned number)
{
	_cleanup_(skep_str_fini)
	struct skep_str lines = {};

	explain_facts(e, number, &lines);
	indent(t, skep_str_text(&lines));
}

static void show_source(const struct text *t, const struct skep_explain *e)
{
	const char *at = e->source, *end = at ? at + e->source_len : NULL;

	if (!at) {
		skep_str_add(
			t->out,
			"    The source is not here; its lines that became code stand below.\n");
		return;
	}
	for (unsigned n = 1; at < end; n++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		paint(t, "2");
		skep_str_addf(t->out, "  %4u  ", n);
		paint(t, "0");
		skep_str_addn(t->out, at, len);
		skep_str_addc(t->out, '\n');
		at += len + 1;
	}
}

static void add_native(const struct text *t, const struct native_piece *piece)
{
	for (uint32_t i = 0; i < piece->size && i < NATIVE_SHOWN; i++)
		skep_str_addf(t->out, "%s%02x", i ? " " : "", piece->code[i]);
	if (piece->size > NATIVE_SHOWN)
		skep_str_addf(t->out, " and %u more", piece->size - NATIVE_SHOWN);
}

static void show_insn(const struct text *t, const struct skep_explain *e,
		      const struct explain_insn *insn)
{
	const struct native_piece *native = &e->listing->notes[insn->at].native;
	const char *label = e->listing->notes[insn->at].label;
	size_t width = strlen(insn->code);

	if (label)
		skep_str_addf(t->out, "    %s:\n", label);
	skep_str_addf(t->out, "  %4zu    %s", insn->at, insn->code);
	if (insn->known || insn->about)
		skep_str_pad(t->out, ' ', width < CODE_WIDTH ? CODE_WIDTH - width : 0);
	paint(t, "32");
	if (insn->known)
		skep_str_addf(t->out, "  %s", insn->known);
	paint(t, "0");
	if (insn->about)
		skep_str_addf(t->out, "  (%s)", insn->about);
	skep_str_addc(t->out, '\n');
	if (!native->size)
		return;
	paint(t, "2");
	skep_str_pad(t->out, ' ', 12);
	add_native(t, native);
	paint(t, "0");
	skep_str_addc(t->out, '\n');
}

static void show_beside(const struct text *t, const struct skep_explain *e)
{
	skep_str_addc(t->out, '\n');
	paint(t, "1");
	skep_str_add(
		t->out,
		"    steps 2, 4 and 5, line by line: source, instruction, what is known then, machine code\n");
	paint(t, "0");
	for (size_t i = 0; i < e->n_lines; i++) {
		const struct explain_line *l = &e->lines[i];

		skep_str_addc(t->out, '\n');
		if (l->place) {
			paint(t, "33");
			skep_str_addf(t->out, "    %s  %s\n", l->place, l->code);
			paint(t, "0");
		}
		for (size_t k = 0; k < l->n_insns; k++)
			show_insn(t, e, &l->insns[k]);
	}
}

void skep_explain_text(const struct skep_explain *e, bool first, bool color, struct skep_str *out)
{
	struct text t = { out, color };

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
	skep_str_addf(out, "    %s\n", e->where);
	step(&t, e, 7);
	wrap(&t, e->fires);
	wrap(&t, e->returns);
	skep_str_addf(out, "\n    one run, in %s, with %s\n",
		      e->run.engine == SKEP_TRY_KERNEL ? "the kernel" : "skep's own machine",
		      e->run_input);
	step(&t, e, 8);
	indent(&t, e->ran ? e->run_text : e->run_why);
}
