/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/hook.h"

#include <errno.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

static const char *const names[SKEP_VERDICT_MAX] = {
	[SKEP_VERDICT_PASS] = "pass",	    [SKEP_VERDICT_DROP] = "drop",
	[SKEP_VERDICT_DENY] = "deny",	    [SKEP_VERDICT_TX] = "tx",
	[SKEP_VERDICT_ABORTED] = "aborted", [SKEP_VERDICT_REDIRECT] = "redirect",
};

const char *skep_verdict_name(enum skep_verdict verdict)
{
	return names[verdict];
}

char *skep_hook_verdicts(struct skep_arena *arena, const struct skep_hook *hook)
{
	static const char *const args[SKEP_VERDICT_MAX] = {
		[SKEP_VERDICT_DENY] = "ERROR",
		[SKEP_VERDICT_REDIRECT] = "\"INTERFACE\"",
	};
	char *text = skep_arena_strdup(arena, "");

	for (unsigned v = 0; v < SKEP_VERDICT_MAX; v++)
		if (hook->verdicts >> v & 1)
			text = skep_arena_printf(arena, "%s%s%s(%s)", text, text[0] ? ", " : "",
						 names[v], args[v] ? args[v] : "");
	return text;
}

int skep_hook_allowed(struct skep_compiler *c, const struct skep_attach_point *point,
		      const char *what)
{
	if (c->options->unsafe)
		return 0;
	skep_diag_error(c->diag, point->loc, "this probe decides about %s", what);
	skep_diag_hint(c->diag, "allow it with --unsafe");
	return -EINVAL;
}

void skep_hook_chain(struct skep_compiler *c, struct skep_instance *inst)
{
	for (size_t i = 0; i < c->instances.len; i++) {
		struct skep_instance *first = c->instances.data[i];

		if (first == inst || first->chained || first->hook != inst->hook ||
		    first->provider != inst->provider ||
		    !skep_streq(first->matches[0].target.name, inst->matches[0].target.name))
			continue;
		while (first->next)
			first = first->next;
		first->next = inst;
		inst->chained = true;
		return;
	}
}

/* --- the verdict ------------------------------------------------------------------------------------------- */

void skep_hook_make_verdict(struct skep_lower *l, int first)
{
	struct skep_local *verdict = skep_arena_alloc(l->c->arena, sizeof(*verdict));

	verdict->name = "verdict";
	verdict->type = skep_type_int(8, true);
	l->verdict = verdict;
	skep_hook_set_verdict(l, skep_ir_const(l->fn, (uint64_t)(int64_t)first));
}

void skep_hook_begin(struct skep_lower *l)
{
	skep_hook_make_verdict(l, l->inst->hook->returns[SKEP_VERDICT_PASS]);
}

struct skep_val *skep_hook_verdict(struct skep_lower *l)
{
	return skep_lower_local_get(l, l->verdict).val;
}

void skep_hook_set_verdict(struct skep_lower *l, struct skep_val *verdict)
{
	struct skep_value value = { .type = l->verdict->type, .val = verdict };

	(void)!skep_lower_local_set(l, l->verdict, &value);
}

bool skep_hook_has_task(const struct skep_instance *inst)
{
	return !inst->hook || inst->hook->packet == SKEP_PACKET_NONE;
}

bool skep_hook_has_helper(const struct skep_world *world, const struct skep_instance *inst,
			  int32_t helper)
{
	uint32_t type = inst->proto.type, place = inst->proto.attach_type;

	if (!skep_helper_allowed(skep_helper_find(helper), type, place))
		return false;
	/* What these may call has been there as long as they. */
	if (type == SKEP_PROG_LSM || type == SKEP_PROG_TRACING || !inst->hook)
		return true;
	return !world->helper_allowed || world->helper_allowed(world, type, place, helper);
}

/* --- words that other kinds of programs cannot answer ------------------------------------------------------ */

