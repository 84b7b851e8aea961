/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: what is behind typedefs, how large it is, what is inside of it.
 */
#include <errno.h>

#include "obj/btf_priv.h"

uint32_t skep_btf_strip(const struct skep_btf *btf, uint32_t id, bool typedefs)
{
	for (unsigned i = 0; i < BTF_CHAIN_MAX; i++) {
		struct btf_raw raw = skep_btf_raw(btf, id);

		switch (SKEP_BTF_INFO_KIND(raw.info)) {
		case SKEP_BTF_TYPEDEF:
			if (!typedefs)
				return id;
			break;
		case SKEP_BTF_CONST:
		case SKEP_BTF_VOLATILE:
		case SKEP_BTF_RESTRICT:
		case SKEP_BTF_TYPE_TAG:
			break;
		case SKEP_BTF_VOID:
			return 0;
		default:
			return id;
		}
		id = raw.word;
	}
	return 0;
}

int skep_btf_size(const struct skep_btf *btf, uint32_t id, uint32_t *ret_size)
{
	uint64_t count = 1;

	for (unsigned i = 0; i < BTF_CHAIN_MAX; i++) {
		struct skep_btf_type t;
		uint64_t size;

		t = skep_btf_type(btf, skep_btf_strip(btf, id, true));
		switch (t.kind) {
		case SKEP_BTF_ARRAY:
			/* Both factors are below 2^32. */
			count *= t.n_elems;
			if (count > UINT32_MAX)
				return -EINVAL;
			id = t.type;
			continue;
		case SKEP_BTF_VAR:
			id = t.type;
			continue;
		case SKEP_BTF_PTR:
			size = 8;
			break;
		case SKEP_BTF_INT:
		case SKEP_BTF_STRUCT:
		case SKEP_BTF_UNION:
		case SKEP_BTF_ENUM:
		case SKEP_BTF_ENUM64:
		case SKEP_BTF_FLOAT:
		case SKEP_BTF_DATASEC:
			size = t.size_bytes;
			break;
		default:
			return -EINVAL;
		}
		if (size * count > UINT32_MAX)
			return -EINVAL;
		*ret_size = (uint32_t)(size * count);
		return 0;
	}
	return -EINVAL;
}

int skep_btf_pointee(const struct skep_btf *btf, uint32_t id, uint32_t *ret_id)
{
	struct skep_btf_type t = skep_btf_type(btf, skep_btf_strip(btf, id, true));

	if (t.kind != SKEP_BTF_PTR)
		return -EINVAL;
	*ret_id = t.type;
	return 0;
}

int skep_btf_array(const struct skep_btf *btf, uint32_t id, uint32_t *ret_elem, uint32_t *ret_count)
{
	struct skep_btf_type t = skep_btf_type(btf, skep_btf_strip(btf, id, true));

	if (t.kind != SKEP_BTF_ARRAY)
		return -EINVAL;
	*ret_elem = t.type;
	*ret_count = t.n_elems;
	return 0;
}

static bool is_composite(uint32_t info)
{
	return SKEP_BTF_INFO_KIND(info) == SKEP_BTF_STRUCT ||
	       SKEP_BTF_INFO_KIND(info) == SKEP_BTF_UNION;
}

/* Member @index of a struct or union that has it. */
static struct skep_btf_member read_member(const struct skep_btf *btf, struct btf_raw raw,
					  uint32_t index)
{
	const uint8_t *p = raw.tail + (size_t)index * 12;
	uint32_t place = skep_load32(p + 8);
	struct skep_btf_member m = {
		.name = skep_btf_string(btf, skep_load32(p)),
		.type = skep_load32(p + 4),
		.bit_offset = place,
	};
	struct btf_raw inner;

	if (SKEP_BTF_INFO_FLAG(raw.info)) {
		m.bit_offset = SKEP_BTF_MEMBER_OFFSET(place);
		m.bit_size = SKEP_BTF_MEMBER_BITS(place);
		return m;
	}
	/* The older way to say bit field: an integer type that does not fill its bytes. */
	inner = skep_btf_raw(btf, skep_btf_strip(btf, m.type, true));
	if (SKEP_BTF_INFO_KIND(inner.info) == SKEP_BTF_INT) {
		uint32_t word = skep_load32(inner.tail);

		if (SKEP_BTF_INT_BITS(word) != (uint64_t)inner.word * 8 ||
		    SKEP_BTF_INT_OFFSET(word)) {
			m.bit_size = SKEP_BTF_INT_BITS(word);
			m.bit_offset += SKEP_BTF_INT_OFFSET(word);
		}
	}
	return m;
}

