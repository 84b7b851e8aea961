/* SPDX-License-Identifier: Apache-2.0 */
/* A place that was found for a uprobe: whether one can be there, and the target that it becomes. */
#include "lang/provider/uprobe.h"

#include <errno.h>
#include <string.h>

#include "isa/arch.h"
#include "isa/progkind.h"
#include "lang/provider/function.h"

const struct skep_provider *skep_uprobe_provider(bool is_return)
{
	return is_return ? &skep_provider_uretprobe : &skep_provider_uprobe;
}

/* Copies that the compiler made for itself take other arguments than the source says. */
static bool is_clone(const char *name)
{
	return strstr(name, ".isra.") || strstr(name, ".constprop.") || strstr(name, ".part.");
}

int skep_uprobe_params(const struct skep_world *world, const struct skep_world_symbol *symbol,
		       bool own, struct skep_proto_regs *ret_params, const char **ret_why)
{
	struct skep_proto_regs f = {
		.is_clone = is_clone(symbol->linkage ? symbol->linkage : symbol->name),
	};
	int r = world->user_proto(world, symbol, own, &f.btf, &f.proto, &f.places, ret_why);

	if (r < 0)
		return r;
	*ret_params = f;
	return 0;
}

/* Of a function that shares no program. */
static const char *own_signature(const struct skep_uprobe_search *s,
				 const struct skep_world_symbol *symbol)
{
	return skep_arena_printf(s->c->arena, "%s+%llu", symbol->module,
				 (unsigned long long)symbol->offset);
}

/*
 * args by name, of a function that debugging information describes. Of a pattern, functions that have alike what is used share
 * a program. Functions of one plain name do not: each file may mean something of its own by "struct s".
 */
static const char *load_args(struct skep_uprobe_search *s, const struct skep_world_symbol *symbol,
			     struct skep_proto_regs *ret_of, const struct skep_struct **ret_args,
			     const char **ret_why)
{
	const struct skep_world *w = s->c->world;
	const char *why = NULL;

	if (!symbol->name || (!s->used.n && !s->used.whole))
		return "";
	if (s->offset || s->by_line) {
		*ret_why = SKEP_ARGS_INSIDE;
		return "";
	}
	if (s->c->types.needs)
		why = "args of functions are not supported ahead of time, for other machines' "
		      "programs may pass them elsewhere";
	if (s->c->types.needs || !w->user_proto ||
	    skep_uprobe_params(w, symbol, false, ret_of, &why) < 0) {
		if (why)
			*ret_why = skep_arena_printf(s->c->arena,
						     "%s; its registers are arg0, arg1, ...", why);
		return "";
	}
	*ret_args = skep_proto_args_at(&s->c->types, ret_of, SKEP_SPACE_USER, symbol->name);
	if (s->used.whole || (!s->glob && !s->demangled))
		return own_signature(s, symbol);
	return skep_match_signature(s->c, *ret_args, &s->used);
}

/* What retval is of: one function's type. Go's results are not where C has them. */
static const char *load_result(struct skep_uprobe_search *s, const struct skep_world_symbol *symbol,
			       struct skep_proto_regs *ret_of)
{
	struct skep_proto_regs of;
	const char *why;

	if (!s->is_return || s->by_instruction || s->glob || s->c->types.needs || !symbol->name ||
	    !s->c->world->user_proto || !skep_result_is_wanted(s->c, s->probe) ||
	    skep_uprobe_params(s->c->world, symbol, true, &of, &why) < 0)
		return "";
	*ret_of = of;
	return s->demangled ? skep_result_signature(s->c, ret_of) : own_signature(s, symbol);
}

/* What `probe` shows. A line keeps the words of the script behind the binary. */
static const char *name_of(const struct skep_uprobe_search *s, const char *path,
			   const char *function)
{
	const char *kind = skep_uprobe_provider(s->is_return)->name;
	const char *text = s->point->text;

	if (s->by_line)
		return skep_arena_printf(s->c->arena, "%s:%s%s", kind, path, strchr(text, '@'));
	return skep_arena_printf(s->c->arena, s->demangled ? "%s:%s:cpp:\"%s\"" : "%s:%s:%s", kind,
				 path, function);
}

/*
 * What two places must have in common to share a program. uaddr() is answered for one binary; Go's returns are attached in
 * their own way, which of a single binary all or none are.
 */
static const char *signature_of(const struct skep_uprobe_search *s, const char *args,
				const char *path, const char *name)
{
	if (s->by_name)
		return name;
	if (!s->many)
		return args;
	return skep_arena_printf(s->c->arena, "%s|%d|%s", args, s->by_instruction,
				 skep_probe_uses(s->probe, "uaddr") ? path : "");
}

/*
 * The program of the point before this one in a list, uretprobe:libc:malloc, uretprobe:libc:calloc: of one binary they become
 * one link, and the kernel verifies the program once. NULL: there is none that can serve both.
 */
static struct skep_instance *before(const struct skep_uprobe_search *s, const char *signature,
				    const char *path)
{
	struct skep_compiler *c = s->c;
	struct skep_instance *inst =
		c->instances.len ? c->instances.data[c->instances.len - 1] : NULL;
	struct skep_attach_point *both;

	if (!s->multi || s->many || s->by_instruction || s->by_line || s->offset || c->types.needs)
		return NULL;
	if (!inst || inst->probe != s->probe || !inst->n_matches ||
	    inst->provider != skep_uprobe_provider(s->is_return) || inst->on_call == s->is_return ||
	    signature[0] || inst->signature[0] || !skep_streq(inst->matches[0].target.name, path))
		return NULL;
	if (skep_has_suffix(inst->point->text, s->point->text))
		return inst;
	both = skep_arena_memdup(c->arena, inst->point, sizeof(*both));
	both->text = skep_arena_printf(c->arena, "%s, %s", inst->point->text, s->point->text);
	inst->point = both;
	return inst;
}

