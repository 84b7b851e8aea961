/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jumps: which way a condition can go, and what is learnt on each way.
 *
 * A comparison of numbers narrows them, and everything with the same id. One of a pointer with 0 settles whether it is
 * NULL. One of a packet pointer with the packet's end proves bytes.
 */
#include <errno.h>

#include "isa/table.h"
#include "verify/walk.h"

struct condition {
	enum skep_jmp_op op;
	unsigned width;
	unsigned dst;
	int src; /* register, or -1 */
};

void skep_settle_null(struct skep_state *state, uint32_t id, bool is_null)
{
	SKEP_FOR_EACH_VALUE(v, at, state)
	{
		struct skep_value *own;

		if (v->id != id || !skep_value_may_be_null(v))
			continue;
		own = skep_state_edit(state, at);
		if (is_null) {
			*own = skep_value_const(0);
			continue;
		}
		own->flags &= (uint16_t)~SKEP_VALUE_MAYBE_NULL;
		/* the id told copies apart from others only until now, except where it is the reference's */
		if (!own->ref && !(own->flags & SKEP_VALUE_LOCKABLE))
			own->id = 0;
	}
}

/* NULL or not is known of the pointer in @reg now: of its copies as well. */
static void settle_pointer(struct skep_state *state, unsigned reg, bool is_null)
{
	struct skep_value v = skep_state_frame(state)->regs[reg];

	/* a pointer that turns out to be NULL holds nothing that could be released */
	if (is_null && v.ref && v.ref == v.id)
		(void)!skep_state_release(state, v.ref);
	skep_settle_null(state, v.id, is_null);
}

/*
 * @reg and the values of its id are known to be narrower: what the others differ by is added. The step remembers which
 * they were, so that precision can follow.
 */
static void narrow_linked(struct skep_state *state, unsigned reg)
{
	struct skep_value known = skep_state_frame(state)->regs[reg];

	if (!known.id)
		return;
	SKEP_FOR_EACH_VALUE(v, at, state)
	{
		struct skep_scalar difference;
		struct skep_value *own;
		bool wraps = skep_value_wraps(v) || skep_value_wraps(&known);

		if (v->kind != SKEP_VALUE_NUMBER || v->id != known.id)
			continue;
		/* one by 64 bits, the other by 32: these two say nothing of each other */
		if (wraps && v->has_delta && known.has_delta && v->delta_wraps != known.delta_wraps)
			continue;
		difference = skep_scalar_const((uint64_t)((int64_t)(v->has_delta ? v->delta : 0) -
							  (known.has_delta ? known.delta : 0)));
		own = skep_state_edit(state, at);
		own->num = known.num;
		if (difference.bits.value)
			skep_scalar_alu(SKEP_ALU_ADD, wraps ? 32 : 64, &own->num, &difference);
	}
}

static uint32_t note_links(struct skep_walk *walk, const struct condition *c)
{
	struct skep_links links = {};
	const struct skep_frame *frame = skep_walk_frame(walk);
	uint32_t a = frame->regs[c->dst].kind == SKEP_VALUE_NUMBER ? frame->regs[c->dst].id : 0;
	uint32_t b = c->src >= 0 && frame->regs[c->src].kind == SKEP_VALUE_NUMBER
			     ? frame->regs[c->src].id
			     : 0;

	if (!a && !b)
		return 0;
	SKEP_FOR_EACH_VALUE(v, at, walk->state)
	{
		bool is_slot = at.index >= SKEP_N_REGS;

		if (v->kind != SKEP_VALUE_NUMBER || !v->id || (v->id != a && v->id != b))
			continue;
		if (links.n == SKEP_LINKS_MAX) {
			/* more than can be followed: these go their own ways from here */
			skep_value_unlink(skep_state_edit(walk->state, at));
			continue;
		}
		links.link[links.n++] = (struct skep_link){
			.frame = (uint8_t)at.frame,
			.is_slot = is_slot,
			.index = (uint8_t)(is_slot ? at.index - SKEP_N_REGS : at.index),
		};
	}
	if (links.n < 2)
		return 0;
	skep_vec_add(&walk->links, links);
	return (uint32_t)walk->links.len;
}

static struct skep_value operand(struct skep_walk *walk, const struct condition *c,
				 struct skep_insn insn)
{
	if (c->src >= 0)
		return *skep_walk_reg(walk, (unsigned)c->src);
	return skep_value_const((uint64_t)(int64_t)insn.imm);
}