int skep_btf_member(const struct skep_btf *btf, uint32_t id, uint32_t index,
		    struct skep_btf_member *ret_member)
{
	struct btf_raw raw = skep_btf_raw(btf, skep_btf_strip(btf, id, true));

	if (!is_composite(raw.info))
		return -EINVAL;
	if (index >= SKEP_BTF_INFO_VLEN(raw.info))
		return -ENOENT;
	*ret_member = read_member(btf, raw, index);
	return 0;
}

int skep_btf_secvar(const struct skep_btf *btf, uint32_t id, uint32_t index,
		    struct skep_btf_secvar *ret_var)
{
	struct btf_raw raw = skep_btf_raw(btf, id);
	const uint8_t *p;

	if (SKEP_BTF_INFO_KIND(raw.info) != SKEP_BTF_DATASEC)
		return -EINVAL;
	if (index >= SKEP_BTF_INFO_VLEN(raw.info))
		return -ENOENT;
	p = raw.tail + (size_t)index * 12;
	*ret_var =
		(struct skep_btf_secvar){ skep_load32(p), skep_load32(p + 4), skep_load32(p + 8) };
	return 0;
}

/* A walk over members; the budget ends structs that contain themselves in many ways. */
struct walk {
	const struct skep_btf *btf;
	int (*visit)(void *data, const struct skep_btf_member *member);
	void *data;
	unsigned budget;
};

static int walk_struct(struct walk *w, struct btf_raw raw, uint64_t bit_offset, unsigned depth)
{
	int r = 0;

	if (depth == BTF_NEST_MAX)
		return -ELOOP;
	for (uint32_t i = 0; i < SKEP_BTF_INFO_VLEN(raw.info) && !r; i++) {
		struct skep_btf_member m = read_member(w->btf, raw, i);
		struct btf_raw inner;

		if (!w->budget--) {
			w->budget = 0;
			return -ELOOP;
		}
		m.bit_offset += bit_offset;
		if (*m.name) {
			r = w->visit(w->data, &m);
			continue;
		}
		/* Without a name: an anonymous struct, or the padding of bit fields. */
		inner = skep_btf_raw(w->btf, skep_btf_strip(w->btf, m.type, true));
		if (is_composite(inner.info))
			r = walk_struct(w, inner, m.bit_offset, depth + 1);
	}
	return r;
}

int skep_btf_walk_members(const struct skep_btf *btf, uint32_t id,
			  int (*visit)(void *data, const struct skep_btf_member *member),
			  void *data)
{
	struct walk w = { btf, visit, data, BTF_WALK_MAX };
	struct btf_raw raw = skep_btf_raw(btf, skep_btf_strip(btf, id, true));

	return is_composite(raw.info) ? walk_struct(&w, raw, 0, 0) : -EINVAL;
}

struct find_member {
	const char *name;
	struct skep_btf_member found;
};

static int visit_name(void *data, const struct skep_btf_member *member)
{
	struct find_member *f = data;

	if (strcmp(member->name, f->name) != 0)
		return 0;
	f->found = *member;
	return 1;
}

int skep_btf_find_member(const struct skep_btf *btf, uint32_t id, const char *name,
			 struct skep_btf_member *ret_member)
{
	struct find_member f = { .name = name };
	int r = skep_btf_walk_members(btf, id, visit_name, &f);

	if (r < 0)
		return r;
	if (!r)
		return -ENOENT;
	*ret_member = f.found;
	return 0;
}

int skep_btf_proto(const struct skep_btf *btf, uint32_t id, uint32_t *ret_proto)
{
	for (unsigned i = 0; i < 3; i++) {
		struct skep_btf_type t;

		t = skep_btf_type(btf, skep_btf_strip(btf, id, true));
		if (t.kind == SKEP_BTF_FUNC_PROTO) {
			*ret_proto = t.id;
			return 0;
		}
		if (t.kind != SKEP_BTF_FUNC && t.kind != SKEP_BTF_PTR)
			break;
		id = t.type;
	}
	return -EINVAL;
}

int skep_btf_param(const struct skep_btf *btf, uint32_t proto, uint32_t index,
		   struct skep_btf_param *ret_param)
{
	struct btf_raw raw = skep_btf_raw(btf, proto);
	const uint8_t *p;

	if (SKEP_BTF_INFO_KIND(raw.info) != SKEP_BTF_FUNC_PROTO)
		return -EINVAL;
	if (index >= SKEP_BTF_INFO_VLEN(raw.info))
		return -ENOENT;
	p = raw.tail + (size_t)index * 8;
	*ret_param =
		(struct skep_btf_param){ skep_btf_string(btf, skep_load32(p)), skep_load32(p + 4) };
	return 0;
}
