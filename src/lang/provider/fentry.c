/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fentry, fexit: entry and return of kernel functions through the BPF trampoline, with typed
 * arguments by name. Each program is verified against one function, so each target is an instance
 * of its own. fmod_ret is fentry for the few functions whose result the kernel lets programs decide.
 */
#include <errno.h>

#include "isa/attachtype.h"
#include "isa/progkind.h"
#include "lang/hook.h"
#include "lang/need.h"
#include "lang/provider/function.h"

extern const struct skep_provider skep_provider_fentry, skep_provider_fexit, skep_provider_fmod_ret;

/* 0 lets the function run; anything else is its result. */
static const struct skep_hook decides = {
	.name = "fmod_ret",
	.verdicts = SKEP_VERDICT_BIT(PASS) | SKEP_VERDICT_BIT(DENY),
	.deny = SKEP_DENY_RETURN,
};

#define NO_TRAMPOLINES "this kernel cannot trace functions this way (no BPF trampolines)"
#define NO_TYPES "this kernel does not describe its functions (no BTF)"
#define INSTEAD                                                                                  \
	"tracepoint and rawtracepoint see the kernel's events; kprobe:FUNCTION works where the " \
	"kernel has kprobes, which skep doctor says"

static uint32_t attach_type(const struct skep_provider *p)
{
	return p == &skep_provider_fexit    ? SKEP_ATTACH_TYPE_FEXIT
	       : p == &skep_provider_fentry ? SKEP_ATTACH_TYPE_FENTRY
					    : (uint32_t)SKEP_AT_MODIFY_RETURN;
}

static const char *why_not(const struct skep_world *world)
{
	return world->btf ? NO_TRAMPOLINES : NO_TYPES;
}

static int untyped(struct skep_compiler *c, const struct skep_attach_point *point,
		   const struct skep_kfunc *func)
{
	skep_diag_error(c->diag, point->loc, "the kernel does not describe the arguments of %s",
			func->name);
	skep_diag_hint(c->diag, "kprobe:%s works without a description", func->name);
	return -EINVAL;
}

/*
 * Before Linux 5.12 (bpf_prog.active) nothing keeps a program of this kind from running within itself: in a function that it
 * calls, the kernel's stack overflows. The names are those of helpers and of what stands below them.
 */
static bool may_recurse(const struct skep_world *w, const char *function)
{
	static const char *const called[] = {
		"bpf_*",	   "__bpf_*",	 "*htab_*",	"ktime_get*", "*raw_spin_*",
		"*_from_kernel_*", "mem*",	 "str*",	"rcu_*",      "__rcu_*",
		"migrate_*",	   "irq_work_*", "array_map_*",
	};
	struct skep_btf_member member;
	uint32_t id;

	if (skep_btf_find(w->btf, "bpf_prog", SKEP_BTF_STRUCT, &id) < 0 ||
	    skep_btf_find_member(w->btf, id, "active", &member) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(called); i++)
		if (skep_glob_match(called[i], function))
			return true;
	return false;
}

static int add_function(struct skep_compiler *c, struct skep_probe_node *probe,
			const struct skep_attach_point *point, const struct skep_provider *provider,
			const struct skep_kfunc *func, bool glob)
{
	struct skep_instance *inst;
	const struct skep_btf *btf;
	struct skep_match *m;
	uint32_t id, proto;

	if (may_recurse(c->world, func->name))
		return glob ? 0
			    : skep_match_unable(
				      c, point, INSTEAD,
				      "programs call %s, which before Linux 5.12 would run "
				      "this one again, without end",
				      func->name);
	if (!skep_kfunc_proto(c->world, func, &btf, &id, &proto))
		return glob ? 0 : untyped(c, point, func);
	inst = skep_instance_new(c, probe, point, provider);
	inst->btf = btf;
	inst->btf_func = proto;
	inst->args_space = SKEP_SPACE_BTF;
	inst->args = skep_proto_args(&c->types, btf, proto, 0, SKEP_SPACE_BTF, func->name,
				     skep_arena_printf(c->arena, "function %s", func->name));
	inst->interruptible = true;
	inst->proto.type = SKEP_PROG_TRACING;
	inst->proto.attach_type = attach_type(provider);
	inst->hook = provider == &skep_provider_fmod_ret ? &decides : NULL;
	inst->proto.attach_btf_id = id;
	inst->proto.attach_btf_name = func->name;
	/* A name that the module's BTF has from vmlinux is vmlinux's. */
	if (btf != c->world->btf && id >= skep_btf_first_id(btf))
		inst->proto.attach_module = func->module;
	inst->attach.kind = SKEP_ATTACH_TRACING;
	m = skep_instance_add(c, inst,
			      skep_arena_printf(c->arena, "%s:%s:%s", provider->name,
						func->module ? func->module : "vmlinux",
						func->name));
	m->func = func->name;
	m->target.name = func->name;
	m->target.symbol = func->name;
	m->target.cookie = 0; /* it is the only one, and older kernels refuse cookies here */
	m->target.optional = glob;
	return 1;
}

