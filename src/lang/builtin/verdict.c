/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts, and what they are about: pass(), drop(), deny(), tx(), aborted(), redirect(), pkt, exists().
 */
#include <errno.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"
#include "lang/need.h"
#include "lang/packet.h"

#define ERRNO_MAX 4095
#define ERRNO_PERM 1

/* --- verdicts ---------------------------------------------------------------------------------------------- */

static enum skep_verdict verdict_of(const struct skep_expr *call)
{
	unsigned v = 0;

	while (v < SKEP_VERDICT_MAX - 1 &&
	       !skep_streq(skep_verdict_name((enum skep_verdict)v), call->call.name))
		v++;
	return (enum skep_verdict)v;
}

static int check_verdict(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_hook *hook = k->inst->hook;
	int r;

	if (!hook) {
		r = skep_check_error(k, call->loc, "%s() is a verdict, and %s asks for none",
				     call->call.name, k->inst->provider->name);
		skep_diag_hint(k->c->diag, "xdp, tc, cgroup and lsm are the probes that act");
		return r;
	}
	if (!(hook->verdicts >> verdict_of(call) & 1)) {
		r = skep_check_error(k, call->loc, "%s() is not a verdict of %s", call->call.name,
				     hook->name);
		skep_diag_hint(k->c->diag, "its verdicts are %s",
			       skep_hook_verdicts(k->c->arena, hook));
		return r;
	}
	if (k->fn) {
		r = skep_check_error(k, call->loc, "a verdict is the probe's: a function has none");
		skep_diag_hint(k->c->diag, "return a number, and decide in the probe");
		return r;
	}
	return 0;
}

static void decide(struct skep_lower *l, struct skep_val *verdict)
{
	skep_hook_set_verdict(l, verdict);
	skep_ir_jump(l->fn, l->done);
}

static int lower_verdict(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	int verdict = l->inst->hook->returns[verdict_of(call)];

	decide(l, skep_ir_const(l->fn, (uint64_t)(int64_t)verdict));
	return 0;
}

static int bad_error(struct skep_check *k, const struct skep_expr *arg)
{
	int r = skep_check_error(k, arg->loc,
				 "this must be an error known when the script is "
				 "compiled, from 1 to %d",
				 ERRNO_MAX);

	skep_diag_hint(k->c->diag, "such as EPERM, EACCES or ECONNREFUSED");
	return r;
}

static int check_deny(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.len ? call->call.args.data[0] : NULL;
	int64_t *error = skep_arena_calloc(k->c->arena, 1, sizeof(*error));
	int r = check_verdict(k, call);

	if (r < 0)
		return r;
	call->call.state = error;
	*error = ERRNO_PERM;
	if (!arg)
		return 0;
	if (!skep_check_const(k, arg, error) || *error < 1 || *error > ERRNO_MAX)
		return bad_error(k, arg);
	if (k->inst->hook->deny == SKEP_DENY_ALWAYS && *error != ERRNO_PERM) {
		r = skep_check_error(k, arg->loc, "%s denies with EPERM only", k->inst->hook->name);
		skep_diag_hint(k->c->diag, "write deny()");
		return r;
	}
	if (k->inst->hook->deny != SKEP_DENY_RETVAL || *error == ERRNO_PERM ||
	    skep_hook_has_helper(k->c->world, k->inst, SKEP_HELPER_SET_RETVAL))
		return 0;
	r = skep_check_error(k, arg->loc, "on this kernel %s denies with EPERM only",
			     k->inst->hook->name);
	skep_diag_hint(k->c->diag, "write deny(); other errors came with Linux 5.18");
	return r;
}

static int lower_deny(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	const struct skep_hook *hook = l->inst->hook;
	int64_t error = *(const int64_t *)call->call.state;
	int verdict = hook->returns[SKEP_VERDICT_DENY];

	if (hook->deny == SKEP_DENY_RETURN)
		verdict = (int)-error;
	else if (hook->deny == SKEP_DENY_RETVAL && error != ERRNO_PERM)
		skep_ir_call(l->fn, SKEP_HELPER_SET_RETVAL, 0, 1,
			     skep_ir_const(l->fn, (uint64_t)-error));
	decide(l, skep_ir_const(l->fn, (uint64_t)(int64_t)verdict));
	return 0;
}

