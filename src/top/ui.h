/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user has chosen, and what keys change of it. No terminal: a test sends keys and looks at the state.
 *
 *	skep_top_ui_init(&ui, &options);
 *	skep_top_ui_key(&ui, &w, key);		// ui.wants_look: a view was opened
 *	skep_top_ui_looked(&ui, &w);		// after each look
 *	scene = skep_top_ui_scene(&ui, &w, &machine);
 */
#pragma once

#include "top/frame.h"

struct skep_top_ui {
	enum skep_top_kind kind;
	struct skep_top_choice choices[SKEP_TOP_N_KINDS];
	char filter[SKEP_TOP_FILTER_MAX + 1];
	bool typing, paused, quits;
	bool wants_look; /* now, not when the interval has passed */
	bool anew;	 /* write the whole screen */
	unsigned interval_ms;
	struct skep_top_rows rows;
	size_t cursor, first;
	unsigned room; /* rows on the screen */
	bool shows_help, shows_details;
	const void *row; /* that details are of */
	struct skep_top_page page;
	size_t page_first;
	const char *message; /* until the next key */
};

#define SKEP_TOP_INTERVAL_MIN 250
#define SKEP_TOP_INTERVAL_MAX 60000

void skep_top_ui_init(struct skep_top_ui *ui, enum skep_top_kind kind, unsigned interval_ms);
void skep_top_ui_fini(struct skep_top_ui *ui);
/* The filter of all views. */
void skep_top_ui_filter(struct skep_top_ui *ui, const char *text);
void skep_top_ui_key(struct skep_top_ui *ui, const struct skep_top_watching *w, int key);
void skep_top_ui_looked(struct skep_top_ui *ui, const struct skep_top_watching *w);
/* Bits of the sensors that what is shown wants. */
unsigned skep_top_ui_wants(const struct skep_top_ui *ui);
/* Without the size of the screen. */
struct skep_top_scene skep_top_ui_scene(struct skep_top_ui *ui, const struct skep_top_watching *w,
					const struct skep_top_machine *machine);
