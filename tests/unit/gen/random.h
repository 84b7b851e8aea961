/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs: a graph of blocks with statements over variables, memory and calls. The same
 * program can be evaluated directly and built through gen.h; both must do the same calls and return
 * the same value.
 */
#pragma once

#include "machine.h"

#define RND_MAX_BLOCKS 24
#define RND_MAX_STMTS 12
#define RND_MAX_VARS 24
#define RND_SLOT_BYTES 24
#define RND_CTX_BYTES 128

enum rnd_kind {
	RND_CONST,
	RND_VAR,
	RND_CTX,
	RND_SLOT,
	RND_OP,
	RND_EXT,
	RND_SWAP,
	RND_CMP,
	RND_LOG2,
	RND_PURE,  /* a call that may be shared or dropped */
	RND_INDEX, /* a word of the slot, picked by a value */
};

struct rnd_expr {
	enum rnd_kind kind;
	unsigned sub, size, off;
	bool is_signed, pure;
	uint64_t value;
	struct rnd_expr *a, *b;
};

enum rnd_stmt_kind {
	RND_SET,
	RND_STORE,
	RND_ATOMIC,
	RND_CALL,
	RND_BUFFER, /* a fresh slot is filled, handed to a call that changes it, and read again */
};

struct rnd_stmt {
	enum rnd_stmt_kind kind;
	unsigned var, off, size, n_args;
	struct rnd_expr *e[5];
};

struct rnd_block {
	struct rnd_stmt stmts[RND_MAX_STMTS];
	unsigned n_stmts;
	unsigned end; /* 0 return, 1 jump, 2 branch */
	unsigned cc, to[2];
	struct rnd_expr *a, *b;
};

struct rnd_prog {
	struct skep_arena *arena;
	uint64_t seed;
	unsigned n_blocks, n_vars, fuel, ctx_bytes;
	struct rnd_block blocks[RND_MAX_BLOCKS];
};

static inline uint64_t rnd_next(struct rnd_prog *p)
{
	p->seed ^= p->seed << 13;
	p->seed ^= p->seed >> 7;
	p->seed ^= p->seed << 17;
	return p->seed;
}

static inline unsigned rnd(struct rnd_prog *p, unsigned n)
{
	return (unsigned)((rnd_next(p) >> 20) % n);
}

static inline uint64_t rnd_const(struct rnd_prog *p)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		3,
		7,
		8,
		63,
		64,
		255,
		256,
		1000,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		UINT64_MAX,
		UINT64_MAX - 1,
		INT64_MAX,
		(uint64_t)INT64_MIN,
		(uint64_t)INT32_MIN,
	};

	return rnd(p, 4) ? edges[rnd(p, ARRAY_SIZE(edges))] : rnd_next(p);
}

static inline struct rnd_expr *rnd_expr(struct rnd_prog *p, unsigned depth)
{
	static const uint8_t sizes[] = { 1, 2, 4, 8 };
	struct rnd_expr *e = skep_arena_alloc(p->arena, sizeof(*e));
	unsigned pick = rnd(p, depth ? 16 : 6);

	e->size = sizes[rnd(p, 4)];
	e->is_signed = rnd(p, 2);
	switch (pick) {
	case 0:
		e->kind = RND_CONST;
		e->value = rnd_const(p);
		break;
	case 1:
	case 2:
	case 3:
		e->kind = RND_VAR;
		e->off = rnd(p, p->n_vars);
		break;
	case 4:
		e->kind = RND_CTX;
		e->off = rnd(p, p->ctx_bytes / 8) * 8;
		e->pure = rnd(p, 2);
		break;
	case 5:
		e->kind = RND_SLOT;
		e->off = rnd(p, RND_SLOT_BYTES / e->size) * e->size;
		break;
	case 6:
		e->kind = RND_EXT;
		e->a = rnd_expr(p, depth - 1);
		break;
	case 7:
		e->kind = RND_SWAP;
		e->size = MAX(e->size, 2u);
		e->a = rnd_expr(p, depth - 1);
		break;
	case 8:
	case 9:
		e->kind = RND_CMP;
		e->sub = rnd(p, SKEP_CC_MAX);
		e->a = rnd_expr(p, depth - 1);
		e->b = rnd_expr(p, depth - 1);
		break;
	case 10:
		e->kind = RND_LOG2 + rnd(p, 3);
		e->a = rnd_expr(p, depth - 1);
		break;
	default:
		e->kind = RND_OP;
		e->sub = rnd(p, SKEP_OP_MAX);
		e->a = rnd_expr(p, depth - 1);
		e->b = rnd_expr(p, depth - 1);
	}
	return e;
}

