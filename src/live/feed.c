/* SPDX-License-Identifier: Apache-2.0 */
#include "live/feed.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "isa/mapkind.h"
#include "live/typed.h"
#include "sys/kernel.h"
#include "who/who.h"

#define PERF_PAGES 64
#define PERF_PADDING 7 /* bytes behind a record of a perf buffer at most */

/* One type of record. */
struct kind {
	struct skep_schema schema;
	struct skep_schema_field *last; /* that a record may cut or lengthen, or NULL */
	bool is_flexible;		/* the last has no size of its own */
	bool has_tag;
	uint64_t tag;
};

struct stream {
	size_t map;
	bool is_perf;
	struct kind *kinds;
	size_t n_kinds;
};

struct skep_feed {
	struct skep_feed_options options;
	struct skep_arena *arena;
	struct skep_btf *btf;
	struct skep_who *who;
	struct skep_stack_map stacks;
	const char *time_formats[2];
	struct {
		SKEP_VEC(struct stream);
	} streams;
	struct skep_schema unknown;
	struct skep_schema_field unknown_field;
	struct skep_feed_counts counts;
	uint64_t lost_before; /* of what was taken over with its variables */
	uint8_t *padded;      /* a record that was cut, with zeroes behind it */
	size_t padded_size;
};

/*
 * What records are.
 */

static int add_kind(struct skep_feed *f, struct stream *s, uint32_t type, const char *name,
		    struct kind *kind)
{
	struct skep_typed_options options = { .stack_depth = f->stacks.depth };
	struct skep_schema *schema = &kind->schema;
	struct skep_schema_field *last;
	int r = skep_typed_schema(f->btf, type, name, &options, f->arena, schema);

	if (r < 0)
		return r;
	s->n_kinds++;
	if (!schema->n_fields)
		return 0;
	schema->fields = skep_arena_memdup(f->arena, schema->fields,
					   schema->n_fields * sizeof(*schema->fields));
	last = (struct skep_schema_field *)&schema->fields[schema->n_fields - 1];
	kind->is_flexible = !last->size;
	if (kind->is_flexible || last->kind == SKEP_FIELD_STRING || last->kind == SKEP_FIELD_ARRAY)
		kind->last = last;
	return 0;
}

/* A union of pointers to arrays: the number of elements is the tag. */
static bool is_tagged(const struct skep_btf *btf, uint32_t type)
{
	struct skep_btf_type t = skep_btf_type(btf, skep_btf_strip(btf, type, true));
	struct skep_btf_member m;
	uint32_t target, elem, n;

	return t.kind == SKEP_BTF_UNION && skep_btf_member(btf, t.id, 0, &m) == 0 &&
	       skep_btf_pointee(btf, m.type, &target) == 0 &&
	       skep_btf_array(btf, target, &elem, &n) == 0;
}

static int add_tagged(struct skep_feed *f, struct stream *s, uint32_t type)
{
	struct skep_btf_type t = skep_btf_type(f->btf, skep_btf_strip(f->btf, type, true));
	uint32_t n = MIN(t.vlen, SKEP_FEED_TYPES_MAX);
	int r;

	s->kinds = skep_arena_calloc(f->arena, n, sizeof(*s->kinds));
	for (uint32_t i = 0; i < n; i++) {
		struct kind *kind = &s->kinds[s->n_kinds];
		struct skep_btf_member m;
		uint32_t target, elem, tag;

		if (skep_btf_member(f->btf, t.id, i, &m) < 0 ||
		    skep_btf_pointee(f->btf, m.type, &target) < 0 ||
		    skep_btf_array(f->btf, target, &elem, &tag) < 0)
			return -EINVAL;
		r = add_kind(f, s, elem, m.name, kind);
		if (r < 0)
			return r;
		if (m.name[0])
			kind->schema.name = skep_arena_strdup(f->arena, m.name);
		kind->has_tag = true;
		kind->tag = tag;
	}
	return t.vlen > n ? -E2BIG : 0;
}

static int add_stream(struct skep_feed *f, size_t map, struct skep_diag *diag)
{
	const struct skep_spec_map *m = &f->options.spec->maps[map];
	struct stream s = { .map = map, .is_perf = m->type == SKEP_MAP_PERF_EVENT_ARRAY };
	int r = 0;

	if (f->btf && m->btf_row_type && is_tagged(f->btf, m->btf_row_type)) {
		r = add_tagged(f, &s, m->btf_row_type);
	} else if (f->btf && m->btf_row_type) {
		s.kinds = skep_arena_calloc(f->arena, 1, sizeof(*s.kinds));
		r = add_kind(f, &s, m->btf_row_type, m->name, &s.kinds[0]);
	}
	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"the types of records that ring '%s' declares cannot be used",
				m->name);
		skep_diag_hint(diag,
			       r == -E2BIG ? "at most %u types in one ring"
					   : "name structs, as the head of bpf/row.bpf.h "
					     "has it",
			       SKEP_FEED_TYPES_MAX);
		return r;
	}
	skep_vec_add(&f->streams, s);
	return 0;
}

