/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kprobe, kretprobe: entry of, or return from, kernel functions by name. Several functions become
 * one multi link where the kernel has it; the cookie tells which of them fired.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "isa/arch.h"
#include "isa/progkind.h"
#include "lang/provider/function.h"

extern const struct skep_provider skep_provider_kprobe, skep_provider_kretprobe;

#define SLOW_FROM 64
#define NO_KPROBES "this kernel cannot probe its functions (no kprobes)"
#define INSTEAD                                                              \
	"what works instead: tracepoint and rawtracepoint for the kernel's " \
	"events, uprobe for programs; skep doctor says more"

static const struct skep_provider *provider_of(bool is_return)
{
	return is_return ? &skep_provider_kretprobe : &skep_provider_kprobe;
}

/* args by name, of a function that BTF knows. */
static const char *load_args(struct skep_compiler *c, const struct skep_kfunc *func,
			     const struct skep_used_args *used, struct skep_proto_regs *ret_of,
			     const struct skep_struct **ret_args)
{
	const struct skep_arch *arch = skep_arch();
	struct skep_struct *args;
	uint32_t id;

	if (!skep_kfunc_proto(c->world, func, &ret_of->btf, &id, &ret_of->proto))
		return func->name;
	args = skep_arena_memdup(
		c->arena,
		skep_proto_args(&c->types, ret_of->btf, ret_of->proto, 0, SKEP_SPACE_KERNEL,
				func->name, skep_arena_printf(c->arena, "function %s", func->name)),
		sizeof(*args));
	args->n_fields = MIN(args->n_fields, (size_t)arch->n_args);
	*ret_args = args;
	return skep_match_signature(c, args, used);
}

/* What retval is of: one function's type. What is known ahead of time is of the kernel itself. */
static const char *load_result(struct skep_compiler *c, const struct skep_probe_node *probe,
			       const struct skep_kfunc *func, struct skep_proto_regs *ret_of)
{
	struct skep_proto_regs of = {};
	uint32_t id;

	if (!skep_result_is_wanted(c, probe) || (c->types.needs && func->module) ||
	    !skep_kfunc_proto(c->world, func, &of.btf, &id, &of.proto))
		return "";
	*ret_of = of;
	return skep_result_signature(c, ret_of);
}

static void add_function(struct skep_compiler *c, struct skep_probe_node *probe,
			 const struct skep_attach_point *point, bool is_return,
			 const struct skep_kfunc *func, uint64_t offset, const char *signature,
			 const struct skep_struct *args, const struct skep_proto_regs *of)
{
	const struct skep_provider *provider = provider_of(is_return);
	struct skep_instance *inst = skep_match_group(c, probe, point, provider, 0, signature);
	struct skep_match *m;
	const char *name;

	if (!inst->n_matches) {
		inst->args = args;
		*(is_return ? &inst->result_of : &inst->args_of) = *of;
		inst->args_space = SKEP_SPACE_KERNEL;
		inst->no_args = offset ? SKEP_ARGS_INSIDE : NULL;
		inst->open = c->types.needs && skep_match_is_glob(point->text);
		inst->proto.type = SKEP_PROG_KPROBE;
		inst->attach.kind = is_return ? SKEP_ATTACH_KRETPROBE : SKEP_ATTACH_KPROBE;
	}
	name = skep_arena_printf(c->arena, "%s:%s%s%s", provider->name,
				 point->n_parts > 2 && func->module ? func->module : "",
				 point->n_parts > 2 && func->module ? ":" : "", func->name);
	if (offset)
		name = skep_arena_printf(c->arena, "%s+%llu", name, (unsigned long long)offset);
	m = skep_instance_add(c, inst, name);
	m->func = func->name;
	m->target.name = func->name;
	m->target.symbol = func->name;
	m->target.offset = offset;
	m->target.optional = skep_match_is_glob(point->text);
}

