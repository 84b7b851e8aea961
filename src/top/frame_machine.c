/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a frame about the machine. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "top/pen.h"

#define BAR_WIDTH 20

static void bar(struct skep_pen *pen, double percent)
{
	unsigned filled = (unsigned)(MIN(MAX(percent, 0.0), 100.0) / 100 * BAR_WIDTH + 0.5);

	if (pen->left < BAR_WIDTH + 30)
		return;
	skep_pen_style(pen, SKEP_TOP_DIM);
	skep_pen_text(pen, "[");
	skep_pen_style(pen, percent >= 90   ? SKEP_TOP_HOT
			    : percent >= 70 ? SKEP_TOP_WARM
					    : SKEP_TOP_GOOD);
	for (unsigned i = 0; i < filled; i++)
		skep_pen_text(pen, pen->ascii ? "#" : "■");
	skep_pen_style(pen, SKEP_TOP_DIM);
	for (unsigned i = filled; i < BAR_WIDTH; i++)
		skep_pen_text(pen, pen->ascii ? "." : "·");
	skep_pen_text(pen, "] ");
}

static void add_bytes(struct skep_str *out, const char *before, uint64_t bytes)
{
	skep_str_add(out, before);
	skep_top_bytes((double)bytes, out);
}

void skep_top_draw_title(struct skep_pen *pen, const struct skep_top_scene *s)
{
	const struct skep_top_machine *m = s->machine;
	uint64_t minutes = m->uptime_s / 60;
	char right[40];
	size_t len;

	snprintf(right, sizeof(right), s->paused ? "paused" : "every %gs", s->interval_ms / 1000.0);
	len = strlen(right);
	skep_pen_style(pen, SKEP_TOP_BOLD);
	skep_pen_text(pen, "skep top");
	len = MIN(len, (size_t)pen->left);
	pen->left -= (unsigned)len;
	if (m->load[0] >= 0)
		skep_pen_part(pen, SKEP_TOP_PLAIN, "   load %.2f %.2f %.2f", m->load[0], m->load[1],
			      m->load[2]);
	if (minutes >= 1440)
		skep_pen_part(pen, SKEP_TOP_DIM, "   up %" PRIu64 "d %02" PRIu64 ":%02" PRIu64,
			      minutes / 1440, minutes / 60 % 24, minutes % 60);
	else
		skep_pen_part(pen, SKEP_TOP_DIM, "   up %02" PRIu64 ":%02" PRIu64, minutes / 60,
			      minutes % 60);
	skep_pen_blanks(pen, pen->left);
	pen->left += (unsigned)len;
	skep_pen_style(pen, s->paused ? SKEP_TOP_WARM : SKEP_TOP_DIM);
	skep_pen_text(pen, right);
}

static void pressure(struct skep_pen *pen, const char *label, double percent)
{
	if (percent >= 0)
		skep_pen_part(pen,
			      percent >= 50   ? SKEP_TOP_HOT
			      : percent >= 10 ? SKEP_TOP_WARM
					      : SKEP_TOP_PLAIN,
			      " %s %3.0f", label, percent);
}

void skep_top_draw_cpu(struct skep_pen *pen, const struct skep_top_machine *m)
{
	skep_pen_style(pen, SKEP_TOP_PLAIN);
	skep_pen_text(pen, "cpu ");
	bar(pen, m->busy);
	if (m->busy >= 0)
		skep_pen_part(pen, SKEP_TOP_BOLD, "%3.0f%%", m->busy);
	skep_pen_part(pen, SKEP_TOP_DIM, " of %u", m->n_cpus);
	if (m->busy >= 0)
		skep_pen_part(pen, SKEP_TOP_PLAIN, "   user %3.0f  sys %3.0f  io %3.0f", m->user,
			      m->system, m->iowait);
	if (m->psi_cpu >= 0 && pen->left >= 36) {
		skep_pen_part(pen, SKEP_TOP_DIM, "   pressure");
		pressure(pen, "cpu", m->psi_cpu);
		pressure(pen, "mem", m->psi_mem);
		pressure(pen, "io", m->psi_io);
	}
}

void skep_top_draw_memory(struct skep_pen *pen, const struct skep_top_machine *m)
{
	_cleanup_(skep_str_fini)
	struct skep_str mem = {}, swap = {};
	double percent = m->mem_total ? 100.0 * (double)m->mem_used / (double)m->mem_total : 0;

	skep_pen_style(pen, SKEP_TOP_PLAIN);
	skep_pen_text(pen, "mem ");
	bar(pen, percent);
	skep_pen_part(pen, SKEP_TOP_BOLD, "%3.0f%%", percent);
	add_bytes(&mem, "   ", m->mem_used);
	add_bytes(&mem, " of ", m->mem_total);
	skep_pen_part(pen, SKEP_TOP_PLAIN, "%s", mem.data);
	if (!m->swap_total)
		return;
	add_bytes(&swap, "   swap ", m->swap_used);
	add_bytes(&swap, " of ", m->swap_total);
	skep_pen_part(pen, SKEP_TOP_PLAIN, "%s", swap.data);
}

void skep_top_draw_short(struct skep_pen *pen, const struct skep_top_machine *m)
{
	skep_pen_part(pen, SKEP_TOP_BOLD, "cpu %3.0f%%", MAX(m->busy, 0.0));
	skep_pen_part(pen, SKEP_TOP_PLAIN, "  mem %3.0f%%",
		      m->mem_total ? 100.0 * (double)m->mem_used / (double)m->mem_total : 0);
	if (m->load[0] >= 0)
		skep_pen_part(pen, SKEP_TOP_DIM, "  load %.2f", m->load[0]);
}