/* a op b as b op' a; only of orders. */
static enum skep_jmp_op mirrored(enum skep_jmp_op op)
{
	switch (op) {
	case SKEP_JMP_JGT:
		return SKEP_JMP_JLT;
	case SKEP_JMP_JLT:
		return SKEP_JMP_JGT;
	case SKEP_JMP_JGE:
		return SKEP_JMP_JLE;
	case SKEP_JMP_JLE:
		return SKEP_JMP_JGE;
	default:
		return op;
	}
}

static bool is_zero(const struct skep_value *v)
{
	return skep_value_is_const(v) && v->num.bits.value == 0;
}

/* Pointers that are never NULL, so that comparing them with 0 has one answer. */
static bool is_never_null(const struct skep_value *v)
{
	switch (v->kind) {
	case SKEP_VALUE_SOCK:
	case SKEP_VALUE_TCP_SOCK:
	case SKEP_VALUE_MAP_VALUE:
	case SKEP_VALUE_MAP_KEY:
	case SKEP_VALUE_SOCK_COMMON:
	case SKEP_VALUE_MAP:
		return !skep_value_may_be_null(v);
	case SKEP_VALUE_MEM:
		return !skep_value_may_be_null(v) && !(v->flags & SKEP_VALUE_UNTRUSTED);
	case SKEP_VALUE_OBJECT:
		return !skep_value_may_be_null(v) &&
		       v->flags & (SKEP_VALUE_TRUSTED | SKEP_VALUE_RCU);
	default:
		return false;
	}
}

static enum skep_branch decide_pointer(const struct condition *c, const struct skep_value *a,
				       const struct skep_value *b)
{
	bool zero =
		c->width == 64 ? is_zero(b) : skep_scalar_is_const32(&b->num) && !b->num.r32.umax;

	if (!zero || !is_never_null(a))
		return SKEP_BRANCH_EITHER;
	if (c->op == SKEP_JMP_JEQ)
		return SKEP_BRANCH_NEVER;
	return c->op == SKEP_JMP_JNE ? SKEP_BRANCH_ALWAYS : SKEP_BRANCH_EITHER;
}

/* A packet pointer that was found to be at the end, or behind it, is so when it is compared again. */
static enum skep_branch decide_end(const struct condition *c, const struct skep_value *a,
				   const struct skep_value *b)
{
	const struct skep_value *pointer = b->kind == SKEP_VALUE_PACKET_END ? a : b;
	enum skep_jmp_op op = pointer == a ? c->op : mirrored(c->op);

	if (pointer->kind != SKEP_VALUE_PACKET || c->width != 64)
		return SKEP_BRANCH_EITHER;
	if (pointer->flags & SKEP_VALUE_BEYOND_END) {
		if (op == SKEP_JMP_JLE || op == SKEP_JMP_JLT)
			return SKEP_BRANCH_NEVER;
		if (op == SKEP_JMP_JGT || op == SKEP_JMP_JGE)
			return SKEP_BRANCH_ALWAYS;
	}
	if (pointer->flags & SKEP_VALUE_AT_END) {
		if (op == SKEP_JMP_JLT)
			return SKEP_BRANCH_NEVER;
		if (op == SKEP_JMP_JGE)
			return SKEP_BRANCH_ALWAYS;
	}
	return SKEP_BRANCH_EITHER;
}

static enum skep_branch decide(const struct condition *c, const struct skep_value *a,
			       const struct skep_value *b)
{
	if (a->kind == SKEP_VALUE_NUMBER && b->kind == SKEP_VALUE_NUMBER)
		return skep_scalar_branch(c->op, c->width, &a->num, &b->num);
	if (skep_value_is_pointer(a) && b->kind == SKEP_VALUE_NUMBER)
		return decide_pointer(c, a, b);
	if (a->kind == SKEP_VALUE_PACKET_END || b->kind == SKEP_VALUE_PACKET_END)
		return decide_end(c, a, b);
	return SKEP_BRANCH_EITHER;
}

