/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/typed.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "live/typed.h"

#define ZEROES_MIN 3 /* elements at an array's end that are counted and not written */

struct typed {
	const struct skep_btf *btf;
	const uint8_t *bytes;
	size_t size;
	size_t limit; /* length of the whole text */
	struct skep_str *out;
};

static void add_type(const struct typed *t, uint32_t id, const char *name, size_t at,
		     unsigned depth);

/* @size bytes at @at as a number, or the bits of a field in it. */
static uint64_t load(const struct typed *t, size_t at, size_t size)
{
	uint64_t x = 0;

	for (size_t i = 0; i < size; i++) {
		size_t from = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? size - 1 - i : i;

		x = x << 8 | t->bytes[at + from];
	}
	return x;
}

static uint64_t load_bits(const struct typed *t, uint64_t bit, uint32_t n_bits)
{
	uint64_t x = 0;

	for (uint32_t i = 0; i < n_bits && i < 64; i++) {
		uint64_t at = bit + i;
		unsigned shift = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? at % 8 : 7 - at % 8;
		uint64_t one = t->bytes[at / 8] >> shift & 1;

		x |= one << (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i : n_bits - 1 - i);
	}
	return x;
}

/* A number of @bits bits as its type has it. */
static void add_number(const struct typed *t, const struct skep_btf_type *type, uint64_t x,
		       unsigned bits)
{
	const char *name = NULL;

	if (type->is_signed && bits && bits < 64)
		x = (uint64_t)((int64_t)(x << (64 - bits)) >> (64 - bits));
	if (type->kind == SKEP_BTF_ENUM || type->kind == SKEP_BTF_ENUM64)
		name = skep_btf_enum_name(t->btf, type->id, x);
	else if (type->is_bool && x < 2)
		name = x ? "true" : "false";
	if (name)
		skep_str_add(t->out, name);
	else if (type->is_signed)
		skep_str_addf(t->out, "%" PRId64, (int64_t)x);
	else
		skep_str_addf(t->out, "%" PRIu64, x);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	while (size && !bytes[size - 1])
		size--;
	return size == 0;
}

/* Text that ends with the array or with zeroes, at least one letter. */
static bool is_text(const uint8_t *bytes, size_t size, size_t *ret_len)
{
	size_t len = strnlen((const char *)bytes, size);

	for (size_t i = 0; i < len; i++)
		if (!isprint(bytes[i]))
			return false;
	*ret_len = len;
	return len && is_zero(bytes + len, size - len);
}

static void add_text(const struct typed *t, const uint8_t *bytes, size_t len)
{
	skep_str_addc(t->out, '"');
	for (size_t i = 0; i < len; i++)
		skep_str_addf(t->out, "%s%c", bytes[i] == '"' || bytes[i] == '\\' ? "\\" : "",
			      bytes[i]);
	skep_str_addc(t->out, '"');
}

static void add_array(const struct typed *t, const struct skep_btf_type *type, size_t at,
		      unsigned depth)
{
	uint32_t size, n = type->n_elems;
	struct skep_btf_type elem = skep_btf_type(t->btf, skep_btf_strip(t->btf, type->type, true));
	size_t len;

	if (skep_btf_size(t->btf, type->type, &size) < 0 || !size || !n)
		n = size = 0;
	if (size == 1 && skep_streq(elem.name, "char") && is_text(t->bytes + at, n, &len)) {
		add_text(t, t->bytes + at, len);
		return;
	}
	while (n && is_zero(t->bytes + at + (size_t)(n - 1) * size, size))
		n--;
	if (type->n_elems - n < ZEROES_MIN)
		n = size ? type->n_elems : 0;
	skep_str_addc(t->out, '[');
	for (uint32_t i = 0; i < n && t->out->len < t->limit; i++) {
		skep_str_add(t->out, i ? ", " : "");
		add_type(t, type->type, "", at + (size_t)i * size, depth + 1);
	}
	if (n < type->n_elems && size)
		skep_str_addf(t->out, "%s%u zeroes", n ? " and " : "", type->n_elems - n);
	skep_str_addc(t->out, ']');
}

static void add_struct(const struct typed *t, const struct skep_btf_type *type, size_t at,
		       unsigned depth)
{
	struct skep_btf_member m;

	skep_str_addc(t->out, '{');
	for (uint32_t i = 0;
	     t->out->len < t->limit && skep_btf_member(t->btf, type->id, i, &m) == 0; i++) {
		struct skep_btf_type of =
			skep_btf_type(t->btf, skep_btf_strip(t->btf, m.type, true));

		skep_str_add(t->out, i ? ", " : " ");
		if (m.name[0])
			skep_str_addf(t->out, ".%s = ", m.name);
		if (!m.bit_size)
			add_type(t, m.type, m.name, at + m.bit_offset / 8, depth + 1);
		else if (at * 8 + m.bit_offset + m.bit_size <= t->size * 8)
			add_number(t, &of, load_bits(t, at * 8 + m.bit_offset, m.bit_size),
				   m.bit_size);
	}
	skep_str_add(t->out, " }");
}

/* The value of type @id, of a member called @name, that begins at byte @at. */
static void add_type(const struct typed *t, uint32_t id, const char *name, size_t at,
		     unsigned depth)
{
	struct skep_btf_type type = skep_btf_type(t->btf, skep_btf_strip(t->btf, id, true));
	char address[INET6_ADDRSTRLEN];
	uint32_t size;
	uint64_t x;
	int network;

	if (depth > SKEP_TYPED_DEPTH_MAX || t->out->len >= t->limit ||
	    skep_btf_size(t->btf, type.id, &size) < 0 || at > t->size || size > t->size - at) {
		skep_str_add(t->out, "...");
		return;
	}
	network = skep_typed_network(t->btf, id, name, size);
	if (network > 1) {
		skep_str_add(t->out, inet_ntop(network, t->bytes + at, address, sizeof(address)));
		return;
	}
	switch (type.kind) {
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		add_struct(t, &type, at, depth);
		return;
	case SKEP_BTF_ARRAY:
		add_array(t, &type, at, depth);
		return;
	case SKEP_BTF_INT:
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		if (size <= 8) {
			x = load(t, at, size);
			if (network && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
				x = __builtin_bswap64(x) >> (64 - size * 8);
			add_number(t, &type, x, size * 8);
			return;
		}
		break;
	case SKEP_BTF_PTR:
		skep_str_addf(t->out, "0x%" PRIx64, load(t, at, size));
		return;
	default:
		break;
	}
	for (uint32_t i = 0; i < size && t->out->len < t->limit; i++)
		skep_str_addf(t->out, "%02x", t->bytes[at + i]);
}

int skep_typed_text(const struct skep_btf *btf, uint32_t id, const uint8_t *bytes, size_t size,
		    struct skep_str *out)
{
	struct typed t = { .btf = btf, .bytes = bytes, .size = size, .out = out };
	uint32_t of;

	if (!btf || !id || skep_btf_kind(btf, skep_btf_strip(btf, id, true)) == SKEP_BTF_DATASEC ||
	    skep_btf_size(btf, id, &of) < 0 || of != size)
		return -EINVAL;
	t.limit = out->len + SKEP_TYPED_BYTES_MAX;
	add_type(&t, id, "", 0, 0);
	return 0;
}
