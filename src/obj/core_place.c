/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places: what a record means in the types that it was compiled with, and where the same is in other types.
 */
#include <errno.h>
#include <stdlib.h>

#include "obj/core_priv.h"

static struct skep_btf_type bare(const struct skep_btf *btf, uint32_t id)
{
	return skep_btf_type(btf, skep_btf_strip(btf, id, true));
}

static bool is_composite(enum skep_btf_kind kind)
{
	return kind == SKEP_BTF_STRUCT || kind == SKEP_BTF_UNION;
}

static int push(struct core_place *p, const char *name, uint32_t index, uint32_t type)
{
	if (p->n == SKEP_CORE_STEPS_MAX)
		return -E2BIG;
	p->steps[p->n++] = (struct core_step){ name, index, type };
	return 0;
}

/* Element @index of something that has the type @elem. */
static int push_element(struct core_place *p, uint32_t index, uint32_t elem)
{
	uint32_t size;

	if (skep_btf_size(p->btf, elem, &size) < 0 || (uint64_t)index * size > INT32_MAX)
		return -EINVAL;
	p->bit_offset += (uint64_t)index * size * 8;
	return push(p, NULL, index, elem);
}

/* An array without length at the end of a struct goes on as far as one likes. */
static bool is_flexible(const struct core_place *p, const struct skep_btf_type *array)
{
	const struct core_step *last = &p->steps[p->n - 1];

	return !array->n_elems && last->name &&
	       last->index + 1 == skep_btf_type(p->btf, last->type).vlen;
}

/*
 * Local.
 */

/* "0:12:3": the next number, and the text behind it; false: there is none. */
static bool next_index(const char **text, uint32_t *ret_index)
{
	unsigned long n;
	char *end;

	if (**text == ':')
		++*text;
	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	n = strtoul(*text, &end, 10);
	if (errno || n > UINT32_MAX || (*end && *end != ':'))
		return false;
	*text = end;
	*ret_index = (uint32_t)n;
	return true;
}

/* One more step into @type, and where it leads. */
static int step_into(struct core_place *p, uint32_t index, uint32_t *type)
{
	struct skep_btf_type t = bare(p->btf, *type);
	struct skep_btf_member m;

	if (is_composite(t.kind)) {
		if (skep_btf_member(p->btf, t.id, index, &m) < 0)
			return -EINVAL;
		p->bit_offset += m.bit_offset;
		*type = m.type;
		/* Through anonymous ones one is not looked for by name. */
		return *m.name ? push(p, m.name, index, t.id) : 0;
	}
	if (t.kind != SKEP_BTF_ARRAY || (index >= t.n_elems && !is_flexible(p, &t)))
		return -EINVAL;
	*type = skep_btf_strip(p->btf, t.type, true);
	return push_element(p, index, *type);
}

static int parse_field(const char *text, struct core_place *p)
{
	uint32_t index, type = skep_btf_strip(p->btf, p->root, true);
	int r;

	if (!next_index(&text, &index))
		return -EINVAL;
	r = push_element(p, index, type);
	while (r == 0 && *text) {
		if (!next_index(&text, &index))
			return -EINVAL;
		r = step_into(p, index, &type);
	}
	return r;
}

int core_parse(const struct skep_btf *local, const struct skep_core_reloc *reloc,
	       struct core_place *ret_place)
{
	const char *text = reloc->access;
	struct skep_btf_enumerator e;
	uint32_t index;

	ret_place->btf = local;
	ret_place->root = reloc->type;
	ret_place->n = 0;
	ret_place->bit_offset = 0;
	if (core_is_type(reloc->kind))
		return skep_streq(text, "0") ? 0 : -EINVAL;
	if (!core_is_enum(reloc->kind))
		return parse_field(text, ret_place);
	if (!next_index(&text, &index) || *text ||
	    skep_btf_enumerator(local, reloc->type, index, &e) < 0)
		return -EINVAL;
	return push(ret_place, e.name, index, skep_btf_strip(local, reloc->type, true));
}

/*
 * Target.
 */

/*
 * The member called as @local's, also in anonymous structs; *type becomes its type. The first of that name decides: when
 * its type does not fit, the field is not there.
 */
static int find_member(struct core_pair *pair, struct core_place *p, const struct core_step *step,
		       uint32_t *type, unsigned depth)
{
	struct skep_btf_type t = bare(p->btf, *type);
	struct skep_btf_member wanted, m;

	if (!is_composite(t.kind))
		return 0;
	if (!depth || skep_btf_member(pair->local, step->type, step->index, &wanted) < 0)
		return -EINVAL;
	for (uint32_t i = 0; skep_btf_member(p->btf, t.id, i, &m) == 0; i++) {
		uint32_t inner = m.type;
		int r;

		if (!core_spend(pair))
			return -EINVAL;
		if (!*m.name) {
			p->bit_offset += m.bit_offset;
			r = find_member(pair, p, step, &inner, depth - 1);
			if (r)
				*type = inner;
			if (r)
				return r;
			p->bit_offset -= m.bit_offset;
		} else if (skep_streq(m.name, step->name)) {
			r = core_fields_fit(pair, wanted.type, m.type);
			if (r <= 0)
				return r;
			p->bit_offset += m.bit_offset;
			*type = m.type;
			r = push(p, m.name, i, t.id);
			return r < 0 ? r : 1;
		}
	}
	return 0;
}

/* The root counts as an element of an array already. */
static int find_element(struct core_place *p, const struct core_step *step, uint32_t *type)
{
	struct skep_btf_type t;
	int r;

	if (p->n) {
		t = bare(p->btf, *type);
		if (t.kind != SKEP_BTF_ARRAY || (step->index >= t.n_elems && !is_flexible(p, &t)))
			return 0;
		*type = skep_btf_strip(p->btf, t.type, true);
	}
	r = push_element(p, step->index, *type);
	return r < 0 ? r : 1;
}

static int find_field(struct core_pair *pair, const struct core_place *local, struct core_place *p)
{
	uint32_t type = skep_btf_strip(p->btf, p->root, true);

	for (unsigned i = 0; i < local->n; i++) {
		const struct core_step *step = &local->steps[i];
		int r = step->name ? find_member(pair, p, step, &type, CORE_DEPTH_MAX)
				   : find_element(p, step, &type);

		if (r <= 0)
			return r;
	}
	return 1;
}

static int find_constant(const struct core_place *local, struct core_place *p)
{
	uint32_t id = skep_btf_strip(p->btf, p->root, true);
	struct skep_btf_enumerator e;

	for (uint32_t i = 0; skep_btf_enumerator(p->btf, id, i, &e) == 0; i++)
		if (core_same_name(e.name, local->steps[0].name))
			return push(p, e.name, i, id) < 0 ? -EINVAL : 1;
	return 0;
}

int core_find(enum skep_core_kind kind, const struct core_place *local, const struct skep_btf *btf,
	      uint32_t target, struct core_place *ret_place)
{
	struct core_pair pair = { local->btf, btf, CORE_BUDGET };

	ret_place->btf = btf;
	ret_place->root = target;
	ret_place->n = 0;
	ret_place->bit_offset = 0;
	if (kind == SKEP_CORE_TYPE_MATCHES)
		return core_types_match(&pair, local->root, target, false, CORE_DEPTH_MAX);
	if (core_is_type(kind))
		return core_types_fit(&pair, local->root, target, CORE_DEPTH_MAX);
	return core_is_enum(kind) ? find_constant(local, ret_place)
				  : find_field(&pair, local, ret_place);
}