/* All packet pointers that share @pointer's unknown part have @bytes proven. */
static void prove_packet(struct skep_state *state, const struct skep_value *pointer, bool one_more)
{
	uint32_t bytes = (uint32_t)pointer->off + one_more;

	/* a single byte at the very start is not taken as proven by kernels either */
	if (pointer->off < 0 || (pointer->off == 0 && one_more))
		return;
	/* beyond 64 KiB nothing is proven: a packet is not that long, and the sum could wrap */
	if (pointer->num.r64.umax > UINT16_MAX ||
	    (uint64_t)pointer->off + pointer->num.r64.umax > UINT16_MAX)
		return;
	SKEP_FOR_EACH_VALUE(v, at, state)
	{
		struct skep_value *own;

		if (v->kind != pointer->kind || v->id != pointer->id)
			continue;
		own = skep_state_edit(state, at);
		own->range = MAX(own->range, bytes);
		own->flags &= (uint16_t) ~(SKEP_VALUE_AT_END | SKEP_VALUE_BEYOND_END);
	}
}

/* The pointer is where the packet ends, or (@beyond) behind: nothing of what it points to exists. */
static void note_end(struct skep_state *state, unsigned reg, bool beyond)
{
	struct skep_value *v = &skep_state_frame(state)->regs[reg];

	if (v->kind != SKEP_VALUE_PACKET)
		return;
	v->range = 0;
	v->flags &= (uint16_t) ~(SKEP_VALUE_AT_END | SKEP_VALUE_BEYOND_END);
	v->flags |= beyond ? SKEP_VALUE_BEYOND_END : SKEP_VALUE_AT_END;
}

/* @end is where what @pointer points into ends: the packet's end, or its beginning for the metadata in front of it. */
static bool is_end_of(const struct skep_value *end, const struct skep_value *pointer)
{
	if (end->kind == SKEP_VALUE_PACKET_END)
		return pointer->kind == SKEP_VALUE_PACKET;
	return pointer->kind == SKEP_VALUE_PACKET_META && end->kind == SKEP_VALUE_PACKET &&
	       !end->off && !end->id && skep_scalar_is_const(&end->num) && !end->num.bits.value;
}

/*
 * pointer op end, on the way where it holds (or not):
 *
 *	p <= end   bytes up to p exist		p < end   one more exists
 */
static void learn_packet(const struct condition *c, struct skep_state *fall,
			 struct skep_state *jump, const struct skep_value *a,
			 const struct skep_value *b)
{
	bool end_right = is_end_of(b, a), end_left = is_end_of(a, b);
	const struct skep_value *pointer = end_right ? a : b;
	enum skep_jmp_op op = c->op;
	unsigned reg = c->dst;

	if (!end_left && !end_right)
		return;
	if (end_left) { /* end op p: as p op' end */
		op = mirrored(op);
		reg = (unsigned)c->src;
	}
	switch (op) {
	case SKEP_JMP_JGT: /* not taken: p <= end */
		prove_packet(fall, pointer, false);
		note_end(jump, reg, true);
		break;
	case SKEP_JMP_JGE: /* not taken: p < end */
		prove_packet(fall, pointer, true);
		note_end(jump, reg, false);
		break;
	case SKEP_JMP_JLT:
		prove_packet(jump, pointer, true);
		note_end(fall, reg, false);
		break;
	case SKEP_JMP_JLE:
		prove_packet(jump, pointer, false);
		note_end(fall, reg, true);
		break;
	default:
		break;
	}
}

static void learn_numbers(const struct condition *c, struct skep_state *state, bool taken,
			  struct skep_insn insn)
{
	struct skep_frame *frame = skep_state_frame(state);
	struct skep_value constant = skep_value_const((uint64_t)(int64_t)insn.imm);
	struct skep_value *a = &frame->regs[c->dst],
			  *b = c->src >= 0 ? &frame->regs[c->src] : &constant;

	if (a->kind != SKEP_VALUE_NUMBER || b->kind != SKEP_VALUE_NUMBER)
		return;
	if (a == b) /* a number compared with itself */
		return;
	skep_scalar_assume(c->op, c->width, taken, &a->num, &b->num);
	narrow_linked(state, c->dst);
	if (c->src >= 0)
		narrow_linked(state, (unsigned)c->src);
}

/* Two pointers are equal and one is not NULL: so is the other. */
static void learn_equal_pointers(const struct condition *c, struct skep_state *equal,
				 const struct skep_value *a, const struct skep_value *b)
{
	if (c->src < 0 || !skep_value_is_pointer(a) || !skep_value_is_pointer(b) ||
	    a->kind == SKEP_VALUE_OBJECT || b->kind == SKEP_VALUE_OBJECT)
		return;
	if (skep_value_may_be_null(a) && !skep_value_may_be_null(b))
		settle_pointer(equal, c->dst, false);
	else if (skep_value_may_be_null(b) && !skep_value_may_be_null(a))
		settle_pointer(equal, (unsigned)c->src, false);
}

