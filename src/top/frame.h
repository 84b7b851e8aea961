/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame: what stands on the screen, as lines of text. No terminal: a test reads them.
 *
 *	skep top   up 3d 04:12   load 1.02 0.88 0.70                     every 1s
 *	cpu [########........]  52% of 8   user 31 sys 20 io 1   pressure cpu 3 mem 0 io 1
 *	mem [######..........]  3.1G of 15.6G   swap 0 of 2.0G
 *	 1 processes   2 containers   3 files   4 connections          by CPU%   filter: nginx
 *	    PID USER     S  CPU% ...					the heads of the columns
 *	   4711 www-data R  98.2 ...					rows
 *	h help   / filter   < > sort   q quit                   150 rows   nothing lost
 *
 * A byte from 1 to SKEP_TOP_N_STYLES in a line says how what follows looks. No line is wider than the screen, and nothing in it can
 * steer a terminal.
 */
#pragma once

#include "top/machine.h"
#include "top/view.h"

enum skep_top_style {
	SKEP_TOP_PLAIN = 1,
	SKEP_TOP_DIM,
	SKEP_TOP_BOLD,
	SKEP_TOP_HEAD,	 /* of columns */
	SKEP_TOP_CHOSEN, /* the row with the cursor, the view that is shown */
	SKEP_TOP_GOOD,
	SKEP_TOP_WARM,
	SKEP_TOP_HOT,
	SKEP_TOP_N_STYLES,
};

struct skep_top_page { /* help, details: instead of rows */
	SKEP_VEC(char *);
};

struct skep_top_scene {
	unsigned columns, lines;
	bool ascii; /* the terminal shows nothing else */
	enum skep_top_kind kind;
	const struct skep_top_choice *choice;
	const struct skep_top_rows *rows;
	const struct skep_top_machine *machine;
	const struct skep_top_sensors *sensors;
	const struct skep_top_page *page; /* or NULL */
	size_t page_first;		  /* its line at the top */
	const struct skep_losses *losses;
	unsigned interval_ms;
	bool paused, typing, warming; /* warming: there are no rates yet */
	const char *filter;	      /* as it was typed */
	const char *wrong;	      /* a word of it that is no comparison, or NULL */
	const char *message;	      /* or NULL */
	size_t cursor;		      /* a row */
	size_t *first;		      /* row at the top; is moved so that the cursor can be seen */
};

struct skep_top_frame {
	struct skep_str *lines;
	unsigned n;
	unsigned cap;
};

void skep_top_frame_draw(struct skep_top_frame *frame, const struct skep_top_scene *scene);
void skep_top_frame_fini(struct skep_top_frame *frame);
/* Rows that have room. */
unsigned skep_top_frame_rows(const struct skep_top_scene *scene);
/* Widths of the columns, 0 for those that are left out. Exposed for tests. */
void skep_top_frame_columns(const struct skep_top_view *view,
			    const struct skep_top_sensors *sensors, unsigned columns,
			    unsigned *ret_widths);