/* The stacks that ids of rows belong to: those of the object's first map of that kind. */
static void find_stacks(struct skep_feed *f)
{
	const struct skep_spec *spec = f->options.spec;

	for (size_t i = 0; i < spec->n_maps && !f->stacks.depth; i++)
		if (spec->maps[i].type == SKEP_MAP_STACK_TRACE)
			f->stacks = (struct skep_stack_map){
				.depth = MIN(spec->maps[i].value_size / 8, SKEP_STACK_DEPTH),
				.map = (unsigned)i,
			};
}

static int open_names(struct skep_feed *f)
{
	bool iso = f->options.iso_times;
	struct skep_who_options options = {
		.engine = f->options.engine,
		.loaded = f->options.loaded,
		.stack_maps = &f->stacks,
		.n_stack_maps = f->stacks.depth != 0,
		.time_formats = f->time_formats,
		.n_time_formats = ARRAY_SIZE(f->time_formats),
		.monotonic_format = SKEP_TYPED_TIME_MONOTONIC,
	};

	f->time_formats[SKEP_TYPED_TIME_BOOT] = iso ? "%Y-%m-%dT%H:%M:%S.%f%z" : "%H:%M:%S.%f";
	f->time_formats[SKEP_TYPED_TIME_MONOTONIC] = f->time_formats[SKEP_TYPED_TIME_BOOT];
	return skep_who_new(&options, &f->who);
}

static int open_perf(struct skep_feed *f, size_t map, struct skep_diag *diag)
{
	unsigned pages = f->options.perf_pages ? f->options.perf_pages : PERF_PAGES;
	int r;

	if (f->options.engine != skep_kernel_engine() || !f->options.loaded)
		return 0;
	r = skep_kernel_perf_open(f->options.loaded, map, pages);
	if (r < 0)
		skep_diag_error(diag, SKEP_NO_LOC, "cannot open the perf buffer '%s': %s",
				f->options.spec->maps[map].name, strerror(-r));
	if (r == -EPERM || r == -EACCES)
		skep_diag_hint(diag, "run it as root, or with CAP_PERFMON");
	return r;
}

