/* SPDX-License-Identifier: Apache-2.0 */
#include "live/outlets.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "record/row.h"
#include "sink/sink.h"

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int skep_outlets_open(struct skep_session *s)
{
	if (!s->options->n_sinks)
		return 0;
	s->since_ns = calloc(s->plan->n_maps + 1, sizeof(*s->since_ns));
	if (!s->since_ns)
		return -ENOMEM;
	for (size_t i = 0; i < s->plan->n_maps; i++)
		skep_outlets_emptied(s, i);
	return 0;
}

void skep_outlets_close(struct skep_session *s)
{
	free(s->since_ns);
}

void skep_outlets_row(struct skep_session *s, const struct skep_schema *schema, const void *payload,
		      const struct skep_row_who *who)
{
	uint64_t time_ns = who ? who->boot_ns + (uint64_t)s->clock_offset_ns : 0;

	for (size_t i = 0; i < s->options->n_sinks; i++)
		skep_sink_row(s->options->sinks[i], schema, payload, s->resolver, time_ns);
}

void skep_outlets_map(struct skep_session *s, size_t map, const struct skep_snapshot *snapshot)
{
	uint64_t now = snapshot->time_ns ? snapshot->time_ns : wall_ns();

	for (size_t i = 0; i < s->options->n_sinks; i++)
		skep_sink_snapshot(s->options->sinks[i], snapshot, s->resolver, s->since_ns[map],
				   now);
}

void skep_outlets_emptied(struct skep_session *s, size_t map)
{
	if (s->since_ns)
		s->since_ns[map] = wall_ns();
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
