/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, the whole: maps, then a program for each instance, then what the plan says about them.
 *
 *	entry ─ prologue ─► start ─► predicate ─► body ─► done: return 0
 *	            └──────────────────────┴───────────────►┘
 */
#include "lang/lower.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lang/hook.h"
#include "lang/lower_priv.h"
#include "lang/match.h"
#include "lang/packet.h"
#include "lang/pair.h"
#include "lang/scope.h"
#include "lang/span.h"
#include "lang/walk.h"

/* What the kernel shows as the program's name: the last word of the probe, in the characters that it takes. */
static const char *program_name(struct skep_compiler *c, const struct skep_instance *inst)
{
	const char *text = inst->n_matches ? inst->matches[0].name : inst->point->text;
	const char *last = strrchr(text, ':');
	char *name = skep_arena_strndup(c->arena, last ? last + 1 : text, 15);

	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.')
			*p = '_';
	return name[0] ? name : "probe";
}

/* A probe that acts: its verdict and its packet, which those chained to it share. */
static void begin_hook(struct skep_lower *l)
{
	const struct skep_hook *hook = l->inst->hook;

	if (!hook)
		return;
	if (l->verdict && l->inst->packet) {
		skep_packet_resume(l);
		return;
	}
	if (!l->verdict)
		skep_hook_begin(l);
	if (hook->packet != SKEP_PACKET_NONE)
		skep_packet_begin(l);
}

static int lower_body(struct skep_lower *l)
{
	const struct skep_probe_node *probe = l->inst->probe;
	struct skep_block *first = skep_ir_block(l->fn);
	int r;

	l->done = skep_ir_block(l->fn);
	if (l->inst->provider->prologue)
		l->inst->provider->prologue(l);
	r = skep_lower_scope(l);
	if (r < 0)
		return r;
	if (l->c->options->sampling && !l->inst->user_run)
		skep_lower_sample(l);
	l->start = skep_ir_block(l->fn);
	skep_ir_jump(l->fn, l->start);
	l->body = l->fn;
	skep_ir_at(l->fn, first);
	begin_hook(l);
	if (l->inst->user.kind == SKEP_USER_TEST)
		skep_hook_make_verdict(l, 0);
	if (probe->predicate) {
		struct skep_block *body = skep_ir_block(l->fn);

		l->in_predicate = true;
		r = skep_lower_cond(l, probe->predicate, body, l->done);
		l->in_predicate = false;
		if (r < 0)
			return r;
		skep_ir_at(l->fn, body);
	}
	r = skep_lower_block(l, &probe->body);
	if (r < 0)
		return r;
	skep_ir_jump(l->fn, l->done);
	skep_ir_at(l->fn, l->start);
	skep_ir_jump(l->fn, first);
	skep_ir_at(l->fn, l->done);
	return 0;
}

/* What runs behind a probe at the same place, as long as everybody lets it pass. */
static int lower_chain(struct skep_lower *l)
{
	uint64_t pass = (uint64_t)(int64_t)l->inst->hook->returns[SKEP_VERDICT_PASS];
	struct skep_block *end = skep_ir_block(l->fn);
	int r = 0;

	while (r >= 0 && l->inst->next) {
		struct skep_block *next = skep_ir_block(l->fn);

		skep_ir_branch(l->fn, SKEP_CC_EQ, skep_hook_verdict(l), skep_ir_const(l->fn, pass),
			       next, end);
		skep_ir_at(l->fn, next);
		l->inst = l->inst->next;
		l->instance = ++l->c->n_bodies;
		l->n_known = 0;
		l->verdict->instance = l->instance;
		r = skep_check_instance(l->c, l->inst);
		if (r >= 0)
			r = lower_body(l);
	}
	skep_ir_jump(l->fn, end);
	skep_ir_at(l->fn, end);
	return r;
}

/* Nothing of what the other half has asked for holds here. */
static int lower_half(struct skep_lower *l, struct skep_instance *inst, struct skep_block *at,
		      struct skep_block *end)
{
	int r;

	skep_ir_at(l->fn, at);
	l->inst = inst;
	l->instance = ++l->c->n_bodies;
	l->n_known = 0;
	l->ids[0] = l->ids[1] = NULL;
	r = skep_check_instance(l->c, inst);
	if (r >= 0)
		r = lower_body(l);
	if (r >= 0)
		skep_ir_jump(l->fn, end);
	return r;
}