static void choose_multi(struct skep_compiler *c, const struct skep_attach_point *point)
{
	if (!skep_world_has(c->world, SKEP_WORLD_KPROBE_MULTI))
		return;
	for (size_t i = c->instances.len; i-- > 0;) {
		struct skep_instance *inst = c->instances.data[i];

		if (inst->point != point)
			break;
		if (inst->n_matches > 1)
			inst->proto.attach_type = SKEP_ATTACH_TYPE_KPROBE_MULTI;
	}
}

/* One by one each costs some 15 ms to attach and 45 ms to close. */
static void warn_slow(struct skep_compiler *c, const struct skep_attach_point *point, size_t n)
{
	if (n < SLOW_FROM)
		return;
	skep_diag_warn(
		c->diag, point->loc,
		"this kernel attaches and detaches the %zu functions one by one, which takes "
		"seconds",
		n);
	skep_diag_hint(c->diag, "a narrower pattern is faster");
}

/* kprobe:0xffffffff81234567: the kernel looks whether an instruction begins there, nobody whether it is the right one. */
static int by_address(struct skep_compiler *c, struct skep_probe_node *probe,
		      const struct skep_attach_point *point, bool is_return, const char *text)
{
	const struct skep_kfunc place = { .name = text };
	struct skep_instance *inst;
	uint64_t address;
	char *end;

	errno = 0;
	address = strtoull(text, &end, 0);
	if (errno || *end || !address)
		return skep_match_usage(c, point, provider_of(is_return), "'%s' is not an address",
					text);
	if (!c->options->unsafe) {
		skep_diag_error(c->diag, point->loc, "addresses are probed with --unsafe alone");
		skep_diag_hint(c->diag,
			       "name the function, and how far in: kprobe:function+offset");
		return -EINVAL;
	}
	if (c->types.needs)
		return skep_match_unable(c, point, "name a function",
					 "not supported ahead of time: addresses of the kernel");
	add_function(c, probe, point, is_return, &place, 0, "", NULL, &(struct skep_proto_regs){});
	inst = skep_vec_last(&c->instances);
	inst->matches[inst->n_matches - 1].target.name = NULL;
	inst->matches[inst->n_matches - 1].target.offset = address;
	return 0;
}

static int match(struct skep_compiler *c, struct skep_probe_node *probe,
		 const struct skep_attach_point *point, bool is_return)
{
	const struct skep_world *w = c->world;
	struct skep_kfuncs funcs = { .arena = c->arena };
	const char *text = point->parts[point->n_parts - 1], *function;
	struct skep_used_args used;
	bool has_offset, multi, by_name;
	uint64_t offset;
	int r;

	if (!skep_world_has(w, SKEP_WORLD_KPROBE) || !skep_arch())
		return skep_match_unable(c, point, INSTEAD, "%s", NO_KPROBES);
	if (isdigit((unsigned char)text[0]))
		return by_address(c, probe, point, is_return, text);
	if (!skep_split_offset(c->arena, text, &function, &offset, &has_offset) ||
	    (has_offset && (is_return || skep_match_is_glob(function))))
		return skep_match_usage(c, point, provider_of(is_return),
					"'%s' is not a place in a function", text);
	r = skep_kfuncs_find(w, point, function, &funcs);
	if (r < 0 || !funcs.len) {
		skep_kfuncs_fini(&funcs);
		return skep_kfuncs_missing(c, point, function);
	}
	r = skep_match_room(c, point, funcs.len);
	if (r < 0) {
		skep_kfuncs_fini(&funcs);
		return r;
	}
	skep_match_used_args(probe, &used);
	if (c->types.needs && (used.n || used.whole) && skep_match_is_glob(function)) {
		skep_kfuncs_fini(&funcs);
		return skep_match_unable(c, point, "name each function, or use arg0, arg1, ...",
					 "not supported ahead of time: args of a pattern");
	}
	multi = skep_world_has(w, SKEP_WORLD_KPROBE_MULTI);
	by_name =
		!multi && !skep_world_has(w, SKEP_WORLD_COOKIE) && skep_match_needs_probe(c, probe);
	for (size_t i = 0; i < funcs.len; i++) {
		const struct skep_struct *args = NULL;
		struct skep_proto_regs of = {};
		const char *signature = "";

		if (is_return && !skep_match_is_glob(function))
			signature = load_result(c, probe, &funcs.data[i], &of);
		if (!is_return && !offset && (used.n || used.whole))
			signature = load_args(c, &funcs.data[i], &used, &of, &args);
		if (by_name)
			signature = funcs.data[i].name;
		add_function(c, probe, point, is_return, &funcs.data[i], offset, signature, args,
			     &of);
	}
	if (!multi && !c->types.needs)
		warn_slow(c, point, funcs.len);
	skep_kfuncs_fini(&funcs);
	choose_multi(c, point);
	return 0;
}