/* A module cannot be called so. */
static bool is_program(const struct skep_attach_point *point)
{
	return point->n_parts > 2 && skep_streq(point->parts[1], "bpf");
}

static int match(struct skep_compiler *c, struct skep_probe_node *probe,
		 const struct skep_attach_point *point, const struct skep_provider *provider)
{
	const struct skep_world *w = c->world;
	struct skep_kfuncs funcs = { .arena = c->arena };
	const char *function = point->parts[point->n_parts - 1];
	int r, added = 0;

	if (!skep_world_has(w, SKEP_WORLD_FENTRY) || !w->btf)
		return skep_match_unable(c, point, INSTEAD, "%s", why_not(w));
	if (is_program(point))
		return skep_program_match(c, probe, point, provider, attach_type(provider));
	if (point->n_parts > 3)
		return skep_match_usage(c, point, provider, "this probe has a part too many");
	if (c->types.needs && skep_match_is_glob(function))
		return skep_match_unable(c, point, "name each function, or use kprobe",
					 "not supported ahead of time: %s of a pattern",
					 point->parts[0]);
	r = skep_kfuncs_find(w, point, function, &funcs);
	if (r >= 0)
		r = skep_match_room(c, point, funcs.len);
	for (size_t i = 0; r >= 0 && i < funcs.len; i++) {
		r = add_function(c, probe, point, provider, &funcs.data[i],
				 skep_match_is_glob(function));
		added += r > 0;
	}
	if (r >= 0 && !added)
		r = skep_kfuncs_missing(c, point, function);
	skep_kfuncs_fini(&funcs);
	return r < 0 ? r : 0;
}

static int fentry_match(struct skep_compiler *c, struct skep_probe_node *probe,
			const struct skep_attach_point *point)
{
	return match(c, probe, point, &skep_provider_fentry);
}

static int fexit_match(struct skep_compiler *c, struct skep_probe_node *probe,
		       const struct skep_attach_point *point)
{
	return match(c, probe, point, &skep_provider_fexit);
}

static int fmod_ret_match(struct skep_compiler *c, struct skep_probe_node *probe,
			  const struct skep_attach_point *point)
{
	int r = skep_hook_allowed(c, point, "what a function of the kernel returns");

	if (r < 0)
		return r;
	if (skep_match_is_glob(point->parts[point->n_parts - 1]) || is_program(point))
		return skep_match_usage(c, point, &skep_provider_fmod_ret,
					"probes that act take one function of the kernel");
	return match(c, probe, point, &skep_provider_fmod_ret);
}

static int fentry_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			     const struct skep_field *field, struct skep_value *ret_value)
{
	const struct skep_type *elem =
		field->type->kind == SKEP_TYPE_PTR ? field->type->elem : NULL;
	int r;

	if (l->inst->proto.attach_prog_id)
		return skep_program_lower_args(l, field, ret_value);
	if (!elem || elem->kind != SKEP_TYPE_PTR)
		return skep_proto_lower(l, field, ret_value);
	/* The verifier shows no pointer to a pointer: the helper gives a mere address. */
	skep_need_exact(&l->c->types, field);
	r = skep_program_lower_args(l, field, ret_value);
	ret_value->type = skep_type_ptr(&l->c->types, elem, SKEP_SPACE_KERNEL);
	return r;
}

