/* SPDX-License-Identifier: Apache-2.0 */
/* From the types of a map to a snapshot's shape: histograms, keys, what is added up. */
#include <string.h>

#include "base/vec.h"
#include "live/feed_map_priv.h"

#define SLOTS_MIN 8 /* fewer are hardly powers of two */
#define SLOTS_MAX 64
#define SUM_DEPTH_MAX 8

static bool is_called_hist(const char *name)
{
	return strstr(name, "slots") || strstr(name, "hist");
}

/* Counts by powers of two, as tools in C keep them: slot N counts values from 2^N on, slot 0 the value 0, too. */
static bool is_slots(const struct skep_schema_field *f, const char *name)
{
	const struct skep_schema_field *slot = f->children;

	return f->kind == SKEP_FIELD_ARRAY && f->n_children == 1 && f->count >= SLOTS_MIN &&
	       f->count <= SLOTS_MAX && slot->kind == SKEP_FIELD_INT && !slot->is_big_endian &&
	       !slot->is_signed && (slot->size == 4 || slot->size == 8) && is_called_hist(name);
}

static bool find_slots(const char *name, const struct skep_schema_field *value,
		       struct skep_schema_field *ret_slots)
{
	if (is_slots(value, name)) {
		*ret_slots = *value;
		return true;
	}
	for (size_t i = 0; value->kind == SKEP_FIELD_STRUCT && i < value->n_children; i++)
		if (is_slots(&value->children[i], value->children[i].name)) {
			*ret_slots = value->children[i];
			return true;
		}
	return false;
}

static bool can_sum(const struct skep_schema_field *f, unsigned depth)
{
	uint32_t end = 0;

	if (f->kind == SKEP_FIELD_INT)
		return !f->bit_size && !f->is_big_endian && f->size <= 8;
	if (f->kind == SKEP_FIELD_ARRAY && depth < SUM_DEPTH_MAX)
		return f->n_children == 1 && can_sum(&f->children[0], depth + 1);
	if (f->kind != SKEP_FIELD_STRUCT || depth >= SUM_DEPTH_MAX)
		return false;
	for (size_t i = 0; i < f->n_children; i++) {
		if (f->children[i].offset < end || !can_sum(&f->children[i], depth + 1))
			return false; /* members of a union share their bytes */
		end = f->children[i].offset + f->children[i].size;
	}
	return f->n_children;
}

bool feed_shape_can_sum(const struct skep_schema_field *value)
{
	struct skep_schema_field slots;

	return can_sum(value, 0) || find_slots("hist", value, &slots);
}

struct keys {
	SKEP_VEC(struct skep_schema_field);
};

static void add_parts(struct keys *keys, const struct skep_schema_field *field, uint32_t base)
{
	size_t n = field->kind == SKEP_FIELD_STRUCT ? field->n_children : 1;

	for (size_t i = 0; i < n; i++) {
		struct skep_schema_field f =
			field->kind == SKEP_FIELD_STRUCT ? field->children[i] : *field;

		f.offset += base;
		skep_vec_add(keys, f);
	}
}

/* A histogram's value: what stands beside its slots tells of what it is. */
static void add_rest(struct keys *keys, const struct feed_shape *s)
{
	for (size_t i = 0; s->value.kind == SKEP_FIELD_STRUCT && i < s->value.n_children; i++) {
		struct skep_schema_field f = s->value.children[i];

		if (f.offset == s->slots.offset)
			continue;
		f.offset += s->rest_at;
		skep_vec_add(keys, f);
	}
}

static void shape_value(struct feed_shape *s)
{
	struct skep_snapshot *snapshot = &s->snapshot;

	if (find_slots(snapshot->name, &s->value, &s->slots)) {
		snapshot->kind = SKEP_SNAPSHOT_HIST;
		snapshot->hist_low_zero = true;
		snapshot->n_numbers = s->slots.count + 2u;
	} else if (s->sums && s->value.kind == SKEP_FIELD_INT) {
		snapshot->kind = SKEP_SNAPSHOT_SUM;
		snapshot->is_signed = s->value.is_signed;
		snapshot->n_numbers = 1;
	} else {
		snapshot->kind = SKEP_SNAPSHOT_VALUE;
		snapshot->value_field = s->value;
		snapshot->value_columns = true;
	}
}

struct feed_shape feed_shape_of(const char *name, const struct skep_schema_field *key,
				const struct skep_schema_field *value, unsigned n_cpus, bool sums,
				struct skep_arena *arena)
{
	static const struct skep_schema_field cpu = { .name = "cpu", .size = 4 };
	struct feed_shape s = {
		.snapshot = { .name = name, .n_summed = sums && n_cpus > 1 ? n_cpus : 0 },
		.value = *value,
		.sums = sums,
		.key_size = key ? key->size : 0,
	};
	struct keys keys = {};

