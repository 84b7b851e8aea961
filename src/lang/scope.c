/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/scope.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "gen/scope.h"
#include "lang/hook.h"
#include "lang/lower_priv.h"
#include "lang/match.h"

/* Tracing programs have the helper since Linux 5.14: where loop is, which is younger, it is. */
static bool lacks_ancestor(const struct skep_lower *l)
{
	const struct skep_world *w = l->c->world;

	return !l->inst->hook && w->btf && !skep_world_has(w, SKEP_WORLD_LOOP);
}

/* @task NULL: the current one. */
static int leave_unless_in(struct skep_lower *l, struct skep_val *task, bool is_typed,
			   struct skep_block *out)
{
	struct skep_scope_kernel kernel = { .btf = l->c->world->btf,
					    .typed_task = is_typed,
					    .task = task };

	if (!task && !skep_hook_has_task(l->inst)) {
		skep_diag_error(l->c->diag, l->inst->point->loc,
				"packets belong to no process: %s cannot be narrowed to some",
				l->inst->hook->name);
		skep_diag_hint(l->c->diag, "leave --pid, --comm, --user, --cgroup and --container "
					   "away; cgroup:PATH:ingress and egress see the packets "
					   "of a cgroup");
		return -EINVAL;
	}
	kernel.no_ancestor = !task && lacks_ancestor(l);
	if (!task)
		kernel.typed_task = skep_lower_task(l);
	return skep_gen_scope(l->fn, l->c->options->scope, &kernel, out, l->c->diag);
}

static bool is_narrowed(const struct skep_lower *l)
{
	return l->c->options->scope && !l->inst->user_run;
}

static bool names_processes(const struct skep_lower *l)
{
	const struct skep_compile_options *o = l->c->options;

	return o->pid || (o->scope && o->scope->n_pids);
}

struct skep_val *skep_lower_self(struct skep_lower *l)
{
	if (names_processes(l))
		return skep_ir_const(l->fn, 0);
	return skep_lower_global(l, offsetof(struct skep_plan_globals, self), 4);
}

static void leave_if_self(struct skep_lower *l)
{
	struct skep_block *other;

	if (names_processes(l) || l->inst->user_run || !skep_hook_has_task(l->inst))
		return;
	other = skep_ir_block(l->fn);
	skep_ir_branch(l->fn, SKEP_CC_EQ, skep_lower_tgid(l), skep_lower_self(l), l->done, other);
	skep_ir_at(l->fn, other);
}

int skep_lower_scope(struct skep_lower *l)
{
	if (l->inst->asks_scope)
		return 0;
	if (l->c->config.skip_self)
		leave_if_self(l);
	return is_narrowed(l) ? leave_unless_in(l, NULL, false, l->done) : 0;
}

int skep_lower_in_scope(struct skep_lower *l, struct skep_val *task, bool is_typed,
			struct skep_val **ret_val)
{
	struct skep_block *no, *join;
	struct skep_var *in;
	int r;

	if (!is_narrowed(l)) {
		*ret_val = skep_ir_const(l->fn, 1);
		return 0;
	}
	no = skep_ir_block(l->fn);
	join = skep_ir_block(l->fn);
	in = skep_ir_var(l->fn, "in_scope");
	r = leave_unless_in(l, task, is_typed, no);
	if (r < 0)
		return r;
	skep_ir_set(l->fn, in, skep_ir_const(l->fn, 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, no);
	skep_ir_set(l->fn, in, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	*ret_val = skep_ir_get(l->fn, in);
	return 0;
}

/* Tracepoints that run in a task they do not tell of: in whose, and what to ask instead. */
static const struct other {
	const char *event, *runs, *ask;
} others[] = {
	{ "sched_switch", "in the task that leaves the CPU",
	  "filter by args.prev_pid and args.next_pid" },
	{ "sched_wakeup", "in the waker", "filter by args.pid" },
	{ "sched_wakeup_new", "in the waker", "filter by args.pid" },
	{ "sched_waking", "in the waker", "filter by args.pid" },
	{ "sched_migrate_task", "in whoever moves the task", "filter by args.pid" },
	{ "sched_process_free", "in whoever frees the task", "filter by args.pid" },
	{ "softirq_*", "in whichever task it interrupts", "no process is to blame for it" },
	{ "irq_handler_*", "in whichever task it interrupts", "no process is to blame for it" },
	{ "hrtimer_expire_*", "in whichever task it interrupts", "no process is to blame for it" },
	{ "timer_expire_*", "in whichever task it interrupts", "no process is to blame for it" },
	{ "block_rq_complete", "in whichever task it interrupts",
	  "keep what block_rq_issue tells in a map, by args.dev and args.sector" },
	{ "net_dev_queue", "often in a kernel thread", "ask the socket, or filter by address" },
	{ "netif_receive_skb", "in whichever task it interrupts",
	  "ask the socket, or filter by address" },
	{ "napi_poll", "in whichever task it interrupts", "no process is to blame for it" },
};

static const struct other *find_other(const struct skep_instance *inst)
{
	const char *kind = inst->provider->name, *event;

	if (!skep_streq(kind, "tracepoint") && !skep_streq(kind, "rawtracepoint"))
		return NULL;
	for (size_t m = 0; m < inst->n_matches; m++) {
		event = strrchr(inst->matches[m].name, ':');
		for (size_t i = 0; event && i < ARRAY_SIZE(others); i++)
			if (skep_glob_match(others[i].event, event + 1))
				return &others[i];
	}
	return NULL;
}

const char *skep_scope_option(const struct skep_compile_options *o)
{
	const struct skep_scope *s = o->scope;

	if (o->scope_option)
		return o->scope_option;
	if (!s)
		return "-p";
	return s->n_pids ? "--pid" : s->comm ? "--comm" : s->has_uid ? "--user" : "--cgroup";
}

/* A script that asks only of the one that leaves the CPU means whom the scope means. */
static bool asks_of_prev(const struct skep_diag *diag, const struct other *other)
{
	return other == &others[0] && diag && diag->source_text &&
	       memmem(diag->source_text, diag->source_len, ".prev", strlen(".prev")) &&
	       !memmem(diag->source_text, diag->source_len, "next", strlen("next"));
}

void skep_scope_warn(struct skep_compiler *c)
{
	if (!c->options->scope && !c->options->pid)
		return;
	for (size_t i = 0; i < c->instances.len; i++) {
		const struct skep_instance *inst = c->instances.data[i];
		const struct other *other = find_other(inst);

		if (!other || inst->asks_scope || asks_of_prev(c->diag, other))
			continue;
		skep_diag_warn(c->diag, inst->point->loc,
			       "this runs %s: %s keeps only what happens while the wanted one runs",
			       other->runs, skep_scope_option(c->options));
		skep_diag_hint(c->diag, "%s", other->ask);
		return;
	}
}
