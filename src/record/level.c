/* SPDX-License-Identifier: Apache-2.0 */
#include "record/level.h"

#include <string.h>

#include "record/record_priv.h"

struct skep_snapshot skep_level_shape(const struct skep_schema *schema, enum skep_field_role role,
				      struct skep_arena *arena)
{
	struct skep_schema_field *keys = skep_arena_calloc(arena, schema->n_fields + 1,
							   sizeof(*keys)),
				 *values = skep_arena_calloc(arena, schema->n_fields + 1,
							     sizeof(*values));
	size_t n_keys = 0, n_values = 0;

	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct skep_schema_field *f = &schema->fields[i];

		if (!skep_field_is_measure(f))
			keys[n_keys++] = *f;
		else if (f->role == role)
			values[n_values++] = *f;
	}
	return (struct skep_snapshot){
		.name = schema->name,
		.kind = SKEP_SNAPSHOT_VALUE,
		.is_level = true,
		.key_size = schema->size,
		.keys = keys,
		.n_keys = n_keys,
		.value_field = { .name = "value",
				 .kind = SKEP_FIELD_STRUCT,
				 .size = schema->size,
				 .children = values,
				 .n_children = n_values },
		.value_columns = true,
	};
}

static void add_keys(const struct skep_schema *schema, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out)
{
	for (size_t i = 0; i < schema->n_fields; i++) {
		if (skep_field_is_measure(&schema->fields[i]))
			continue;
		skep_field_cell(&schema->fields[i], payload, resolver, out);
		skep_str_addc(out, '\n');
	}
}

static void forget(struct skep_level_batch *batch)
{
	skep_hash_fini(&batch->rows);
	skep_arena_free(batch->arena);
	*batch = (struct skep_level_batch){};
}

static void *keep(struct skep_level_batch *batch, const char *key, const void *payload, size_t size)
{
	void *copy;

	if (!batch->arena)
		batch->arena = skep_arena_new();
	copy = skep_arena_memdup(batch->arena, payload, size);
	skep_hash_set_str(&batch->rows, skep_arena_strdup(batch->arena, key), copy);
	return copy;
}

/* Leaves those that the last interval has, or the one that is at it. */
static void thin_out(struct skep_level *l)
{
	struct skep_level_batch old = l->totals;

	l->totals = (struct skep_level_batch){};
	for (size_t i = 0; i < old.rows.cap; i++) {
		const struct skep_hash_entry *e = &old.rows.entries[i];

		if (e->value && (skep_hash_get_str(&l->now.rows, e->key) ||
				 skep_hash_get_str(&l->last.rows, e->key)))
			keep(&l->totals, e->key, e->value, l->schema->size);
	}
	forget(&old);
}

static bool has_totals(const struct skep_schema *schema)
{
	for (size_t i = 0; i < schema->n_fields; i++)
		if (schema->fields[i].role == SKEP_ROLE_TOTAL)
			return true;
	return false;
}

static void add_up(struct skep_level *l, const char *key, const void *payload)
{
	uint8_t *sum = skep_hash_get_str(&l->totals.rows, key);

	if (!sum) {
		if (l->totals.rows.len >= SKEP_LEVEL_TOTALS_MAX)
			thin_out(l);
		keep(&l->totals, key, payload, l->schema->size);
		return;
	}
	for (size_t i = 0; i < l->schema->n_fields; i++) {
		const struct skep_schema_field *f = &l->schema->fields[i];
		uint64_t n;

		if (f->role != SKEP_ROLE_TOTAL)
			continue;
		n = skep_field_int(f, sum) + skep_field_int(f, payload);
		memcpy(sum + f->offset, &n, sizeof(n)); /* of 8 bytes, see lang/builtin/row.c */
	}
}

void skep_level_add(struct skep_level *l, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver)
{
	_cleanup_(skep_str_fini)
	struct skep_str keys = {};
	void *known;

	/* Rows of this name may be made in several places; all look the same, but only one is told of. */
	if (l->schema &&
	    (l->schema->size != schema->size || l->schema->n_fields != schema->n_fields))
		skep_level_fini(l);
	l->schema = schema;
	add_keys(schema, payload, resolver, &keys);
	known = skep_hash_get_str(&l->now.rows, skep_str_text(&keys));
	if (!known && l->now.rows.len >= SKEP_LEVEL_ROWS_MAX) {
		l->now.is_cut = true;
		return;
	}
	if (known)
		memcpy(known, payload, schema->size);
	else
		keep(&l->now, skep_str_text(&keys), payload, schema->size);
	if (has_totals(schema))
		add_up(l, skep_str_text(&keys), payload);
}

void skep_level_turn(struct skep_level *l, size_t probe)
{
	if (!l->now.rows.len && l->probe != probe)
		return;
	forget(&l->last);
	l->last = l->now;
	l->now = (struct skep_level_batch){};
	l->probe = probe;
}

void skep_level_snapshot(const struct skep_level *l, enum skep_field_role role,
			 struct skep_arena *arena, struct skep_snapshot *ret_snapshot)
{
	const struct skep_hash *rows = role == SKEP_ROLE_TOTAL ? &l->totals.rows : &l->last.rows;
	struct skep_snapshot s = skep_level_shape(l->schema, role, arena);

	s.entries = skep_arena_calloc(arena, rows->len + 1, sizeof(*s.entries));
	for (size_t i = 0; i < rows->cap; i++) {
		const struct skep_hash_entry *e = &rows->entries[i];

		if (e->value)
			s.entries[s.n_entries++] =
				(struct skep_snapshot_entry){ .key = e->value, .value = e->value };
	}
	*ret_snapshot = s;
}

bool skep_level_is_cut(const struct skep_level *l)
{
	return l->last.is_cut;
}

void skep_level_fini(struct skep_level *l)
{
	forget(&l->now);
	forget(&l->last);
	forget(&l->totals);
	*l = (struct skep_level){};
}
