/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code addresses: stacks and symbols. Programs carry numbers; names are found in user space.
 */
#include <errno.h>
#include <inttypes.h>

#include "isa/arch.h"
#include "lang/builtin/builtins.h"
#include "lang/lower_priv.h"
#include "lang/need.h"
#include "lang/unwind.h"
#include "record/schema.h"

#define STACKS_BYTES (8u << 20) /* of kernel memory for the stacks of one depth */
#define STACKS_MAX 65536	/* of them at a time; one that finds no place is counted */
#define STACK_HEAD 32		/* bytes that the kernel keeps beside a stack's addresses, about */
#define GET_STACKID_USER (1 << 8) /* flag of the helper: the user's stack */

static const struct {
	const char *name;
	enum skep_stack_style style;
} styles[] = {
	{ "bpftrace", SKEP_STACK_BPFTRACE },
	{ "perf", SKEP_STACK_PERF },
	{ "raw", SKEP_STACK_RAW },
	{ "build_id", SKEP_STACK_BUILD_ID },
};

/* kstack, kstack(depth), kstack(style), kstack(style, depth) */
static int check_stack(struct skep_check *k, struct skep_expr *call, enum skep_type_kind kind)
{
	struct skep_type type = *skep_type_simple(&k->c->types, kind);
	int64_t depth = k->c->config.stack_depth;
	unsigned style = (unsigned)k->c->config.stack_style;

	if (kind == SKEP_TYPE_KSTACK && style == SKEP_STACK_BUILD_ID)
		style = SKEP_STACK_BPFTRACE; /* stack_mode is about stacks that have build ids */
	for (size_t i = 0; i < call->call.args.len; i++) {
		const struct skep_expr *arg = call->call.args.data[i];
		bool known = false;

		for (size_t j = 0; j < ARRAY_SIZE(styles); j++) {
			if (arg->kind == SKEP_EXPR_NAME &&
			    skep_streq(arg->call.name, styles[j].name)) {
				style = styles[j].style;
				known = true;
			}
		}
		if (known)
			continue;
		if (!skep_check_const(k, arg, &depth) || depth < 1 ||
		    depth > SKEP_STACK_FRAMES_MAX) {
			skep_diag_error(k->c->diag, arg->loc,
					"%s() takes a depth from 1 to %d or a style",
					call->call.name, SKEP_STACK_FRAMES_MAX);
			skep_diag_hint(k->c->diag,
				       "the styles are bpftrace, perf, raw and build_id");
			return -EINVAL;
		}
	}
	type.param = SKEP_STACK_PARAM(style, (uint32_t)depth);
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	return 0;
}

static int check_kstack(struct skep_check *k, struct skep_expr *call)
{
	int r = check_stack(k, call, SKEP_TYPE_KSTACK);

	if (r < 0 || call->type->param >> 16 != SKEP_STACK_BUILD_ID)
		return r;
	skep_diag_error(k->c->diag, call->loc,
			"build ids are those of programs, not of the kernel");
	skep_diag_hint(k->c->diag, "ustack(build_id) shows them");
	return -EINVAL;
}

static int check_ustack(struct skep_check *k, struct skep_expr *call)
{
	return check_stack(k, call, SKEP_TYPE_USTACK);
}

/* The map of stacks of at most @depth frames. */
static unsigned stack_map(struct skep_lower *l, uint32_t depth)
{
	struct skep_compiler *c = l->c;
	uint32_t room = STACKS_BYTES / (depth * 8 + STACK_HEAD), n = 1;
	struct skep_stack_map map = { .depth = depth };

	for (size_t i = 0; i < c->stack_maps.len; i++)
		if (c->stack_maps.data[i].depth == depth)
			return c->stack_maps.data[i].map;
	while (n * 2 <= MIN(room, (uint32_t)STACKS_MAX))
		n *= 2;
	map.map =
		skep_gen_map(l->gen, &(struct skep_spec_map){
					     .name = skep_arena_printf(c->arena, "stacks%u", depth),
					     .type = SKEP_MAP_STACK_TRACE,
					     .key_size = 4,
					     .value_size = depth * 8,
					     .max_entries = n,
				     });
	skep_vec_add(&c->stack_maps, map);
	return map.map;
}