static int kprobe_match(struct skep_compiler *c, struct skep_probe_node *probe,
			const struct skep_attach_point *point)
{
	return match(c, probe, point, false);
}

static int kretprobe_match(struct skep_compiler *c, struct skep_probe_node *probe,
			   const struct skep_attach_point *point)
{
	return match(c, probe, point, true);
}

static int list(const struct skep_world *world, const struct skep_attach_point *pattern,
		bool verbose, bool is_return, struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_kfuncs funcs = { .arena = arena };
	const char *function = pattern->n_parts > 1 ? pattern->parts[pattern->n_parts - 1] : "*";
	int r;

	if (!skep_world_has(world, SKEP_WORLD_KPROBE))
		return skep_match_list_unable(diag, pattern, NO_KPROBES, INSTEAD);
	r = skep_kfuncs_find(world, pattern, function, &funcs);
	for (size_t i = 0; r >= 0 && i < funcs.len; i++) {
		struct skep_proto_regs f = {};
		uint32_t id;

		skep_str_addf(out, "%s:%s\n", provider_of(is_return)->name, funcs.data[i].name);
		if (!verbose || !skep_kfunc_proto(world, &funcs.data[i], &f.btf, &id, &f.proto))
			continue;
		if (is_return)
			skep_result_list(&f, out);
		else
			skep_proto_list_registers(arena, &f, out);
	}
	skep_kfuncs_fini(&funcs);
	return r < 0 ? r : 0;
}

static int kprobe_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		       bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(world, pattern, verbose, false, diag, out);
}

static int kretprobe_list(const struct skep_world *world, const struct skep_attach_point *pattern,
			  bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	return list(world, pattern, verbose, true, diag, out);
}

static const char *const kprobe_aliases[] = { "k", NULL };
static const char *const kretprobe_aliases[] = { "kr", NULL };

const struct skep_provider skep_provider_kprobe = {
	.name = "kprobe",
	.aliases = kprobe_aliases,
	.usage = "kprobe:function, kprobe:function+offset or kprobe:module:function; with --unsafe "
		 "kprobe:0xADDRESS",
	.min_parts = 2,
	.max_parts = 3,
	.match = kprobe_match,
	.arg = skep_regs_arg,
	.prologue = skep_provider_pid_filter,
	.lower_arg = skep_regs_lower_arg,
	.lower_args = skep_regs_lower_args,
	.lower_probe = skep_provider_cookie,
	.list = kprobe_list,
};

const struct skep_provider skep_provider_kretprobe = {
	.name = "kretprobe",
	.aliases = kretprobe_aliases,
	.usage = "kretprobe:function or kretprobe:module:function",
	.min_parts = 2,
	.max_parts = 3,
	.match = kretprobe_match,
	.retval = skep_regs_retval,
	.prologue = skep_provider_pid_filter,
	.lower_retval = skep_regs_lower_retval,
	.lower_probe = skep_provider_cookie,
	.list = kretprobe_list,
};
