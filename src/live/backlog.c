/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in memory, one behind the other: length, bytes, as far as a multiple of eight.
 *
 *	ring ──fill──► backlog ──drain──► as if from the ring
 */
#include <errno.h>
#include <string.h>

#include "live/session.h"

static int keep(void *data, const void *bytes, size_t len)
{
	struct skep_str *backlog = data;
	uint64_t head = len;

	skep_str_addn(backlog, &head, sizeof(head));
	skep_str_addn(backlog, bytes, len);
	skep_str_pad(backlog, '\0', ALIGN_UP(len, 8u) - len);
	return backlog->len > SKEP_BACKLOG_MAX ? -ENOBUFS : 0;
}

void skep_backlog_fill(struct skep_session *s)
{
	struct skep_ring_sink sink = { keep, &s->backlog };

	if (s->in_record || s->plan->ring_map < 0 || s->backlog.len > SKEP_BACKLOG_MAX)
		return;
	/* Full: what is in the ring stays there, and what finds no room is counted there. */
	(void)!s->engine->ring_drain(s->loaded, (size_t)s->plan->ring_map, &sink);
}

int skep_backlog_drain(struct skep_session *s, const struct skep_ring_sink *sink)
{
	struct skep_str all = s->backlog;
	int n = 0, r = 0;

	/* What is done with a record may take long as well. */
	s->backlog = (struct skep_str){};
	for (size_t at = 0; at < all.len && r >= 0; n++) {
		uint64_t len;

		memcpy(&len, all.data + at, sizeof(len));
		r = sink->record(sink->data, all.data + at + sizeof(len), len);
		at += sizeof(len) + ALIGN_UP(len, 8u);
	}
	skep_str_fini(&all);
	return r < 0 ? r : n;
}