static inline void rnd_stmt(struct rnd_prog *p, struct rnd_stmt *s)
{
	unsigned pick = rnd(p, 10);

	s->kind = pick < 5    ? RND_SET
		  : pick == 5 ? RND_STORE
		  : pick == 6 ? RND_ATOMIC
		  : pick < 9  ? RND_CALL
			      : RND_BUFFER;
	s->var = rnd(p, p->n_vars);
	s->size = 1u << (s->kind == RND_ATOMIC ? 2 + rnd(p, 2) : rnd(p, 4));
	s->off = rnd(p, RND_SLOT_BYTES / s->size) * s->size;
	s->n_args = s->kind == RND_CALL ? rnd(p, 6) : s->kind == RND_BUFFER ? 3 : 1;
	for (unsigned i = 0; i < s->n_args; i++)
		s->e[i] = rnd_expr(p, s->kind == RND_CALL ? 1 : 2);
}

/* A program that reads @ctx_bytes of context and runs at most @fuel blocks. */
static inline void rnd_make(struct rnd_prog *p, struct skep_arena *arena, uint64_t seed,
			    unsigned ctx_bytes, unsigned fuel)
{
	memset(p, 0, sizeof(*p));
	p->arena = arena;
	p->seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 12345;
	for (unsigned i = 0; i < 8; i++)
		rnd_next(p);
	p->n_blocks = 1 + rnd(p, RND_MAX_BLOCKS);
	p->n_vars = 1 + rnd(p, rnd(p, 2) ? 6 : RND_MAX_VARS);
	p->fuel = 1 + rnd(p, fuel);
	p->ctx_bytes = ctx_bytes;
	for (unsigned i = 0; i < p->n_blocks; i++) {
		struct rnd_block *b = &p->blocks[i];

		b->n_stmts = rnd(p, rnd(p, 3) ? 5 : RND_MAX_STMTS);
		for (unsigned k = 0; k < b->n_stmts; k++)
			rnd_stmt(p, &b->stmts[k]);
		b->end = rnd(p, 12) == 0 ? 0 : 1 + (rnd(p, 3) != 0);
		b->cc = rnd(p, SKEP_CC_MAX);
		b->a = rnd_expr(p, 1 + rnd(p, 2));
		b->b = rnd_expr(p, rnd(p, 2));
		for (unsigned k = 0; k < 2; k++) {
			unsigned near = i + 1 + rnd(p, 3), any = rnd(p, p->n_blocks);

			b->to[k] = rnd(p, 3) ? MIN(near, p->n_blocks - 1) : any;
		}
	}
}

static inline void rnd_fill(uint8_t *ctx, unsigned n, uint64_t seed)
{
	for (unsigned i = 0; i < n; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		ctx[i] = seed >> 61 ? (uint8_t)(seed >> 40) : 0;
	}
}

/*
 * --- what the world does
 * ----------------------------------------------------------------------------------
 */

struct rnd_trace {
	uint64_t hash, calls;
};

static inline void rnd_mix(struct rnd_trace *t, uint64_t v)
{
	t->hash = (t->hash ^ v) * UINT64_C(0x100000001b3);
	t->hash ^= t->hash >> 29;
}

static inline uint64_t rnd_helper_value(struct rnd_trace *t, unsigned n, const uint64_t *args)
{
	t->calls++;
	rnd_mix(t, n);
	for (unsigned i = 0; i < n; i++)
		rnd_mix(t, args[i]);
	return t->hash & 1 ? t->hash : t->hash & 15;
}

