/* SPDX-License-Identifier: Apache-2.0 */
/* A spec under construction, and the order of the passes. */
#include <errno.h>
#include <string.h>

#include "gen/ir.h"

struct skep_gen *skep_gen_new(struct skep_arena *arena, const char *license,
			      const struct skep_gen_options *options)
{
	struct skep_gen *gen = skep_arena_alloc(arena, sizeof(*gen));

	gen->arena = arena;
	gen->license = skep_arena_strdup(arena, license);
	if (options)
		gen->options = *options;
	else
		gen->options.opt_level = 1;
	if (!gen->options.cpu)
		gen->options.cpu = 3;
	return gen;
}

static const char *copy_str(struct skep_arena *arena, const char *s)
{
	return s ? skep_arena_strdup(arena, s) : NULL;
}

unsigned skep_gen_map(struct skep_gen *gen, const struct skep_spec_map *map)
{
	struct skep_spec_map copy = *map;

	copy.name = copy_str(gen->arena, map->name);
	if (map->data)
		copy.data = skep_arena_memdup(gen->arena, map->data, map->data_size);
	gen->maps = ir_grow(gen->arena, gen->maps, gen->n_maps, &gen->cap_maps, sizeof(copy));
	gen->maps[gen->n_maps] = copy;
	return gen->n_maps++;
}

struct skep_spec_map *skep_gen_map_at(struct skep_gen *gen, unsigned map)
{
	return map < gen->n_maps ? &gen->maps[map] : NULL;
}

unsigned skep_gen_attach(struct skep_gen *gen, const struct skep_spec_attach *attach)
{
	struct skep_spec_attach copy = *attach;

	copy.probe = copy_str(gen->arena, attach->probe);
	copy.targets = skep_arena_memdup(gen->arena, attach->targets,
					 attach->n_targets * sizeof(*attach->targets));
	for (size_t i = 0; i < copy.n_targets; i++) {
		copy.targets[i].name = copy_str(gen->arena, copy.targets[i].name);
		copy.targets[i].symbol = copy_str(gen->arena, copy.targets[i].symbol);
	}
	gen->attaches = ir_grow(gen->arena, gen->attaches, gen->n_attaches, &gen->cap_attaches,
				sizeof(copy));
	gen->attaches[gen->n_attaches] = copy;
	return gen->n_attaches++;
}

/* The entry block holds nothing but parameters, so nobody can jump to it. */
static struct skep_fn *fn_new(struct skep_gen *gen, const struct skep_spec_prog *proto,
			      unsigned n_params)
{
	struct skep_fn *fn = skep_arena_alloc(gen->arena, sizeof(*fn));
	struct skep_block *body;

	fn->gen = gen;
	fn->arena = gen->arena;
	fn->proto = *proto;
	fn->proto.name = skep_arena_strdup(gen->arena, proto->name ? proto->name : "");
	fn->proto.attach_module = copy_str(gen->arena, proto->attach_module);
	fn->index = gen->n_fns;
	fn->n_params = MIN(n_params, 5u);
	gen->fns =
		ir_grow(gen->arena, gen->fns, gen->n_fns, &gen->cap_fns, sizeof(struct skep_fn *));
	gen->fns[gen->n_fns++] = fn;
	fn->here = ir_block_new(fn);
	body = ir_block_new(fn);
	skep_ir_jump(fn, body);
	skep_ir_at(fn, body);
	return fn;
}

struct skep_fn *skep_gen_prog(struct skep_gen *gen, const struct skep_spec_prog *proto)
{
	return fn_new(gen, proto, 1);
}

struct skep_fn *skep_gen_subprog(struct skep_gen *gen, const char *name, unsigned n_params)
{
	return fn_new(gen, &(struct skep_spec_prog){ .name = name }, n_params);
}

unsigned skep_fn_index(const struct skep_fn *fn)
{
	return fn->index;
}

unsigned skep_gen_n_fns(const struct skep_gen *gen)
{
	return gen->n_fns;
}

/* --- passes ----------------------------------------------------------------------------------- */

static int check_ends(struct skep_fn *fn, struct skep_diag *diag)
{
	for (unsigned i = 0; i < fn->n_order; i++)
		if (!fn->order[i]->ended) {
			skep_diag_error(diag, fn->proto.loc,
					"internal error in '%s': block b%u has no end",
					fn->proto.name, fn->order[i]->id);
			skep_diag_hint(diag,
				       "this is a bug of skep, please report it with the script");
			return -EINVAL;
		}
	return 0;
}

static void analyse(struct skep_fn *fn)
{
	ir_cfg(fn);
	ir_dominators(fn);
	ir_loops(fn);
}

/* Registers and stack. Each round moves more to a map, so that there soon is room for what stays. */
static int place_values(struct skep_fn *fn, struct skep_diag *diag)
{
	enum {
		MAX_ROUNDS = 8
	};
	int r;

	for (unsigned round = 0; round < MAX_ROUNDS; round++) {
		r = ir_regalloc(fn, diag);
		if (r < 0)
			return r;
		r = ir_stack(fn, diag);
		if (r <= 0)
			return r;
		if (!ir_move_away(fn))
			break;
	}
	skep_diag_error(diag, fn->proto.loc, "'%s' uses too many values at the same time",
			fn->proto.name);
	skep_diag_hint(diag, "split it into several probes or keep intermediate results in maps");
	return -E2BIG;
}

static int compile(struct skep_fn *fn, struct skep_diag *diag, struct skep_spec_prog *ret_prog)
{
	int r;

	ir_cfg(fn);
	r = check_ends(fn, diag);
	if (r < 0)
		return r;
	ir_ssa(fn);
	analyse(fn);
	r = ir_check(fn, diag);
	if (r < 0)
		return r;
	ir_optimize(fn);
	ir_lower(fn);
	analyse(fn);
	r = place_values(fn, diag);
	if (r < 0)
		return r;
	return ir_emit(fn, diag, ret_prog);
}

int skep_gen_finish(struct skep_gen *gen, struct skep_diag *diag, struct skep_spec **ret_spec)
{
	struct skep_spec *spec = skep_arena_alloc(gen->arena, sizeof(*spec));
	int r, ret = 0;

	spec->progs = skep_arena_calloc(gen->arena, gen->n_fns, sizeof(*spec->progs));
	for (unsigned i = 0; i < gen->n_fns; i++) {
		_cleanup_(skep_arena_freep)
		struct skep_arena *scratch = skep_arena_new();

		gen->fns[i]->scratch = scratch;
		r = compile(gen->fns[i], diag, &spec->progs[i]);
		gen->fns[i]->scratch = NULL;
		if (r < 0 && !ret)
			ret = r; /* the others may have something to say as well */
	}
	if (ret >= 0)
		ret = ir_check_calls(gen, spec->progs, diag);
	if (ret < 0)
		return ret;
	spec->n_progs = gen->n_fns;
	spec->license = gen->license;
	spec->maps = gen->maps;
	spec->n_maps = gen->n_maps;
	spec->attaches = gen->attaches;
	spec->n_attaches = gen->n_attaches;
	*ret_spec = spec;
	return 0;
}
