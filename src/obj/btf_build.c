/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/btf_build.h"

#include <errno.h>

#include "base/hash.h"
#include "obj/btf_priv.h"

struct skep_btf_builder {
	struct skep_str types;
	struct skep_str strings;
	struct skep_hash offsets; /* of strings: the text to 1 + its offset */
	struct skep_arena *texts; /* keys of offsets */
	uint32_t strings_off;	  /* where its own strings begin, behind the base's */
	uint32_t next_id;
	bool too_big;
};

struct skep_btf_builder *skep_btf_builder_new(const struct skep_btf *base)
{
	struct skep_btf_builder *b = calloc(1, sizeof(*b));

	if (!b)
		skep_oom();
	b->texts = skep_arena_new();
	b->next_id = base ? base->n_types : 1;
	b->strings_off = base ? base->strings_off + base->strings_len : 0;
	if (!base)
		skep_str_addc(&b->strings, '\0');
	return b;
}

void skep_btf_builder_free(struct skep_btf_builder *b)
{
	if (!b)
		return;
	skep_str_fini(&b->types);
	skep_str_fini(&b->strings);
	skep_hash_fini(&b->offsets);
	skep_arena_free(b->texts);
	free(b);
}

uint32_t skep_btf_builder_next_id(const struct skep_btf_builder *b)
{
	return b->next_id;
}

uint32_t skep_btf_build_stringn(struct skep_btf_builder *b, const char *text, size_t len)
{
	uintptr_t known;
	uint64_t off;

	len = strnlen(text, len);
	if (!len)
		return 0;
	known = (uintptr_t)skep_hash_get(&b->offsets, text, len);
	if (known)
		return (uint32_t)(known - 1);
	off = b->strings_off + (uint64_t)b->strings.len;
	if (off + len >= UINT32_MAX) {
		b->too_big = true;
		return 0;
	}
	skep_str_addn(&b->strings, text, len);
	skep_str_addc(&b->strings, '\0');
	skep_hash_set(&b->offsets, skep_arena_memdup(b->texts, text, len), len,
		      (void *)(uintptr_t)(off + 1));
	return (uint32_t)off;
}

uint32_t skep_btf_build_string(struct skep_btf_builder *b, const char *text)
{
	return skep_btf_build_stringn(b, text, SIZE_MAX);
}

static void add32(struct skep_btf_builder *b, uint32_t value)
{
	skep_str_addn(&b->types, &value, sizeof(value));
}

/* Begins a type; what the kind has behind its head is added by the caller. */
static uint32_t add_head(struct skep_btf_builder *b, enum skep_btf_kind kind, const char *name,
			 size_t vlen, bool flag, uint32_t word)
{
	if (vlen > UINT16_MAX)
		b->too_big = true;
	add32(b, name ? skep_btf_build_string(b, name) : 0);
	add32(b, SKEP_BTF_INFO(kind, vlen, flag));
	add32(b, word);
	return b->next_id++;
}

uint32_t skep_btf_build_int(struct skep_btf_builder *b, const char *name, uint32_t size_bytes,
			    unsigned encoding)
{
	uint32_t id = add_head(b, SKEP_BTF_INT, name, 0, false, size_bytes);

	add32(b, SKEP_BTF_INT_WORD(encoding, size_bytes * 8));
	return id;
}

uint32_t skep_btf_build_float(struct skep_btf_builder *b, const char *name, uint32_t size_bytes)
{
	return add_head(b, SKEP_BTF_FLOAT, name, 0, false, size_bytes);
}

uint32_t skep_btf_build_ref(struct skep_btf_builder *b, enum skep_btf_kind kind, const char *name,
			    uint32_t type)
{
	return add_head(b, kind, name, 0, false, type);
}

uint32_t skep_btf_build_array(struct skep_btf_builder *b, uint32_t elem, uint32_t index_type,
			      uint32_t count)
{
	uint32_t id = add_head(b, SKEP_BTF_ARRAY, NULL, 0, false, 0);

	add32(b, elem);
	add32(b, index_type);
	add32(b, count);
	return id;
}

uint32_t skep_btf_build_fwd(struct skep_btf_builder *b, const char *name, bool is_union)
{
	return add_head(b, SKEP_BTF_FWD, name, 0, is_union, 0);
}