static inline uint64_t rnd_helper_buffer(struct rnd_trace *t, uint64_t *words)
{
	for (unsigned i = 0; i < 3; i++) {
		rnd_mix(t, words[i]);
		words[i] += t->hash >> 7;
	}
	return t->hash;
}

static inline uint64_t rnd_pure(uint64_t a)
{
	return a * 3 + 1;
}

/*
 * Helpers 100 + n take n numbers, helper 120 has no effect, helper 110 takes a buffer of 24 bytes.
 */
static inline uint64_t rnd_mock(struct machine *m, int id, uint64_t *args)
{
	if (id == 110) {
		if (!machine_ok(m, args[0], 24))
			FAIL(m, "bad buffer");
		return rnd_helper_buffer(m->data, (uint64_t *)(uintptr_t)args[0]);
	}
	if (id == 120)
		return rnd_pure(args[0]);
	if (id == 8) /* asked where values are that the stack has no room for */
		return 1;
	return rnd_helper_value(m->data, (unsigned)id - 100, args);
}

/*
 * --- direct evaluation
 * ------------------------------------------------------------------------------------
 */

struct rnd_state {
	uint64_t vars[RND_MAX_VARS];
	_Alignas(8) uint8_t slot[RND_SLOT_BYTES];
	const uint8_t *ctx;
	struct rnd_trace trace;
};

static inline uint64_t rnd_op(unsigned op, uint64_t a, uint64_t b)
{
	static const uint8_t ops[] = { SKEP_ALU_ADD, SKEP_ALU_SUB, SKEP_ALU_MUL, SKEP_ALU_DIV,
				       SKEP_ALU_DIV, SKEP_ALU_MOD, SKEP_ALU_MOD, SKEP_ALU_AND,
				       SKEP_ALU_OR,  SKEP_ALU_XOR, SKEP_ALU_LSH, SKEP_ALU_RSH,
				       SKEP_ALU_ARSH };

	return machine_alu(ops[op], a, b, true, op == SKEP_OP_SDIV || op == SKEP_OP_SMOD);
}

static inline bool rnd_cc(unsigned cc, uint64_t a, uint64_t b)
{
	static const uint8_t ops[] = { SKEP_JMP_JEQ,  SKEP_JMP_JNE, SKEP_JMP_JLT,  SKEP_JMP_JLE,
				       SKEP_JMP_JGT,  SKEP_JMP_JGE, SKEP_JMP_JSLT, SKEP_JMP_JSLE,
				       SKEP_JMP_JSGT, SKEP_JMP_JSGE };

	return machine_jump(ops[cc], a, b, true);
}

static inline uint64_t rnd_eval(struct rnd_state *s, const struct rnd_expr *e)
{
	uint64_t a = e->a ? rnd_eval(s, e->a) : 0, b = e->b ? rnd_eval(s, e->b) : 0;

	switch (e->kind) {
	case RND_CONST:
		return e->value;
	case RND_VAR:
		return s->vars[e->off];
	case RND_CTX:
		return machine_read((uint64_t)(uintptr_t)s->ctx + e->off, e->size, e->is_signed);
	case RND_SLOT:
		return machine_read((uint64_t)(uintptr_t)s->slot + e->off, e->size, e->is_signed);
	case RND_OP:
		return rnd_op(e->sub, a, b);
	case RND_EXT:
		return machine_read((uint64_t)(uintptr_t)&a, e->size, e->is_signed);
	case RND_SWAP:
		return machine_swap(a, (int)e->size * 8);
	case RND_CMP:
		return rnd_cc(e->sub, a, b);
	case RND_PURE:
		return rnd_pure(a);
	case RND_INDEX:
		return machine_read((uint64_t)(uintptr_t)s->slot + (a & 1) * 8, 8, false);
	default:
		return a ? 63 - (unsigned)__builtin_clzll(a) : 0;
	}
}

