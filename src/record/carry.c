/* SPDX-License-Identifier: Apache-2.0 */
#include "record/carry.h"

#include <string.h>

void skep_carry_print(struct skep_carry *c, struct skep_snapshot *s, struct skep_arena *arena)
{
	if (s->is_level)
		return;
	skep_total_fini(&c->shown);
	c->shown.n_no_room = 0;
	for (size_t i = 0; i < s->n_entries; i++)
		skep_total_add(&c->shown, s, &s->entries[i]);
	c->printed = true;
	if (!c->left.keys.len)
		return;
	skep_total_join(&c->left, s, arena);
	skep_snapshot_sort(s);
}

void skep_carry_empty(struct skep_carry *c)
{
	skep_total_fini(&c->left);
}

void skep_carry_add(struct skep_carry *c, const struct skep_snapshot *shape,
		    const struct skep_snapshot_entry *entry)
{
	const uint64_t *shown = skep_total_find(&c->shown, shape, entry);
	struct skep_snapshot_entry since = { .key = entry->key };
	_cleanup_free_ uint64_t *numbers = NULL;
	uint64_t any = 0;

	if (!c->printed || shape->is_level || (!shown && c->shown.n_no_room))
		return;
	numbers = calloc(shape->n_numbers + 1, sizeof(*numbers));
	if (!numbers)
		return;
	for (size_t i = 0; i < shape->n_numbers; i++) {
		numbers[i] = entry->numbers[i] - (shown ? shown[i] : 0);
		any |= numbers[i];
	}
	since.numbers = numbers;
	if (any)
		skep_total_add(&c->left, shape, &since);
}

void skep_carry_done(struct skep_carry *c)
{
	skep_total_fini(&c->shown);
	c->printed = false;
}

void skep_carry_fini(struct skep_carry *c)
{
	skep_total_fini(&c->shown);
	skep_total_fini(&c->left);
}
