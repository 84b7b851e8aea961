/* SPDX-License-Identifier: Apache-2.0 */
/* What maps hold at the end. */
#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "isa/mapkind.h"
#include "sys/bpf.h"
#include "workbench/try_priv.h"
#include "workbench/typed.h"

/* Bytes of all values of an element. */
static size_t value_bytes(const struct skep_spec_map *map, unsigned n_cpus)
{
	const struct skep_map_kind *kind = skep_map_kind_find(map->type);

	if (kind && kind->traits & SKEP_TRAIT_PER_CPU)
		return ALIGN_UP((size_t)map->value_size, 8) * n_cpus;
	return map->value_size;
}

struct collected {
	struct skep_arena *arena;
	const struct skep_btf *btf; /* of the object, or NULL */
	const struct skep_spec_map *map;
	struct {
		SKEP_VEC(struct skep_try_entry);
	} entries;
	struct {
		SKEP_VEC(struct skep_try_record);
	} records;
	size_t more;
};

/* As type @type has it, or NULL. */
static const char *typed(const struct collected *c, uint32_t type, const void *bytes, size_t len)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (skep_typed_text(c->btf, type, bytes, len, &text) < 0)
		return NULL;
	return skep_arena_strdup(c->arena, skep_str_text(&text));
}

/* The same of a value; of per-CPU kinds what each CPU has, side by side. */
static const char *typed_value(const struct collected *c, const uint8_t *bytes, size_t size)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	size_t one = c->map->value_size, stride = ALIGN_UP(one, 8);

	if (size == one)
		return typed(c, c->map->btf_value_type, bytes, size);
	for (size_t at = 0; stride && at + stride <= size; at += stride) {
		skep_str_add(&text, at ? " | " : "");
		if (skep_typed_text(c->btf, c->map->btf_value_type, bytes + at, one, &text) < 0)
			return NULL;
	}
	return skep_arena_strdup(c->arena, skep_str_text(&text));
}

/*
 * The type of a record by what its ring declares (bpf/row.bpf.h): that type, or of a union of pointers to arrays the one whose
 * number of elements the record begins with. 0: it is not known.
 */
static uint32_t record_type(const struct collected *c, const void *bytes, size_t len)
{
	uint32_t declared = c->map->btf_row_type, target, elem, n, tag;
	struct skep_btf_type t;
	struct skep_btf_member m;

	if (!c->btf || !declared)
		return c->map->btf_value_type;
	t = skep_btf_type(c->btf, skep_btf_strip(c->btf, declared, true));
	if (t.kind != SKEP_BTF_UNION || len < sizeof(tag))
		return declared;
	memcpy(&tag, bytes, sizeof(tag));
	for (uint32_t i = 0; skep_btf_member(c->btf, t.id, i, &m) == 0; i++) {
		if (skep_btf_pointee(c->btf, m.type, &target) < 0 ||
		    skep_btf_array(c->btf, target, &elem, &n) < 0)
			return declared;
		if (n == tag)
			return elem;
	}
	return 0;
}

