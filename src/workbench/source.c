/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/source.h"

#include <string.h>

bool skep_source_place(const struct skep_input *source, const struct skep_spec_line *line,
		       struct skep_str *out)
{
	const char *file;

	if (!line || !line->loc.line)
		return false;
	file = line->file ? line->file : source->name;
	if (strrchr(file, '/'))
		file = strrchr(file, '/') + 1;
	skep_str_addf(out, "%s:%u", file, line->loc.line);
	return true;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

void skep_source_code(const struct skep_spec *spec, const struct skep_spec_line *line,
		      struct skep_str *out)
{
	const char *at = spec->source_text;

	if (line->text) {
		skep_str_add(out, skip_blanks(line->text));
		return;
	}
	for (uint32_t n = 1; at && n < line->loc.line; n++) {
		at = memchr(at, '\n', spec->source_len - (size_t)(at - spec->source_text));
		if (at)
			at++;
	}
	if (at) {
		at = skip_blanks(at);
		skep_str_addn(out, at, strcspn(at, "\n"));
	}
}
