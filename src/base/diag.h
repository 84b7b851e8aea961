/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics: why something failed, for a human. The return code says which class of error it is; a diag collects
 * where it happened, what it was, and what to do. Lower ranks only collect; `cli` renders.
 *
 *	skep_diag_error(diag, loc, "unknown field '%s' of struct %s", field, name);
 *	skep_diag_hint(diag, "its fields are: %s", list);
 *	return -EINVAL;
 *
 * A NULL diag is allowed everywhere and swallows everything. At most SKEP_DIAG_MAX items are kept; the number
 * of those beyond is counted in `dropped` and told by the renderer.
 */
#pragma once

#include "base/macros.h"
#include "base/str.h"

#define SKEP_DIAG_MAX 64

/* A place in a source text. Lines and columns start at 1; line 0 means "no place". Columns count bytes. */
struct skep_loc {
	uint32_t line, col, len;
};

enum skep_diag_level {
	SKEP_DIAG_ERROR,
	SKEP_DIAG_WARNING,
	SKEP_DIAG_NOTE,
};

struct skep_diag_item {
	enum skep_diag_level level;
	struct skep_loc loc;
	int insn;   /* instruction index, or -1 */
	char *what; /* one sentence, no final period */
	char *hint; /* what to do, or NULL */
	char *file,
		*text; /* of a line that is not in the diag's source: where it is, and what it says; or NULL */
};

/* Several files in one text, one behind the other: where each begins. */
struct skep_diag_file {
	const char *name;
	uint32_t first_line; /* in the whole text */
};

struct skep_diag {
	const char *source_name; /* borrowed: file name, or "-e"; NULL when there is no text */
	const char *source_text; /* borrowed, @source_len bytes, need not be terminated */
	size_t source_len;
	const struct skep_diag_file *files; /* borrowed, ascending; none: all is source_name */
	size_t n_files;
	struct skep_diag_item *items;
	size_t n_items;
	size_t n_errors; /* errors among all items, dropped ones included */
	size_t dropped;
	unsigned columns; /* of the terminal that will show it: lines are made to fit; 0: none */
	char *log; /* raw material behind the items (a verifier log), shown under -v; or NULL */
};

void skep_diag_fini(struct skep_diag *diag);
void skep_diag_add(struct skep_diag *diag, enum skep_diag_level level, struct skep_loc loc,
		   const char *fmt, ...) _printf_(4, 5);
#define skep_diag_error(diag, loc, ...) skep_diag_add((diag), SKEP_DIAG_ERROR, (loc), __VA_ARGS__)
#define skep_diag_warn(diag, loc, ...) skep_diag_add((diag), SKEP_DIAG_WARNING, (loc), __VA_ARGS__)
#define SKEP_NO_LOC ((struct skep_loc){})

/* Gives the newest item its hint (replacing an earlier one). Without items, or when it was dropped: nothing. */
void skep_diag_hint(struct skep_diag *diag, const char *fmt, ...) _printf_(2, 3);
/* Makes warnings of the errors from item @from on. */
void skep_diag_soften(struct skep_diag *diag, size_t from);
/* Gives the newest item its instruction index. */
void skep_diag_at_insn(struct skep_diag *diag, int insn);
/* The newest item's line is not in the diag's source: it is in @file, and reads @text. */
void skep_diag_line(struct skep_diag *diag, const char *file, const char *text);
/* Keeps a copy of raw material behind the items. */
void skep_diag_set_log(struct skep_diag *diag, const char *log);

/* The whole of it as text: file:line:col, message, source line, caret, hint. With @color, ANSI colours. */
void skep_diag_format(const struct skep_diag *diag, bool color, bool with_log,
		      struct skep_str *out);