static inline void rnd_exec(struct rnd_state *s, const struct rnd_stmt *st)
{
	uint64_t v[5];

	for (unsigned i = 0; i < st->n_args; i++)
		v[i] = rnd_eval(s, st->e[i]);
	switch (st->kind) {
	case RND_SET:
		s->vars[st->var] = v[0];
		break;
	case RND_ATOMIC:
		v[0] += machine_read((uint64_t)(uintptr_t)s->slot + st->off, st->size, false);
		/* fallthrough */
	case RND_STORE:
		memcpy(s->slot + st->off, v, st->size);
		break;
	case RND_CALL:
		s->vars[st->var] = rnd_helper_value(&s->trace, st->n_args, v);
		break;
	default:
		s->vars[st->var] = rnd_helper_buffer(&s->trace, v) + v[1];
	}
}

static inline uint64_t rnd_run(const struct rnd_prog *p, struct rnd_state *s)
{
	uint64_t sum = 0;
	int64_t fuel = p->fuel;

	for (unsigned at = 0; fuel-- > 0;) {
		const struct rnd_block *b = &p->blocks[at];

		for (unsigned i = 0; i < b->n_stmts; i++)
			rnd_exec(s, &b->stmts[i]);
		if (b->end == 0)
			break;
		at = b->end == 1 || rnd_cc(b->cc, rnd_eval(s, b->a), rnd_eval(s, b->b)) ? b->to[0]
											: b->to[1];
	}
	for (unsigned i = 0; i < p->n_vars; i++)
		sum = sum * 31 + s->vars[i];
	return sum;
}

/*
 * --- through gen
 * ------------------------------------------------------------------------------------------
 */

struct rnd_build {
	struct skep_fn *fn;
	struct skep_var *vars[RND_MAX_VARS];
	struct skep_val *slot;
	struct skep_fn **mocks; /* instead of helpers: by number of arguments, [6]: a buffer */
};

static inline struct skep_val *rnd_build_call(struct rnd_build *g, unsigned n, struct skep_val **v)
{
	if (g->mocks)
		return skep_ir_call_local(g->fn, g->mocks[n], n, v[0], v[1], v[2], v[3], v[4]);
	return skep_ir_call(g->fn, 100 + n, 0, n, v[0], v[1], v[2], v[3], v[4]);
}

static inline struct skep_val *rnd_build_buffer(struct rnd_build *g, struct skep_val *buf)
{
	if (g->mocks)
		return skep_ir_call_local(g->fn, g->mocks[6], 1, buf);
	return skep_ir_call(g->fn, 110, 0, 1, buf);
}

static inline struct skep_val *rnd_build_expr(struct rnd_build *g, const struct rnd_expr *e)
{
	struct skep_val *a = e->a ? rnd_build_expr(g, e->a) : NULL,
			*b = e->b ? rnd_build_expr(g, e->b) : NULL;
	unsigned flags = (e->is_signed ? SKEP_LOAD_SIGNED : 0) | (e->pure ? SKEP_LOAD_PURE : 0);

	switch (e->kind) {
	case RND_CONST:
		return skep_ir_const(g->fn, e->value);
	case RND_VAR:
		return skep_ir_get(g->fn, g->vars[e->off]);
	case RND_CTX:
		return skep_ir_load(g->fn, skep_ir_ctx(g->fn), (int)e->off, e->size, flags);
	case RND_SLOT:
		return skep_ir_load(g->fn, g->slot, (int)e->off, e->size, flags);
	case RND_OP:
		return skep_ir_op(g->fn, e->sub, a, b);
	case RND_EXT:
		return skep_ir_extend(g->fn, a, e->size, e->is_signed);
	case RND_SWAP:
		return skep_ir_bswap(g->fn, a, e->size);
	case RND_CMP:
		return skep_ir_cmp(g->fn, e->sub, a, b);
	case RND_PURE:
		if (!g->mocks)
			return skep_ir_call(g->fn, 120, SKEP_CALL_PURE, 1, a);
		return skep_ir_opi(g->fn, SKEP_OP_ADD, skep_ir_opi(g->fn, SKEP_OP_MUL, a, 3), 1);
	case RND_INDEX:
		a = skep_ir_opi(g->fn, SKEP_OP_SHL, skep_ir_opi(g->fn, SKEP_OP_AND, a, 1), 3);
		return skep_ir_load(g->fn, skep_ir_op(g->fn, SKEP_OP_ADD, g->slot, a), 0, 8, 0);
	default:
		return skep_ir_log2(g->fn, a);
	}
}

