/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel and the processor beneath the probe: registers, addresses, cookies, control groups, functions it offers.
 */
#include <errno.h>

#include "isa/arch.h"
#include "isa/progkind.h"
#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"
#include "lang/need.h"

#define LAST_ERROR 4095 /* pointers above -4096 are error numbers */

/* --- reg, usermode ---------------------------------------------------------------------------------------- */

/* Whether the context begins with the registers (struct pt_regs). */
static bool has_registers(const struct skep_instance *inst)
{
	return skep_arch() &&
	       (inst->proto.type == SKEP_PROG_KPROBE || inst->proto.type == SKEP_PROG_PERF_EVENT);
}

static int no_registers(struct skep_check *k, const struct skep_expr *call)
{
	int r = skep_check_error(k, call->loc, "%s has no %s: no registers are passed to it",
				 k->inst->provider->name, call->call.name);

	skep_diag_hint(k->c->diag, "kprobe, uprobe and their returns, profile, software and "
				   "hardware have them");
	return r;
}

static int check_reg(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_arch *arch = skep_arch();
	const struct skep_expr *arg = call->call.args.data[0];
	const char *name = skep_check_literal(k, arg);
	_cleanup_(skep_str_fini)
	struct skep_str all = {};
	int r;

	call->type = skep_type_int(8, false);
	if (!has_registers(k->inst))
		return no_registers(k, call);
	if (!name)
		return skep_check_want(k, arg, "the name of a register in quotes");
	call->call.state = (void *)name;
	if (skep_arch_reg_offset(arch, name) >= 0)
		return 0;
	for (size_t i = 0; i < arch->n_regs; i++)
		skep_str_addf(&all, "%s%s", i ? ", " : "", arch->regs[i].name);
	r = skep_check_error(k, arg->loc, "this CPU has no register '%s'", name);
	skep_diag_hint(k->c->diag, "they are: %s", skep_str_text(&all));
	return r;
}

static struct skep_val *load_reg(struct skep_lower *l, const char *name)
{
	return skep_ir_load(l->fn, skep_ir_ctx(l->fn), skep_arch_reg_offset(skep_arch(), name), 8,
			    SKEP_LOAD_PURE);
}

static int lower_reg(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call, load_reg(l, call->call.state));
}

static int check_usermode(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_int(1, false);
	return has_registers(k->inst) ? 0 : no_registers(k, call);
}

/* x86-64: the privilege level in cs; arm64: the mode in pstate, of which 0 is EL0. */
static int lower_usermode(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	bool is_x86 = skep_streq(skep_arch()->name, "x86_64");
	struct skep_val *mode = load_reg(l, is_x86 ? "cs" : "pstate");

	mode = skep_ir_opi(l->fn, SKEP_OP_AND, mode, is_x86 ? 3 : 0xf);
	return skep_builtin_give(ret_value, call,
				 skep_ir_cmp(l->fn, SKEP_CC_EQ, mode,
					     skep_ir_const(l->fn, is_x86 ? 3 : 0)));
}

/* --- jiffies, is_err -------------------------------------------------------------------------------------- */

static int lower_jiffies(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call,
				 skep_ir_call(l->fn, SKEP_HELPER_JIFFIES64, SKEP_CALL_NOEFFECT, 0));
}

static int check_is_err(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_type *type = call->call.args.data[0]->type;

	call->type = skep_type_bool();
	if (type && type->kind != SKEP_TYPE_PTR && type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, call->call.args.data[0], "a pointer");
	return 0;
}

static int lower_is_err(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_val *v;
	int r = skep_lower_scalar(l, call->call.args.data[0], &v);

	if (r < 0)
		return r;
	return skep_builtin_give(ret_value, call,
				 skep_ir_cmp(l->fn, SKEP_CC_UGE, v,
					     skep_ir_const(l->fn, -(uint64_t)LAST_ERROR)));
}

/* --- percpu_kaddr ----------------------------------------------------------------------------------------- */

struct percpu {
	uint64_t symbol,
		offsets; /* addresses: of the variable, of the table of the CPUs' offsets */
};

static int no_symbol(struct skep_check *k, const struct skep_expr *arg, const char *name)
{
	int r = skep_check_error(k, arg->loc, "no kernel symbol '%s'", name);

	skep_diag_hint(k->c->diag, "the kernel lists its symbols in /proc/kallsyms, with addresses "
				   "only for root");
	return r;
}

