/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/btf_join.h"

#include <errno.h>

#include "obj/btf_priv.h"

/* Words behind a type's head that hold ids and names, for moving: what each element is made of. */
enum word {
	WORD_PLAIN,
	WORD_TYPE,
	WORD_NAME
};

#define PLAIN WORD_PLAIN
#define TYPE WORD_TYPE
#define NAME WORD_NAME

/* clang-format off */
static const struct layout {
	uint8_t head; /* the third word of the head */
	uint8_t n_fixed, fixed[3];
	uint8_t n_element, element[3];
} layouts[SKEP_N_BTF_KINDS] = {
	[SKEP_BTF_INT] = { PLAIN, 1, { PLAIN }, 0, {} },
	[SKEP_BTF_PTR] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_ARRAY] = { PLAIN, 3, { TYPE, TYPE, PLAIN }, 0, {} },
	[SKEP_BTF_STRUCT] = { PLAIN, 0, {}, 3, { NAME, TYPE, PLAIN } },
	[SKEP_BTF_UNION] = { PLAIN, 0, {}, 3, { NAME, TYPE, PLAIN } },
	[SKEP_BTF_ENUM] = { PLAIN, 0, {}, 2, { NAME, PLAIN } },
	[SKEP_BTF_FWD] = { PLAIN, 0, {}, 0, {} },
	[SKEP_BTF_TYPEDEF] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_VOLATILE] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_CONST] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_RESTRICT] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_FUNC] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_FUNC_PROTO] = { TYPE, 0, {}, 2, { NAME, TYPE } },
	[SKEP_BTF_VAR] = { TYPE, 1, { PLAIN }, 0, {} },
	[SKEP_BTF_DATASEC] = { PLAIN, 0, {}, 3, { TYPE, PLAIN, PLAIN } },
	[SKEP_BTF_FLOAT] = { PLAIN, 0, {}, 0, {} },
	[SKEP_BTF_DECL_TAG] = { TYPE, 1, { PLAIN }, 0, {} },
	[SKEP_BTF_TYPE_TAG] = { TYPE, 0, {}, 0, {} },
	[SKEP_BTF_ENUM64] = { PLAIN, 0, {}, 3, { NAME, PLAIN, PLAIN } },
};
/* clang-format on */

static void add32(uint8_t *p, uint32_t value)
{
	value += skep_load32(p);
	memcpy(p, &value, sizeof(value));
}

struct shift {
	uint32_t type, name;
};

static void move_word(uint8_t *p, enum word what, struct shift by)
{
	if (what == WORD_TYPE && skep_load32(p))
		add32(p, by.type);
	else if (what == WORD_NAME && skep_load32(p))
		add32(p, by.name);
}

/* Moves the type at @p, which a parse has checked; returns what is behind it. */
static uint8_t *move_type(uint8_t *p, struct shift by)
{
	uint32_t info = skep_load32(p + 4), n = SKEP_BTF_INFO_VLEN(info);
	const struct layout *l = &layouts[SKEP_BTF_INFO_KIND(info)];

	move_word(p, WORD_NAME, by);
	move_word(p + 8, l->head, by);
	p += SKEP_BTF_HEAD_SIZE;
	for (unsigned i = 0; i < l->n_fixed; i++, p += 4)
		move_word(p, l->fixed[i], by);
	for (uint32_t i = 0; l->n_element && i < n; i++)
		for (unsigned k = 0; k < l->n_element; k++, p += 4)
			move_word(p, l->element[k], by);
	return p;
}

int skep_btf_join_add(struct skep_btf_join *j, const struct skep_btf *btf, uint32_t *ret_type,
		      uint32_t *ret_name)
{
	struct shift by = { j->n_types ? j->n_types - 1 : 0, (uint32_t)j->strings.len };
	struct skep_btf_header h;
	size_t at = j->types.len;

	memcpy(&h, btf->data, sizeof(h));
	if ((uint64_t)j->types.len + j->strings.len + h.types_len + h.strings_len >
	    SKEP_BTF_JOIN_MAX)
		return -E2BIG;
	skep_str_addn(&j->types, btf->types, h.types_len);
	skep_str_addn(&j->strings, btf->strings, btf->strings_len);
	for (uint8_t *p = (uint8_t *)j->types.data + at, *end = p + h.types_len; p < end;)
		p = move_type(p, by);
	*ret_type = by.type + 1;
	*ret_name = by.name;
	j->n_types = by.type + btf->n_types;
	return 0;
}

void skep_btf_join_finish(const struct skep_btf_join *j, struct skep_arena *arena,
			  const void **ret_data, size_t *ret_size)
{
	struct skep_btf_header h = {
		.magic = SKEP_BTF_MAGIC,
		.version = SKEP_BTF_VERSION,
		.header_len = sizeof(h),
		.types_len = (uint32_t)j->types.len,
		.strings_off = (uint32_t)j->types.len,
		.strings_len = (uint32_t)j->strings.len,
	};
	uint8_t *blob;

	*ret_size = sizeof(h) + j->types.len + j->strings.len;
	*ret_data = blob = skep_arena_alloc(arena, *ret_size);
	memcpy(blob, &h, sizeof(h));
	if (j->types.len)
		memcpy(blob + sizeof(h), j->types.data, j->types.len);
	if (j->strings.len)
		memcpy(blob + sizeof(h) + j->types.len, j->strings.data, j->strings.len);
}

void skep_btf_join_fini(struct skep_btf_join *j)
{
	skep_str_fini(&j->types);
	skep_str_fini(&j->strings);
	j->n_types = 0;
}
