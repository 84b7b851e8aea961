/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs: user, group, control group, and what belongs to a run of skep.
 */
#include <errno.h>
#include <stddef.h>

#include "lang/builtin/builtins.h"
#include "lang/lower_priv.h"
#include "lang/need.h"
#include "lang/scope.h"

static int lower_uid(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	struct skep_val *v =
		skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_UID_GID, SKEP_CALL_PURE, 0);

	return skep_builtin_give(ret_value, call, skep_ir_extend(l->fn, v, 4, false));
}

static int lower_gid(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	struct skep_val *v =
		skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_UID_GID, SKEP_CALL_PURE, 0);

	return skep_builtin_give(ret_value, call, skep_ir_opi(l->fn, SKEP_OP_SHR, v, 32));
}

static int check_username(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_simple(&k->c->types, SKEP_TYPE_USERNAME);
	return 0;
}

static int lower_cgroup(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call,
				 skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_CGROUP_ID,
					      SKEP_CALL_PURE, 0));
}

static int check_curtask(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_type *task = skep_type_of_kernel(&k->c->types, "struct task_struct");
	const struct skep_world *w = k->c->world;
	/* The older helper gives a bare address. */
	enum skep_space space = w->has && w->has(w, SKEP_WORLD_CURRENT_TASK_BTF)
					? SKEP_SPACE_BTF
					: SKEP_SPACE_KERNEL;

	call->type = task ? skep_type_ptr(&k->c->types, task, space) : skep_type_int(8, false);
	return 0;
}

static int lower_curtask(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	struct skep_val *v = skep_lower_task(l);

	if (!v)
		v = skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_TASK, SKEP_CALL_PURE, 0);
	return skep_builtin_give(ret_value, call, v);
}

static int check_cpid(struct skep_check *k, struct skep_expr *call)
{
	if (k->c->types.needs)
		k->c->types.needs->wants_command = true;
	else if (!k->c->options->has_cpid) {
		skep_diag_error(k->c->diag, call->loc,
				"cpid is the process that -c starts, and there is no -c");
		skep_diag_hint(k->c->diag, "add -c 'COMMAND', or compare with a process id");
		return -EINVAL;
	}
	return skep_builtin_check_u32(k, call);
}

static int lower_cpid(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call,
				 skep_lower_global(l, offsetof(struct skep_plan_globals, cpid), 4));
}

static int lower_self_pid(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call, skep_lower_self(l));
}

static int check_has_cpid(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_bool();
	return 0;
}

static int lower_has_cpid(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call, skep_ir_const(l->fn, l->c->options->has_cpid));
}

SKEP_BUILTIN_WORD(uid, SKEP_BUILTIN_STEADY, skep_builtin_check_u32, lower_uid);
SKEP_BUILTIN_WORD(gid, SKEP_BUILTIN_STEADY, skep_builtin_check_u32, lower_gid);
SKEP_BUILTIN_WORD(username, SKEP_BUILTIN_STEADY, check_username, lower_uid);
SKEP_BUILTIN_WORD(cgroup, SKEP_BUILTIN_STEADY, skep_builtin_check_u64, lower_cgroup);
SKEP_BUILTIN_WORD(curtask, SKEP_BUILTIN_STEADY, check_curtask, lower_curtask);
SKEP_BUILTIN_WORD(cpid, SKEP_BUILTIN_STEADY, check_cpid, lower_cpid);
SKEP_BUILTIN_WORD(self_pid, SKEP_BUILTIN_STEADY, skep_builtin_check_u32, lower_self_pid);
SKEP_BUILTIN_WORD(has_cpid, SKEP_BUILTIN_STEADY, check_has_cpid, lower_has_cpid);
