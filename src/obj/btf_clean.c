/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/btf_clean.h"

#include "base/str.h"
#include "obj/btf_priv.h"

#define LINK_STATIC 0
#define LINK_EXTERN 2

/* Variables and sections without anything declared only, and with a size. */
static bool section_is_fine(const struct skep_btf *btf, uint32_t id)
{
	struct skep_btf_type t = skep_btf_type(btf, id), var;
	struct skep_btf_secvar v;

	for (uint32_t i = 0; skep_btf_secvar(btf, id, i, &v) == 0; i++) {
		var = skep_btf_type(btf, v.type);
		if (var.kind != SKEP_BTF_VAR || var.vlen == LINK_EXTERN)
			return false;
	}
	return t.size_bytes && t.vlen;
}

static bool is_fine(const struct skep_btf *btf, uint32_t id)
{
	struct skep_btf_type t = skep_btf_type(btf, id);

	switch (t.kind) {
	case SKEP_BTF_FUNC:
	case SKEP_BTF_VAR:
		return t.vlen != LINK_EXTERN;
	case SKEP_BTF_DATASEC:
		return section_is_fine(btf, id);
	case SKEP_BTF_DECL_TAG:
		t = skep_btf_type(btf, t.type);
		return (t.kind != SKEP_BTF_FUNC && t.kind != SKEP_BTF_VAR) || t.vlen != LINK_EXTERN;
	default:
		return true;
	}
}

/* Where type @id ends: at the next, or at the end of all. */
static const uint8_t *end_of(const struct skep_btf *btf, uint32_t id, const uint8_t *end)
{
	return id + 1 < btf->n_types ? btf->types + btf->offsets[id + 1 - btf->first_id] : end;
}

static void copy_type(const struct skep_btf *btf, uint32_t id, const uint8_t *end, bool is_static,
		      struct skep_str *out)
{
	const uint8_t *type = btf->types + btf->offsets[id - btf->first_id];
	uint32_t empty[3] = { 0, SKEP_BTF_INFO(SKEP_BTF_STRUCT, 0, 0), 0 }, info;
	size_t at = out->len;

	if (!is_fine(btf, id)) {
		skep_str_addn(out, empty, sizeof(empty));
		return;
	}
	skep_str_addn(out, type, (size_t)(end_of(btf, id, end) - type));
	if (!is_static || skep_btf_kind(btf, id) != SKEP_BTF_FUNC)
		return;
	info = SKEP_BTF_INFO(SKEP_BTF_FUNC, LINK_STATIC, 0);
	memcpy(out->data + at + 4, &info, sizeof(info));
}

void skep_btf_clean(const struct skep_btf *btf, const bool *is_static, struct skep_arena *arena,
		    void **ret_data, size_t *ret_size)
{
	struct skep_btf_header h,
		out = { SKEP_BTF_MAGIC, SKEP_BTF_VERSION, 0, sizeof(out), 0, 0, 0, 0 };
	_cleanup_(skep_str_fini)
	struct skep_str types = {};
	uint8_t *blob;

	memcpy(&h, btf->data, sizeof(h));
	for (uint32_t id = btf->first_id; id < btf->n_types; id++)
		copy_type(btf, id, btf->types + h.types_len, is_static[id], &types);
	out.types_len = out.strings_off = (uint32_t)types.len;
	out.strings_len = btf->strings_len;
	*ret_size = sizeof(out) + types.len + out.strings_len;
	*ret_data = blob = skep_arena_alloc(arena, *ret_size);
	memcpy(blob, &out, sizeof(out));
	if (types.len)
		memcpy(blob + sizeof(out), types.data, types.len);
	if (out.strings_len)
		memcpy(blob + sizeof(out) + types.len, btf->strings, out.strings_len);
}
