/* SPDX-License-Identifier: Apache-2.0 */
/* Which stacks the script still holds, so that the others make room. */
#include <string.h>

#include "live/session.h"
#include "live/snapshot.h"
#include "who/kept.h"

#define DEPTH_MAX 8 /* of tuples in tuples; deeper ones are taken for holding stacks */

static bool show_stacks(const struct skep_schema_field *fields, size_t n, unsigned depth)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i].kind == SKEP_FIELD_KSTACK || fields[i].kind == SKEP_FIELD_USTACK ||
		    depth > DEPTH_MAX ||
		    show_stacks(fields[i].children, fields[i].n_children, depth + 1))
			return true;
	return false;
}

/* Whatever looks like a number of a stack, wherever in the bytes: one too many keeps a stack a while longer. */
static void mark_bytes(struct skep_kept *kept, const uint8_t *bytes, size_t size)
{
	uint64_t id;

	for (size_t i = 0; bytes && i + sizeof(id) <= size; i++) {
		memcpy(&id, bytes + i, sizeof(id));
		if (id >> 62 == SKEP_UNWIND_ID >> 62)
			skep_kept_mark(kept, id);
	}
}

static int mark_map(struct skep_session *s, struct skep_kept *kept, size_t map)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const struct skep_snapshot *shape = &s->plan->maps[map].shape;
	struct skep_snapshot snapshot;
	int r;

	if (!show_stacks(shape->keys, shape->n_keys, 0) && !show_stacks(&shape->value_field, 1, 0))
		return 0;
	r = skep_map_read(arena, s->plan, s->engine, s->loaded, map, NULL, SIZE_MAX, NULL,
			  &snapshot);
	for (size_t i = 0; r >= 0 && i < snapshot.n_entries; i++) {
		mark_bytes(kept, snapshot.entries[i].key, shape->n_keys ? shape->key_size : 0);
		mark_bytes(kept, snapshot.entries[i].value, s->plan->maps[map].value_size);
	}
	return r;
}

void skep_session_give_back(struct skep_session *s)
{
	struct skep_kept *kept = skep_who_kept(s->who);

	if (!kept || !skep_kept_due(kept))
		return;
	for (size_t i = 0; i < s->plan->n_maps; i++) {
		if (mark_map(s, kept, i) < 0) {
			skep_kept_forget(kept);
			return;
		}
	}
	skep_kept_sweep(kept);
}
