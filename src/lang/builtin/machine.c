/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where and when: CPU, clocks, chance.
 */
#include <errno.h>
#include <stddef.h>

#include "lang/builtin/builtins.h"

static int lower_cpu(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call,
				 skep_ir_call(l->fn, SKEP_HELPER_GET_SMP_PROCESSOR_ID,
					      SKEP_CALL_PURE, 0));
}

static int lower_ncpus(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	struct skep_val *v;

	if (l->c->types.needs)
		v = skep_lower_global(l, offsetof(struct skep_plan_globals, n_cpus), 4);
	else
		v = skep_ir_const(l->fn, l->c->world->n_cpus);
	return skep_builtin_give(ret_value, call, v);
}

static int lower_numaid(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call,
				 skep_ir_call(l->fn, SKEP_HELPER_GET_NUMA_NODE_ID, SKEP_CALL_PURE,
					      0));
}

static int lower_rand(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	struct skep_val *v =
		skep_ir_call(l->fn, SKEP_HELPER_GET_PRANDOM_U32, SKEP_CALL_NOEFFECT, 0);

	return skep_builtin_give(ret_value, call, skep_ir_extend(l->fn, v, 4, false));
}

/* The clocks by the names that scripts give them. */
static const struct {
	const char *name;
	uint32_t helper;
} clocks[] = {
	{ "boot",
	  SKEP_HELPER_KTIME_GET_BOOT_NS }, /* without an argument: it goes on while the machine sleeps */
	{ "monotonic", SKEP_HELPER_KTIME_GET_NS },
	{ "tai", SKEP_HELPER_KTIME_GET_TAI_NS },
	{ "sw_tai", SKEP_HELPER_KTIME_GET_TAI_NS },
};

static int check_nsecs(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.len ? call->call.args.data[0] : NULL;

	call->type = skep_type_int(8, false);
	if (!arg)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		if (arg->kind == SKEP_EXPR_NAME && skep_streq(arg->call.name, clocks[i].name))
			return 0;
	skep_diag_error(k->c->diag, arg->loc, "unknown clock");
	skep_diag_hint(k->c->diag, "the clocks are boot, monotonic and tai");
	return -EINVAL;
}

static int lower_nsecs(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	const struct skep_expr *arg = call->call.args.len ? call->call.args.data[0] : NULL;
	uint32_t helper = clocks[0].helper;

	for (size_t i = 0; arg && i < ARRAY_SIZE(clocks); i++)
		if (skep_streq(arg->call.name, clocks[i].name))
			helper = clocks[i].helper;
	return skep_builtin_give(ret_value, call,
				 skep_ir_call(l->fn, helper, SKEP_CALL_NOEFFECT, 0));
}

static int lower_elapsed(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	struct skep_val *now =
		skep_ir_call(l->fn, SKEP_HELPER_KTIME_GET_BOOT_NS, SKEP_CALL_NOEFFECT, 0);
	struct skep_val *start =
		skep_lower_global(l, offsetof(struct skep_plan_globals, start_boot_ns), 8);

	return skep_builtin_give(ret_value, call, skep_ir_op(l->fn, SKEP_OP_SUB, now, start));
}

SKEP_BUILTIN_WORD(cpu, 0, skep_builtin_check_u32, lower_cpu);
SKEP_BUILTIN_WORD(ncpus, 0, skep_builtin_check_u64, lower_ncpus);
SKEP_BUILTIN_WORD(numaid, 0, skep_builtin_check_u32, lower_numaid);
SKEP_BUILTIN_WORD(rand, 0, skep_builtin_check_u32, lower_rand);
SKEP_BUILTIN_WORD(elapsed, 0, skep_builtin_check_u64, lower_elapsed);

const struct skep_builtin skep_builtin_nsecs = {
	.name = "nsecs",
	.usage = "nsecs or nsecs(boot|monotonic|tai)",
	.max_args = 1,
	.flags = SKEP_BUILTIN_BARE | SKEP_BUILTIN_RAW,
	.check = check_nsecs,
	.lower = lower_nsecs,
};
