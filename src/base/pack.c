/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pack.h"

#include <errno.h>
#include <string.h>

#define GROUPS_MAX 10 /* of 7 bits, in 64 */

static uint64_t load(const void *at, size_t size, bool is_signed)
{
	uint64_t n = 0;

	memcpy((uint8_t *)&n + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - size : 0), at, size);
	if (is_signed && size < 8 && n >> (size * 8 - 1))
		n |= UINT64_MAX << size * 8;
	return n;
}

static void store(void *at, size_t size, uint64_t n)
{
	memcpy(at, (const uint8_t *)&n + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - size : 0),
	       size);
}

/* The pointer, of whatever type, at this place of a struct. */
static void *load_pointer(const void *at)
{
	void *p;

	memcpy(&p, at, sizeof(p));
	return p;
}

static void store_pointer(void *at, const void *p)
{
	memcpy(at, &p, sizeof(p));
}

/* --- the shape -------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t n)
{
	return (h ^ n) * UINT64_C(0x100000001b3);
}

static uint64_t mix_text(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = mix(h, (uint8_t)*s);
	return mix(h, 0);
}

static uint64_t shape(uint64_t h, const struct skep_pack *pack, unsigned depth)
{
	h = mix_text(h, pack->name);
	for (size_t i = 0; i < pack->n_fields; i++) {
		const struct skep_pack_field *f = &pack->fields[i];

		h = mix_text(mix(h, f->kind), f->name);
		h = mix(h, f->kind == SKEP_PACK_KIND_BYTES ? f->size : 0);
		/* A type that holds itself is enough once. */
		if (f->of && f->of != pack && depth < SKEP_PACK_DEPTH_MAX)
			h = shape(h, f->of, depth + 1);
	}
	return h;
}

