/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: ids and names of the current thread, its process and parent, and of tasks that a script has a pointer to.
 */
#include <errno.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"
#include "lang/scope.h"

#define COMM_BYTES 16

/* --- pid, tid --------------------------------------------------------------------------------------------- */

static bool is_word(const struct skep_expr *expr, const char *word)
{
	return expr->kind == SKEP_EXPR_NAME && skep_streq(expr->call.name, word);
}

/* Without an argument and with curr_ns: as this process sees it; init: as the machine's first namespace does. */
static int check_id(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.len ? call->call.args.data[0] : NULL;
	int r;

	call->type = skep_type_int(4, false);
	if (!arg || is_word(arg, "curr_ns") || is_word(arg, "init"))
		return 0;
	r = skep_check_error(k, arg->loc, "%s() does not know this namespace", call->call.name);
	skep_diag_hint(k->c->diag,
		       "write %s(curr_ns) for the namespace of skep itself, %s(init) "
		       "for the first one",
		       call->call.name, call->call.name);
	return r;
}

static bool wants_init(const struct skep_expr *call)
{
	return call->call.args.len && is_word(call->call.args.data[0], "init");
}

static int lower_pid(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call,
				 wants_init(call) ? skep_lower_init_tgid(l) : skep_lower_tgid(l));
}

static int lower_tid(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call,
				 wants_init(call) ? skep_lower_init_tid(l) : skep_lower_tid(l));
}

/* --- a task and what belongs to it ------------------------------------------------------------------------ */

static const struct skep_type *task_type(struct skep_compiler *c)
{
	return c->types.btf ? skep_type_of_kernel(&c->types, "struct task_struct") : NULL;
}

/* An optional argument: a pointer to a task. */
static int check_task(struct skep_check *k, const struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.len ? call->call.args.data[0] : NULL;
	const struct skep_type *task = task_type(k->c), *type = arg ? arg->type : NULL;
	int r;

	if (!task) {
		r = skep_check_error(k, call->loc, "%s is not available here", call->call.name);
		skep_diag_hint(k->c->diag, "it needs a kernel that describes its types (BTF)");
		return r;
	}
	if (!type || type->kind == SKEP_TYPE_INT)
		return 0;
	if (type->kind == SKEP_TYPE_PTR && (!type->elem || skep_type_equal(type->elem, task)))
		return 0;
	return skep_check_want(k, arg, "a struct task_struct *, such as curtask");
}

static int check_task_u32(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_int(4, false);
	return check_task(k, call);
}

static int check_task_comm(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_string(&k->c->types, COMM_BYTES);
	return check_task(k, call);
}

/* The task that a call names, or the current one. */
static int find_task(struct skep_lower *l, const struct skep_expr *call, struct skep_val **ret_task,
		     enum skep_space *ret_space)
{
	const struct skep_expr *arg = call->call.args.len ? call->call.args.data[0] : NULL;

	*ret_space = SKEP_SPACE_KERNEL;
	if (arg) {
		if (arg->type->kind == SKEP_TYPE_PTR && arg->type->space == SKEP_SPACE_BTF &&
		    !l->untyped)
			*ret_space = SKEP_SPACE_BTF;
		return skep_lower_scalar(l, arg, ret_task);
	}
	*ret_task = skep_lower_task(l);
	if (*ret_task)
		*ret_space = SKEP_SPACE_BTF;
	else
		*ret_task = skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_TASK, SKEP_CALL_PURE, 0);
	return 0;
}

/* Member by member, through the pointers among them, to a number or a place. */
static int follow(struct skep_lower *l, const struct skep_expr *call, const char *const *path,
		  struct skep_value *ret_value)
{
	const struct skep_type *type = task_type(l->c);
	struct skep_value at = { .type = type };
	struct skep_field f;
	int r;

	r = find_task(l, call, &at.val, &at.space);
	if (r < 0)
		return r;
	for (; *path; path++) {
		if (at.type->kind == SKEP_TYPE_PTR) {
			at.type = at.type->elem;
			at.off = 0;
		}
		if (!at.type || !skep_type_field(&l->c->types, at.type, *path, at.space, &f) ||
		    f.bit_size) {
			skep_diag_error(l->c->diag, call->loc, "%s is not available here",
					call->call.name);
			skep_diag_hint(l->c->diag, "this kernel's tasks have no member '%s'",
				       *path);
			return -ENOTSUP;
		}
		enum skep_space space = at.space;

		at.val = skep_lower_member(l, at.val, &at.off, &f);
		r = skep_lower_load(l, f.type, at.val, at.off, space, &at);
		if (r < 0)
			return r;
		at.space = space;
	}
	*ret_value = at;
	return 0;
}

static int lower_member(struct skep_lower *l, const struct skep_expr *call, const char *const *path,
			struct skep_value *ret_value)
{
	struct skep_value v = {};
	size_t n = 0;
	int r;

	while (path[n])
		n++;
	/* Of the current task a number is a load or two, shared by all who ask. */
	if (!call->call.args.len && skep_type_is_scalar(call->type))
		v.val = skep_lower_task_field(l, path, n);
	if (!v.val) {
		r = follow(l, call, path, &v);
		if (r < 0)
			return r;
	}
	v.type = call->type;
	if (ret_value)
		*ret_value = v;
	return 0;
}

static int lower_ppid(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	static const char *const path[] = { "real_parent", "tgid", NULL };

	return lower_member(l, call, path, ret_value);
}

