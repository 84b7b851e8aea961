/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups: what their processes take together, and what the kernel counts of each. */
#include <stdio.h>

#include "top/watching.h"

#define ROOT_ID 1 /* of the root of a hierarchy */
#define PSI_PERIOD_NS UINT64_C(2000000000)

static struct skep_top_group *get_group(struct skep_top_watching *w, uint64_t id)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	bool is_new;
	struct skep_top_group *g = skep_top_table_get(&w->groups, &id, &is_new);

	if (g && is_new &&
	    (id & ~SKEP_PLACE_V1) == ROOT_ID) { /* also where no hierarchy is mounted */
		snprintf(g->name, sizeof(g->name), "/");
	} else if (g && is_new) {
		skep_places_label(&w->places, "", id, &name);
		snprintf(g->name, sizeof(g->name), "%s", skep_str_text(&name));
	}
	return g;
}

static void take_group(void *data, const struct skep_schema *schema, const void *row)
{
	struct skep_top_watching *w = data;
	uint64_t id = skep_top_number(schema, row, "group");
	struct skep_top_group *g = skep_top_table_find(&w->groups, &id);
	uint64_t throttled = skep_top_number(schema, row, "throttled");

	w->ran_ns = MAX(w->ran_ns, skep_top_number(schema, row, "ran"));
	if (!g || g->fresh)
		return;
	g->fresh = true;
	if (g->has_throttled && throttled > g->throttled_total)
		g->throttled = skep_top_percent(w, throttled - g->throttled_total);
	g->throttled_total = throttled;
	g->has_throttled = true;
	g->mem = skep_top_number(schema, row, "mem") * w->page_size;
	g->keeps_pressure = skep_top_number(schema, row, "level");
	g->psi_next_ns = skep_top_number(schema, row, "next");
	g->pcpu = (double)skep_top_number(schema, row, "pcpu");
	g->pmem = (double)skep_top_number(schema, row, "pmem");
	g->pio = (double)skep_top_number(schema, row, "pio");
}

/*
 * @average is one of ten seconds, with eleven bits behind the point, which the kernel makes anew every two seconds for as long
 * as anybody in the group wants to run: @missed is how many times it has not. Reading it through a file catches up likewise.
 */
static double pressure(double average, uint64_t missed)
{
	for (uint64_t i = 0; i < missed && average >= 1; i++)
		average *= 1677.0 / 2048; /* e^(-2/10), as the kernel has it */
	return skep_top_round(average / 2048);
}

/* By the scheduler's clock, in which it is now about when the last process was given a processor: skep itself is one. */
static void catch_up(const struct skep_top_watching *w, struct skep_top_group *g)
{
	uint64_t missed = (w->ran_ns - MIN(g->psi_next_ns, w->ran_ns)) / PSI_PERIOD_NS;

	if (!g->fresh)
		return;
	g->pcpu = g->keeps_pressure ? pressure(g->pcpu, missed) : -1;
	g->pmem = g->keeps_pressure ? pressure(g->pmem, missed) : -1;
	g->pio = g->keeps_pressure ? pressure(g->pio, missed) : -1;
}

static bool is_group_there(void *row, void *data)
{
	(void)data;
	return ((struct skep_top_group *)row)->seen;
}

static void clear_group(struct skep_top_group *g)
{
	g->seen = g->fresh = false;
	g->processes = 0;
	g->cpu = g->runq = g->throttled = 0;
	g->faults = g->read = g->written = g->net = 0;
}

void skep_top_look_groups(struct skep_top_watching *w)
{
	struct skep_watch *watch = w->sensors.watch[SKEP_TOP_GROUPS];

	for (size_t i = 0; i < w->groups.rows.len; i++)
		clear_group(w->groups.rows.data[i]);
	for (size_t i = 0; i < w->processes.rows.len; i++) {
		struct skep_top_process *p = w->processes.rows.data[i];
		struct skep_top_group *g = p->group ? get_group(w, p->group) : NULL;

		if (!g)
			continue;
		snprintf(p->container, sizeof(p->container), "%s", g->name);
		if (w->scope && !p->in_scope)
			continue;
		g->seen = true;
		g->processes += p->alive;
		g->cpu = skep_top_round(g->cpu + p->cpu);
		g->runq = skep_top_round(g->runq + p->runq);
		g->faults += p->faults;
		g->read += p->read;
		g->written += p->written;
		g->net += p->net;
	}
	if (watch && skep_watch_visit(watch, take_group, w) < 0)
		skep_top_sensor_close(&w->sensors, SKEP_TOP_GROUPS, "its iterator ended");
	for (size_t i = 0; i < w->groups.rows.len; i++)
		catch_up(w, w->groups.rows.data[i]);
	if (!w->scope)
		skep_top_table_sweep(&w->groups, is_group_there, NULL);
}
