/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program does to the machine at once, without user space: signals, results and memory that it
 * changes. And assert(), which ends it all.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "isa/attachtype.h"
#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/hook.h"
#include "lang/lower_priv.h"

#define SIGNAL_MAX 64

/* --- signal, signal_thread -------------------------------------------------------------------------------- */

int skep_builtin_signal_number(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);

	if (isdigit((unsigned char)name[0]))
		return !*end && n >= 1 && n <= SIGNAL_MAX ? (int)n : 0;
	if (skep_has_prefix(name, "SIG"))
		name += 3;
	for (int i = 1; i <= SIGNAL_MAX; i++)
		if (skep_streq(sigabbrev_np(i), name))
			return i;
	return 0;
}

static int check_signal(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];
	int *number = skep_arena_calloc(k->c->arena, 1, sizeof(*number));
	int64_t value;
	int r;

	call->type = &skep_type_void;
	call->call.state = number;
	if (k->inst->user_run) {
		r = skep_check_error(k, call->loc, "in %s there is nobody to send a signal to",
				     k->inst->provider->name);
		skep_diag_hint(k->c->diag,
			       "%s() reaches the process that the probe fires in; "
			       "system(\"kill ...\") any other",
			       call->call.name);
		return r;
	}
	if (skep_check_const(k, arg, &value)) {
		if (value < 1 || value > SIGNAL_MAX)
			return skep_check_want(k, arg,
					       "a signal: 1 to 64, or a name such as \"SIGTERM\"");
		return 0;
	}
	if (arg->kind == SKEP_EXPR_STRING) {
		*number = skep_builtin_signal_number(arg->text.data);
		if (*number)
			return 0;
		r = skep_check_error(k, arg->loc, "there is no signal \"%s\"", arg->text.data);
		skep_diag_hint(k->c->diag, "kill -l shows their names; a number works, too");
		return r;
	}
	if (arg->type && arg->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, arg, "a signal, its number or its name in quotes");
	return 0;
}

static int send_signal(struct skep_lower *l, const struct skep_expr *call, uint32_t helper)
{
	int number = *(const int *)call->call.state;
	struct skep_val *v = skep_ir_const(l->fn, (uint64_t)number);
	int r;

	if (!number) {
		r = skep_lower_scalar(l, call->call.args.data[0], &v);
		if (r < 0)
			return r;
	}
	skep_ir_call(l->fn, helper, 0, 1, v);
	return 0;
}

static int lower_signal(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	return send_signal(l, call, SKEP_HELPER_SEND_SIGNAL);
}

static int lower_signal_thread(struct skep_lower *l, const struct skep_expr *call,
			       struct skep_value *ret_value)
{
	return send_signal(l, call, SKEP_HELPER_SEND_SIGNAL_THREAD);
}

/* --- override --------------------------------------------------------------------------------------------- */

/* Of fmod_ret: what its program returns is the result. */
static bool is_result(const struct skep_instance *inst)
{
	return inst->proto.attach_type == SKEP_AT_MODIFY_RETURN;
}

static int check_override(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];
	const struct skep_world *w = k->c->world;
	int r;

	call->type = &skep_type_void;
	if (arg->type && arg->type->kind != SKEP_TYPE_INT && arg->type->kind != SKEP_TYPE_PTR)
		return skep_check_want(k, arg, "a result, a number");
	if (!k->final || is_result(k->inst) ||
	    (k->inst->attach.kind == SKEP_ATTACH_KPROBE && w->has &&
	     w->has(w, SKEP_WORLD_OVERRIDE)))
		return 0;
	if (k->inst->attach.kind == SKEP_ATTACH_KPROBE) {
		r = skep_check_error(k, call->loc,
				     "this kernel does not let programs override results");
		skep_diag_hint(k->c->diag, "it must be built with CONFIG_BPF_KPROBE_OVERRIDE; "
					   "fmod_ret does without, for a few functions");
		return r;
	}
	r = skep_check_error(k, call->loc,
			     "only kprobe and fmod_ret can override a result, and this is %s",
			     k->inst->provider->name);
	skep_diag_hint(k->c->diag, "the function is then not executed at all; the kernel allows it "
				   "for those in /sys/kernel/debug/error_injection/list");
	return r;
}

static int lower_override(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	struct skep_val *v;
	int r = skep_lower_scalar(l, call->call.args.data[0], &v);

	if (r < 0)
		return r;
	if (is_result(l->inst)) {
		skep_hook_set_verdict(l, v);
		skep_ir_jump(l->fn, l->done);
		return 0;
	}
	skep_ir_call(l->fn, SKEP_HELPER_OVERRIDE_RETURN, 0, 2, skep_ir_ctx(l->fn), v);
	return 0;
}

/* --- write_user ------------------------------------------------------------------------------------------- */

static int check_write_user(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *const *args = call->call.args.data;
	const struct skep_type *to = args[0]->type, *from = args[1]->type;
	const struct skep_world *w = k->c->world;
	int r;

	call->type = skep_type_int(8, true);
	if (to && to->kind != SKEP_TYPE_PTR && to->kind != SKEP_TYPE_INT)
		return skep_check_want(k, args[0], "an address in the process");
	if (from && (from->kind == SKEP_TYPE_TUPLE || from->kind == SKEP_TYPE_VOID || !from->size))
		return skep_check_want(k, args[1], "a text, a number, an array or a struct");
	if (args[2]->type && args[2]->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, args[2], "a number of bytes");
	if (!k->final || (w->has && w->has(w, SKEP_WORLD_WRITE_USER)))
		return 0;
	r = skep_check_error(k, call->loc,
			     "not supported: write_user() on this kernel, which does "
			     "not let programs write into processes");
	skep_diag_hint(k->c->diag, "kernel lockdown forbids it (/sys/kernel/security/lockdown); "
				   "skep doctor says what there is; signal() needs no such right");
	return r;
}