uint64_t skep_pack_shape(const struct skep_pack *pack)
{
	return shape(UINT64_C(0xcbf29ce484222325), pack, 0);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put_num(struct skep_str *out, uint64_t n)
{
	char groups[GROUPS_MAX];
	size_t len = 0;

	do {
		groups[len++] = (char)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
		n >>= 7;
	} while (n);
	skep_str_addn(out, groups, len);
}

static void put_text(struct skep_str *out, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	put_num(out, s ? len + 1 : 0);
	skep_str_addn(out, s ? s : "", len);
}

static void write_field(const struct skep_pack_field *f, const uint8_t *value, struct skep_str *out)
{
	const uint8_t *at = value + f->at, *list;
	size_t n = f->count_size ? (size_t)load(value + f->count, f->count_size, false) : 0;
	uint64_t number;

	switch (f->kind) {
	case SKEP_PACK_KIND_NUM:
		put_num(out, load(at, f->size, false));
		break;
	case SKEP_PACK_KIND_INT:
		number = load(at, f->size, true);
		put_num(out, number << 1 ^ (number >> 63 ? UINT64_MAX : 0));
		break;
	case SKEP_PACK_KIND_TEXT:
	case SKEP_PACK_KIND_MAYBE:
		put_text(out, load_pointer(at));
		break;
	case SKEP_PACK_KIND_STRUCT:
		skep_pack_write(f->of, at, out);
		break;
	case SKEP_PACK_KIND_POINTER:
		list = load_pointer(at);
		put_num(out, list != NULL);
		if (list)
			skep_pack_write(f->of, list, out);
		break;
	case SKEP_PACK_KIND_LIST:
		list = load_pointer(at);
		put_num(out, list ? n : 0);
		for (size_t i = 0; list && i < n; i++)
			skep_pack_write(f->of, list + i * f->of->size, out);
		break;
	case SKEP_PACK_KIND_TEXTS:
		list = load_pointer(at);
		put_num(out, list ? n : 0);
		for (size_t i = 0; list && i < n; i++)
			put_text(out, load_pointer(list + i * sizeof(char *)));
		break;
	case SKEP_PACK_KIND_BYTES:
		list = load_pointer(at);
		put_num(out, list ? n : 0);
		skep_str_addn(out, list ? (const char *)list : "", list ? n * f->size : 0);
		break;
	}
}

void skep_pack_write(const struct skep_pack *pack, const void *value, struct skep_str *out)
{
	for (size_t i = 0; i < pack->n_fields; i++)
		write_field(&pack->fields[i], value, out);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reader {
	struct skep_arena *arena;
	const uint8_t *at, *end;
	size_t memory; /* taken */
	unsigned depth;
	const char *why; /* NULL while all is well */
};

static bool fail(struct reader *r, const struct skep_pack *pack, const char *field,
		 const char *what)
{
	if (!r->why)
		r->why = skep_arena_printf(r->arena, "%s.%s: %s", pack->name, field, what);
	return false;
}

static void *take_memory(struct reader *r, size_t n, size_t size)
{
	if (size && n > (SKEP_PACK_MEMORY_MAX - r->memory) / size)
		return NULL;
	r->memory += n * size;
	return skep_arena_calloc(r->arena, n, size);
}

static bool get_num(struct reader *r, uint64_t *ret_n)
{
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		uint8_t group = *r->at++;

		if (shift == 63 && group > 1)
			return false;
		n |= (uint64_t)(group & 0x7f) << shift;
		if (!(group & 0x80)) {
			*ret_n = n;
			return true;
		}
	}
	return false;
}

/* False: it is not there, or too long. *ret_text may be NULL. */
static bool get_text(struct reader *r, const char **ret_text)
{
	uint64_t len;
	char *text;

	if (!get_num(r, &len))
		return false;
	*ret_text = NULL;
	if (!len)
		return true;
	len--;
	if (len > (uint64_t)(r->end - r->at) || memchr(r->at, '\0', (size_t)len))
		return false;
	text = take_memory(r, (size_t)len + 1, 1);
	if (!text)
		return false;
	memcpy(text, r->at, (size_t)len);
	r->at += len;
	*ret_text = text;
	return true;
}

static bool read_struct(struct reader *r, const struct skep_pack *pack, uint8_t *value);

static bool read_number(struct reader *r, const struct skep_pack *pack,
			const struct skep_pack_field *f, uint8_t *at)
{
	uint64_t n, most = f->size == 8 ? UINT64_MAX : (UINT64_C(1) << f->size * 8) - 1;

	if (!get_num(r, &n))
		return fail(r, pack, f->name, "ends in its midst");
	if (f->kind == SKEP_PACK_KIND_INT) {
		n = n >> 1 ^ (n & 1 ? UINT64_MAX : 0);
		if (f->size < 8 && n + most / 2 + 1 > most)
			return fail(r, pack, f->name, "is out of range");
	} else if (n > most || (f->max && n > f->max)) {
		return fail(r, pack, f->name, "is out of range");
	}
	store(at, f->size, n);
	return true;
}

/* Each element takes a byte at least, so there are no more than bytes left. */
static bool read_count(struct reader *r, const struct skep_pack *pack,
		       const struct skep_pack_field *f, size_t each, uint8_t *value, size_t *ret_n)
{
	uint64_t n;

	if (!get_num(r, &n) || n > (uint64_t)(r->end - r->at) / MAX(each, (size_t)1) ||
	    (f->count_size < 8 && n >> f->count_size * 8))
		return fail(r, pack, f->name, "ends in its midst");
	store(value + f->count, f->count_size, n);
	*ret_n = (size_t)n;
	return true;
}

static bool read_list(struct reader *r, const struct skep_pack *pack,
		      const struct skep_pack_field *f, uint8_t *value)
{
	size_t n, size = f->of				   ? f->of->size
			 : f->kind == SKEP_PACK_KIND_TEXTS ? sizeof(char *)
							   : f->size;
	uint8_t *list;

	if (!read_count(r, pack, f, f->kind == SKEP_PACK_KIND_BYTES ? size : 1, value, &n))
		return false;
	list = take_memory(r, n, size);
	if (!list)
		return fail(r, pack, f->name, "takes too much memory");
	store_pointer(value + f->at, n ? list : NULL);
	if (f->kind == SKEP_PACK_KIND_BYTES) {
		memcpy(list, r->at, n * size);
		r->at += n * size;
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		const char *text = NULL;

		if (f->of && !read_struct(r, f->of, list + i * size))
			return false;
		if (!f->of && !get_text(r, &text))
			return fail(r, pack, f->name, "is no text");
		if (!f->of)
			store_pointer(list + i * size, text);
	}
	return true;
}

static bool read_field(struct reader *r, const struct skep_pack *pack,
		       const struct skep_pack_field *f, uint8_t *value)
{
	uint8_t *at = value + f->at, *memory;
	const char *text;
	uint64_t there;

	switch (f->kind) {
	case SKEP_PACK_KIND_NUM:
	case SKEP_PACK_KIND_INT:
		return read_number(r, pack, f, at);
	case SKEP_PACK_KIND_TEXT:
	case SKEP_PACK_KIND_MAYBE:
		if (!get_text(r, &text) || (!text && f->kind == SKEP_PACK_KIND_TEXT))
			return fail(r, pack, f->name, "is no text");
		store_pointer(at, text);
		return true;
	case SKEP_PACK_KIND_STRUCT:
		return read_struct(r, f->of, at);
	case SKEP_PACK_KIND_POINTER:
		if (!get_num(r, &there) || there > 1)
			return fail(r, pack, f->name, "is out of range");
		if (!there)
			return true;
		memory = take_memory(r, 1, f->of->size);
		if (!memory)
			return fail(r, pack, f->name, "takes too much memory");
		store_pointer(at, memory);
		return read_struct(r, f->of, memory);
	default:
		return read_list(r, pack, f, value);
	}
}

static bool read_struct(struct reader *r, const struct skep_pack *pack, uint8_t *value)
{
	if (r->depth == SKEP_PACK_DEPTH_MAX)
		return fail(r, pack, "*", "is nested too deeply");
	r->depth++;
	for (size_t i = 0; i < pack->n_fields; i++)
		if (!read_field(r, pack, &pack->fields[i], value))
			return false;
	r->depth--;
	return true;
}

int skep_pack_read(struct skep_arena *arena, const struct skep_pack *pack, const void *bytes,
		   size_t len, void *ret_value, const char **ret_why)
{
	struct reader r = { .arena = arena, .at = bytes, .end = (const uint8_t *)bytes + len };
	uint8_t *value = skep_arena_alloc(arena, pack->size);

	if (read_struct(&r, pack, value) && r.at == r.end) {
		memcpy(ret_value, value, pack->size);
		return 0;
	}
	*ret_why = r.why ? r.why : "something follows behind the end";
	return -EBADMSG;
}
