/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, bodies that the kernel calls: the body of a loop becomes a function of its own, which a helper runs once a round.
 * Variables of the function around it are handed over in a record on that function's stack:
 *
 *	around       record (u64 each)            body
 *	$n      ──►  [0] number        ──load──►  $n ── changed: stored back at the end of each round
 *	$text   ──►  [1] address       ──────►    the same memory
 *	context ──►  [2]               ──────►    args, kstack ...
 *	             [3] left?         ◄──store── return, exit(): the code around leaves, too
 *
 * Who uses a variable first gives it its field, so the record holds what is used and nothing else; bodies in bodies hand on.
 *
 * Kernels before 6.7 check a body as if it ran exactly once, and delete what could not run then. So whatever a round may
 * change is made unknown to them where it is handed over: a zero is added that they cannot know to be one.
 */
#include <errno.h>

#include "lang/lower_priv.h"

/* A variable of the function around, as that function has it. */
struct skep_capture {
	struct skep_local *local;
	struct skep_local outer;
	unsigned field; /* the first; one for each element of a tuple in parts */
	bool written;
	struct skep_capture *next;
};

struct skep_frame {
	struct skep_lower *outer;
	struct skep_val *base; /* the record */
	unsigned n_fields;
	struct skep_capture *captures;
	struct skep_var *ctx;
	int ctx_field, left_field; /* or -1 */
};

/* Zero, and the verifier does not know it. */
static struct skep_val *unknown_zero(struct skep_lower *l)
{
	struct skep_compiler *c = l->c;

	if (c->unknown_map < 0)
		c->unknown_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								   .name = "unknown",
								   .type = SKEP_MAP_ARRAY,
								   .key_size = 4,
								   .value_size = 8,
								   .max_entries = 1,
							   });
	return skep_ir_load(l->fn, skep_ir_map_value(l->fn, (unsigned)c->unknown_map, 0), 0, 8, 0);
}

static struct skep_val *blurred(struct skep_lower *l, struct skep_val *v)
{
	return skep_ir_op(l->fn, SKEP_OP_ADD, v, unknown_zero(l));
}

/* The same for memory that may lie on the stack, where the verifier knows what was stored. */
static void blur_memory(struct skep_lower *l, const struct skep_local *local)
{
	struct skep_val *zero;
	uint32_t size = local->type->size;

	if (size > SKEP_STACK_OBJECT_MAX)
		return;
	zero = unknown_zero(l);
	for (uint32_t at = 0, step; at < size; at += step) {
		struct skep_val *v;

		for (step = 8; step > size - at;)
			step /= 2;
		v = skep_ir_load(l->fn, local->addr, local->off + (int)at, step, 0);
		skep_ir_store(l->fn, local->addr, local->off + (int)at, step,
			      skep_ir_op(l->fn, SKEP_OP_ADD, v, zero));
	}
}

/* What the verifier follows as a pointer stays one, in the record too. */
static bool is_tracked(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_PTR &&
	       (type->space == SKEP_SPACE_BTF || type->space == SKEP_SPACE_BPF);
}

static struct skep_val *get_field(struct skep_lower *in, unsigned field)
{
	return skep_ir_load(in->fn, in->frame->base, (int)field * 8, 8, 0);
}

/*
 * Into the record at @record. A variable of bare pointers may hold one that is typed for the verifier: to that nothing can
 * be added, so it is read back from memory instead.
 */
static void put_scalar(struct skep_lower *l, struct skep_val *record, unsigned field,
		       const struct skep_type *type, struct skep_val *v)
{
	if (type->kind == SKEP_TYPE_PTR && !is_tracked(type))
		v = skep_lower_untype(l, v);
	else if (!is_tracked(type))
		v = blurred(l, v);
	skep_ir_store(l->fn, record, (int)field * 8, 8, v);
}

/* --- in the body ------------------------------------------------------------------------------------------ */

static bool known_around(const struct skep_lower *l, const struct skep_local *local)
{
	for (const struct skep_frame *f = l->frame; f; f = f->outer->frame)
		if (local->instance == f->outer->instance)
			return true;
	return false;
}

