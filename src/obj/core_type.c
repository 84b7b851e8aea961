/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of two kernels beside each other. To fit is little: a field may have become longer, a pointer may point at
 * something else. To match is much: everything that the local type says must be so in the target.
 */
#include <errno.h>

#include "obj/core_priv.h"

/* "a___b": neither end may be an underscore itself. */
static bool is_separator(const char *s)
{
	return s[0] != '_' && s[1] == '_' && s[2] == '_' && s[3] == '_' && s[4] != '_';
}

size_t skep_core_name_len(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = n; i >= 5; i--)
		if (is_separator(name + i - 5))
			return i - 4;
	return n;
}

bool core_same_name(const char *a, const char *b)
{
	size_t len = skep_core_name_len(a);

	return len == skep_core_name_len(b) && !strncmp(a, b, len);
}

static bool is_enum(enum skep_btf_kind kind)
{
	return kind == SKEP_BTF_ENUM || kind == SKEP_BTF_ENUM64;
}

static bool is_composite(enum skep_btf_kind kind)
{
	return kind == SKEP_BTF_STRUCT || kind == SKEP_BTF_UNION;
}

bool core_same_kind(enum skep_btf_kind a, enum skep_btf_kind b)
{
	return a == b || (is_enum(a) && is_enum(b));
}

static struct skep_btf_type bare(const struct skep_btf *btf, uint32_t id)
{
	return skep_btf_type(btf, skep_btf_strip(btf, id, true));
}

/* The older way to say bit field is no whole integer. */
static bool is_whole(const struct skep_btf *btf, uint32_t id)
{
	return !SKEP_BTF_INT_OFFSET(skep_load32(skep_btf_raw(btf, id).tail));
}

int core_fields_fit(struct core_pair *pair, uint32_t local_id, uint32_t id)
{
	for (unsigned i = 0; i < CORE_DEPTH_MAX; i++) {
		struct skep_btf_type a = bare(pair->local, local_id), b = bare(pair->btf, id);

		if (is_composite(a.kind) && is_composite(b.kind))
			return 1;
		if (!core_same_kind(a.kind, b.kind))
			return 0;
		switch (a.kind) {
		case SKEP_BTF_PTR:
		case SKEP_BTF_FLOAT:
			return 1;
		case SKEP_BTF_FWD:
		case SKEP_BTF_ENUM:
		case SKEP_BTF_ENUM64:
			return !*a.name || !*b.name || core_same_name(a.name, b.name);
		case SKEP_BTF_INT:
			return is_whole(pair->local, a.id) && is_whole(pair->btf, b.id);
		case SKEP_BTF_ARRAY:
			local_id = a.type;
			id = b.type;
			continue;
		default:
			return 0;
		}
	}
	return -EINVAL;
}

static int protos_fit(struct core_pair *pair, uint32_t local_id, uint32_t id, unsigned depth)
{
	struct skep_btf_param a, b;

	for (uint32_t i = 0; skep_btf_param(pair->local, local_id, i, &a) == 0; i++) {
		int r;

		if (skep_btf_param(pair->btf, id, i, &b) < 0)
			return -EINVAL;
		r = core_types_fit(pair, a.type, b.type, depth);
		if (r <= 0)
			return r;
	}
	return 1;
}

int core_types_fit(struct core_pair *pair, uint32_t local_id, uint32_t id, unsigned depth)
{
	while (depth-- && core_spend(pair)) {
		struct skep_btf_type a = bare(pair->local, local_id), b = bare(pair->btf, id);
		int r;

		if (!core_same_kind(a.kind, b.kind))
			return 0;
		switch (a.kind) {
		case SKEP_BTF_VOID:
		case SKEP_BTF_STRUCT:
		case SKEP_BTF_UNION:
		case SKEP_BTF_ENUM:
		case SKEP_BTF_ENUM64:
		case SKEP_BTF_FWD:
			return 1;
		case SKEP_BTF_INT:
			return is_whole(pair->local, a.id) && is_whole(pair->btf, b.id);
		case SKEP_BTF_FUNC_PROTO:
			if (a.vlen != b.vlen)
				return 0;
			r = protos_fit(pair, a.id, b.id, depth);
			if (r <= 0)
				return r;
			break;
		case SKEP_BTF_PTR:
		case SKEP_BTF_ARRAY:
			break;
		default:
			return 0;
		}
		local_id = a.type;
		id = b.type;
	}
	return -EINVAL;
}

int skep_core_fits(const struct skep_btf *local, uint32_t local_id, const struct skep_btf *target,
		   uint32_t id)
{
	struct core_pair pair = { local, target, CORE_BUDGET };

	return core_types_fit(&pair, local_id, id, CORE_DEPTH_MAX);
}