/* What a word asks the kernel. */
static const struct {
	const struct skep_builtin *word;
	int32_t helper; /* 0: the registers of a traced function, which these programs do not have */
} asks[] = {
	{ &skep_builtin_pid, SKEP_HELPER_GET_CURRENT_PID_TGID },
	{ &skep_builtin_tid, SKEP_HELPER_GET_CURRENT_PID_TGID },
	{ &skep_builtin_uid, SKEP_HELPER_GET_CURRENT_UID_GID },
	{ &skep_builtin_gid, SKEP_HELPER_GET_CURRENT_UID_GID },
	{ &skep_builtin_username, SKEP_HELPER_GET_CURRENT_UID_GID },
	{ &skep_builtin_comm, SKEP_HELPER_GET_CURRENT_COMM },
	{ &skep_builtin_cgroup, SKEP_HELPER_GET_CURRENT_CGROUP_ID },
	{ &skep_builtin_curtask, SKEP_HELPER_GET_CURRENT_TASK },
	{ &skep_builtin_ppid, SKEP_HELPER_GET_CURRENT_TASK },
	{ &skep_builtin_pcomm, SKEP_HELPER_GET_CURRENT_TASK },
	{ &skep_builtin_leader_tid, SKEP_HELPER_GET_CURRENT_TASK },
	{ &skep_builtin_leader_comm, SKEP_HELPER_GET_CURRENT_TASK },
	{ &skep_builtin_uptr, SKEP_HELPER_PROBE_READ_USER },
	{ &skep_builtin_join, SKEP_HELPER_PROBE_READ_USER },
	{ &skep_builtin_kstack, SKEP_HELPER_GET_STACKID },
	{ &skep_builtin_ustack, SKEP_HELPER_GET_STACKID },
	{ &skep_builtin_signal, SKEP_HELPER_SEND_SIGNAL },
	{ &skep_builtin_signal_thread, SKEP_HELPER_SEND_SIGNAL_THREAD },
	{ &skep_builtin_write_user, SKEP_HELPER_PROBE_WRITE_USER },
	{ &skep_builtin_reg, 0 },
	{ &skep_builtin_usermode, 0 },
	{ &skep_builtin_percpu_kaddr, SKEP_HELPER_PER_CPU_PTR },
};

/* New kernels answer these to every program, with whoever happens to run when a packet comes. */
static bool needs_task(int32_t helper)
{
	switch (helper) {
	case SKEP_HELPER_GET_CURRENT_PID_TGID:
	case SKEP_HELPER_GET_CURRENT_UID_GID:
	case SKEP_HELPER_GET_CURRENT_COMM:
	case SKEP_HELPER_GET_CURRENT_CGROUP_ID:
	case SKEP_HELPER_GET_CURRENT_TASK:
	case SKEP_HELPER_PROBE_READ_USER:
	case SKEP_HELPER_SEND_SIGNAL:
	case SKEP_HELPER_SEND_SIGNAL_THREAD:
		return true;
	default:
		return false;
	}
}

static bool answers(const struct skep_world *world, const struct skep_instance *inst,
		    int32_t helper)
{
	if (!helper || (needs_task(helper) && !skep_hook_has_task(inst)))
		return false;
	return skep_hook_has_helper(world, inst, helper);
}

int skep_hook_check_word(struct skep_check *k, const struct skep_expr *call)
{
	const struct skep_instance *inst = k->inst;
	const struct skep_world *w = k->c->world;
	int r;

	if ((call->call.builtin == &skep_builtin_pid || call->call.builtin == &skep_builtin_tid) &&
	    w->pid_ns_ino && skep_hook_has_task(inst) &&
	    !skep_hook_has_helper(w, inst, SKEP_HELPER_GET_NS_CURRENT_PID_TGID)) {
		r = skep_check_error(k, call->loc,
				     "%s is not available in %s inside of a container",
				     call->call.name, inst->hook->name);
		skep_diag_hint(k->c->diag, "this kernel does not know process ids as they are here "
					   "(since Linux 6.10); comm and uid work");
		return r;
	}
	for (size_t i = 0; inst->hook && i < ARRAY_SIZE(asks); i++) {
		if (asks[i].word != call->call.builtin || answers(w, inst, asks[i].helper))
			continue;
		r = skep_check_error(k, call->loc, "%s is not available in %s", call->call.name,
				     inst->hook->name);
		if (!skep_hook_has_task(inst))
			skep_diag_hint(k->c->diag,
				       "packets come and go outside of any process: pkt "
				       "has what is known of them");
		else
			skep_diag_hint(
				k->c->diag,
				"the kernel lets only tracing programs ask for it: a kprobe or "
				"tracepoint on the way can keep it in a map");
		return r;
	}
	return 0;
}