/* The bytes to write, in the program's memory, and how many there are. */
static int source_bytes(struct skep_lower *l, const struct skep_expr *arg, struct skep_val **ret_at,
			uint32_t *ret_size)
{
	struct skep_value v;
	uint32_t head;
	int r = skep_lower_expr(l, arg, &v);

	if (r < 0)
		return r;
	if (skep_type_is_scalar(v.type)) {
		*ret_at = skep_ir_slot(l->fn, 8, "number");
		*ret_size = v.type->size;
		skep_ir_store(l->fn, *ret_at, 0, 8, v.val);
		return 0;
	}
	if (!v.literal) {
		r = skep_lower_bytes(l, &v);
		if (r < 0)
			return r;
	}
	head = v.type->kind == SKEP_TYPE_BUFFER ? 4 : 0;
	*ret_at = skep_lower_at(l, v.val, v.off + (int)head);
	*ret_size = v.type->size - head;
	return 0;
}

/* At most as many bytes as the source has. */
static int lower_write_user(struct skep_lower *l, const struct skep_expr *call,
			    struct skep_value *ret_value)
{
	struct skep_block *some = skep_ir_block(l->fn), *fits = skep_ir_block(l->fn),
			  *write = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	struct skep_var *length = skep_ir_var(l->fn, "length"),
			*result = skep_ir_var(l->fn, "result");
	struct skep_val *to, *from, *n;
	uint32_t size;
	int r;

	r = skep_lower_scalar(l, call->call.args.data[0], &to);
	if (r < 0)
		return r;
	r = source_bytes(l, call->call.args.data[1], &from, &size);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, call->call.args.data[2], &n);
	if (r < 0)
		return r;
	skep_ir_set(l->fn, result, skep_ir_const(l->fn, 0));
	skep_ir_branch(l->fn, SKEP_CC_EQ, n, skep_ir_const(l->fn, 0), join, some);
	skep_ir_at(l->fn, some);
	skep_ir_set(l->fn, length, skep_ir_const(l->fn, size));
	skep_ir_branch(l->fn, SKEP_CC_ULT, n, skep_ir_const(l->fn, size), fits, write);
	skep_ir_at(l->fn, fits);
	skep_ir_set(l->fn, length, n);
	skep_ir_jump(l->fn, write);
	skep_ir_at(l->fn, write);
	skep_ir_set(l->fn, result,
		    skep_ir_call(l->fn, SKEP_HELPER_PROBE_WRITE_USER, 0, 3, to, from,
				 skep_ir_get(l->fn, length)));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_builtin_give(ret_value, call, skep_ir_get(l->fn, result));
}

/* --- assert ----------------------------------------------------------------------------------------------- */

static int check_assert(struct skep_check *k, struct skep_expr *call)
{
	const char *message = skep_check_literal(k, call->call.args.data[1]);

	call->type = &skep_type_void;
	call->call.state = (void *)message;
	if (!message) {
		int r = skep_check_expr(k, call->call.args.data[1]);

		return r < 0 ? r
			     : skep_check_want(k, call->call.args.data[1], "a message in quotes");
	}
	return skep_check_truth(k, call->call.args.data[0], "what assert() checks");
}

/* The message as a row of its own, whose format is nothing but text. */
static int say(struct skep_lower *l, const struct skep_expr *call)
{
	const char *message = call->call.state;
	struct skep_format_part *part = skep_arena_calloc(l->c->arena, 1, sizeof(*part));
	struct skep_plan_action action = {
		.kind = SKEP_ACTION_ERRORF,
		.text = message,
		.format = { .parts = part, .n_parts = 1 },
		.schema = { .name = "assert", .version = 1 },
		.loc = call->loc,
	};

	*part = (struct skep_format_part){
		.literal = message,
		.literal_len = strlen(message),
		.width = -1,
		.precision = -1,
	};
	return skep_lower_row(l, &action, NULL, 0);
}

static int lower_assert(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_block *good = skep_ir_block(l->fn), *bad = skep_ir_block(l->fn);
	int r = skep_lower_cond(l, call->call.args.data[0], good, bad);

	if (r < 0)
		return r;
	skep_ir_at(l->fn, bad);
	skep_ir_cold(bad);
	r = say(l, call);
	if (r < 0)
		return r;
	r = skep_builtin_leave(l, call, skep_ir_const(l->fn, 1));
	if (r < 0)
		return r;
	skep_ir_at(l->fn, good);
	return 0;
}

#define ACT(word, text, least, most, extra, check_fn, lower_fn) \
	const struct skep_builtin skep_builtin_##word = {       \
		.name = #word,                                  \
		.usage = text,                                  \
		.min_args = least,                              \
		.max_args = most,                               \
		.flags = extra,                                 \
		.check = check_fn,                              \
		.lower = lower_fn,                              \
	}
#define UNSAFE (SKEP_BUILTIN_STATEMENT | SKEP_BUILTIN_UNSAFE)

ACT(signal, "signal(number or \"name\")", 1, 1, UNSAFE, check_signal, lower_signal);
ACT(signal_thread, "signal_thread(number or \"name\")", 1, 1, UNSAFE, check_signal,
    lower_signal_thread);
ACT(override, "override(result)", 1, 1, UNSAFE, check_override, lower_override);
ACT(write_user, "write_user(to, from, length)", 3, 3, SKEP_BUILTIN_UNSAFE, check_write_user,
    lower_write_user);
ACT(assert, "assert(condition, \"message\")", 2, 2, SKEP_BUILTIN_STATEMENT | SKEP_BUILTIN_RAW,
    check_assert, lower_assert);