uint32_t skep_btf_build_struct(struct skep_btf_builder *b, enum skep_btf_kind kind,
			       const char *name, uint32_t size_bytes,
			       const struct skep_btf_member *members, size_t n)
{
	bool bit_fields = false;
	uint32_t id;

	for (size_t i = 0; i < n; i++)
		bit_fields |= members[i].bit_size != 0;
	id = add_head(b, kind, name, n, bit_fields, size_bytes);
	for (size_t i = 0; i < n; i++) {
		const struct skep_btf_member *m = &members[i];

		add32(b, m->name ? skep_btf_build_string(b, m->name) : 0);
		add32(b, m->type);
		if (m->bit_offset > (bit_fields ? 0xffffff : UINT32_MAX) || m->bit_size > 255)
			b->too_big = true;
		add32(b, (uint32_t)m->bit_offset | m->bit_size << 24);
	}
	return id;
}

uint32_t skep_btf_build_enum(struct skep_btf_builder *b, enum skep_btf_kind kind, const char *name,
			     uint32_t size_bytes, bool is_signed,
			     const struct skep_btf_enumerator *enumerators, size_t n)
{
	uint32_t id = add_head(b, kind, name, n, is_signed, size_bytes);

	for (size_t i = 0; i < n; i++) {
		add32(b, skep_btf_build_string(b, enumerators[i].name));
		add32(b, (uint32_t)enumerators[i].value);
		if (kind == SKEP_BTF_ENUM64)
			add32(b, (uint32_t)(enumerators[i].value >> 32));
	}
	return id;
}

uint32_t skep_btf_build_proto(struct skep_btf_builder *b, uint32_t ret_type,
			      const struct skep_btf_param *params, size_t n)
{
	uint32_t id = add_head(b, SKEP_BTF_FUNC_PROTO, NULL, n, false, ret_type);

	for (size_t i = 0; i < n; i++) {
		add32(b, params[i].name ? skep_btf_build_string(b, params[i].name) : 0);
		add32(b, params[i].type);
	}
	return id;
}

uint32_t skep_btf_build_func(struct skep_btf_builder *b, const char *name, uint32_t proto,
			     unsigned linkage)
{
	return add_head(b, SKEP_BTF_FUNC, name, linkage, false, proto);
}

uint32_t skep_btf_build_var(struct skep_btf_builder *b, const char *name, uint32_t type,
			    unsigned linkage)
{
	uint32_t id = add_head(b, SKEP_BTF_VAR, name, 0, false, type);

	add32(b, linkage);
	return id;
}

uint32_t skep_btf_build_datasec(struct skep_btf_builder *b, const char *name, uint32_t size_bytes,
				const struct skep_btf_secvar *vars, size_t n)
{
	uint32_t id = add_head(b, SKEP_BTF_DATASEC, name, n, false, size_bytes);

	for (size_t i = 0; i < n; i++) {
		add32(b, vars[i].type);
		add32(b, vars[i].offset);
		add32(b, vars[i].size_bytes);
	}
	return id;
}

uint32_t skep_btf_build_decl_tag(struct skep_btf_builder *b, const char *name, uint32_t type,
				 int32_t component)
{
	uint32_t id = add_head(b, SKEP_BTF_DECL_TAG, name, 0, false, type);

	add32(b, (uint32_t)component);
	return id;
}

int skep_btf_builder_finish(const struct skep_btf_builder *b, struct skep_arena *arena,
			    void **ret_data, size_t *ret_size)
{
	struct skep_btf_header h = {
		.magic = SKEP_BTF_MAGIC,
		.version = SKEP_BTF_VERSION,
		.header_len = sizeof(h),
		.types_len = (uint32_t)b->types.len,
		.strings_off = (uint32_t)b->types.len,
		.strings_len = (uint32_t)b->strings.len,
	};
	size_t size = sizeof(h) + b->types.len + b->strings.len;
	char *data;

	if (b->too_big || size > UINT32_MAX)
		return -E2BIG;
	data = skep_arena_alloc(arena, size);
	memcpy(data, &h, sizeof(h));
	if (b->types.len)
		memcpy(data + sizeof(h), b->types.data, b->types.len);
	if (b->strings.len)
		memcpy(data + sizeof(h) + b->types.len, b->strings.data, b->strings.len);
	*ret_data = data;
	*ret_size = size;
	return 0;
}