static void take_parts(struct skep_lower *in, struct skep_local *local)
{
	size_t n = local->type->n_fields;
	struct skep_value *parts =
		skep_arena_memdup(in->c->arena, local->parts, n * sizeof(*parts));

	for (size_t i = 0; i < n; i++) {
		parts[i].val = get_field(in, in->frame->n_fields++);
		parts[i].off = 0;
	}
	local->parts = parts;
}

bool skep_lower_capture(struct skep_lower *in, struct skep_local *local)
{
	struct skep_frame *f = in->frame;
	struct skep_capture *c;
	struct skep_block *here;

	/* What is used behind the block that it began in may have been set in another round. */
	if (!f || (!known_around(in, local) && !local->outlives))
		return false;
	skep_lower_local_home(f->outer, local, false);
	c = skep_arena_alloc(in->c->arena, sizeof(*c));
	*c = (struct skep_capture){ local, *local, f->n_fields, false, f->captures };
	f->captures = c;
	local->instance = in->instance;
	local->written = false;
	here = skep_ir_here(in->fn);
	skep_ir_at(in->fn, in->start);
	if (local->parts) {
		take_parts(in, local);
	} else if (local->var) {
		local->var = skep_ir_var(in->fn, local->name);
		skep_ir_set(in->fn, local->var, get_field(in, f->n_fields++));
	} else {
		local->addr = get_field(in, f->n_fields++);
		local->off = 0;
	}
	in->start = skep_ir_here(in->fn);
	skep_ir_at(in->fn, here);
	return true;
}

/* At the end of each round: what it changed, back into the record. */
static int write_back(struct skep_lower *in)
{
	for (struct skep_capture *c = in->frame->captures; c; c = c->next) {
		const struct skep_local *local = c->local;

		c->written = local->written;
		if (!c->written)
			continue;
		if (!local->var) {
			blur_memory(in, local);
			continue;
		}
		if (local->type->kind == SKEP_TYPE_PTR && local->type->space == SKEP_SPACE_BPF) {
			skep_diag_error(in->c->diag, local->loc,
					"$%s cannot change in a loop: it points into the program's "
					"own memory",
					local->name);
			skep_diag_hint(in->c->diag, "use a variable of the loop's own");
			return -EINVAL;
		}
		put_scalar(in, in->frame->base, c->field, local->type,
			   skep_ir_get(in->fn, local->var));
	}
	return 0;
}

static void end_round(struct skep_lower *in, struct skep_block *at, struct skep_var *result,
		      uint64_t value, struct skep_block *out)
{
	skep_ir_at(in->fn, at);
	skep_ir_set(in->fn, result, skep_ir_const(in->fn, value));
	skep_ir_jump(in->fn, out);
}

/* The ways out of the body: 0 asks the kernel for the next round, 1 ends the loop. */
static int finish_body(struct skep_lower *in, struct skep_block *first)
{
	struct skep_frame *f = in->frame;
	struct skep_var *result = skep_ir_var(in->fn, "end");
	struct skep_block *out = skep_ir_block(in->fn);
	int r;

	skep_ir_jump(in->fn, in->next);
	end_round(in, in->next, result, 0, out);
	end_round(in, in->stop, result, 1, out);
	if (skep_ir_reached(in->done)) {
		f->left_field = (int)f->n_fields++;
		skep_ir_at(in->fn, in->done);
		skep_ir_store(in->fn, f->base, f->left_field * 8, 8,
			      blurred(in, skep_ir_const(in->fn, 1)));
		end_round(in, in->done, result, 1, out);
	}
	skep_ir_at(in->fn, out);
	r = write_back(in);
	if (r < 0)
		return r;
	skep_ir_ret(in->fn, skep_ir_get(in->fn, result));
	skep_ir_at(in->fn, in->start);
	if (skep_ir_ctx_used(in->fn)) {
		f->ctx_field = (int)f->n_fields++;
		skep_ir_set(in->fn, f->ctx, get_field(in, (unsigned)f->ctx_field));
	}
	skep_ir_jump(in->fn, first);
	return 0;
}

