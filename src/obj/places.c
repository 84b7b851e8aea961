/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/places.h"

#include <errno.h>

#define PARTS_MAX 16 /* structs and arrays in each other */

static bool holds(const struct skep_place *p, uint32_t prog, uint32_t insn)
{
	return p->prog == prog && p->first <= insn && insn < p->end;
}

static const struct skep_place *inner(const struct skep_place *a, const struct skep_place *b)
{
	return !a || b->end - b->first < a->end - a->first ? b : a;
}

const struct skep_place *skep_place_of_reg(const struct skep_places *places, uint32_t prog,
					   uint32_t insn, unsigned reg)
{
	const struct skep_place *best = NULL;

	for (size_t i = 0; places && i < places->n; i++) {
		const struct skep_place *p = &places->places[i];

		if (!p->on_stack && p->reg == reg && p->off == 0 && holds(p, prog, insn))
			best = inner(best, p);
	}
	return best;
}

const struct skep_place *skep_place_near(const struct skep_places *places, uint32_t prog,
					 uint32_t insn, unsigned reg, int32_t off)
{
	const struct skep_place *best = NULL;
	uint32_t target;

	for (size_t i = 0; places && i < places->n; i++) {
		const struct skep_place *p = &places->places[i];

		if (!p->on_stack && p->reg == reg && p->off <= off && holds(p, prog, insn) &&
		    (!best || p->off > best->off) &&
		    skep_btf_pointee(places->btf, p->type, &target) == 0)
			best = p;
	}
	return best;
}

const struct skep_place *skep_place_of_slot(const struct skep_places *places, uint32_t prog,
					    uint32_t insn, int32_t off)
{
	const struct skep_place *best = NULL;

	for (size_t i = 0; places && i < places->n; i++) {
		const struct skep_place *p = &places->places[i];
		uint32_t size;

		if (p->on_stack && holds(p, prog, insn) &&
		    skep_btf_size(places->btf, p->type, &size) == 0 && p->off <= off &&
		    (int64_t)off < (int64_t)p->off + size)
			best = inner(best, p);
	}
	return best;
}

/* The member that the byte at @offset is in; of a union the first that has @size bytes there. */
static bool member_at(const struct skep_btf *btf, uint32_t id, uint32_t n, uint32_t offset,
		      uint32_t size, struct skep_btf_member *ret_member)
{
	bool found = false;

	for (uint32_t i = 0; i < n; i++) {
		struct skep_btf_member m;
		uint32_t bytes;

		if (skep_btf_member(btf, id, i, &m) < 0 || m.bit_size ||
		    skep_btf_size(btf, m.type, &bytes) < 0 || m.bit_offset / 8 > offset ||
		    offset + (uint64_t)size > m.bit_offset / 8 + bytes)
			continue;
		if (!found || bytes == size)
			*ret_member = m;
		found = true;
		if (bytes == size)
			break;
	}
	return found;
}

static int format_part(const struct skep_btf *btf, uint32_t id, uint32_t offset, uint32_t size,
		       struct skep_str *out, uint32_t *ret_type)
{
	for (unsigned i = 0; i < PARTS_MAX; i++) {
		struct skep_btf_type t = skep_btf_type(btf, skep_btf_strip(btf, id, true));
		uint32_t bytes;

		if (skep_btf_size(btf, t.id, &bytes) < 0)
			return -ENOENT;
		if (offset == 0 && bytes == size) {
			*ret_type = id;
			return 0;
		}
		if (t.kind == SKEP_BTF_ARRAY && skep_btf_size(btf, t.type, &bytes) == 0 && bytes) {
			skep_str_addf(out, "[%u]", offset / bytes);
			offset %= bytes;
			id = t.type;
		} else if (t.kind == SKEP_BTF_STRUCT || t.kind == SKEP_BTF_UNION) {
			struct skep_btf_member m;

			if (!member_at(btf, t.id, t.vlen, offset, size, &m))
				return -ENOENT;
			if (m.name[0])
				skep_str_addf(out, ".%s", m.name);
			offset -= (uint32_t)(m.bit_offset / 8);
			id = m.type;
		} else {
			/* some bytes of a number, as compilers read what may be misaligned */
			*ret_type = 0;
			return offset + (uint64_t)size <= bytes ? 0 : -ENOENT;
		}
	}
	return -ENOENT;
}

int skep_btf_format_part(const struct skep_btf *btf, uint32_t id, uint32_t offset, uint32_t size,
			 struct skep_str *out, uint32_t *ret_type)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	uint32_t type = 0;
	int r = format_part(btf, id, offset, size, &text, &type);

	if (r < 0)
		return r;
	skep_str_add(out, skep_str_text(&text));
	if (ret_type)
		*ret_type = type;
	return 0;
}
