/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler's driver: one step after the other, each shown to whoever asked (-d).
 */
#include "lang/compile.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "isa/arch.h"
#include "lang/compiler.h"
#include "lang/config.h"
#include "lang/define.h"
#include "lang/fn.h"
#include "lang/func_index.h"
#include "lang/getopt.h"
#include "lang/import.h"
#include "lang/macro.h"
#include "lang/match.h"
#include "lang/pair.h"
#include "lang/portable.h"
#include "lang/scope.h"

static uint64_t index_ns(const struct skep_world *world)
{
	return world->btf ? skep_btf_index_ns(world->btf) : 0;
}

static void show(const struct skep_compiler *c, const char *stage, const struct skep_str *text)
{
	c->options->stage(c->options->stage_data, stage, skep_str_text(text));
}

static void show_tree(const struct skep_compiler *c, const char *stage, bool with_types)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (!c->options->stage)
		return;
	skep_ast_dump(c->script, with_types, &text);
	show(c, stage, &text);
}

static void show_code(const struct skep_compiler *c, const char *stage)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (!c->options->stage)
		return;
	skep_gen_dump(c->gen, &text);
	show(c, stage, &text);
}

static void fini(struct skep_compiler *c)
{
	skep_import_fini(c);
	skep_vec_fini(&c->instances);
	skep_vec_fini(&c->maps);
	skep_vec_fini(&c->stack_maps);
	skep_vec_fini(&c->probe_names);
	skep_hash_fini(&c->probe_index);
	skep_hash_fini(&c->near_functions);
	skep_vec_fini(&c->actions);
	skep_vec_fini(&c->time_formats);
	skep_vec_fini(&c->prog_names);
	skep_str_fini(&c->rodata);
	skep_hash_fini(&c->constants);
	skep_hash_fini(&c->networks);
	skep_hash_fini(&c->types.defs);
}

/* Keys of maps had 512 bytes at most before there was for_each_map_elem, and texts are often keys: two of them, or a path. */
#define OLD_STRLEN 200
#define OLD_PATH 440

/* Whether somebody has said how long texts are. */
static bool says_strlen(const struct skep_compiler *c)
{
	for (size_t i = 0; i < c->script->n_configs; i++)
		if (skep_streq(c->script->configs[i].name, "max_strlen"))
			return true;
	return c->config.max_strlen != skep_config_defaults.max_strlen;
}

/* What the plan says of the machines that it is for, as far as it is known before there is code. */
static struct skep_plan_portable *begin_portable(struct skep_compiler *c)
{
	struct skep_plan_portable *p = skep_arena_alloc(c->arena, sizeof(*p));

	p->arch = skep_arch() ? skep_arch()->name : "";
	p->kernel = c->options->kernel;
	p->n_cpus = c->world->n_cpus;
	p->heads = skep_match_heads(c);
	p->origins = skep_arena_calloc(c->arena, c->instances.len, sizeof(*p->origins));
	return p;
}

static int end_portable(struct skep_compiler *c, struct skep_plan *plan)
{
	struct skep_needs *needs = c->types.needs;

	if (needs->refused) {
		skep_diag_error(c->diag, needs->refused_at, "not supported ahead of time: %s",
				needs->refused);
		skep_diag_hint(c->diag, "%s", needs->instead);
		return -ENOTSUP;
	}
	skep_needs_give(needs, plan->spec);
	plan->portable->features = needs->features;
	plan->portable->wants_command = needs->wants_command;
	return 0;
}

static int check_n_progs(struct skep_compiler *c, const struct skep_spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->n_progs; i++)
		n += spec->progs[i].type != 0;
	if (n <= c->config.max_progs)
		return 0;
	skep_diag_error(c->diag, c->script->probes[0]->loc,
			"this script makes %zu programs, and max_bpf_progs allows %u", n,
			c->config.max_progs);
	skep_diag_hint(c->diag, "raise it: config = { max_bpf_progs = %zu }, or match fewer probes",
		       n);
	return -E2BIG;
}