static int lower_body(struct skep_lower *in, const struct skep_callback *cb)
{
	struct skep_frame *f = in->frame;
	struct skep_block *first;
	int r;

	in->fn = skep_gen_subprog(in->gen, cb->name, cb->n_params);
	skep_ir_loc(in->fn, cb->loc);
	skep_lower_name(in->c, in->fn, cb->name);
	in->instance = ++in->c->n_bodies;
	in->n_known = 0;
	in->conditional = 0;
	in->rounds = 1;
	in->in_predicate = false;
	f->base = skep_ir_param(in->fn, cb->ctx_param);
	f->ctx = skep_ir_var(in->fn, "context");
	skep_ir_set_ctx(in->fn, f->ctx);
	first = skep_ir_block(in->fn);
	in->start = skep_ir_block(in->fn);
	in->done = skep_ir_block(in->fn);
	in->next = skep_ir_block(in->fn);
	in->stop = skep_ir_block(in->fn);
	skep_ir_jump(in->fn, in->start);
	skep_ir_at(in->fn, first);
	r = cb->body(in, cb->data);
	return r < 0 ? r : finish_body(in, first);
}

/* --- around it -------------------------------------------------------------------------------------------- */

static void fill_record(struct skep_lower *l, const struct skep_frame *f, struct skep_val *record)
{
	for (const struct skep_capture *c = f->captures; c; c = c->next) {
		const struct skep_local *local = c->local;

		if (local->var) {
			put_scalar(l, record, c->field, local->type,
				   skep_ir_get(l->fn, local->var));
		} else if (!local->parts) {
			if (c->written)
				blur_memory(l, local);
			skep_ir_store(l->fn, record, (int)c->field * 8, 8,
				      skep_lower_at(l, local->addr, local->off));
		}
		for (size_t i = 0; local->parts && i < local->type->n_fields; i++) {
			const struct skep_value *v = &local->parts[i];
			unsigned field = c->field + (unsigned)i;

			if (skep_type_is_scalar(v->type))
				put_scalar(l, record, field, v->type, v->val);
			else
				skep_ir_store(l->fn, record, (int)field * 8, 8,
					      skep_lower_at(l, v->val, v->off));
		}
	}
	if (f->ctx_field >= 0)
		skep_ir_store(l->fn, record, f->ctx_field * 8, 8, skep_ir_ctx(l->fn));
	if (f->left_field >= 0)
		skep_ir_store(l->fn, record, f->left_field * 8, 8, unknown_zero(l));
}

static void take_back(struct skep_lower *l, const struct skep_frame *f, struct skep_val *record)
{
	for (const struct skep_capture *c = f->captures; c; c = c->next)
		if (c->written && c->local->var)
			skep_ir_set(l->fn, c->local->var,
				    skep_ir_load(l->fn, record, (int)c->field * 8, 8, 0));
	if (f->left_field >= 0) {
		struct skep_block *stay = skep_ir_block(l->fn);

		skep_ir_branch(l->fn, SKEP_CC_NE,
			       skep_ir_load(l->fn, record, f->left_field * 8, 8, 0),
			       skep_ir_const(l->fn, 0), l->done, stay);
		skep_ir_at(l->fn, stay);
	}
}

/* Variables are those of the function around it again. */
static void restore(const struct skep_frame *f)
{
	for (const struct skep_capture *c = f->captures; c; c = c->next) {
		bool written = c->outer.written || c->local->written;

		*c->local = c->outer;
		c->local->written = written;
	}
}

int skep_lower_callback(struct skep_lower *l, const struct skep_callback *cb)
{
	struct skep_frame f = { .outer = l, .ctx_field = -1, .left_field = -1 };
	struct skep_lower in = *l;
	struct skep_val *record;
	int r;

	in.frame = &f;
	r = lower_body(&in, cb);
	restore(&f);
	if (r < 0)
		return r;
	record = f.n_fields ? skep_ir_slot(l->fn, f.n_fields * 8, "variables of a loop")
			    : skep_ir_const(l->fn, 0);
	fill_record(l, &f, record);
	cb->call(l, in.fn, record, cb->data);
	take_back(l, &f, record);
	return 0;
}
