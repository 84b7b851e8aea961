/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/spec_append.h"

#include <errno.h>
#include <string.h>

#include "obj/btf_join.h"

/* A new array of both. */
static void *both(struct skep_arena *arena, const void *a, size_t n_a, const void *b, size_t n_b,
		  size_t size)
{
	uint8_t *all = skep_arena_calloc(arena, n_a + n_b, size);

	if (n_a)
		memcpy(all, a, n_a * size);
	if (n_b)
		memcpy(all + n_a * size, b, n_b * size);
	return all;
}

static uint32_t move_type(const struct skep_spec_places *by, uint32_t type)
{
	return type ? type + by->type : 0;
}

static void move_prog(struct skep_spec_prog *p, const struct skep_spec_places *by,
		      struct skep_arena *arena)
{
	p->relocs = skep_arena_memdup(arena, p->relocs, p->n_relocs * sizeof(*p->relocs));
	p->cores = skep_arena_memdup(arena, p->cores, p->n_cores * sizeof(*p->cores));
	p->btf_func = move_type(by, p->btf_func);
	for (size_t i = 0; i < p->n_relocs; i++) {
		struct skep_reloc *reloc = &p->relocs[i];

		if (reloc->kind == SKEP_RELOC_MAP || reloc->kind == SKEP_RELOC_MAP_VALUE)
			reloc->index += by->map;
		else if (reloc->kind == SKEP_RELOC_FUNC)
			reloc->index += by->prog;
		reloc->type = move_type(by, reloc->type);
	}
	for (size_t i = 0; i < p->n_cores; i++)
		p->cores[i].type = move_type(by, p->cores[i].type);
}

static void move_map(struct skep_spec_map *m, const struct skep_spec_places *by,
		     struct skep_arena *arena)
{
	struct skep_spec_slot *slots =
		skep_arena_memdup(arena, m->slots, m->n_slots * sizeof(*slots));
	struct skep_spec_map *inner;

	m->btf_key_type = move_type(by, m->btf_key_type);
	m->btf_value_type = move_type(by, m->btf_value_type);
	for (size_t i = 0; i < m->n_slots; i++)
		slots[i].index += m->inner ? by->map : by->prog;
	m->slots = slots;
	if (!m->inner)
		return;
	inner = skep_arena_memdup(arena, m->inner, sizeof(*inner));
	inner->btf_key_type = move_type(by, inner->btf_key_type);
	inner->btf_value_type = move_type(by, inner->btf_value_type);
	m->inner = inner;
}

/* *ret_shift: what is added to the numbers of types of @more. */
static int join_types(struct skep_spec *spec, const struct skep_spec *more,
		      struct skep_arena *arena, uint32_t *ret_shift)
{
	_cleanup_(skep_btf_join_fini)
	struct skep_btf_join joined = {};
	_cleanup_(skep_btf_freep)
	struct skep_btf *a = NULL;
	_cleanup_(skep_btf_freep)
	struct skep_btf *b = NULL;
	uint32_t first, names;
	int r;

	*ret_shift = 0;
	if (!more->btf)
		return 0;
	if (!spec->btf) {
		spec->btf = more->btf;
		spec->btf_size = more->btf_size;
		return 0;
	}
	r = skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, NULL, &a);
	if (r == 0)
		r = skep_btf_parse(more->btf, more->btf_size, NULL, NULL, NULL, &b);
	if (r == 0)
		r = skep_btf_join_add(&joined, a, &first, &names);
	if (r == 0)
		r = skep_btf_join_add(&joined, b, &first, &names);
	if (r < 0)
		return r;
	skep_btf_join_finish(&joined, arena, &spec->btf, &spec->btf_size);
	*ret_shift = first - 1;
	return 0;
}

int skep_spec_append(struct skep_spec *spec, const struct skep_spec *more, struct skep_arena *arena,
		     struct skep_spec_places *ret_places)
{
	struct skep_spec_places by = {
		.map = (uint32_t)spec->n_maps,
		.prog = (uint32_t)spec->n_progs,
		.attach = (uint32_t)spec->n_attaches,
		.var = (uint32_t)spec->n_vars,
	};
	int r;

	if (more->n_needs)
		return -EINVAL;
	r = join_types(spec, more, arena, &by.type);
	if (r < 0)
		return r;
#define APPEND(list)                                                                             \
	do {                                                                                     \
		spec->list = both(arena, spec->list, spec->n_##list, more->list, more->n_##list, \
				  sizeof(*spec->list));                                          \
		spec->n_##list += more->n_##list;                                                \
	} while (0)
	APPEND(maps);
	APPEND(progs);
	APPEND(attaches);
	APPEND(vars);
#undef APPEND
	for (size_t i = by.map; i < spec->n_maps; i++)
		move_map(&spec->maps[i], &by, arena);
	for (size_t i = by.prog; i < spec->n_progs; i++)
		move_prog(&spec->progs[i], &by, arena);
	for (size_t i = by.attach; i < spec->n_attaches; i++)
		spec->attaches[i].prog += by.prog;
	for (size_t i = by.var; i < spec->n_vars; i++) {
		spec->vars[i].map += by.map;
		spec->vars[i].type = move_type(&by, spec->vars[i].type);
	}
	if (!spec->license)
		spec->license = more->license;
	if (!spec->source_name)
		spec->source_name = more->source_name;
	*ret_places = by;
	return 0;
}