static int check_percpu_kaddr(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_world *world = k->c->world;
	const struct skep_expr *arg = call->call.args.data[0];
	struct percpu *p = skep_arena_calloc(k->c->arena, 1, sizeof(*p));
	const char *name = skep_check_literal(k, arg);

	call->call.state = p;
	call->type = skep_type_ptr(&k->c->types, skep_type_int(8, false), SKEP_SPACE_KERNEL);
	if (!name)
		return skep_check_want(k, arg, "the name of a per-CPU variable in quotes");
	if (call->call.args.len == 2 && call->call.args.data[1]->type &&
	    call->call.args.data[1]->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, call->call.args.data[1], "the number of a CPU");
	if (!world->kernel_symbol || world->kernel_symbol(world, name, &p->symbol) < 0)
		return no_symbol(k, arg, name);
	if (world->kernel_symbol(world, "__per_cpu_offset", &p->offsets) < 0)
		return no_symbol(k, arg, "__per_cpu_offset");
	return 0;
}

/* NULL for a CPU that there is not. */
static int lower_percpu_kaddr(struct skep_lower *l, const struct skep_expr *call,
			      struct skep_value *ret_value)
{
	const struct percpu *p = call->call.state;
	struct skep_block *have = skep_ir_block(l->fn), *none = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *address = skep_ir_var(l->fn, "percpu");
	struct skep_val *cpu, *slot = skep_ir_slot(l->fn, 8, "offset");
	int r;

	if (call->call.args.len == 2) {
		r = skep_lower_scalar(l, call->call.args.data[1], &cpu);
		if (r < 0)
			return r;
	} else {
		cpu = skep_ir_call(l->fn, SKEP_HELPER_GET_SMP_PROCESSOR_ID, SKEP_CALL_PURE, 0);
	}
	skep_ir_branch(l->fn, SKEP_CC_ULT, cpu, skep_ir_const(l->fn, l->c->world->n_cpus), have,
		       none);
	skep_ir_at(l->fn, have);
	skep_lower_read(l, slot, 0, 8,
			skep_ir_op(l->fn, SKEP_OP_ADD,
				   skep_need_number(&l->c->types, l->fn, SKEP_NEED_SYMBOL,
						    "__per_cpu_offset", p->offsets),
				   skep_ir_opi(l->fn, SKEP_OP_SHL, cpu, 3)),
			SKEP_SPACE_KERNEL);
	skep_ir_set(
		l->fn, address,
		skep_ir_op(l->fn, SKEP_OP_ADD, skep_ir_load(l->fn, slot, 0, 8, 0),
			   skep_need_number(&l->c->types, l->fn, SKEP_NEED_SYMBOL,
					    skep_compiler_literal(l->c, call->call.args.data[0]),
					    p->symbol)));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, none);
	skep_ir_set(l->fn, address, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_builtin_give(ret_value, call, skep_ir_get(l->fn, address));
}

/* --- socket_cookie ---------------------------------------------------------------------------------------- */

static const struct skep_type *sock_type(struct skep_check *k)
{
	return k->c->types.btf ? skep_type_of_kernel(&k->c->types, "struct sock") : NULL;
}

static int check_socket_cookie(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];
	const struct skep_type *sock = sock_type(k), *common;
	struct skep_field *path = skep_arena_calloc(k->c->arena, 2, sizeof(*path));
	int r;

	call->type = skep_type_int(8, false);
	call->call.state = path;
	if (arg->type && (arg->type->kind != SKEP_TYPE_PTR || !arg->type->elem ||
			  arg->type->elem->kind != SKEP_TYPE_STRUCT))
		return skep_check_want(k, arg, "a struct sock *");
	if (sock &&
	    skep_type_field(&k->c->types, sock, "__sk_common", SKEP_SPACE_KERNEL, &path[0])) {
		common = path[0].type;
		if (skep_type_field(&k->c->types, common, "skc_cookie", SKEP_SPACE_KERNEL,
				    &path[1]))
			return 0;
	}
	r = skep_check_error(k, call->loc, "socket_cookie() is not available here");
	skep_diag_hint(k->c->diag, "it needs a kernel that describes its sockets (BTF)");
	return r;
}

/* A field of something: its pointer may be NULL or unprotected, and the helper takes neither. args.sk is no such field. */
static bool is_behind_pointer(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_FIELD && !(expr->field.base->kind == SKEP_EXPR_NAME &&
						  skep_streq(expr->field.base->call.name, "args"));
}

