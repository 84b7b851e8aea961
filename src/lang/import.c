/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/import.h"

#include <errno.h>
#include <string.h>

#include "lang/check_priv.h"
#include "lang/fn.h"
#include "lang/lower_priv.h"
#include "obj/object.h"

struct skep_import {
	struct skep_spec spec;	/* of all objects together */
	struct skep_btf *btf;	/* of spec, or NULL */
	struct skep_fn **stubs; /* by index in spec.progs; NULL: nobody calls it */
	struct skep_loc loc;	/* of the first import */
	struct skep_loc *
		calls; /* by index in spec.progs: who calls it first; line 0: only functions of the object */
};

/* What is wrong with an object is said about the import that names it. */
static void place(struct skep_compiler *c, size_t from)
{
	const struct skep_script *script = c->script;

	for (size_t i = from; c->diag && i < c->diag->n_items; i++) {
		struct skep_diag_item *item = &c->diag->items[i];
		size_t at = 0;

		if (item->loc.line)
			continue;
		for (size_t j = 0; j < script->n_objects; j++)
			if (strstr(item->what, script->objects[j].name))
				at = j;
		item->loc = script->objects[at].loc;
	}
}

int skep_import_read(struct skep_compiler *c)
{
	const struct skep_script *script = c->script;
	struct skep_object_file *files =
		skep_arena_calloc(c->arena, script->n_objects, sizeof(*files));
	struct skep_core_target target = { .kernel = c->world->btf };
	struct skep_object_options options = { .target = c->world->btf ? &target : NULL };
	struct skep_import *import;
	size_t n_told = c->diag ? c->diag->n_items : 0;
	int r;

	if (!script->n_objects)
		return 0;
	if (c->types.needs) {
		skep_diag_error(c->diag, script->objects[0].loc,
				"not supported ahead of time: functions of an object");
		skep_diag_hint(c->diag, "write them as fn in the script, or run the script itself");
		return -ENOTSUP;
	}
	for (size_t i = 0; i < script->n_objects; i++)
		files[i] = (struct skep_object_file){
			script->objects[i].name,
			script->objects[i].data,
			script->objects[i].size,
		};
	import = skep_arena_alloc(c->arena, sizeof(*import));
	import->loc = script->objects[0].loc;
	r = skep_object_read(files, script->n_objects, &options, c->arena, c->diag, &import->spec);
	place(c, n_told);
	if (r < 0)
		return r;
	if (import->spec.btf)
		r = skep_btf_parse(import->spec.btf, import->spec.btf_size, NULL, NULL, c->diag,
				   &import->btf);
	place(c, n_told);
	if (r < 0)
		return r;
	import->calls = skep_arena_calloc(c->arena, MAX(import->spec.n_progs, (size_t)1),
					  sizeof(*import->calls));
	import->stubs = skep_arena_calloc(c->arena, MAX(import->spec.n_progs, (size_t)1),
					  sizeof(struct skep_fn *));
	c->import = import;
	return 0;
}

void skep_import_fini(struct skep_compiler *c)
{
	if (c->import)
		skep_btf_free(c->import->btf);
}

static const struct skep_spec_prog *find(const struct skep_compiler *c, const char *name)
{
	for (size_t i = 0; c->import && i < c->import->spec.n_progs; i++)
		if (skep_streq(c->import->spec.progs[i].name, name))
			return &c->import->spec.progs[i];
	return NULL;
}

bool skep_import_has(const struct skep_compiler *c, const char *name)
{
	return find(c, name) != NULL;
}

/* --- checking ---------------------------------------------------------------------------------------------- */

static bool is_memory(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_PTR ||
	       (!skep_type_is_scalar(type) && !skep_type_is_agg(type) &&
		type->kind != SKEP_TYPE_VOID && type->kind != SKEP_TYPE_TUPLE);
}

static int check_argument(struct skep_check *k, const struct skep_expr *arg,
			  const struct skep_type *wants)
{
	int r;

	if (!arg->type)
		return 0;
	if (wants->kind == SKEP_TYPE_INT && arg->type->kind == SKEP_TYPE_INT)
		return 0;
	if (wants->kind == SKEP_TYPE_PTR &&
	    (is_memory(arg->type) || (arg->kind == SKEP_EXPR_INT && !arg->num.value)))
		return 0;
	r = skep_check_want(k, arg,
			    skep_arena_printf(k->c->arena, "%s", skep_check_type_text(k, wants)));
	skep_diag_hint(k->c->diag,
		       wants->kind == SKEP_TYPE_PTR
			       ? "it goes with ctx, a text, an array, 0 or any other pointer, such "
				 "as (struct NAME *)arg0, of a struct that the script defines too"
			       : "numbers go into numbers");
	return r;
}

