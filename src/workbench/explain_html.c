/* SPDX-License-Identifier: Apache-2.0 */
/* The eight steps as one page: no scripts, nothing from elsewhere, readable in light and dark, on paper too. */
#include <string.h>

#include "workbench/explain_priv.h"

static const char style[] =
	":root{--ink:#1d2129;--soft:#667085;--line:#e3e6eb;--page:#fff;--box:#f7f8fa;--warm:#b54708;--cool:#175cd3;"
	"--good:#067647}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e4e7ec;--soft:#98a2b3;--line:#333a45;--page:#14171c;--box:#1c2027;"
	"--warm:#fdb022;--cool:#84adff;--good:#47cd89}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:84rem;padding:2rem 1.5rem 4rem;background:var(--page);color:var(--ink);"
	"font:16px/1.55 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.25rem;margin:3rem 0 0;padding-top:1rem;border-top:2px solid var(--ink)}\n"
	"nav{display:flex;flex-wrap:wrap;gap:.4rem;margin:1.2rem 0 0;padding:0;list-style:none}\n"
	"nav a{padding:.2rem .8rem;border:1px solid var(--line);border-radius:1rem;color:inherit;text-decoration:none;"
	"font-size:.9rem}nav a:hover{border-color:var(--cool)}\n"
	"h3{display:flex;align-items:center;gap:.6rem;font-size:1.1rem;margin:2.2rem 0 .2rem}\n"
	"h3 b{display:inline-grid;place-items:center;width:1.8rem;height:1.8rem;border-radius:50%;background:var(--ink);"
	"color:var(--page);font-size:.95rem}\n"
	"p{margin:.2rem 0 .7rem;max-width:46rem;color:var(--soft)}p.fact{color:var(--ink)}"
	"p.stop{color:var(--ink);padding:.6rem .9rem;border-left:4px solid var(--warm);background:var(--box)}\n"
	"pre,table{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}\n"
	"pre{margin:.4rem 0;padding:.7rem .9rem;background:var(--box);border:1px solid var(--line);border-radius:6px;"
	"overflow-x:auto;tab-size:8}\n"
	"pre i{display:inline-block;width:2.4rem;margin-right:1rem;text-align:right;color:var(--soft);font-style:normal;"
	"user-select:none}\n"
	".wide{overflow-x:auto;border:1px solid var(--line);border-radius:6px}\n"
	"table{border-collapse:collapse;width:100%;min-width:58rem}th{font-weight:600;text-align:left;background:var(--box);position:sticky;top:0}\n"
	"th,td{padding:.15rem .8rem;vertical-align:top}\n"
	"tr.line td{padding-top:.55rem;border-top:1px solid var(--line);color:var(--warm);white-space:pre-wrap}\n"
	"td.n{color:var(--soft);text-align:right;width:3rem}td.c{white-space:pre-wrap;width:34%}"
	"td.k{color:var(--good);width:34%}td.m{color:var(--soft);overflow-wrap:anywhere}\n"
	"small{color:var(--soft);font-size:inherit}tr.insn:hover{background:var(--box)}\n"
	"@media print{h3{break-after:avoid}tr{break-inside:avoid}}\n";

static void add_text(const char *text, size_t len, struct skep_str *out)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '<':
			skep_str_add(out, "&lt;");
			break;
		case '>':
			skep_str_add(out, "&gt;");
			break;
		case '&':
			skep_str_add(out, "&amp;");
			break;
		case '"':
			skep_str_add(out, "&quot;");
			break;
		default:
			if ((unsigned char)text[i] >= ' ' || text[i] == '\n' || text[i] == '\t')
				skep_str_addc(out, text[i]);
		}
	}
}

/* A line with blanks for its tabs, which would count from the number in front of it. */
static void add_spaced(const char *text, size_t len, struct skep_str *out)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		size_t n = text[i] == '\t' ? 8 - column % 8 : 1;

		if (text[i] == '\t')
			skep_str_pad(out, ' ', n);
		else
			add_text(text + i, 1, out);
		column += n;
	}
}

static void add(const char *text, struct skep_str *out)
{
	add_text(text, strlen(text), out);
}