/* In a script that asks for the length of stacks each carries its own above the kernel's id, in bits 32 and up. */
static struct skep_val *with_length(struct skep_lower *l, struct skep_val *id, uint64_t flags,
				    uint32_t depth)
{
	struct skep_block *some = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	struct skep_var *var = skep_ir_var(l->fn, "length");
	struct skep_val *at, *n;
	int off;

	skep_ir_set(l->fn, var, id);
	at = skep_lower_object(l, depth * 8, "stack", &off);
	n = skep_ir_call(l->fn, SKEP_HELPER_GET_STACK, 0, 4, skep_ir_ctx(l->fn),
			 skep_lower_at(l, at, off), skep_ir_const(l->fn, depth * 8),
			 skep_ir_const(l->fn, flags));
	skep_ir_branch(l->fn, SKEP_CC_SGT, n, skep_ir_const(l->fn, 0), some, join);
	skep_ir_at(l->fn, some);
	n = skep_ir_opi(l->fn, SKEP_OP_SHL, skep_ir_opi(l->fn, SKEP_OP_SHR, n, 3), 32);
	skep_ir_set(l->fn, var, skep_ir_op(l->fn, SKEP_OP_OR, id, n));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, var);
}

/* @id is negative: kept by ourselves when another stack has its place; counted, unless there is no such stack. */
static void no_id(struct skep_lower *l, struct skep_var *id, uint64_t flags, uint32_t depth)
{
	struct skep_block *lost = skep_ir_block(l->fn), *done = skep_ir_block(l->fn);

	if (skep_keep_possible(l)) {
		struct skep_block *taken = skep_ir_block(l->fn), *failed = skep_ir_block(l->fn);

		skep_ir_branch(l->fn, SKEP_CC_EQ, skep_ir_get(l->fn, id),
			       skep_ir_const(l->fn, (uint64_t)-EEXIST), taken, failed);
		skep_ir_cold(taken);
		skep_ir_at(l->fn, taken);
		skep_ir_set(l->fn, id, skep_keep_kernel_stack(l, flags, depth));
		skep_ir_branch(l->fn, SKEP_CC_SLT, skep_ir_get(l->fn, id), skep_ir_const(l->fn, 0),
			       failed, done);
		skep_ir_at(l->fn, failed);
	}
	skep_ir_branch(l->fn, SKEP_CC_EQ, skep_ir_get(l->fn, id),
		       skep_ir_const(l->fn, (uint64_t)-EFAULT), done, lost);
	skep_ir_at(l->fn, lost);
	skep_lower_loss(l, SKEP_LOSS_STACK);
	skep_ir_jump(l->fn, done);
	skep_ir_at(l->fn, done);
}

/* The id under which this stack is kept, or -errno. */
static struct skep_val *stack_id(struct skep_lower *l, uint64_t flags, uint32_t depth)
{
	struct skep_block *bad = skep_ir_block(l->fn), *good = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *var = skep_ir_var(l->fn, "stack");
	struct skep_val *id;

	id = skep_ir_call(l->fn, SKEP_HELPER_GET_STACKID, 0, 3, skep_ir_ctx(l->fn),
			  skep_ir_map(l->fn, stack_map(l, depth)), skep_ir_const(l->fn, flags));
	skep_ir_set(l->fn, var, id);
	skep_ir_branch(l->fn, SKEP_CC_SLT, id, skep_ir_const(l->fn, 0), bad, good);
	skep_ir_at(l->fn, bad);
	no_id(l, var, flags, depth);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, good);
	if (l->c->stack_lens)
		skep_ir_set(l->fn, var, with_length(l, id, flags, depth));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, var);
}

/* The length that a stack carries, but no more than are shown of it. */
int skep_builtin_stack_len(struct skep_lower *l, const struct skep_expr *call,
			   struct skep_value *ret_value)
{
	const struct skep_expr *arg = call->call.args.data[0];
	struct skep_block *good = skep_ir_block(l->fn), *longer = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_val *depth = skep_ir_const(l->fn, arg->type->param & SKEP_STACK_DEPTH), *n;
	struct skep_var *length = skep_ir_var(l->fn, "length");
	struct skep_value v;
	int r = skep_lower_expr(l, arg, &v);

	if (r < 0)
		return r;
	if (!skep_type_is_scalar(v.type)) {
		r = skep_lower_load(l, skep_type_int(8, true), v.val, v.off, v.space, &v);
		if (r < 0)
			return r;
	}
	skep_ir_set(l->fn, length, skep_ir_const(l->fn, 0));
	skep_ir_branch(l->fn, SKEP_CC_SGE, v.val, skep_ir_const(l->fn, 0), good, join);
	skep_ir_at(l->fn, good);
	n = skep_ir_opi(l->fn, SKEP_OP_SHR, v.val, 32);
	n = skep_ir_opi(l->fn, SKEP_OP_AND, n, 127); /* above it our own walk has a hash */
	skep_ir_set(l->fn, length, n);
	skep_ir_branch(l->fn, SKEP_CC_UGT, n, depth, longer, join);
	skep_ir_at(l->fn, longer);
	skep_ir_set(l->fn, length, depth);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_builtin_give(ret_value, call, skep_ir_get(l->fn, length));
}

