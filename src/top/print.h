/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Print: the rows of a view as a table, JSON or CSV, by the encoders that show all other rows (record).
 *
 *	skep_top_print(&printer, &w, kind, &rows, &out);	// after each look
 *	skep_top_print_end(&printer, &w, &out);			// JSON: what was lost
 *	skep_top_print_fini(&printer);
 */
#pragma once

#include "record/csv.h"
#include "top/view.h"

enum skep_top_format {
	SKEP_TOP_TABLE_FORMAT,
	SKEP_TOP_JSON,
	SKEP_TOP_CSV,
};

struct skep_top_printer {
	enum skep_top_format format;
	unsigned screen; /* columns of the terminal; 0: none */
	bool began;
	struct skep_csv csv;
};

void skep_top_print(struct skep_top_printer *printer, const struct skep_top_watching *w,
		    enum skep_top_kind kind, const struct skep_top_rows *rows,
		    struct skep_str *out);
void skep_top_print_end(struct skep_top_printer *printer, const struct skep_top_watching *w,
			struct skep_str *out);
void skep_top_print_fini(struct skep_top_printer *printer);