static void learn(const struct condition *c, struct skep_state *fall, struct skep_state *jump,
		  struct skep_insn insn, const struct skep_value *a, const struct skep_value *b)
{
	bool is_equality = c->op == SKEP_JMP_JEQ || c->op == SKEP_JMP_JNE;
	struct skep_state *equal = c->op == SKEP_JMP_JEQ ? jump : fall;
	struct skep_state *other = equal == jump ? fall : jump;

	if (a->kind == SKEP_VALUE_NUMBER && b->kind == SKEP_VALUE_NUMBER) {
		learn_numbers(c, fall, false, insn);
		learn_numbers(c, jump, true, insn);
		return;
	}
	if (is_equality && c->width == 64)
		learn_equal_pointers(c, equal, a, b);
	if (is_equality && c->width == 64 && c->src < 0 && insn.imm == 0 &&
	    skep_value_may_be_null(a)) {
		settle_pointer(equal, c->dst, true);
		settle_pointer(other, c->dst, false);
	} else if (c->width == 64 && c->src >= 0) {
		learn_packet(c, fall, jump, a, b);
	}
}

/* What was decided by known numbers holds only for numbers as exact as these. */
static int need_operands(struct skep_walk *walk, const struct condition *c,
			 const struct skep_value *a, const struct skep_value *b)
{
	int r = 0;

	if (a->kind == SKEP_VALUE_NUMBER)
		r = skep_need_precise(walk, c->dst);
	if (r == 0 && c->src >= 0 && b->kind == SKEP_VALUE_NUMBER)
		r = skep_need_precise(walk, (unsigned)c->src);
	return r;
}

static int condition_step(struct skep_walk *walk, struct skep_insn insn, uint32_t target)
{
	bool by_reg = (insn.opcode & SKEP_SRC_MASK) == SKEP_SRC_X;
	struct condition c = {
		.op = insn.opcode & SKEP_OP_MASK,
		.width = skep_insn_class(insn) == SKEP_CLASS_JMP ? 64 : 32,
		.dst = insn.dst,
		.src = by_reg ? insn.src : -1,
	};
	struct skep_value a, b;
	struct skep_state *other;
	enum skep_branch branch;
	int r = skep_need_set(walk, insn.dst);

	if (r == 0 && by_reg)
		r = skep_need_set(walk, insn.src);
	if (r < 0)
		return r;
	a = *skep_walk_reg(walk, insn.dst);
	b = operand(walk, &c, insn);
	branch = decide(&c, &a, &b);
	if (branch != SKEP_BRANCH_EITHER) {
		skep_walk_step(walk)->branch =
			branch == SKEP_BRANCH_ALWAYS ? SKEP_DECISION_JUMP : SKEP_DECISION_FALL;
		if (branch == SKEP_BRANCH_ALWAYS)
			walk->next = target;
		return need_operands(walk, &c, &a, &b);
	}
	skep_walk_step(walk)->links = note_links(walk, &c);
	skep_walk_step(walk)->branch = SKEP_DECISION_JUMP;
	other = skep_fork(walk, target);
	if (!other)
		return -EINVAL;
	skep_walk_step(walk)->branch = SKEP_DECISION_FALL;
	learn(&c, walk->state, other, insn, &a, &b);
	if (walk->records) {
		skep_record(walk, walk->state, c.dst);
		skep_record(walk, other, c.dst);
	}
	return 0;
}

int skep_step_jump(struct skep_walk *walk, struct skep_insn insn)
{
	unsigned op = insn.opcode & SKEP_OP_MASK;
	int64_t target = 0;

	(void)skep_insn_target(insn, walk->insn, &target);
	walk->n_jumps++;
	if (op == SKEP_JMP_JA) {
		walk->next = (uint32_t)target;
		return 0;
	}
	if (op == SKEP_JMP_JCOND) {
		/* the kernel may leave the loop here at any time: this path does, another one goes on */
		struct skep_state *other = skep_fork(walk, walk->insn + 1);

		if (!other)
			return -EINVAL;
		other->unrolled++;
		/* the parent is this round's own state, kept a moment ago */
		skep_widen(other, other->parent ? other->parent->parent : NULL, walk->insn);
		walk->next = (uint32_t)target;
		return 0;
	}
	return condition_step(walk, insn, (uint32_t)target);
}
