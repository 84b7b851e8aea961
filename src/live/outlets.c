/* SPDX-License-Identifier: Apache-2.0 */
#include "live/outlets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "record/row.h"
#include "record/total.h"
#include "sink/sink.h"

/* To @sink what @other has lost: one place tells of all. */
static void tell_lost(struct skep_sink *sink, struct skep_sink *other)
{
	struct skep_deliver_counts counts;

	skep_sink_counts(other, &counts);
	for (int k = 0; k < SKEP_DELIVER_LOSS_MAX; k++)
		if (counts.lost[k])
			skep_sink_lost(sink, skep_sink_kind_name(other), skep_sink_loss_name(k),
				       counts.lost[k]);
}

/* What is in the map, for a page also what it has held: who reads it was not there when it was printed. */
static void collect_map(struct skep_session *s, struct skep_sink *sink, size_t map,
			struct skep_arena *arena)
{
	struct skep_snapshot snapshot;
	struct skep_total *total = s->totals && skep_sink_place(sink) ? &s->totals[map] : NULL;

	if (skep_session_read_map(s, arena, map, NULL, skep_sink_room(sink), false, &s->breath,
				  &snapshot) < 0)
		return;
	if (total && total->n_no_room)
		skep_sink_lost(sink, snapshot.name, "sink_keys", total->n_no_room);
	if (total)
		skep_total_join(total, &snapshot, arena);
	skep_sink_snapshot(sink, &snapshot, s->resolver, s->since_ns[map], snapshot.time_ns);
}

/* What would be printed if it ended now. */
static void collect(void *data, struct skep_sink *sink)
{
	struct skep_session *s = data;
	struct skep_losses losses = {};
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();

	for (size_t i = 0; i < s->plan->n_maps; i++)
		if (s->plan->maps[i].print_at_end)
			collect_map(s, sink, i, arena);
	memcpy(losses.session, s->result->losses.session, sizeof(losses.session));
	if (skep_losses_collect(&losses, s->plan, s->engine, s->loaded) >= 0)
		for (size_t i = 0; i < losses.n_items; i++)
			skep_sink_lost(sink, losses.items[i].probe, losses.items[i].cause,
				       losses.items[i].count);
	skep_losses_fini(&losses);
	for (size_t i = 0; i < s->options->n_sinks; i++)
		tell_lost(sink, s->options->sinks[i]);
}

static void take_turn(void *data)
{
	skep_backlog_fill(data);
}

int skep_outlets_open(struct skep_session *s)
{
	if (!s->options->n_sinks)
		return 0;
	s->breath = (struct skep_breath){ take_turn, s };
	s->since_ns = calloc(s->plan->n_maps + 1, sizeof(*s->since_ns));
	if (!s->since_ns)
		return -ENOMEM;
	for (size_t i = 0; i < s->plan->n_maps; i++)
		skep_outlets_emptied(s, i);
	for (size_t i = 0; i < s->options->n_sinks; i++) {
		if (skep_sink_place(s->options->sinks[i]) && !s->totals) {
			s->totals = calloc(s->plan->n_maps + 1, sizeof(*s->totals));
			if (!s->totals)
				return -ENOMEM;
		}
		skep_sink_set_collect(s->options->sinks[i], collect, s, &s->breath);
		skep_sink_set_clock(s->options->sinks[i], s->clock_offset_ns);
	}
	return 0;
}

void skep_outlets_close(struct skep_session *s)
{
	const struct skep_losses *losses = &s->result->losses;

	for (size_t i = 0; s->totals && i < s->plan->n_maps; i++)
		skep_total_fini(&s->totals[i]);
	free(s->totals);
	free(s->since_ns);
	/* A last time, for those who send. */
	for (size_t i = 0; i < s->options->n_sinks * losses->n_items; i++) {
		const struct skep_loss_item *loss = &losses->items[i % losses->n_items];

		skep_sink_lost(s->options->sinks[i / losses->n_items], loss->probe, loss->cause,
			       loss->count);
	}
	for (size_t i = 0; i < s->options->n_sinks; i++)
		skep_sink_set_collect(s->options->sinks[i], NULL, NULL, NULL);
}

void skep_outlets_row(struct skep_session *s, const struct skep_schema *schema, const void *payload,
		      const struct skep_row_who *who)
{
	uint64_t time_ns = who ? who->boot_ns + (uint64_t)s->clock_offset_ns : 0;

	for (size_t i = 0; i < s->options->n_sinks; i++)
		skep_sink_row(s->options->sinks[i], schema, payload, s->resolver, time_ns);
}

void skep_outlets_turn(struct skep_session *s, size_t probe)
{
	for (size_t i = 0; i < s->options->n_sinks; i++)
		skep_sink_turn(s->options->sinks[i], probe);
}

void skep_outlets_map(struct skep_session *s, size_t map, const struct skep_snapshot *snapshot)
{
	uint64_t now = snapshot->time_ns ? snapshot->time_ns : skep_clock_ns(CLOCK_REALTIME);

	for (size_t i = 0; i < s->options->n_sinks; i++)
		skep_sink_snapshot(s->options->sinks[i], snapshot, s->resolver, s->since_ns[map],
				   now);
}

void skep_outlets_emptied(struct skep_session *s, size_t map)
{
	if (s->since_ns)
		s->since_ns[map] = skep_clock_ns(CLOCK_REALTIME);
}

int skep_outlets_idle(struct skep_session *s)
{
	int due_ms = -1;

	for (size_t i = 0; i < s->options->n_sinks; i++) {
		int ms = skep_sink_idle(s->options->sinks[i]);

		if (ms >= 0 && (due_ms < 0 || ms < due_ms))
			due_ms = ms;
	}
	return due_ms;
}

int skep_outlets_watch(struct skep_session *s, int epoll_fd, int64_t what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)what };

	for (size_t i = 0; i < s->options->n_sinks; i++) {
		int fd = skep_sink_fd(s->options->sinks[i]);

		if (fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
			return -errno;
	}
	return 0;
}

void skep_outlets_serve(struct skep_session *s)
{
	for (size_t i = 0; i < s->options->n_sinks; i++)
		skep_sink_serve(s->options->sinks[i]);
}
