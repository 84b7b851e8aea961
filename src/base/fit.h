/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that fits a terminal: prose goes on in the next line, source is cut, and nothing that is shown can steer the terminal.
 *
 *	  prose		filled, between words; further lines are indented as the caller says
 *	  source	one line, "…" in place of what has no room
 *	  a page	each line goes on below what it explains; commands stay whole, for they are copied
 *
 * Where no terminal is (columns 0), prose and source stay in one line. So do they where there is hardly any room.
 *
 *	struct skep_look look = skep_cli_look(STDOUT_FILENO);
 *
 *	skep_fit_words(what, look.columns, 4, 4, &out);
 */
#pragma once

#include "base/str.h"

/* How text is shown where it goes to. */
struct skep_look {
	bool color;
	unsigned columns; /* 0: as many as it takes */
};

/* @text in lines of at most @columns. It begins at column @at, of which is taken that something stands there already; further
   lines begin at column @indent. A word without room stands in a line of its own. */
void skep_fit_words(const char *text, unsigned columns, size_t at, size_t indent,
		    struct skep_str *out);
/* One line of source from column @at on, its tabs as blanks. */
void skep_fit_code(const char *text, size_t len, unsigned columns, size_t at, struct skep_str *out);
/* Lines of help, of lists: what an option means begins behind its last gap, and goes on there. */
void skep_fit_page(const char *text, unsigned columns, struct skep_str *out);
/* Columns that @text takes. */
size_t skep_fit_width(const char *text, size_t len);