/*
 * Where the verifier knows the socket, the kernel's helper answers, and makes a cookie when there is none yet. Elsewhere
 * it is read where the kernel keeps it: 0 as long as nobody has asked for it.
 */
static int lower_socket_cookie(struct skep_lower *l, const struct skep_expr *call,
			       struct skep_value *ret_value)
{
	const struct skep_expr *arg = call->call.args.data[0];
	const struct skep_field *path = call->call.state;
	struct skep_val *sk, *slot;
	int r = skep_lower_scalar(l, arg, &sk), off = 0;

	if (r < 0)
		return r;
	if (arg->type->space == SKEP_SPACE_BTF && !l->untyped && !is_behind_pointer(arg) &&
	    l->inst->proto.type == SKEP_PROG_TRACING)
		return skep_builtin_give(ret_value, call,
					 skep_ir_call(l->fn, SKEP_HELPER_GET_SOCKET_COOKIE, 0, 1,
						      sk));
	if (arg->type->space == SKEP_SPACE_BTF && !l->untyped)
		sk = skep_lower_untype(l, sk); /* the field of NULL reads as 0 */
	slot = skep_ir_slot(l->fn, 8, "cookie");
	sk = skep_lower_member(l, sk, &off, &path[0]);
	sk = skep_lower_member(l, sk, &off, &path[1]);
	skep_lower_read(l, slot, 0, 8, skep_lower_at(l, sk, off), SKEP_SPACE_KERNEL);
	return skep_builtin_give(ret_value, call, skep_ir_load(l->fn, slot, 0, 8, 0));
}

/* --- cgroupid, cgroup_path -------------------------------------------------------------------------------- */

static int check_cgroupid(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_world *world = k->c->world;
	const struct skep_expr *arg = call->call.args.data[0];
	const char *path = skep_check_literal(k, arg);
	uint64_t *id = skep_arena_calloc(k->c->arena, 1, sizeof(*id));
	int r;

	call->type = skep_type_int(8, false);
	call->call.state = id;
	if (!path)
		return skep_check_want(k, arg, "the path of a cgroup in quotes");
	if (world->cgroup_id && world->cgroup_id(world, path, id) == 0)
		return 0;
	r = skep_check_error(k, arg->loc, "there is no cgroup '%s'", path);
	skep_diag_hint(k->c->diag,
		       "paths are those of the cgroup2 file system, whole or below its root: "
		       "\"/sys/fs/cgroup/system.slice\" or \"/system.slice\"");
	return r;
}

static int lower_cgroupid(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	const char *path = skep_compiler_literal(l->c, call->call.args.data[0]);

	return skep_builtin_give(ret_value, call,
				 skep_need_number(&l->c->types, l->fn, SKEP_NEED_CGROUP, path,
						  *(const uint64_t *)call->call.state));
}

/* The filter chooses among hierarchies; version 2, the only one with such ids, is called "unified". */
static int check_cgroup_path(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];
	struct skep_type type = *skep_type_simple(&k->c->types, SKEP_TYPE_CGROUP_PATH);
	const char *filter;
	int r;

	type.param = SKEP_CGROUP_UNIFIED;
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	if (arg->type && arg->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, arg, "the number of a cgroup, such as cgroup");
	if (call->call.args.len < 2)
		return 0;
	filter = skep_check_literal(k, call->call.args.data[1]);
	if (!filter)
		return skep_check_want(k, call->call.args.data[1], "a pattern in quotes");
	if (skep_glob_match(filter, "unified"))
		return 0;
	r = skep_check_error(k, call->call.args.data[1]->loc,
			     "the numbers of cgroups are those of version 2, which no '%s' is",
			     filter);
	skep_diag_hint(k->c->diag, "leave the filter out, or write \"unified\"");
	return r;
}

static int lower_cgroup_path(struct skep_lower *l, const struct skep_expr *call,
			     struct skep_value *ret_value)
{
	struct skep_val *v;
	int r = skep_lower_scalar(l, call->call.args.data[0], &v);

	return r < 0 ? r : skep_builtin_give(ret_value, call, v);
}

