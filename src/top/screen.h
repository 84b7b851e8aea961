/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Screen: a terminal that shows frames, by ncurses, which writes only what has changed. Opened on first use (base/dl.h).
 *
 *	r = skep_top_screen_open(diag, &screen);	// -ENOENT: no library; -ENOTTY: no terminal that can do it
 *	skep_top_screen_show(screen, &frame);
 *	while ((key = skep_top_screen_key(screen)) >= 0) ...
 *	skep_top_screen_close(screen);			// the terminal is as it was
 *
 * The terminal is as it was also when this program is ended by a signal that tells of a fault of ours. There is one at a time.
 */
#pragma once

#include "base/diag.h"
#include "top/frame.h"

struct skep_top_screen;

/* Other keys are the bytes that they send; -1: none waits. */
enum skep_top_key {
	SKEP_TOP_KEY_UP = 256,
	SKEP_TOP_KEY_DOWN,
	SKEP_TOP_KEY_PAGE_UP,
	SKEP_TOP_KEY_PAGE_DOWN,
	SKEP_TOP_KEY_HOME,
	SKEP_TOP_KEY_END,
	SKEP_TOP_KEY_LEFT,
	SKEP_TOP_KEY_RIGHT,
	SKEP_TOP_KEY_BACK,
	SKEP_TOP_KEY_BACK_TAB,
	SKEP_TOP_KEY_F0, /* F1 is one more */
	SKEP_TOP_KEY_OTHER = SKEP_TOP_KEY_F0 + 13,
};

int skep_top_screen_open(struct skep_diag *diag, struct skep_top_screen **ret_screen) _must_check_;
void skep_top_screen_close(struct skep_top_screen *screen); /* accepts NULL */
void skep_top_screen_size(const struct skep_top_screen *screen, unsigned *ret_columns,
			  unsigned *ret_lines);
bool skep_top_screen_ascii(const struct skep_top_screen *screen);
void skep_top_screen_show(struct skep_top_screen *screen, const struct skep_top_frame *frame);
int skep_top_screen_key(struct skep_top_screen *screen);
/* SIGWINCH came. */
void skep_top_screen_resize(struct skep_top_screen *screen);
/* The next frame is written whole: something else wrote to the terminal. */
void skep_top_screen_anew(struct skep_top_screen *screen);