static int compile(struct skep_compiler *c, const char *text, size_t len, struct skep_plan *plan)
{
	const struct skep_compile_options *o = c->options;
	struct skep_gen_options gen = {
		.cpu = c->world->has && c->world->has(c->world, SKEP_WORLD_CPU_V4) ? 4 : 3,
		.opt_level = o->opt_level_plus1 ? o->opt_level_plus1 - 1 : 1,
	};
	struct skep_parse_options parse = {
		.params = o->params,
		.n_params = o->n_params,
		.kernel_version = o->kernel_version,
		.verbose = o->verbose,
		.name = o->source_name,
		.import = o->import,
		.import_data = o->import_data,
		.include_dirs = o->include_dirs,
		.n_include_dirs = o->n_include_dirs,
		.headers = o->headers,
		.n_headers = o->n_headers,
	};
	int r, checked;

	r = skep_parse(c->arena, text, len, &parse, c->diag, &c->script);
	if (r < 0)
		return r;
	show_tree(c, "ast", false);
	r = skep_macro_expand(c->arena, c->script, c->diag);
	if (r < 0)
		return r;
	r = skep_getopt_resolve(c);
	if (r < 0)
		return r;
	skep_fn_reach(c->arena, c->script);
	r = skep_config_apply(c->arena, &c->config, c->script, c->diag);
	if (r >= 0)
		r = skep_config_environment(c->arena, &c->config, o->environment, c->diag);
	if (r < 0)
		return r;
	c->path_size = says_strlen(c) ? c->config.max_strlen : SKEP_PATH_SIZE;
	if (!says_strlen(c) && c->world->has && !c->world->has(c->world, SKEP_WORLD_FOR_EACH)) {
		c->config.max_strlen = OLD_STRLEN;
		c->path_size = OLD_PATH;
	}
	c->types.max_strlen = c->config.max_strlen;
	r = skep_import_read(c);
	if (r < 0)
		return r;
	r = skep_define_types(c);
	if (r >= 0)
		r = skep_define_maps(c);
	if (r < 0)
		return r;
	/* A probe that is not found hides no mistake in the others. */
	r = skep_match_all(c);
	c->incomplete = r < 0;
	if (r >= 0) {
		skep_pair_all(c);
		skep_func_settle(c);
	}
	checked = skep_check_all(c);
	skep_scope_warn(c);
	if (r < 0 || checked < 0)
		return r < 0 ? r : checked;
	r = skep_define_check_maps(c);
	if (r < 0)
		return r;
	show_tree(c, "types", true);
	gen.stripes = skep_compiler_stripes(c);
	c->gen = skep_gen_new(c->arena, c->config.license, &gen);
	if (o->portable)
		plan->portable = begin_portable(c);
	r = skep_lower_all(c, plan);
	if (r < 0)
		return r;
	skep_plan_find_levels(plan);
	show_code(c, "ir");
	r = skep_gen_finish(c->gen, c->diag, &plan->spec);
	if (r < 0)
		return r;
	show_code(c, "code");
	skep_import_link(c, plan);
	r = check_n_progs(c, plan->spec);
	if (r < 0)
		return r;
	if (o->portable) {
		r = end_portable(c, plan);
		if (r < 0)
			return r;
	}
	plan->spec->source_name = o->source_name;
	plan->spec->source_text = c->script->text;
	plan->spec->source_len = c->script->len;
	plan->long_rows = o->long_rows;
	plan->config = c->config;
	return 0;
}

int skep_compile(struct skep_arena *arena, const struct skep_world *world, const char *text,
		 size_t len, const struct skep_compile_options *options, struct skep_diag *diag,
		 struct skep_plan **ret_plan)
{
	struct skep_plan *plan = skep_arena_alloc(arena, sizeof(*plan));
	uint64_t start_ns = skep_clock_ns(CLOCK_PROCESS_CPUTIME_ID),
		 index_before_ns = index_ns(world);
	struct skep_compiler c = {
		.arena = arena,
		.world = world,
		.options = options,
		.diag = diag,
		.types = { .arena = arena, .btf = world->btf, .world = world },
		.config = skep_config_defaults,
		.ring_map = -1,
		.loss_map = -1,
		.globals_map = -1,
		.scratch_map = -1,
		.rodata_map = -1,
		.zero_map = -1,
		.unknown_map = -1,
	};
	struct skep_needs needs = { .arena = arena };
	struct skep_portable portable;
	int r;

	if (options->portable) {
		skep_portable_init(&portable, world, &needs, options->cpus);
		c.world = &portable.world;
		c.types.needs = &needs;
	}
	skep_getopt_split(&c);
	r = compile(&c, text, len, plan);
	skep_needs_fini(&needs);
	fini(&c);
	if (r < 0)
		return r;
	plan->index_ns = index_ns(world) - index_before_ns;
	plan->compile_ns = skep_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start_ns - plan->index_ns;
	*ret_plan = plan;
	return 0;
}