void skep_uprobe_add(struct skep_uprobe_search *s, const struct skep_world_symbol *symbol,
		     const char *function)
{
	struct skep_compiler *c = s->c;
	const struct skep_provider *provider = skep_uprobe_provider(s->is_return);
	const struct skep_struct *args = NULL;
	const char *no_args = NULL;
	struct skep_proto_regs args_of = {}, result_of = {};
	const char *signature = s->is_return ? load_result(s, symbol, &result_of)
					     : load_args(s, symbol, &args_of, &args, &no_args);
	const char *path = skep_arena_strdup(c->arena, symbol->module);
	const char *name = name_of(s, path, function);
	const char *target =
		symbol->container ? skep_arena_strdup(c->arena, symbol->container) : path;
	struct skep_instance *inst = before(s, signature, target);
	struct skep_match *m;

	if (!inst)
		inst = skep_match_group(c, s->probe, s->point, provider, 0,
					signature_of(s, signature, path, name));
	if (!inst->n_matches) {
		inst->args_space = SKEP_SPACE_USER;
		inst->args = args;
		inst->args_of = args_of;
		inst->result_of = result_of;
		inst->no_args = no_args;
		inst->open = c->types.needs && s->glob;
		inst->preemptible = true;
		inst->can_wait = true;
		inst->proto.type = SKEP_PROG_KPROBE;
		if (s->multi)
			inst->proto.attach_type = SKEP_ATTACH_TYPE_UPROBE_MULTI;
		inst->attach.kind = s->is_return && !s->by_instruction ? SKEP_ATTACH_URETPROBE
								       : SKEP_ATTACH_UPROBE;
		inst->on_call = !s->offset && !s->by_line && (!s->is_return || s->by_instruction);
		skep_instance_follow(c, inst);
	}
	m = skep_instance_add(c, inst, name);
	m->func = skep_arena_strdup(c->arena, function);
	m->target.name = target;
	m->target.symbol = m->func;
	m->target.offset = symbol->base + symbol->offset + s->offset;
	m->target.optional = s->glob;
	s->found++;
}

/*
 * The kernel writes a breakpoint wherever it is told. In the midst of an instruction the program
 * would crash, or go on with something else.
 */
int skep_uprobe_check_place(struct skep_uprobe_search *s, const struct skep_world_symbol *function,
			    uint64_t inside)
{
	const struct skep_world *w = s->c->world;
	int r = -ENOTSUP;

	if (!w->is_user_instruction || (!inside && function->name))
		return 0;
	if (function->name)
		r = w->is_user_instruction(w, function, inside);
	if (r > 0 || (r < 0 && s->c->options->unsafe))
		return 0;
	if (r == 0) {
		skep_diag_error(s->c->diag, s->point->loc,
				"no instruction begins %llu bytes behind the beginning of %s",
				(unsigned long long)inside, function->name);
		skep_diag_hint(s->c->diag, "a probe there would crash the program; objdump -d "
					   "shows where instructions begin");
		return -ERANGE;
	}
	skep_diag_error(s->c->diag, s->point->loc,
			"it is not known whether an instruction begins there");
	skep_diag_hint(s->c->diag, "if none does, the program crashes; --unsafe says that you are "
				   "sure");
	return -ERANGE;
}

/*
 * Go's functions: a probe at each return instruction, under the one name. 1: done; 0: another
 * language's.
 */
int skep_uprobe_add_returns(struct skep_uprobe_search *s, const struct skep_world_symbol *function,
			    const char *name)
{
	const struct skep_world *w = s->c->world;
	struct skep_world_symbol place = *function;
	const uint64_t *offsets;
	const char *why;
	int n;

	s->by_instruction = false;
	if (!s->is_return || !w->user_returns)
		return 0;
	n = w->user_returns(w, function, &offsets, &why);
	if (n == 0)
		return 0;
	s->by_instruction = true;
	if (function->inside) {
		n = -EINVAL;
		why = "this address is not where it begins";
	}
	if (n < 0) {
		if (!s->left_out++)
			s->left_out_why = skep_arena_printf(s->c->arena, "%s: %s", name, why);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		place.offset = offsets[i];
		skep_uprobe_add(s, &place, name);
	}
	return 1;
}

/* Tells what add_returns left out: of a pattern a warning, of one function an error. */
int skep_uprobe_tell_left_out(struct skep_uprobe_search *s)
{
	if (!s->left_out)
		return 0;
	skep_diag_add(s->c->diag, s->found ? SKEP_DIAG_WARNING : SKEP_DIAG_ERROR, s->point->loc,
		      "returns of %zu Go function%s cannot be probed; %s", s->left_out,
		      s->left_out == 1 ? "" : "s", s->left_out_why);
	skep_diag_hint(s->c->diag, "a uretprobe would end the program: Go finds its return address "
				   "changed when it moves the stack; a uprobe on entry works");
	return s->found ? 0 : -ENOTSUP;
}