/* The result stands behind all arguments. */
static int fexit_retval(struct skep_check *k, const struct skep_type **ret_type)
{
	const struct skep_instance *inst = k->inst;
	struct skep_field f;

	if (skep_proto_result(&k->c->types, inst->btf, inst->btf_func, inst->args, &f)) {
		*ret_type = f.type;
		return 0;
	}
	skep_diag_error(k->c->diag, k->at, "%s returns nothing that can be read",
			inst->matches[0].func);
	skep_diag_hint(k->c->diag, "its arguments can be: args.NAME (skep -lv shows them)");
	return -ENOENT;
}

static int fexit_lower_retval(struct skep_lower *l, struct skep_value *ret_value)
{
	const struct skep_instance *inst = l->inst;
	struct skep_field f;

	if (!skep_proto_result(&l->c->types, inst->btf, inst->btf_func, inst->args, &f))
		return -EINVAL; /* the checker has said it */
	if (inst->proto.attach_prog_id)
		return skep_program_lower_retval(l, f.type, ret_value);
	return skep_proto_lower(l, &f, ret_value);
}

static int list(const struct skep_world *world, const struct skep_attach_point *pattern,
		bool verbose, const struct skep_provider *provider, struct skep_diag *diag,
		struct skep_str *out)
{
	bool is_return = provider == &skep_provider_fexit;
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_kfuncs funcs = { .arena = arena };
	const char *function = pattern->n_parts > 1 ? pattern->parts[pattern->n_parts - 1] : "*";
	int r;

	if (!skep_world_has(world, SKEP_WORLD_FENTRY) || !world->btf)
		return skep_match_list_unable(diag, pattern, why_not(world), INSTEAD);
	if (is_program(pattern))
		return skep_program_list(world, pattern, provider->name, verbose, is_return, out);
	r = skep_kfuncs_find(world, pattern, function, &funcs);
	for (size_t i = 0; r >= 0 && i < funcs.len; i++) {
		const struct skep_kfunc *f = &funcs.data[i];
		const struct skep_btf *btf;
		uint32_t id, proto;

		if (!skep_kfunc_proto(world, f, &btf, &id, &proto))
			continue;
		skep_str_addf(out, "%s:%s:%s\n", provider->name, f->module ? f->module : "vmlinux",
			      f->name);
		if (verbose)
			skep_proto_list(arena, btf, proto, 0, is_return, out);
	}
	skep_kfuncs_fini(&funcs);
	return r < 0 ? r : 0;
}

static int fentry_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		       bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(world, pattern, verbose, &skep_provider_fentry, diag, out);
}

static int fexit_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		      bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(world, pattern, verbose, &skep_provider_fexit, diag, out);
}

static const char *const fentry_aliases[] = { "f", "kfunc", NULL };
static const char *const fexit_aliases[] = { "fr", "kretfunc", NULL };

const struct skep_provider skep_provider_fentry = {
	.name = "fentry",
	.aliases = fentry_aliases,
	.usage = "fentry:function, fentry:module:function or fentry:bpf:program",
	.min_parts = 2,
	.max_parts = 4,
	.match = fentry_match,
	.prologue = skep_provider_pid_filter,
	.lower_args = fentry_lower_args,
	.list = fentry_list,
};

const struct skep_provider skep_provider_fexit = {
	.name = "fexit",
	.aliases = fexit_aliases,
	.usage = "fexit:function, fexit:module:function or fexit:bpf:program",
	.min_parts = 2,
	.max_parts = 4,
	.match = fexit_match,
	.retval = fexit_retval,
	.prologue = skep_provider_pid_filter,
	.lower_args = fentry_lower_args,
	.lower_retval = fexit_lower_retval,
	.list = fexit_list,
};

/* Which functions they are the kernel does not list, so -l does not. */
const struct skep_provider skep_provider_fmod_ret = {
	.name = "fmod_ret",
	.usage = "fmod_ret:function or fmod_ret:module:function",
	.min_parts = 2,
	.max_parts = 3,
	.match = fmod_ret_match,
	.prologue = skep_provider_pid_filter,
	.lower_args = fentry_lower_args,
};