/* A number and the process that it belongs to, as 16 bytes. */
static void with_process(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_val *number, struct skep_value *ret_value)
{
	struct skep_value own = { .type = call->type, .space = SKEP_SPACE_BPF };

	own.val = skep_lower_object(l, call->type->size, call->call.name, &own.off);
	skep_ir_store(l->fn, own.val, own.off, 8, number);
	skep_ir_store(l->fn, own.val, own.off + 8, 8, skep_lower_tgid(l));
	if (ret_value)
		*ret_value = own;
}

/*
 * Frames on top of the stack that are ours: programs on raw tracepoints and trampolines are called like functions, so the
 * kernel sees them and their caller. A flag of the helper, in its lowest byte.
 */
static uint64_t own_frames(const struct skep_instance *inst)
{
	switch (inst->attach.kind) {
	case SKEP_ATTACH_RAW_TP:  /* bpf_prog_..., bpf_trace_run */
	case SKEP_ATTACH_TRACING: /* the same, or bpf_trampoline_... */
		return 2;
	default:
		return 0;
	}
}

static int lower_kstack(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_val *id =
		stack_id(l, own_frames(l->inst), call->type->param & SKEP_STACK_DEPTH);

	if (ret_value)
		*ret_value = (struct skep_value){ .type = call->type, .val = id };
	return 0;
}

/* Stacks that could not be stored are one key: whose they would have been tells nothing. */
static void forget_process(struct skep_lower *l, struct skep_val *id, const struct skep_value *own)
{
	struct skep_block *bad = skep_ir_block(l->fn), *lost = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);

	skep_ir_branch(l->fn, SKEP_CC_SLT, id, skep_ir_const(l->fn, 0), bad, join);
	skep_ir_cold(bad);
	skep_ir_at(l->fn, bad);
	skep_ir_branch(l->fn, SKEP_CC_EQ, id, skep_ir_const(l->fn, (uint64_t)-EFAULT), join, lost);
	skep_ir_cold(lost);
	skep_ir_at(l->fn, lost);
	skep_ir_store(l->fn, own->val, own->off + 8, 8, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
}

static int lower_ustack(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	uint32_t depth = call->type->param & SKEP_STACK_DEPTH;
	struct skep_val *id = skep_unwind_possible(l) ? skep_lower_unwind(l, depth)
						      : stack_id(l, GET_STACKID_USER, depth);
	struct skep_value own;

	with_process(l, call, id, &own);
	forget_process(l, id, &own);
	if (ret_value)
		*ret_value = own;
	return 0;
}

static int check_sym(struct skep_check *k, struct skep_expr *call, enum skep_type_kind kind)
{
	const struct skep_expr *arg = call->call.args.data[0];

	if (arg->type && arg->type->kind != SKEP_TYPE_INT && arg->type->kind != SKEP_TYPE_PTR)
		return skep_check_want(k, arg, "an address");
	call->type = skep_type_simple(&k->c->types, kind);
	return 0;
}

static int check_ksym(struct skep_check *k, struct skep_expr *call)
{
	return check_sym(k, call, SKEP_TYPE_KSYM);
}

static int check_usym(struct skep_check *k, struct skep_expr *call)
{
	return check_sym(k, call, SKEP_TYPE_USYM);
}

static int lower_ksym(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	struct skep_val *v;
	int r = skep_lower_scalar(l, call->call.args.data[0], &v);

	if (r == 0 && ret_value)
		*ret_value = (struct skep_value){ .type = call->type, .val = v };
	return r;
}

static int lower_usym(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	struct skep_val *v;
	int r = skep_lower_scalar(l, call->call.args.data[0], &v);

	if (r == 0)
		with_process(l, call, v, ret_value);
	return r;
}

static int check_kaddr(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_world *world = k->c->world;
	const char *name = skep_check_literal(k, call->call.args.data[0]);
	uint64_t *address = skep_arena_alloc(k->c->arena, sizeof(*address));

	call->type = skep_type_int(8, false);
	call->call.state = address;
	if (!name)
		return skep_check_want(k, call->call.args.data[0],
				       "the name of a kernel symbol in quotes");
	if (world->kernel_symbol && world->kernel_symbol(world, name, address) == 0)
		return 0;
	skep_diag_error(k->c->diag, call->call.args.data[0]->loc, "no kernel symbol '%s'", name);
	skep_diag_hint(
		k->c->diag,
		"the kernel lists its symbols in /proc/kallsyms, with addresses only for root");
	return -EINVAL;
}