static int unusable(struct skep_check *k, const struct skep_expr *call, const char *why,
		    const char *hint)
{
	int r = skep_check_error(k, call->call.name_loc, "%s() cannot be called: %s",
				 call->call.name, why);

	skep_diag_hint(k->c->diag, "%s", hint);
	return r;
}

/* The type of a result or parameter; NULL: it is none that goes through a register. */
static const struct skep_type *type_of(struct skep_check *k, uint32_t id)
{
	const struct skep_type *type;

	if (!id)
		return &skep_type_void;
	type = skep_type_from_btf(&k->c->types, k->c->import->btf, id, SKEP_SPACE_KERNEL);
	return skep_type_is_scalar(type) ? type : NULL;
}

static int check_arguments(struct skep_check *k, struct skep_expr *call, uint32_t proto, unsigned n)
{
	int r = 0;

	if (call->call.args.len != n) {
		r = skep_check_error(k, call->loc, "%s() takes %u argument%s, and here are %zu",
				     call->call.name, n, n == 1 ? "" : "s", call->call.args.len);
		skep_diag_hint(k->c->diag, "that is how its object declares it");
		return r;
	}
	for (unsigned i = 0; i < n; i++) {
		struct skep_expr *arg = call->call.args.data[i];
		const struct skep_type *type = NULL;
		struct skep_btf_param param;
		int r2 = skep_check_expr(k, arg);

		if (skep_btf_param(k->c->import->btf, proto, i, &param) == 0 && param.type)
			type = type_of(k, param.type);
		if (!type)
			return unusable(k, call, "it takes more than numbers and pointers",
					"hand over a pointer to it");
		if (r2 >= 0)
			r2 = check_argument(k, arg, type);
		r = r < 0 ? r : r2;
	}
	return r;
}

int skep_import_check(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_spec_prog *prog = find(k->c, call->call.name);
	const struct skep_btf *btf = k->c->import->btf;
	struct skep_btf_type type;
	uint32_t proto;
	int r;

	if (prog->type)
		return unusable(k, call, "it is a program of its own",
				"functions without SEC() can be called");
	if (!btf || !prog->btf_func || skep_btf_proto(btf, prog->btf_func, &proto) < 0)
		return unusable(k, call, "its object does not describe its types",
				"compile it with clang -g -O2 -target bpf");
	type = skep_btf_type(btf, proto);
	if (type.vlen > SKEP_FN_PARAMS_MAX)
		return unusable(k, call, "it has more than five parameters",
				"hand over a pointer to them");
	r = check_arguments(k, call, proto, type.vlen);
	if (r < 0)
		return r;
	call->type = type_of(k, type.type);
	if (!call->type ||
	    (call->type->kind != SKEP_TYPE_INT && call->type->kind != SKEP_TYPE_VOID))
		return unusable(k, call, "it returns something other than a number",
				"let it return a number, or write what it finds into a map");
	return 0;
}

/* --- lowering ---------------------------------------------------------------------------------------------- */

static int lower_argument(struct skep_lower *l, const struct skep_expr *arg,
			  struct skep_val **ret_val)
{
	struct skep_value value;
	int r = skep_lower_expr(l, arg, &value);

	if (r < 0 || skep_type_is_scalar(value.type)) {
		*ret_val = value.val;
		return r;
	}
	if (value.literal) {
		*ret_val = skep_lower_literal(l, value.literal, value.literal_len);
		return 0;
	}
	r = skep_lower_bytes(l, &value);
	*ret_val = skep_lower_at(l, value.val, value.off);
	return r;
}

/* Takes the place of the function until the whole is there. */
static struct skep_fn *stub_of(struct skep_lower *l, const struct skep_spec_prog *prog, unsigned n,
			       struct skep_loc loc)
{
	struct skep_import *import = l->c->import;
	size_t i = (size_t)(prog - import->spec.progs);

	if (import->stubs[i])
		return import->stubs[i];
	import->stubs[i] = skep_gen_subprog(l->gen, prog->name, n);
	import->calls[i] = loc;
	skep_ir_loc(import->stubs[i], loc);
	skep_ir_ret(import->stubs[i], skep_ir_const(import->stubs[i], 0));
	skep_lower_name(l->c, import->stubs[i], skep_arena_printf(l->c->arena, "%s()", prog->name));
	return import->stubs[i];
}

int skep_import_lower(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	struct skep_val *args[SKEP_FN_PARAMS_MAX] = {}, *result;
	size_t n = call->call.args.len;

	for (size_t i = 0; i < n; i++) {
		int r = lower_argument(l, call->call.args.data[i], &args[i]);

		if (r < 0)
			return r;
	}
	skep_lower_known_forget(l, NULL);
	result = skep_ir_call_local(l->fn,
				    stub_of(l, find(l->c, call->call.name), (unsigned)n, call->loc),
				    (unsigned)n, args[0], args[1], args[2], args[3], args[4]);
	/* C leaves what is beyond the type undefined. */
	if (call->type->kind == SKEP_TYPE_INT && call->type->size < 8)
		result = skep_ir_extend(l->fn, result, call->type->size, call->type->is_signed);
	*ret_value = (struct skep_value){ .type = call->type, .val = result };
	return 0;
}