/* Of a pair the one that is at its turn. */
static int lower_pair(struct skep_lower *l)
{
	struct skep_instance *first = l->inst, *second = first->next;
	bool returns = first->attach.kind == SKEP_ATTACH_KRETPROBE;
	struct skep_block *begins = skep_ir_block(l->fn), *ends = skep_ir_block(l->fn),
			  *out = skep_ir_block(l->fn);
	int r;

	skep_ir_branch(l->fn, SKEP_CC_NE, skep_pair_returning(l), skep_ir_const(l->fn, 0), ends,
		       begins);
	r = lower_half(l, first, returns ? ends : begins, out);
	if (r >= 0)
		r = lower_half(l, second, returns ? begins : ends, out);
	skep_ir_at(l->fn, out);
	return r;
}

static int lower_program(struct skep_lower *l)
{
	struct skep_val *result;
	int r;

	r = skep_pair_is(l->inst) ? lower_pair(l) : lower_body(l);
	if (r >= 0 && l->inst->hook)
		r = lower_chain(l);
	if (r < 0)
		return r;
	result = l->verdict ? skep_hook_verdict(l) : skep_ir_const(l->fn, 0);
	skep_ir_ret(l->fn, result);
	return 0;
}

static struct skep_spec_attach attach_record(struct skep_compiler *c,
					     const struct skep_instance *inst, unsigned prog)
{
	struct skep_spec_attach attach = inst->attach;
	struct skep_attach_target *targets =
		skep_arena_calloc(c->arena, MAX(inst->n_matches, (size_t)1), sizeof(*targets));
	/* Where perf keeps none, no program asks for it; multi links, which have a type of their own, do. */
	bool loses_cookies = !skep_world_has(c->world, SKEP_WORLD_COOKIE) &&
			     !inst->proto.attach_type && attach.kind >= SKEP_ATTACH_TP &&
			     attach.kind <= SKEP_ATTACH_PERF;

	for (size_t i = 0; i < inst->n_matches; i++) {
		targets[i] = inst->matches[i].target;
		if (loses_cookies)
			targets[i].cookie = 0;
		/* What is there and cannot be attached is as good as missing. */
		targets[i].optional |= c->config.missing_probes != 0;
	}
	attach.prog = prog;
	attach.probe = inst->point->text;
	attach.loc = inst->point->loc;
	if (!attach.targets) {
		attach.targets = targets;
		attach.n_targets = inst->n_matches;
	}
	return attach;
}

static struct skep_plan_origin origin(struct skep_compiler *c, const struct skep_instance *inst)
{
	struct skep_plan_origin o = {
		.n_names = inst->n_matches,
		.open = inst->open,
		.made_for = inst->made_for,
	};

	o.names = skep_arena_calloc(c->arena, inst->n_matches, sizeof(*o.names));
	for (size_t i = 0; i < inst->n_matches; i++)
		o.names[i] = inst->matches[i].probe_index;
	return o;
}

void skep_lower_name(struct skep_compiler *c, const struct skep_fn *fn, const char *name)
{
	while (c->prog_names.len <= skep_fn_index(fn))
		skep_vec_add(&c->prog_names, NULL);
	c->prog_names.data[skep_fn_index(fn)] = name;
}

/* The probes that run it, as losses name them. */
static const char *shown_name(struct skep_compiler *c, const struct skep_instance *inst)
{
	return skep_pair_is(inst) ? skep_arena_printf(c->arena, "%s, %s", inst->point->text,
						      inst->next->point->text)
				  : inst->point->text;
}

static int lower_instance(struct skep_compiler *c, struct skep_instance *inst,
			  struct skep_plan *plan)
{
	struct skep_lower l = { .c = c, .inst = inst, .gen = c->gen, .rounds = 1 };
	struct skep_spec_prog proto = inst->proto;
	struct skep_spec_attach attach;
	unsigned prog;
	int r;

	r = skep_check_instance(c, inst);
	if (r < 0)
		return r;
	if (!proto.name)
		proto.name = program_name(c, inst);
	proto.loc = inst->point->loc;
	proto.is_off = inst->user.by_machine;
	l.fn = skep_gen_prog(c->gen, &proto);
	skep_ir_loc(l.fn, inst->point->loc);
	prog = l.prog = skep_fn_index(l.fn);
	l.instance = ++c->n_bodies;
	skep_lower_name(c, l.fn, shown_name(c, inst));
	r = lower_program(&l);
	if (r < 0)
		return r;
	attach = attach_record(c, inst, prog);
	skep_gen_attach(c->gen, &attach);
	if (plan->portable)
		plan->portable->origins[plan->portable->n_origins++] = origin(c, inst);
	if (inst->user_run) {
		plan->user_probes[plan->n_user_probes] = inst->user;
		plan->user_probes[plan->n_user_probes].pin = inst->attach.pin;
		plan->user_probes[plan->n_user_probes++].prog = prog;
	}
	return 0;
}

static void *copy(struct skep_arena *arena, const void *data, size_t n, size_t size)
{
	return skep_arena_memdup(arena, data, n * size);
}