static int lower_kaddr(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	const char *name = skep_compiler_literal(l->c, call->call.args.data[0]);

	return skep_builtin_give(ret_value, call,
				 skep_need_number(&l->c->types, l->fn, SKEP_NEED_SYMBOL, name,
						  *(const uint64_t *)call->call.state));
}

struct user_address {
	struct skep_world_symbol symbol;
	bool from_here; /* its ->inside is added to the place that was probed */
};

static int check_uaddr(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];
	const struct skep_world *world = k->c->world;
	const struct skep_attach_target *place =
		k->inst->n_matches ? &k->inst->matches[0].target : NULL;
	const char *name = skep_check_literal(k, arg);
	struct user_address *to = skep_arena_calloc(k->c->arena, 1, sizeof(*to));
	int r = -ENOENT;

	call->type = skep_type_int(8, false);
	call->call.state = to;
	if (skep_need_refuse(&k->c->types, call->loc, "uaddr()",
			     "read an argument that has the address"))
		return 0;
	if (!name)
		return skep_check_want(k, arg, "the name of a symbol in quotes");
	if (k->inst->attach.kind != SKEP_ATTACH_UPROBE &&
	    k->inst->attach.kind != SKEP_ATTACH_URETPROBE) {
		skep_diag_error(k->c->diag, call->loc,
				"uaddr() looks in the binary of a uprobe, and this is none");
		return -EINVAL;
	}
	if (place && world->user_symbol)
		r = world->user_symbol(world, place->name, name, place->offset, &to->symbol);
	if (r < 0) {
		skep_diag_error(k->c->diag, arg->loc, "no symbol '%s' in %s", name,
				place ? place->name : "this binary");
		return -EINVAL;
	}
	to->from_here = r > 0 && k->inst->attach.kind == SKEP_ATTACH_UPROBE &&
			k->inst->n_matches == 1 && skep_arch();
	if (r > 0 && !to->from_here && k->final) {
		skep_diag_warn(k->c->diag, call->loc,
			       "%s may be loaded anywhere, and this is where '%s' is in its file",
			       place->name, name);
		skep_diag_hint(k->c->diag, "where it is loaded is known at the entry of a single "
					   "function: uprobe:BINARY:FUNCTION");
	}
	return 0;
}

/* What was probed is where the program was stopped, which tells where the binary was loaded. */
static int lower_uaddr(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	const struct user_address *to = call->call.state;
	struct skep_val *v;
	int ip;

	if (!to->from_here)
		return skep_builtin_give(ret_value, call, skep_ir_const(l->fn, to->symbol.address));
	ip = skep_arch_reg_offset(skep_arch(), "ip");
	if (ip < 0)
		ip = skep_arch_reg_offset(skep_arch(), "pc");
	v = skep_ir_load(l->fn, skep_ir_ctx(l->fn), ip, 8, SKEP_LOAD_PURE);
	v = skep_ir_op(l->fn, SKEP_OP_ADD, v, skep_ir_const(l->fn, to->symbol.inside));
	return skep_builtin_give(ret_value, call, v);
}

#define SYMBOL(word, text, least, most, extra, check_fn, lower_fn) \
	const struct skep_builtin skep_builtin_##word = {          \
		.name = #word,                                     \
		.usage = text,                                     \
		.min_args = least,                                 \
		.max_args = most,                                  \
		.flags = extra,                                    \
		.check = check_fn,                                 \
		.lower = lower_fn,                                 \
	}

SYMBOL(kstack, "kstack([style,] [depth])", 0, 2, SKEP_BUILTIN_BARE | SKEP_BUILTIN_RAW, check_kstack,
       lower_kstack);
/* The walk is the same: ustack uses the tables wherever there are any. */
SYMBOL(dw_ustack, "dw_ustack([style,] [depth])", 0, 2, SKEP_BUILTIN_BARE | SKEP_BUILTIN_RAW,
       check_ustack, lower_ustack);
SYMBOL(ustack, "ustack([style,] [depth])", 0, 2, SKEP_BUILTIN_BARE | SKEP_BUILTIN_RAW, check_ustack,
       lower_ustack);
SYMBOL(ksym, "ksym(address)", 1, 1, 0, check_ksym, lower_ksym);
SYMBOL(usym, "usym(address)", 1, 1, 0, check_usym, lower_usym);
SYMBOL(kaddr, "kaddr(\"symbol\")", 1, 1, 0, check_kaddr, lower_kaddr);
SYMBOL(uaddr, "uaddr(\"symbol\")", 1, 1, 0, check_uaddr, lower_uaddr);
