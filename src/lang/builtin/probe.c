/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe that fired: its arguments, its result, its name. What they are is the provider's to say.
 */
#include <errno.h>

#include "isa/arch.h"
#include "lang/builtin/builtins.h"
#include "lang/func_index.h"

static int unavailable(struct skep_check *k, const struct skep_expr *call, const char *hint)
{
	skep_diag_error(k->c->diag, call->loc, "%s has no %s", k->inst->provider->name,
			call->call.name);
	skep_diag_hint(k->c->diag, "%s", hint);
	return -EINVAL;
}

static int check_args(struct skep_check *k, struct skep_expr *call)
{
	struct skep_type type = { .kind = SKEP_TYPE_STRUCT, .str = k->inst->args };

	if (!k->inst->args)
		return skep_check_no_args(k, call, NULL);
	type.size = type.str->size;
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	return 0;
}

static int check_arg(struct skep_check *k, struct skep_expr *call)
{
	if (!k->inst->provider->arg)
		return unavailable(
			k, call,
			k->inst->args
				? "its arguments have names: args.NAME (skep -lv shows them)"
				: "arguments by number belong to kprobe, uprobe, fentry and rawtracepoint");
	return k->inst->provider->arg(k, (unsigned)(call->call.name[3] - '0'), &call->type);
}

static int lower_arg(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	struct skep_value unused;

	return l->inst->provider->lower_arg(l, (unsigned)(call->call.name[3] - '0'),
					    ret_value ? ret_value : &unused);
}

static int check_retval(struct skep_check *k, struct skep_expr *call)
{
	if (!k->inst->provider->retval)
		return unavailable(
			k, call,
			"only the return of a function has one: kretprobe, uretprobe, fexit; at the return "
			"of a system call use args.ret");
	return k->inst->provider->retval(k, &call->type);
}

static int lower_retval(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_value unused;

	return l->inst->provider->lower_retval(l, ret_value ? ret_value : &unused);
}

static int check_probe(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_simple(&k->c->types, SKEP_TYPE_PROBE);
	return 0;
}

static int lower_probe(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	if (ret_value)
		*ret_value =
			(struct skep_value){ .type = call->type, .val = skep_lower_probe_index(l) };
	return 0;
}

static int check_func(struct skep_check *k, struct skep_expr *call)
{
	if (!k->inst->n_matches || !k->inst->matches[0].func)
		return unavailable(
			k, call,
			"func is the function of a kprobe, uprobe or fentry; `probe` is the whole name");
	return check_probe(k, call);
}

/* An index as `probe` is, marked: only the last part of the name is shown. */
static int lower_func(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	if (ret_value)
		*ret_value = (struct skep_value){
			.type = call->type,
			.val = skep_ir_opi(l->fn, SKEP_OP_OR, skep_func_lower(l), SKEP_PROBE_FUNC),
		};
	return 0;
}

static int check_ctx(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_struct *context = k->inst->context;
	struct skep_type type = { .kind = SKEP_TYPE_STRUCT, .str = context };

	if (context)
		type.size = context->size;
	call->type =
		skep_type_ptr(&k->c->types,
			      context ? skep_arena_memdup(k->c->arena, &type, sizeof(type)) : NULL,
			      SKEP_SPACE_CTX);
	return 0;
}

static int lower_ctx(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	if (ret_value)
		*ret_value = (struct skep_value){ .type = call->type, .val = skep_ir_ctx(l->fn) };
	return 0;
}

static const char *probetype(const struct skep_compiler *c, const struct skep_instance *inst)
{
	const char *name = inst->provider->name;

	return c->options->as_bpftrace && (skep_streq(name, "BEGIN") || skep_streq(name, "END"))
		       ? "special"
		       : name;
}

static int check_probetype(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_string(&k->c->types, (uint32_t)strlen(probetype(k->c, k->inst)) + 1);
	return 0;
}

static int lower_probetype(struct skep_lower *l, const struct skep_expr *call,
			   struct skep_value *ret_value)
{
	const char *name = probetype(l->c, l->inst);

	if (ret_value)
		*ret_value = skep_lower_text(l, name, strlen(name));
	return 0;
}

/* args alone has no code: its fields have (skep_lower_field). */
SKEP_BUILTIN_WORD(args, SKEP_BUILTIN_STEADY, check_args, NULL);
SKEP_BUILTIN_WORD(retval, SKEP_BUILTIN_STEADY, check_retval, lower_retval);
SKEP_BUILTIN_WORD(probe, SKEP_BUILTIN_STEADY, check_probe, lower_probe);
SKEP_BUILTIN_WORD(func, SKEP_BUILTIN_STEADY, check_func, lower_func);
SKEP_BUILTIN_WORD(ctx, SKEP_BUILTIN_STEADY, check_ctx, lower_ctx);
SKEP_BUILTIN_WORD(probetype, SKEP_BUILTIN_STEADY, check_probetype, lower_probetype);

const struct skep_builtin skep_builtin_arg = {
	.name = "arg0",
	.usage = "arg0 ... arg9",
	.flags = SKEP_BUILTIN_BARE | SKEP_BUILTIN_STEADY,
	.check = check_arg,
	.lower = lower_arg,
};

/* --- sarg0: arguments on the stack -------------------------------------------------------------------------- */

static int check_sarg(struct skep_check *k, struct skep_expr *call)
{
	enum skep_attach_kind kind = k->inst->attach.kind;

	if (!skep_arch() || (kind != SKEP_ATTACH_KPROBE && kind != SKEP_ATTACH_UPROBE))
		return unavailable(k, call, "arguments on the stack belong to kprobe and uprobe");
	call->type = skep_type_int(8, false);
	return 0;
}

/* Words of the stack, behind the return address where the CPU keeps that there, too. */
static int lower_sarg(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	const struct skep_arch *arch = skep_arch();
	unsigned n = (unsigned)(call->call.name[4] - '0') + skep_streq(arch->name, "x86_64");
	struct skep_val *slot = skep_ir_slot(l->fn, 8, "stack"), *sp;

	sp = skep_ir_load(l->fn, skep_ir_ctx(l->fn), arch->sp, 8, SKEP_LOAD_PURE);
	skep_lower_read(l, slot, 0, 8, skep_ir_opi(l->fn, SKEP_OP_ADD, sp, n * 8),
			l->inst->attach.kind == SKEP_ATTACH_UPROBE ? SKEP_SPACE_USER
								   : SKEP_SPACE_KERNEL);
	if (ret_value)
		*ret_value = (struct skep_value){ .type = call->type,
						  .val = skep_ir_load(l->fn, slot, 0, 8, 0) };
	return 0;
}

const struct skep_builtin skep_builtin_sarg = {
	.name = "sarg0",
	.usage = "sarg0 ... sarg9",
	.flags = SKEP_BUILTIN_BARE | SKEP_BUILTIN_STEADY,
	.check = check_sarg,
	.lower = lower_sarg,
};