	shape_value(&s);
	if (key)
		add_parts(&keys, key, 0);
	s.snapshot.key_size = ALIGN_UP(s.key_size, 8u);
	if (s.snapshot.kind == SKEP_SNAPSHOT_HIST && value->kind == SKEP_FIELD_STRUCT) {
		s.has_rest = true;
		s.rest_at = s.snapshot.key_size;
		s.snapshot.key_size += ALIGN_UP(value->size, 8u);
		add_rest(&keys, &s);
	}
	if (n_cpus && !sums) {
		s.has_cpu = true;
		s.cpu_at = s.snapshot.key_size;
		s.snapshot.key_size += 8;
		skep_vec_add(&keys, cpu);
		keys.data[keys.len - 1].offset = s.cpu_at;
	}
	s.snapshot.n_keys = keys.len;
	if (keys.len)
		s.snapshot.keys =
			skep_arena_memdup(arena, keys.data, keys.len * sizeof(*keys.data));
	skep_vec_fini(&keys);
	return s;
}

/* A number that does not fit any more stays at the highest. */
static void add_number(const struct skep_schema_field *f, uint8_t *sum, const uint8_t *value)
{
	uint64_t a = skep_field_int(f, sum), b = skep_field_int(f, value), x;
	unsigned bits = f->size * 8;
	int64_t highest = (int64_t)(UINT64_MAX >> (65 - bits));
	int64_t y;

	if (f->is_signed) {
		if (__builtin_add_overflow((int64_t)a, (int64_t)b, &y))
			y = (int64_t)a < 0 ? INT64_MIN : INT64_MAX;
		y = MIN(MAX(y, -highest - 1), highest);
		x = (uint64_t)y;
	} else {
		if (__builtin_add_overflow(a, b, &x))
			x = UINT64_MAX;
		x = MIN(x, UINT64_MAX >> (64 - bits));
	}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(sum + f->offset, &x, f->size);
#else
	memcpy(sum + f->offset, (const uint8_t *)&x + 8 - f->size, f->size);
#endif
}

static void add_up(const struct skep_schema_field *f, uint8_t *sum, const uint8_t *value,
		   unsigned depth)
{
	bool is_array = f->kind == SKEP_FIELD_ARRAY;
	size_t n = is_array ? f->count : f->n_children;

	if (f->kind == SKEP_FIELD_INT) {
		add_number(f, sum, value);
		return;
	}
	for (size_t i = 0; i < n && depth < SUM_DEPTH_MAX; i++) {
		const struct skep_schema_field *child = &f->children[is_array ? 0 : i];
		size_t at = f->offset + (is_array ? i * child->size : 0);

		add_up(child, sum + at, value + at, depth + 1);
	}
}

static void fill_numbers(const struct feed_shape *s, const uint8_t *value, uint64_t *numbers)
{
	struct skep_schema_field slot;

	if (s->snapshot.kind == SKEP_SNAPSHOT_SUM) {
		numbers[0] += skep_field_int(&s->value, value);
		return;
	}
	slot = s->slots.children[0];
	for (uint32_t i = 0; i < s->slots.count; i++) {
		slot.offset = s->slots.offset + i * slot.size;
		numbers[i + 2] += skep_field_int(&slot, value);
	}
}

struct skep_snapshot_entry feed_shape_entry(const struct feed_shape *s, const uint8_t *key,
					    const uint8_t *value, size_t stride, unsigned n_cpus,
					    uint32_t cpu, struct skep_arena *arena)
{
	uint8_t *bytes = skep_arena_alloc(arena, s->snapshot.key_size + 8u);
	struct skep_snapshot_entry entry = { .key = bytes, .value = value };
	uint64_t *numbers;
	uint8_t *sum;

	memcpy(bytes, key, s->key_size);
	if (s->has_rest)
		memcpy(bytes + s->rest_at, value, s->value.size);
	if (s->has_cpu)
		memcpy(bytes + s->cpu_at, &cpu, sizeof(cpu));
	if (s->snapshot.kind != SKEP_SNAPSHOT_VALUE) {
		numbers = skep_arena_calloc(arena, s->snapshot.n_numbers, sizeof(*numbers));
		for (unsigned i = 0; i < n_cpus; i++)
			fill_numbers(s, value + i * stride, numbers);
		entry.numbers = numbers;
	} else if (n_cpus > 1) {
		sum = skep_arena_memdup(arena, value, s->value.size);
		for (unsigned i = 1; i < n_cpus; i++)
			add_up(&s->value, sum, value + i * stride, 0);
		entry.value = sum;
	}
	return entry;
}
