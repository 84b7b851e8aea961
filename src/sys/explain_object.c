/* SPDX-License-Identifier: Apache-2.0 */
/* What an object knows of an instruction that was refused: the line of C, and which field the kernel lacks. */
#include <string.h>

#include "obj/core.h"
#include "sys/explain.h"

/* The line of C that the newest item, about instruction @insn, is at, or NULL. Lines without a file are those of a script. */
static const struct skep_spec_line *line_of(const struct skep_spec_prog *p,
					    const struct skep_diag_item *item)
{
	const struct skep_spec_line *found = NULL;

	for (size_t i = 0; i < p->n_lines && p->lines[i].insn <= (uint32_t)item->insn; i++)
		if (!p->lines[i].file && !p->lines[i].text)
			found = NULL;
		else if (p->lines[i].text && *p->lines[i].text)
			found = &p->lines[i];
	/* What is said of a loop is said of its end, further on. */
	for (size_t i = 0; found && !found->caller.line && i < p->n_lines; i++)
		if (p->lines[i].text && p->lines[i].loc.line == item->loc.line &&
		    p->lines[i].loc.col == item->loc.col)
			return &p->lines[i];
	return found;
}

void skep_explain_object(const struct skep_spec_prog *p, const struct skep_btf *local,
			 struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str what = {};
	const struct skep_core_reloc *missing;
	const struct skep_spec_line *line;
	const struct skep_diag_item *item =
		diag && diag->n_items ? &diag->items[diag->n_items - 1] : NULL;

	if (!item || item->insn < 0)
		return;
	missing = skep_core_missing_at(p, (uint32_t)item->insn);
	if (missing && local) {
		skep_core_format(local, missing, &what);
		skep_diag_hint(
			diag,
			"it needs the %s, and this kernel's types have no such thing: ask with "
			"bpf_core_field_exists() and the like before",
			skep_str_text(&what));
	}
	line = line_of(p, item);
	if (line && line->caller.line)
		skep_diag_add(diag, SKEP_DIAG_NOTE, SKEP_NO_LOC, "in what was imported, %s:%u: %s",
			      line->file ? line->file : "", line->loc.line,
			      line->text + strspn(line->text, " \t"));
	else if (line)
		skep_diag_line(diag, line->file ? line->file : "", line->text);
}