/*
 * Matching.
 */

/* As far as the local name goes; one without a name matches every name. */
static bool name_matches(const char *local, const char *name)
{
	return !strncmp(local, name, skep_core_name_len(local));
}

static int enums_match(struct core_pair *pair, const struct skep_btf_type *a,
		       const struct skep_btf_type *b)
{
	struct skep_btf_enumerator x, y;

	if (!is_enum(b->kind) || a->size_bytes != b->size_bytes || a->vlen > b->vlen)
		return 0;
	for (uint32_t i = 0; skep_btf_enumerator(pair->local, a->id, i, &x) == 0; i++) {
		bool found = false;

		for (uint32_t k = 0; !found && skep_btf_enumerator(pair->btf, b->id, k, &y) == 0;
		     k++)
			found = name_matches(x.name, y.name);
		if (!found)
			return 0;
	}
	return 1;
}

static int members_match(struct core_pair *pair, const struct skep_btf_type *a,
			 const struct skep_btf_type *b, bool behind, unsigned depth)
{
	struct skep_btf_member x, y;

	if (a->vlen > b->vlen)
		return 0;
	for (uint32_t i = 0; skep_btf_member(pair->local, a->id, i, &x) == 0; i++) {
		bool found = false;

		for (uint32_t k = 0; !found && skep_btf_member(pair->btf, b->id, k, &y) == 0; k++)
			found = name_matches(x.name, y.name) &&
				core_types_match(pair, x.type, y.type, behind, depth) > 0;
		if (!found)
			return 0;
	}
	return 1;
}

static int protos_match(struct core_pair *pair, const struct skep_btf_type *a,
			const struct skep_btf_type *b, bool behind, unsigned depth)
{
	struct skep_btf_param x, y;

	if (a->vlen != b->vlen)
		return 0;
	for (uint32_t i = 0; skep_btf_param(pair->local, a->id, i, &x) == 0; i++) {
		int r;

		if (skep_btf_param(pair->btf, b->id, i, &y) < 0)
			return -EINVAL;
		r = core_types_match(pair, x.type, y.type, behind, depth);
		if (r <= 0)
			return r;
	}
	return 1;
}

/* Behind a pointer the kind is enough, and a declaration is as good as the whole. */
static int composites_match(struct core_pair *pair, const struct skep_btf_type *a,
			    const struct skep_btf_type *b, bool behind, unsigned depth)
{
	if (!behind)
		return a->kind == b->kind ? members_match(pair, a, b, behind, depth) : 0;
	if (a->kind == b->kind)
		return 1;
	return b->kind == SKEP_BTF_FWD && (a->kind == SKEP_BTF_UNION) == b->is_union;
}

static bool declarations_match(const struct skep_btf_type *a, const struct skep_btf_type *b,
			       bool behind)
{
	if (a->kind == b->kind)
		return a->is_union == b->is_union;
	return behind && b->kind == (a->is_union ? SKEP_BTF_UNION : SKEP_BTF_STRUCT);
}

int core_types_match(struct core_pair *pair, uint32_t local_id, uint32_t id, bool behind,
		     unsigned depth)
{
	while (depth-- && core_spend(pair)) {
		struct skep_btf_type a = bare(pair->local, local_id), b = bare(pair->btf, id);
		int r;

		if (!name_matches(a.name, b.name))
			return 0;
		switch (a.kind) {
		case SKEP_BTF_VOID:
			return b.kind == SKEP_BTF_VOID;
		case SKEP_BTF_FWD:
			return declarations_match(&a, &b, behind);
		case SKEP_BTF_ENUM:
		case SKEP_BTF_ENUM64:
			return enums_match(pair, &a, &b);
		case SKEP_BTF_STRUCT:
		case SKEP_BTF_UNION:
			return composites_match(pair, &a, &b, behind, depth);
		case SKEP_BTF_INT:
			return b.kind == a.kind && a.size_bytes == b.size_bytes &&
			       a.is_signed == b.is_signed;
		case SKEP_BTF_PTR:
			if (b.kind != a.kind)
				return 0;
			behind = true;
			break;
		case SKEP_BTF_ARRAY:
			if (b.kind != a.kind || a.n_elems != b.n_elems)
				return 0;
			break;
		case SKEP_BTF_FUNC_PROTO:
			if (b.kind != a.kind)
				return 0;
			r = protos_match(pair, &a, &b, behind, depth);
			if (r <= 0)
				return r;
			break;
		default:
			return 0;
		}
		local_id = a.type;
		id = b.type;
	}
	return -EINVAL;
}