/* --- the whole --------------------------------------------------------------------------------------------- */

struct merge {
	struct skep_arena *arena;
	const struct skep_import *import;
	uint32_t *places; /* of the object's functions in the whole */
	size_t n_maps;	  /* of the script */
};

/* The lines of C with code, each with the call in the script; without them the call alone. */
static void move_lines(const struct merge *m, struct skep_loc call, struct skep_spec_prog *prog)
{
	size_t n = MAX(prog->n_lines, (size_t)1);
	struct skep_spec_line *lines = skep_arena_calloc(m->arena, n, sizeof(*lines));

	if (!prog->n_lines)
		lines[0].loc = call;
	for (size_t i = 0; i < prog->n_lines; i++) {
		lines[i] = prog->lines[i];
		lines[i].caller = call;
	}
	prog->lines = lines;
	prog->n_lines = n;
	prog->loc = call;
}

static struct skep_spec_prog moved_prog(const struct merge *m, const struct skep_spec_prog *prog)
{
	struct skep_loc call = m->import->calls[prog - m->import->spec.progs];
	struct skep_spec_prog out = *prog;

	out.relocs =
		skep_arena_memdup(m->arena, prog->relocs, prog->n_relocs * sizeof(*out.relocs));
	for (size_t i = 0; i < out.n_relocs; i++) {
		struct skep_reloc *r = &out.relocs[i];

		if (r->kind == SKEP_RELOC_MAP || r->kind == SKEP_RELOC_MAP_VALUE)
			r->index += (uint32_t)m->n_maps;
		else if (r->kind == SKEP_RELOC_FUNC)
			r->index = m->places[r->index];
		r->type = 0;
	}
	move_lines(m, call.line ? call : m->import->loc, &out);
	out.btf_func = 0;
	out.is_global = false;
	return out;
}

static struct skep_spec_map moved_map(const struct merge *m, const struct skep_spec_map *map)
{
	struct skep_spec_map out = *map;
	struct skep_spec_slot *slots;

	out.btf_key_type = out.btf_value_type = 0;
	if (!map->n_slots)
		return out;
	slots = skep_arena_memdup(m->arena, map->slots, map->n_slots * sizeof(*slots));
	for (size_t i = 0; i < map->n_slots; i++)
		slots[i].index += (uint32_t)m->n_maps;
	out.slots = slots;
	return out;
}

void skep_import_link(struct skep_compiler *c, struct skep_plan *plan)
{
	const struct skep_import *import = c->import;
	struct skep_spec *spec = plan->spec;
	struct merge m = { .arena = c->arena, .import = import, .n_maps = spec->n_maps };
	size_t n_own, n_maps, n_progs = spec->n_progs;
	struct skep_spec_prog *progs;
	struct skep_spec_map *maps;
	const char **names;

	if (!import)
		return;
	n_own = import->spec.n_progs;
	n_maps = spec->n_maps + import->spec.n_maps;
	m.places = skep_arena_calloc(c->arena, n_own, sizeof(*m.places));
	progs = skep_arena_calloc(c->arena, n_progs + n_own, sizeof(*progs));
	names = skep_arena_calloc(c->arena, n_progs + n_own, sizeof(*names));
	maps = skep_arena_calloc(c->arena, n_maps, sizeof(*maps));
	memcpy(progs, spec->progs, n_progs * sizeof(*progs));
	memcpy(names, plan->prog_names, n_progs * sizeof(*names));
	if (spec->n_maps)
		memcpy(maps, spec->maps, spec->n_maps * sizeof(*maps));
	for (size_t i = 0; i < n_own; i++) {
		m.places[i] =
			import->stubs[i] ? skep_fn_index(import->stubs[i]) : (uint32_t)n_progs;
		if (!import->spec.progs[i].type && !import->stubs[i])
			names[n_progs++] = import->spec.progs[i].name;
	}
	for (size_t i = 0; i < n_own; i++)
		if (!import->spec.progs[i].type)
			progs[m.places[i]] = moved_prog(&m, &import->spec.progs[i]);
	for (size_t i = 0; i < import->spec.n_maps; i++)
		maps[spec->n_maps + i] = moved_map(&m, &import->spec.maps[i]);
	spec->progs = progs;
	spec->n_progs = n_progs;
	spec->maps = maps;
	spec->n_maps = n_maps;
	plan->prog_names = names;
}