static inline void rnd_build_stmt(struct rnd_build *g, const struct rnd_stmt *st)
{
	struct skep_val *v[5] = {}, *slot;

	for (unsigned i = 0; i < st->n_args; i++)
		v[i] = rnd_build_expr(g, st->e[i]);
	switch (st->kind) {
	case RND_SET:
		skep_ir_set(g->fn, g->vars[st->var], v[0]);
		break;
	case RND_STORE:
		skep_ir_store(g->fn, g->slot, (int)st->off, st->size, v[0]);
		break;
	case RND_ATOMIC:
		skep_ir_atomic_add(g->fn, g->slot, (int)st->off, st->size, v[0]);
		break;
	case RND_CALL:
		skep_ir_set(g->fn, g->vars[st->var], rnd_build_call(g, st->n_args, v));
		break;
	default:
		slot = skep_ir_slot(g->fn, 24, "buffer");
		skep_ir_zero(g->fn, slot, 0, 24);
		for (int i = 0; i < 3; i++)
			skep_ir_store(g->fn, slot, i * 8, 8, v[i]);
		v[0] = rnd_build_buffer(g, slot);
		v[1] = skep_ir_load(g->fn, skep_ir_opi(g->fn, SKEP_OP_ADD, slot, 8), 0, 8, 0);
		skep_ir_set(g->fn, g->vars[st->var], skep_ir_op(g->fn, SKEP_OP_ADD, v[0], v[1]));
	}
}

static inline void rnd_build(struct rnd_prog *p, struct skep_fn *fn, struct skep_fn **mocks)
{
	struct skep_block *blocks[RND_MAX_BLOCKS], *out = skep_ir_block(fn);
	struct rnd_build g = { .fn = fn, .mocks = mocks };
	struct skep_var *fuel = skep_ir_var(fn, "fuel");
	struct skep_val *sum;

	g.slot = skep_ir_slot(fn, RND_SLOT_BYTES, "memory");
	skep_ir_zero(fn, g.slot, 0, RND_SLOT_BYTES);
	skep_ir_set(fn, fuel, skep_ir_const(fn, p->fuel));
	for (unsigned i = 0; i < p->n_vars; i++)
		g.vars[i] = skep_ir_var(fn, "v");
	for (unsigned i = 0; i < p->n_blocks; i++)
		blocks[i] = skep_ir_block(fn);
	skep_ir_jump(fn, blocks[0]);
	for (unsigned i = 0; i < p->n_blocks; i++) {
		struct rnd_block *b = &p->blocks[i];
		struct skep_block *body = skep_ir_block(fn);

		skep_ir_at(fn, blocks[i]);
		skep_ir_branch(fn, SKEP_CC_SLE, skep_ir_get(fn, fuel), skep_ir_const(fn, 0), out,
			       body);
		skep_ir_at(fn, body);
		skep_ir_set(fn, fuel, skep_ir_opi(fn, SKEP_OP_SUB, skep_ir_get(fn, fuel), 1));
		for (unsigned k = 0; k < b->n_stmts; k++)
			rnd_build_stmt(&g, &b->stmts[k]);
		if (b->end == 0)
			skep_ir_jump(fn, out);
		else if (b->end == 1)
			skep_ir_jump(fn, blocks[b->to[0]]);
		else
			skep_ir_branch(fn, b->cc, rnd_build_expr(&g, b->a),
				       rnd_build_expr(&g, b->b), blocks[b->to[0]],
				       blocks[b->to[1]]);
	}
	skep_ir_at(fn, out);
	sum = skep_ir_const(fn, 0);
	for (unsigned i = 0; i < p->n_vars; i++)
		sum = skep_ir_op(fn, SKEP_OP_ADD, skep_ir_opi(fn, SKEP_OP_MUL, sum, 31),
				 skep_ir_get(fn, g.vars[i]));
	skep_ir_ret(fn, sum);
}