void skep_explain_html_begin(const struct skep_input *input, struct skep_str *out)
{
	skep_str_add(out, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
			  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	add(input->name, out);
	skep_str_addf(out, ", explained</title>\n<style>\n%s</style>\n<h1>", style);
	add(input->name, out);
	skep_str_add(
		out,
		"</h1>\n<p>From the source of a program to its data, in eight steps. Everything on this page was made by "
		"skep explain, of this program.</p>\n");
}

void skep_explain_html_end(struct skep_str *out)
{
	skep_str_add(out, "</html>\n");
}

static void step(const struct skep_explain *e, unsigned number, struct skep_str *out)
{
	struct explain_step s = explain_step(e, number);

	skep_str_addf(out, "<h3 id=\"p%zu-%u\"><b>%u</b> %s</h3>\n<p>%s</p>\n", e->index, number,
		      number, s.name, s.what);
}

static void navigation(const struct skep_explain *e, bool first, struct skep_str *out)
{
	skep_str_add(out, "<nav>\n");
	for (unsigned i = first ? 1 : 2; i <= 8; i++)
		skep_str_addf(out, "<a href=\"#p%zu-%u\">%u %s</a>\n", e->index, i, i,
			      explain_step(e, i).name);
	skep_str_add(out, "</nav>\n");
}

static void show_source(const struct skep_explain *e, struct skep_str *out)
{
	const char *at = e->source, *end = at ? at + e->source_len : NULL;

	if (!at) {
		skep_str_add(
			out,
			"<p class=\"fact\">The source is not here; its lines that became code stand below.</p>\n");
		return;
	}
	skep_str_add(out, "<pre>");
	for (unsigned n = 1; at < end; n++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		skep_str_addf(out, "<i>%u</i>", n);
		add_spaced(at, len, out);
		skep_str_addc(out, '\n');
		at += len + 1;
	}
	skep_str_add(out, "</pre>\n");
}

static void box(const char *text, struct skep_str *out)
{
	skep_str_add(out, "<pre>");
	add(text, out);
	skep_str_add(out, "</pre>\n");
}

static void facts(const struct skep_explain *e, unsigned number, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str lines = {};

	explain_facts(e, number, 0, &lines);
	box(skep_str_text(&lines), out);
	if (number == 4 && explain_stop(e))
		skep_str_addf(out, "<p class=\"stop\">%s</p>\n", explain_stop(e));
}

static void show_insn(const struct skep_explain *e, const struct explain_insn *insn,
		      struct skep_str *out)
{
	const struct insn_note *note = &e->listing->notes[insn->at];

	if (note->label) {
		skep_str_add(out, "<tr><td class=\"n\"><td class=\"c\">");
		add(note->label, out);
		skep_str_add(out, ":<td><td></tr>\n");
	}
	skep_str_addf(out, "<tr class=\"insn\"><td class=\"n\">%zu<td class=\"c\">", insn->at);
	add(insn->code, out);
	skep_str_add(out, "<td class=\"k\">");
	add(insn->known ? insn->known : "", out);
	if (insn->about) {
		skep_str_add(out, " <small>");
		add(insn->about, out);
		skep_str_add(out, "</small>");
	}
	skep_str_add(out, "<td class=\"m\">");
	for (uint32_t i = 0; i < note->native.size; i++)
		skep_str_addf(out, "%s%02x", i ? " " : "", note->native.code[i]);
	skep_str_add(out, "</tr>\n");
}

static void show_beside(const struct skep_explain *e, struct skep_str *out)
{
	skep_str_add(
		out,
		"<p class=\"fact\">Steps 2, 4 and 5, line by line:</p>\n<div class=\"wide\"><table>\n"
		"<tr><th><th>source and instruction<th>what is known then<th>machine code</tr>\n");
	for (size_t i = 0; i < e->n_lines; i++) {
		const struct explain_line *l = &e->lines[i];

		if (l->place) {
			const char *line = strrchr(l->place, ':');

			skep_str_addf(out,
				      "<tr class=\"line\"><td class=\"n\">%s<td colspan=\"3\">",
				      line ? line + 1 : "");
			add(l->code, out);
			skep_str_add(out, "</tr>\n");
		}
		for (size_t k = 0; k < l->n_insns; k++)
			show_insn(e, &l->insns[k], out);
	}
	skep_str_add(out, "</table></div>\n");
}

static void fact(const char *text, struct skep_str *out)
{
	if (!*text)
		return;
	skep_str_add(out, "<p class=\"fact\">");
	add(text, out);
	skep_str_add(out, "</p>\n");
}

void skep_explain_html(const struct skep_explain *e, bool first, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str run = {};

	skep_str_add(out, "<h2>");
	add(e->prog->name, out);
	skep_str_add(out, "</h2>\n");
	navigation(e, first, out);
	if (first) {
		step(e, 1, out);
		show_source(e, out);
	}
	for (unsigned i = 2; i <= 5; i++) {
		step(e, i, out);
		facts(e, i, out);
	}
	show_beside(e, out);
	step(e, 6, out);
	fact(e->where, out);
	step(e, 7, out);
	fact(e->fires, out);
	fact(e->returns, out);
	skep_str_addf(&run, "One run, in %s, with %s.",
		      e->run.engine == SKEP_TRY_KERNEL ? "the kernel" : "skep's own machine",
		      e->run_input);
	fact(skep_str_text(&run), out);
	step(e, 8, out);
	box(e->ran ? e->run_text : e->run_why, out);
}