const char *skep_match_func(const struct skep_match *m)
{
	const char *last = strrchr(m->name, ':');

	return m->func && !(last && skep_streq(last + 1, m->func)) ? m->func : NULL;
}

static const char **probe_funcs(struct skep_compiler *c)
{
	const char **funcs = skep_arena_calloc(c->arena, c->probe_names.len, sizeof(*funcs));

	for (size_t i = 0; i < c->instances.len; i++) {
		const struct skep_instance *inst = c->instances.data[i];

		for (size_t k = 0; k < inst->n_matches; k++) {
			const struct skep_match *m = &inst->matches[k];

			if (m->probe_index < c->probe_names.len && skep_match_func(m))
				funcs[m->probe_index] = skep_match_func(m);
		}
	}
	return funcs;
}

static bool looks_only(void *data, struct skep_expr *expr)
{
	bool *only = data;

	*only &= expr->kind == SKEP_EXPR_INT || expr->kind == SKEP_EXPR_STRING ||
		 expr->kind == SKEP_EXPR_NAME || expr->kind == SKEP_EXPR_BINARY ||
		 expr->kind == SKEP_EXPR_FIELD;
	return *only;
}

/* All that it had to do was `if comptime` something that is not so. What is written empty is not meant. */
static bool is_left_empty(const struct skep_block_node *block)
{
	bool empty = block->len > 0;

	for (size_t i = 0; i < block->len && empty; i++) {
		const struct skep_stmt *stmt = block->data[i];

		empty = stmt->kind == SKEP_STMT_IF && stmt->branch.comptime &&
			stmt->branch.chosen &&
			(!stmt->branch.chosen->len || is_left_empty(stmt->branch.chosen));
	}
	return empty;
}

/* A program for it would do nothing, at every event. */
static bool has_nothing_to_do(const struct skep_instance *inst)
{
	const struct skep_probe_node *probe = inst->probe;
	bool only = true;

	if (inst->chained || skep_pair_is(inst) || !is_left_empty(&probe->body))
		return false;
	skep_walk_expr(probe->predicate, looks_only, &only);
	return only;
}

int skep_lower_all(struct skep_compiler *c, struct skep_plan *plan)
{
	size_t n = c->instances.len, bad = 0;

	plan->maps = skep_arena_calloc(c->arena, c->maps.len, sizeof(*plan->maps));
	plan->user_probes = skep_arena_calloc(c->arena, n, sizeof(*plan->user_probes));
	for (size_t i = 0; i < c->maps.len; i++) {
		if (!c->maps.data[i]->value)
			continue; /* named, never given a value: the checker has warned */
		c->maps.data[i]->index = (unsigned)plan->n_maps;
		skep_lower_map_make(c, c->maps.data[i], &plan->maps[plan->n_maps++]);
	}
	/* Every probe is tried, so that all messages of a script come at once. */
	for (size_t i = 0; i < n; i++)
		if (!c->instances.data[i]->chained && !has_nothing_to_do(c->instances.data[i]) &&
		    lower_instance(c, c->instances.data[i], plan) < 0)
			bad++;
	if (bad || skep_span_settle(c) < 0)
		return -EINVAL;
	plan->prog_names = copy(c->arena, c->prog_names.data, c->prog_names.len, sizeof(char *));
	if (c->rodata_map >= 0) {
		struct skep_spec_map *map = skep_gen_map_at(c->gen, (unsigned)c->rodata_map);

		map->data = copy(c->arena, c->rodata.data, c->rodata.len, 1);
		map->data_size = (uint32_t)c->rodata.len;
		map->value_size = (uint32_t)ALIGN_UP(c->rodata.len, (size_t)8);
	}
	plan->actions = copy(c->arena, c->actions.data, c->actions.len, sizeof(*plan->actions));
	plan->n_actions = c->actions.len;
	plan->probe_names = copy(c->arena, c->probe_names.data, c->probe_names.len, sizeof(char *));
	plan->n_probe_names = c->probe_names.len;
	plan->probe_funcs = probe_funcs(c);
	plan->time_formats =
		copy(c->arena, c->time_formats.data, c->time_formats.len, sizeof(char *));
	plan->n_time_formats = c->time_formats.len;
	plan->ring_map = c->ring_map;
	plan->stack_maps =
		copy(c->arena, c->stack_maps.data, c->stack_maps.len, sizeof(*plan->stack_maps));
	plan->n_stack_maps = c->stack_maps.len;
	plan->loss_map = c->loss_map;
	plan->sample_map_plus1 = c->sample_map_plus1;
	plan->unwind = c->unwind_maps;
	plan->kept = c->kept_maps;
	plan->globals_map = c->globals_map;
	return 0;
}
