/* SPDX-License-Identifier: Apache-2.0 */
#include "top/watching.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"

void skep_top_watching_init(struct skep_top_watching *w, const struct skep_scope *scope,
			    bool children)
{
	*w = (struct skep_top_watching){
		.processes = SKEP_TOP_TABLE(struct skep_top_process, pid),
		.groups = SKEP_TOP_TABLE(struct skep_top_group, id),
		.files = SKEP_TOP_TABLE(struct skep_top_file, key),
		.connections = SKEP_TOP_TABLE(struct skep_top_connection, key),
		.scope = scope,
		.children = children,
		.page_size = (unsigned)getpagesize(),
		/* Children are found by who their parents are, which a probe does not know. */
		.sensors = { .scope = children ? NULL : scope, .groups = scope },
	};
}

void skep_top_watching_fini(struct skep_top_watching *w)
{
	skep_top_sensors_fini(&w->sensors);
	skep_losses_fini(&w->losses);
	skep_losses_fini(&w->gone);
	skep_top_table_fini(&w->processes);
	skep_top_table_fini(&w->threads);
	skep_top_table_fini(&w->groups);
	skep_top_table_fini(&w->files);
	skep_top_table_fini(&w->connections);
	skep_places_fini(&w->places);
}

uint64_t skep_top_rate(const struct skep_top_watching *w, uint64_t difference)
{
	return w->passed_s > 0 ? (uint64_t)((double)difference / w->passed_s + 0.5) : 0;
}

double skep_top_round(double percent)
{
	return (double)(uint64_t)(percent * 100 + 0.5) / 100;
}

double skep_top_percent(const struct skep_top_watching *w, uint64_t ns)
{
	return w->passed_s > 0 ? skep_top_round((double)ns / (w->passed_s * 1e7)) : 0;
}

const struct skep_top_process *skep_top_process_of(const struct skep_top_watching *w, uint32_t pid)
{
	return skep_top_table_find(&w->processes, &pid);
}

bool skep_top_in_scope(const struct skep_top_watching *w, uint32_t pid)
{
	const struct skep_top_process *p = skep_top_process_of(w, pid);

	return !w->scope || (p && p->in_scope);
}

static void count_losses(struct skep_top_watching *w)
{
	uint64_t full = w->processes.n_full + w->threads.n_full + w->groups.n_full +
			w->files.n_full + w->connections.n_full;

	skep_losses_fini(&w->losses);
	for (size_t i = 0; i < w->gone.n_items; i++)
		skep_losses_add(&w->losses, w->gone.items[i].cause, w->gone.items[i].what,
				w->gone.items[i].hint, w->gone.items[i].count);
	for (unsigned i = 0; i < SKEP_TOP_N_SENSORS; i++)
		if (w->sensors.watch[i])
			skep_watch_losses(w->sensors.watch[i], &w->losses);
	skep_losses_add(&w->losses, "table_full", "rows are more than are kept", NULL, full);
}

static bool is_none(void *row, void *data)
{
	(void)row;
	(void)data;
	return false;
}

/* Its probes are at every read and write of the machine: they cost nothing while nobody looks. */
static void forget_files(struct skep_top_watching *w)
{
	skep_watch_losses(w->sensors.watch[SKEP_TOP_FILES], &w->gone);
	skep_watch_close(TAKE_PTR(w->sensors.watch[SKEP_TOP_FILES]));
	w->sensors.tried[SKEP_TOP_FILES] = false;
	skep_top_table_sweep(&w->files, is_none, NULL);
}

int skep_top_look(struct skep_top_watching *w, unsigned wanted)
{
	uint64_t now, boot;
	int r;

	if (!(wanted & 1u << SKEP_TOP_FILES) && w->sensors.watch[SKEP_TOP_FILES])
		forget_files(w);
	skep_top_sensors_open(&w->sensors, wanted);
	boot = skep_clock_ns(CLOCK_BOOTTIME); /* who begins from here on is new at the next look */
	if (!w->boot_ns)
		w->boot_ns = boot;
	now = skep_clock_ns(CLOCK_MONOTONIC);
	w->passed_s = w->at_ns ? (double)(now - w->at_ns) / 1e9 : 0;
	r = skep_top_look_processes(w);
	if (r < 0)
		return r;
	skep_top_look_groups(w);
	if (wanted & 1u << SKEP_TOP_FILES)
		skep_top_look_files(w);
	if (wanted & 1u << SKEP_TOP_CONNECTIONS)
		skep_top_look_connections(w);
	count_losses(w);
	w->before = wanted;
	w->at_ns = now;
	w->boot_ns = boot;
	return 0;
}

void skep_top_drain(struct skep_top_watching *w)
{
	skep_top_drain_processes(w);
	if (w->before & 1u << SKEP_TOP_CONNECTIONS)
		skep_top_drain_connections(w);
}