static int keep_record(void *data, const void *bytes, size_t len)
{
	struct collected *c = data;
	struct skep_try_record record = {
		.bytes = { skep_arena_memdup(c->arena, bytes, len), len },
		.text = typed(c, record_type(c, bytes, len), bytes, len),
	};

	skep_vec_add(&c->records, record);
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Of the engine's map, or of one that was in the kernel already. */
static int next_key(struct try_job *j, int fd, size_t map, const void *key, void *ret_key)
{
	return fd >= 0 ? skep_bpf_map_next_key(fd, key, ret_key)
		       : j->engine->map_next(j->loaded, map, key, ret_key);
}

static int get_value(struct try_job *j, int fd, size_t map, const void *key, void *ret_value)
{
	return fd >= 0 ? skep_bpf_map_lookup(fd, key, ret_value)
		       : j->engine->map_get(j->loaded, map, key, ret_value);
}

static void collect_entries(struct try_job *j, int fd, size_t index, struct collected *c)
{
	const struct skep_spec_map *map = &j->spec.maps[index];
	bool indexed = skep_map_kind_find(map->type)->traits & SKEP_TRAIT_INDEXED;
	size_t size = value_bytes(map, j->n_cpus);
	uint8_t *key = skep_arena_calloc(j->arena, 2, map->key_size + 8);
	uint8_t *next = key + map->key_size + 8, *value = skep_arena_alloc(j->arena, size + 8);
	const uint8_t *last = NULL;

	while (next_key(j, fd, index, last, next) == 0) {
		struct skep_try_entry entry;

		memcpy(key, next, map->key_size);
		last = key;
		if (get_value(j, fd, index, key, value) < 0 || (indexed && is_zero(value, size)))
			continue;
		if (c->entries.len == SKEP_TRY_ENTRIES_MAX) {
			c->more++;
			continue;
		}
		entry.key =
			(struct skep_try_bytes){ skep_arena_memdup(j->arena, key, map->key_size),
						 map->key_size };
		entry.value =
			(struct skep_try_bytes){ skep_arena_memdup(j->arena, value, size), size };
		entry.key_text = typed(c, map->btf_key_type, key, map->key_size);
		entry.value_text = typed_value(c, value, size);
		skep_vec_add(&c->entries, entry);
	}
}

/* Keys that are numbers in their order, all others byte by byte. */
static int by_key(const void *a, const void *b)
{
	const struct skep_try_bytes *x = &((const struct skep_try_entry *)a)->key;
	const struct skep_try_bytes *y = &((const struct skep_try_entry *)b)->key;
	size_t n = x->size;
	bool from_end = (n == 4 || n == 8) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

	for (size_t i = 0; i < n; i++) {
		size_t at = from_end ? n - 1 - i : i;

		if (x->data[at] != y->data[at])
			return x->data[at] < y->data[at] ? -1 : 1;
	}
	return 0;
}

/* The variables in a section of data, by name, from its one element. */
static void name_variables(struct try_job *j, size_t index, const struct skep_btf *btf,
			   struct skep_try_map *map)
{
	struct collected c = { .arena = j->arena, .btf = btf };

	if (map->n_entries != 1)
		return;
	map->vars = skep_arena_calloc(j->arena, j->spec.n_vars, sizeof(*map->vars));
	for (size_t i = 0; i < j->spec.n_vars; i++) {
		const struct skep_spec_var *v = &j->spec.vars[i];
		struct skep_try_entry *e = &map->vars[map->n_vars];

		if (v->map != index ||
		    (uint64_t)v->offset + v->size_bytes > map->entries[0].value.size)
			continue;
		e->key_text = v->name;
		e->value.data = map->entries[0].value.data + v->offset;
		e->value.size = v->size_bytes;
		e->value_text = typed(&c, v->type, e->value.data, e->value.size);
		map->n_vars++;
	}
}

static void collect(struct try_job *j, size_t index, struct collected *c)
{
	const struct skep_spec_map *map = &j->spec.maps[index];
	const struct skep_map_kind *kind = skep_map_kind_find(map->type);
	struct skep_ring_sink sink = { .record = keep_record, .data = c };
	_cleanup_close_ int fd = -1;

	if (!kind || map->flags & SKEP_MAP_RDONLY_PROG || map->read_only)
		return;
	/* What stands in for a table of functions tells nothing. */
	if (index < j->input->spec.n_maps && j->input->spec.maps[index].type == SKEP_MAP_STRUCT_OPS)
		return;
	if (kind->traits & SKEP_TRAIT_RING && j->loaded) {
		if (j->engine->ring_drain(j->loaded, index, &sink) < 0)
			try_note(j, "records of perf buffers in the kernel are not shown");
		return;
	}
	if (!(kind->traits & SKEP_TRAIT_VALUES) || kind->traits & SKEP_TRAIT_OWNED)
		return;
	if (!j->loaded) {
		fd = skep_bpf_fd_by_id(SKEP_BPF_MAP_FD_BY_ID,
				       j->input->loaded->image.map_ids[index]);
		if (fd < 0)
			return;
	}
	collect_entries(j, fd, index, c);
	if (c->entries.len)
		qsort(c->entries.data, c->entries.len, sizeof(*c->entries.data), by_key);
}

void try_collect_maps(struct try_job *j)
{
	struct skep_try_result *result = j->result;
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;

	if (j->spec.btf &&
	    skep_btf_parse(j->spec.btf, j->spec.btf_size, NULL, NULL, NULL, &btf) < 0)
		btf = NULL;
	result->maps = skep_arena_calloc(j->arena, j->spec.n_maps, sizeof(*result->maps));
	for (size_t i = 0; i < j->spec.n_maps; i++) {
		struct collected c = { .arena = j->arena, .btf = btf, .map = &j->spec.maps[i] };
		struct skep_try_map *map = &result->maps[result->n_maps];

		collect(j, i, &c);
		if (c.entries.len || c.records.len) {
			*map = (struct skep_try_map){
				.name = j->spec.maps[i].name,
				.kind = j->spec.maps[i].type,
				.value_size = j->spec.maps[i].value_size,
				.entries = skep_arena_calloc(j->arena, c.entries.len,
							     sizeof(*map->entries)),
				.n_entries = c.entries.len,
				.more = c.more,
				.records = skep_arena_calloc(j->arena, c.records.len,
							     sizeof(*map->records)),
				.n_records = c.records.len,
			};
			if (c.entries.len)
				memcpy(map->entries, c.entries.data,
				       c.entries.len * sizeof(*map->entries));
			if (c.records.len)
				memcpy(map->records, c.records.data,
				       c.records.len * sizeof(*map->records));
			name_variables(j, i, btf, map);
			result->n_maps++;
		}
		skep_vec_fini(&c.entries);
		skep_vec_fini(&c.records);
	}
}
