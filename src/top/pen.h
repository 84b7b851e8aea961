/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pen: writes a line of a frame and cannot leave it, whatever it is given: neither to the right nor with bytes that steer a terminal.
 *
 *	struct skep_pen pen = { .out = &line, .left = columns };
 *	skep_pen_style(&pen, SKEP_TOP_BOLD);
 *	skep_pen_text(&pen, comm);
 *	skep_pen_part(&pen, SKEP_TOP_DIM, "   up %d", n);	// all of it or nothing
 */
#pragma once

#include "top/frame.h"

struct skep_pen {
	struct skep_str *out;
	unsigned left; /* columns */
	bool ascii;
	bool plain; /* styles are not looked at: all of the line has one */
};

void skep_pen_style(struct skep_pen *pen, enum skep_top_style style);
/* As much of a text as has room; how many columns it took. */
unsigned skep_pen_put(struct skep_pen *pen, const char *text, size_t len, unsigned room);
void skep_pen_text(struct skep_pen *pen, const char *text);
void skep_pen_blanks(struct skep_pen *pen, unsigned n);
/* A part of a line, with what stands in front of it: all of it or nothing. */
void skep_pen_part(struct skep_pen *pen, enum skep_top_style style, const char *fmt, ...)
	_printf_(3, 4);

/* frame_machine.c: the lines above the rows. */
void skep_top_draw_title(struct skep_pen *pen, const struct skep_top_scene *scene);
void skep_top_draw_cpu(struct skep_pen *pen, const struct skep_top_machine *machine);
void skep_top_draw_memory(struct skep_pen *pen, const struct skep_top_machine *machine);
/* Where there is hardly any room. */
void skep_top_draw_short(struct skep_pen *pen, const struct skep_top_machine *machine);