static int check_redirect(struct skep_check *k, struct skep_expr *call)
{
	const char *name = skep_check_literal(k, call->call.args.data[0]);
	struct skep_world_interface *to = skep_arena_calloc(k->c->arena, 1, sizeof(*to));
	const struct skep_world *w = k->c->world;
	int r = check_verdict(k, call);

	call->call.state = to;
	if (r < 0)
		return r;
	if (!name) {
		r = skep_check_want(k, call->call.args.data[0], "an interface in quotes");
		skep_diag_hint(k->c->diag, "such as redirect(\"eth0\")");
		return r;
	}
	if (w->interface && w->interface(w, name, to) == 0)
		return 0;
	r = skep_check_error(k, call->call.args.data[0]->loc, "there is no interface '%s'", name);
	skep_diag_hint(k->c->diag, "skep -l 'xdp:*' lists them");
	return r;
}

/* The helper gives the verdict, or that of a packet that cannot be sent. */
static int lower_redirect(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	const struct skep_world_interface *to = call->call.state;
	struct skep_val *index =
		skep_need_number(&l->c->types, l->fn, SKEP_NEED_INTERFACE, to->name, to->index);

	decide(l, skep_ir_call(l->fn, SKEP_HELPER_REDIRECT, 0, 2, index, skep_ir_const(l->fn, 0)));
	return 0;
}

/* --- pkt, exists ------------------------------------------------------------------------------------------- */

static int check_pkt(struct skep_check *k, struct skep_expr *call)
{
	int r;

	if (!k->inst->hook || k->inst->hook->packet == SKEP_PACKET_NONE)
		r = skep_check_error(k, call->loc, "%s has no pkt", k->inst->provider->name);
	else
		r = skep_check_error(k, call->loc, "pkt is the packet: take a field of it");
	skep_diag_hint(k->c->diag, "such as pkt.len, pkt.ip.saddr, pkt.tcp.dport");
	return r;
}

static int check_exists(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *of = call->call.args.data[0];

	if (!skep_packet_is(of))
		return skep_check_exists(k, call);
	call->type = skep_type_bool();
	return skep_packet_check_exists(k, of);
}

static int lower_exists(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	return skep_builtin_give(ret_value, call,
				 skep_packet_lower_exists(l, call->call.args.data[0]));
}

#define VERDICT(word, text, most, least, check_fn, lower_fn) \
	const struct skep_builtin skep_builtin_##word = {    \
		.name = #word,                               \
		.usage = text,                               \
		.min_args = least,                           \
		.max_args = most,                            \
		.flags = SKEP_BUILTIN_STATEMENT,             \
		.check = check_fn,                           \
		.lower = lower_fn,                           \
	}

VERDICT(pass, "pass()", 0, 0, check_verdict, lower_verdict);
VERDICT(drop, "drop()", 0, 0, check_verdict, lower_verdict);
VERDICT(tx, "tx()", 0, 0, check_verdict, lower_verdict);
VERDICT(aborted, "aborted()", 0, 0, check_verdict, lower_verdict);
VERDICT(deny, "deny([error])", 1, 0, check_deny, lower_deny);
VERDICT(redirect, "redirect(\"interface\")", 1, 1, check_redirect, lower_redirect);

const struct skep_builtin skep_builtin_pkt = {
	.name = "pkt",
	.usage = "pkt.HEADER.FIELD",
	.flags = SKEP_BUILTIN_BARE | SKEP_BUILTIN_STEADY,
	.check = check_pkt,
};

const struct skep_builtin skep_builtin_exists = {
	.name = "exists",
	.usage = "exists(VALUE.FIELD) or exists(pkt.HEADER)",
	.min_args = 1,
	.max_args = 1,
	.flags = SKEP_BUILTIN_RAW,
	.check = check_exists,
	.lower = lower_exists,
};