/* What people call it, a container's name above all: user space finds that out. */
static int check_container(struct skep_check *k, struct skep_expr *call)
{
	static const char *const what[] = { "name", "image", "id" };
	const struct skep_expr *arg = call->call.args.data[0];
	struct skep_type type = *skep_type_simple(&k->c->types, SKEP_TYPE_CGROUP_PATH);
	const char *word = "name";
	size_t i = 0;

	if (arg->type && arg->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, arg, "the number of a cgroup, such as cgroup");
	if (call->call.args.len > 1)
		word = skep_check_literal(k, call->call.args.data[1]);
	while (word && i < ARRAY_SIZE(what) && !skep_streq(word, what[i]))
		i++;
	if (!word || i == ARRAY_SIZE(what))
		return skep_check_want(k, call->call.args.data[1], "\"name\", \"image\" or \"id\"");
	type.param = SKEP_CGROUP_LABEL + (uint32_t)i;
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	return 0;
}

/* --- kfunc_exist, kfunc_allowed --------------------------------------------------------------------------- */

bool skep_builtin_kfunc_exists(const struct skep_compiler *c, const char *name)
{
	uint32_t id;

	return !c->types.needs && c->types.btf &&
	       skep_btf_find(c->types.btf, name, SKEP_BTF_FUNC, &id) == 0;
}

bool skep_builtin_kfunc(const struct skep_check *k, const char *name)
{
	const struct skep_world *w = k->c->world;
	const struct skep_spec_prog *p = &k->inst->proto;

	return skep_builtin_kfunc_exists(k->c, name) && w->kfunc_allowed && !p->attach_module &&
	       w->kfunc_allowed(w, p->type, p->attach_type, p->attach_btf_id, name);
}

static int check_kfunc(struct skep_check *k, struct skep_expr *call, bool allowed)
{
	const char *name = skep_check_literal(k, call->call.args.data[0]);
	bool yes;

	skep_need_refuse(&k->c->types, call->loc, allowed ? "kfunc_allowed()" : "kfunc_exist()",
			 "leave the question out, or run the script itself");
	call->type = skep_type_bool();
	call->call.state = NULL;
	if (!name)
		return skep_check_want(k, call->call.args.data[0],
				       "the name of a kernel function in quotes");
	yes = allowed ? skep_builtin_kfunc(k, name) : skep_builtin_kfunc_exists(k->c, name);
	if (yes)
		call->call.state = call; /* that it is there is the answer */
	return 0;
}

static int check_kfunc_exist(struct skep_check *k, struct skep_expr *call)
{
	return check_kfunc(k, call, false);
}

static int check_kfunc_allowed(struct skep_check *k, struct skep_expr *call)
{
	return check_kfunc(k, call, true);
}

static int lower_kfunc(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call, skep_ir_const(l->fn, call->call.state != NULL));
}

#define KERNEL(word, text, least, most, extra, check_fn, lower_fn) \
	const struct skep_builtin skep_builtin_##word = {          \
		.name = #word,                                     \
		.usage = text,                                     \
		.min_args = least,                                 \
		.max_args = most,                                  \
		.flags = extra,                                    \
		.check = check_fn,                                 \
		.lower = lower_fn,                                 \
	}

KERNEL(reg, "reg(\"name\")", 1, 1, 0, check_reg, lower_reg);
KERNEL(usermode, "usermode", 0, 0, SKEP_BUILTIN_BARE | SKEP_BUILTIN_STEADY, check_usermode,
       lower_usermode);
KERNEL(jiffies, "jiffies", 0, 0, SKEP_BUILTIN_BARE, skep_builtin_check_u64, lower_jiffies);
KERNEL(is_err, "is_err(pointer)", 1, 1, 0, check_is_err, lower_is_err);
KERNEL(percpu_kaddr, "percpu_kaddr(\"name\"[, cpu])", 1, 2, 0, check_percpu_kaddr,
       lower_percpu_kaddr);
KERNEL(socket_cookie, "socket_cookie(sock)", 1, 1, 0, check_socket_cookie, lower_socket_cookie);
KERNEL(cgroupid, "cgroupid(\"path\")", 1, 1, 0, check_cgroupid, lower_cgroupid);
KERNEL(container, "container(id[, \"what\"])", 1, 2, 0, check_container, lower_cgroup_path);
KERNEL(cgroup_path, "cgroup_path(id[, \"filter\"])", 1, 2, 0, check_cgroup_path, lower_cgroup_path);
KERNEL(kfunc_exist, "kfunc_exist(\"name\")", 1, 1, SKEP_BUILTIN_COMPTIME, check_kfunc_exist,
       lower_kfunc);
KERNEL(kfunc_allowed, "kfunc_allowed(\"name\")", 1, 1, SKEP_BUILTIN_COMPTIME, check_kfunc_allowed,
       lower_kfunc);