static int open_streams(struct skep_feed *f, struct skep_diag *diag)
{
	const struct skep_spec *spec = f->options.spec;

	for (size_t i = 0; i < spec->n_maps; i++) {
		uint32_t type = spec->maps[i].type;
		int r = 0;

		if (type != SKEP_MAP_RINGBUF && type != SKEP_MAP_PERF_EVENT_ARRAY)
			continue;
		r = add_stream(f, i, diag);
		if (r == 0 && type == SKEP_MAP_PERF_EVENT_ARRAY)
			r = open_perf(f, i, diag);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What the programs themselves have counted, of all files together. */
static uint64_t rows_lost(const struct skep_feed *f, bool *ret_is_counted)
{
	const struct skep_spec *spec = f->options.spec;
	uint64_t sum = 0;

	for (size_t i = 0; i < spec->n_vars; i++) {
		const struct skep_spec_var *v = &spec->vars[i];
		_cleanup_free_ uint8_t *value = NULL;
		uint64_t n;

		if (!skep_streq(v->name, SKEP_FEED_LOST) || v->size_bytes != sizeof(n))
			continue;
		value = calloc(1, spec->maps[v->map].value_size);
		if (!value || f->options.engine->map_get(f->options.loaded, v->map,
							 &(uint32_t){ 0 }, value) < 0)
			continue;
		memcpy(&n, value + v->offset, sizeof(n));
		sum += n;
		*ret_is_counted = true;
	}
	return sum;
}

int skep_feed_open(const struct skep_feed_options *options, struct skep_diag *diag,
		   struct skep_feed **ret_feed)
{
	_cleanup_(skep_feed_closep)
	struct skep_feed *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->options = *options;
	f->arena = skep_arena_new();
	f->unknown_field = skep_typed_bytes("bytes", 0);
	f->unknown = (struct skep_schema){
		.name = "unknown", .version = 1, .fields = &f->unknown_field, .n_fields = 1
	};
	if (options->spec->btf) {
		r = skep_btf_parse(options->spec->btf, options->spec->btf_size, NULL, NULL, diag,
				   &f->btf);
		if (r < 0)
			return r;
	}
	find_stacks(f);
	r = open_names(f);
	if (r == 0)
		r = open_streams(f, diag);
	if (r < 0)
		return r;
	f->lost_before = rows_lost(f, &(bool){ false });
	*ret_feed = TAKE_PTR(f);
	return 0;
}

void skep_feed_close(struct skep_feed *f)
{
	if (!f)
		return;
	skep_who_free(f->who);
	skep_btf_free(f->btf);
	skep_vec_fini(&f->streams);
	skep_arena_free(f->arena);
	free(f->padded);
	free(f);
}

/*
 * Records.
 */

struct taking {
	struct skep_feed *feed;
	const struct stream *stream;
	const struct skep_feed_sink *sink;
};

static bool has_tag(const struct kind *k, const void *bytes, size_t len)
{
	const struct skep_schema_field *first = k->schema.fields;

	if (!k->has_tag)
		return true;
	return k->schema.n_fields && first->offset + first->size <= len && first->size <= 8 &&
	       skep_field_int(first, bytes) == k->tag;
}

/* The record with zeroes behind it up to the size of its type. NULL: no memory. */
static const void *pad(struct skep_feed *f, const void *bytes, size_t len, size_t size)
{
	if (f->padded_size < size) {
		uint8_t *p = realloc(f->padded, size);

		if (!p)
			return NULL;
		f->padded = p;
		f->padded_size = size;
	}
	memcpy(f->padded, bytes, len);
	memset(f->padded + len, 0, size - len);
	return f->padded;
}

/* The payload, as the kind's schema describes it, or NULL: it does not fit. */
static const void *fit(struct skep_feed *f, const struct stream *s, const struct kind *k,
		       const void *bytes, size_t len)
{
	size_t size = k->schema.size;
	struct skep_schema_field *last = k->last;

	if (k->is_flexible && len >= last->offset) {
		last->size = (uint32_t)(len - last->offset);
		if (last->n_children && last->children[0].size)
			last->count = last->size / last->children[0].size;
		return len >= size ? bytes : pad(f, bytes, len, size);
	}
	if (len == size || (s->is_perf && len > size && len - size <= PERF_PADDING))
		return bytes;
	if (len < size && last && len > last->offset)
		return pad(f, bytes, len, size);
	return NULL;
}

static int take(void *data, const void *bytes, size_t len)
{
	const struct taking *t = data;
	struct skep_feed *f = t->feed;
	struct skep_feed_row row = {
		.map = t->stream->map,
		.map_name = f->options.spec->maps[t->stream->map].name,
		.size = len,
	};

	f->counts.rows++;
	for (size_t i = 0; i < t->stream->n_kinds; i++) {
		const struct kind *k = &t->stream->kinds[i];

		if (!has_tag(k, bytes, len))
			continue;
		row.payload = fit(f, t->stream, k, bytes, len);
		if (!row.payload)
			continue;
		row.schema = &k->schema;
		return t->sink->row(t->sink->data, &row);
	}
	f->counts.unknown++;
	f->unknown_field.size = f->unknown.size = (uint32_t)len;
	row.schema = &f->unknown;
	row.payload = bytes;
	row.is_unknown = true;
	return t->sink->row(t->sink->data, &row);
}

int skep_feed_drain(struct skep_feed *f, const struct skep_feed_sink *sink)
{
	int n = 0;

	for (size_t i = 0; i < f->streams.len; i++) {
		struct taking t = { f, &f->streams.data[i], sink };
		struct skep_ring_sink records = { .record = take, .data = &t };
		int r = f->options.engine->ring_drain(f->options.loaded, t.stream->map, &records);

		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

int skep_feed_fd(const struct skep_feed *f)
{
	return f->streams.len && f->options.engine->ring_fd
		       ? f->options.engine->ring_fd(f->options.loaded)
		       : -1;
}

void skep_feed_counts(const struct skep_feed *f, struct skep_feed_counts *ret_counts)
{
	*ret_counts = f->counts;
	ret_counts->lost = rows_lost(f, &ret_counts->has_lost) - f->lost_before;
	if (f->options.engine != skep_kernel_engine())
		return;
	for (size_t i = 0; i < f->streams.len; i++) {
		size_t map = f->streams.data[i].map;

		if (f->streams.data[i].is_perf) {
			ret_counts->has_lost = true;
			ret_counts->lost += skep_kernel_perf_lost(f->options.loaded, map);
		} else {
			ret_counts->has_ring = true;
			ret_counts->full += skep_kernel_ring_full(f->options.loaded, map);
		}
	}
}

bool skep_feed_has_rings(const struct skep_feed *f)
{
	return f->streams.len;
}

size_t skep_feed_n_schemas(const struct skep_feed *f)
{
	size_t n = 1;

	for (size_t i = 0; i < f->streams.len; i++)
		n += f->streams.data[i].n_kinds;
	return n;
}

const struct skep_schema *skep_feed_schema(const struct skep_feed *f, size_t index)
{
	for (size_t i = 0; i < f->streams.len; i++) {
		const struct stream *s = &f->streams.data[i];

		if (index < s->n_kinds)
			return &s->kinds[index].schema;
		index -= s->n_kinds;
	}
	return &f->unknown;
}

bool skep_feed_has(const struct skep_feed *f, size_t map)
{
	for (size_t i = 0; i < f->streams.len; i++)
		if (f->streams.data[i].map == map)
			return f->streams.data[i].n_kinds != 0;
	return false;
}

const struct skep_resolver *skep_feed_resolver(const struct skep_feed *f)
{
	return skep_who_resolver(f->who);
}

const struct skep_feed_options *skep_feed_given(const struct skep_feed *f)
{
	return &f->options;
}

uint32_t skep_feed_stack_depth(const struct skep_feed *f)
{
	return f->stacks.depth;
}

const struct skep_btf *skep_feed_btf(const struct skep_feed *f)
{
	return f->btf;
}