static int lower_leader_tid(struct skep_lower *l, const struct skep_expr *call,
			    struct skep_value *ret_value)
{
	static const char *const path[] = { "group_leader", "pid", NULL };

	return lower_member(l, call, path, ret_value);
}

static int lower_pcomm(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	static const char *const path[] = { "group_leader", "comm", NULL };

	return lower_member(l, call, path, ret_value);
}

/* --- comm ------------------------------------------------------------------------------------------------- */

#define TASK_FROM_PID "bpf_task_from_pid"
#define TASK_RELEASE "bpf_task_release"

static int check_comm(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.len ? call->call.args.data[0] : NULL;
	int r;

	call->type = skep_type_string(&k->c->types, COMM_BYTES);
	if (!arg)
		return 0;
	if (arg->type && arg->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, arg, "a process id");
	if (!k->final || (task_type(k->c) && skep_builtin_kfunc(k, TASK_FROM_PID)))
		return 0;
	r = skep_check_error(k, call->loc, "comm() of another process does not work in %s",
			     k->inst->provider->name);
	if (skep_builtin_kfunc_exists(k->c, TASK_FROM_PID))
		skep_diag_hint(k->c->diag,
			       "it works in rawtracepoint, fentry, fexit, lsm and iter, since "
			       "Linux 6.12 in tracepoint, profile and software, too; a name can be "
			       "kept while its process runs: @name[pid] = comm");
	else
		skep_diag_hint(k->c->diag, "it needs the kernel's function " TASK_FROM_PID
					   " (Linux 6.2), which this kernel does not have; a name "
					   "can be kept while its process runs: @name[pid] = comm");
	return r;
}

/* The name of the process with this id; empty when there is none. The kernel lends the task for the while. */
static int comm_of(struct skep_lower *l, const struct skep_expr *call, struct skep_value *ret_value)
{
	struct skep_block *have = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	struct skep_value own = { .type = call->type, .space = SKEP_SPACE_BPF }, name = {};
	struct skep_val *pid, *task;
	struct skep_field f;
	int r;

	r = skep_lower_scalar(l, call->call.args.data[0], &pid);
	if (r < 0)
		return r;
	if (!skep_type_field(&l->c->types, task_type(l->c), "comm", SKEP_SPACE_BTF, &f))
		return skep_lower_bug(l, call->loc, "comm()");
	own.val = skep_lower_object(l, COMM_BYTES, "comm", &own.off);
	skep_lower_clear(l, own.val, own.off, COMM_BYTES);
	task = skep_ir_call_kfunc(l->fn, TASK_FROM_PID, 0, 1, pid);
	skep_ir_branch(l->fn, SKEP_CC_NE, task, skep_ir_const(l->fn, 0), have, join);
	skep_ir_at(l->fn, have);
	name = (struct skep_value){ .type = f.type, .space = SKEP_SPACE_BTF };
	name.val = skep_lower_member(l, task, &name.off, &f);
	r = skep_lower_store(l, &name, call->type, own.val, own.off);
	if (r < 0)
		return r;
	skep_ir_call_kfunc(l->fn, TASK_RELEASE, 0, 1, task);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	*ret_value = own;
	return 0;
}

static int lower_comm(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	struct skep_value unused;

	ret_value = ret_value ? ret_value : &unused;
	return call->call.args.len ? comm_of(l, call, ret_value)
				   : skep_lower_comm(l, call->type, ret_value);
}

/* --- in_scope --------------------------------------------------------------------------------------------- */

static int check_in_scope(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_bool();
	if (!k->never)
		k->inst->asks_scope = true;
	return call->call.args.len ? check_task(k, call) : 0;
}

static int lower_in_scope(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	enum skep_space space = SKEP_SPACE_KERNEL;
	struct skep_val *task = NULL, *in;
	int r = call->call.args.len ? find_task(l, call, &task, &space) : 0;

	if (r >= 0)
		r = skep_lower_in_scope(l, task, space == SKEP_SPACE_BTF, &in);
	if (r < 0)
		return r;
	return skep_builtin_give(ret_value, call, in);
}

const struct skep_builtin skep_builtin_in_scope = {
	.name = "in_scope",
	.usage = "in_scope() or in_scope(task)",
	.max_args = 1,
	.check = check_in_scope,
	.lower = lower_in_scope,
};

#define TASK(word, text, most, extra, check_fn, lower_fn)                   \
	const struct skep_builtin skep_builtin_##word = {                   \
		.name = #word,                                              \
		.usage = text,                                              \
		.max_args = most,                                           \
		.flags = SKEP_BUILTIN_BARE | SKEP_BUILTIN_STEADY | (extra), \
		.check = check_fn,                                          \
		.lower = lower_fn,                                          \
	}

TASK(pid, "pid or pid(curr_ns|init)", 1, SKEP_BUILTIN_RAW, check_id, lower_pid);
TASK(tid, "tid or tid(curr_ns|init)", 1, SKEP_BUILTIN_RAW, check_id, lower_tid);
TASK(comm, "comm or comm(pid)", 1, 0, check_comm, lower_comm);
TASK(ppid, "ppid or ppid(task)", 1, 0, check_task_u32, lower_ppid);
TASK(pcomm, "pcomm or pcomm(task)", 1, 0, check_task_comm, lower_pcomm);
TASK(leader_tid, "leader_tid", 0, 0, check_task_u32, lower_leader_tid);
TASK(leader_comm, "leader_comm", 0, 0, check_task_comm, lower_pcomm);
