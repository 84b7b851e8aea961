/* SPDX-License-Identifier: Apache-2.0 */
#include "record/level.h"

#include <string.h>

#include "record/record_priv.h"

/* What a number is called that tells things apart. */
static bool is_measure(const struct skep_schema_field *f)
{
	static const char *const names[] = { "pid",    "tid",  "ppid",	"tgid",	 "uid",	 "netns",
					     "cpu_id", "port", "lport", "rport", "dport" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(f->name, names[i]))
			return false;
	return skep_field_is_measure(f);
}

struct skep_snapshot skep_level_shape(const struct skep_schema *schema, struct skep_arena *arena)
{
	struct skep_schema_field *keys = skep_arena_calloc(arena, schema->n_fields + 1,
							   sizeof(*keys)),
				 *values = skep_arena_calloc(arena, schema->n_fields + 1,
							     sizeof(*values));
	size_t n_keys = 0, n_values = 0;

	for (size_t i = 0; i < schema->n_fields; i++)
		if (is_measure(&schema->fields[i]))
			values[n_values++] = schema->fields[i];
		else
			keys[n_keys++] = schema->fields[i];
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
		if (is_measure(&schema->fields[i]))
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

void skep_level_add(struct skep_level *l, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver)
{
	_cleanup_(skep_str_fini)
	struct skep_str keys = {};
	bool is_new; /* an interval */

	/* Rows of this name may be made in several places; all look the same, but only one is told of. */
	if (l->schema &&
	    (l->schema->size != schema->size || l->schema->n_fields != schema->n_fields))
		skep_level_fini(l);
	l->schema = schema;
	add_keys(schema, payload, resolver, &keys);
	is_new = skep_hash_get_str(&l->now.rows, skep_str_text(&keys));
	if (is_new || l->now.rows.len >= SKEP_LEVEL_ROWS_MAX) {
		forget(&l->before);
		l->before = l->now;
		l->before.is_cut |= !is_new;
		l->now = (struct skep_level_batch){ .is_cut = !is_new };
	}
	if (!l->now.arena)
		l->now.arena = skep_arena_new();
	skep_hash_set_str(&l->now.rows, skep_arena_strdup(l->now.arena, skep_str_text(&keys)),
			  skep_arena_memdup(l->now.arena, payload, schema->size));
}

static void add_rows(const struct skep_level_batch *batch, const struct skep_level_batch *newer,
		     struct skep_snapshot *s)
{
	for (size_t i = 0; i < batch->rows.cap; i++) {
		const struct skep_hash_entry *e = &batch->rows.entries[i];

		if (e->value && !(newer && skep_hash_get_str(&newer->rows, e->key)))
			s->entries[s->n_entries++] =
				(struct skep_snapshot_entry){ .key = e->value, .value = e->value };
	}
}

void skep_level_snapshot(const struct skep_level *l, struct skep_arena *arena,
			 struct skep_snapshot *ret_snapshot)
{
	*ret_snapshot = skep_level_shape(l->schema, arena);
	ret_snapshot->entries = skep_arena_calloc(arena, l->now.rows.len + l->before.rows.len + 1,
						  sizeof(*ret_snapshot->entries));
	add_rows(&l->now, NULL, ret_snapshot);
	add_rows(&l->before, &l->now, ret_snapshot);
}

bool skep_level_is_cut(const struct skep_level *l)
{
	return l->now.is_cut || l->before.is_cut;
}

void skep_level_fini(struct skep_level *l)
{
	forget(&l->now);
	forget(&l->before);
	*l = (struct skep_level){};
}
