/* SPDX-License-Identifier: Apache-2.0 */
/* Single features of gen.h, executed on the test machine. */
#include "exec.h"

#include <errno.h>

static const uint64_t edges[] = {
	0,
	1,
	2,
	3,
	10,
	1000,
	0x7f,
	0x80,
	0xffff,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	1ull << 32,
	INT64_MAX,
	1ull << 63,
	UINT64_MAX,
	UINT64_MAX - 6,
};

static struct skep_val *num(struct bench *b, uint64_t n)
{
	return skep_ir_const(b->fn, n);
}

static struct skep_val *arg(struct bench *b, int i)
{
	return skep_ir_load(b->fn, skep_ir_ctx(b->fn), i * 8, 8, SKEP_LOAD_PURE);
}

static uint64_t op_direct(unsigned op, uint64_t a, uint64_t c)
{
	static const uint8_t ops[] = { SKEP_ALU_ADD, SKEP_ALU_SUB, SKEP_ALU_MUL, SKEP_ALU_DIV,
				       SKEP_ALU_DIV, SKEP_ALU_MOD, SKEP_ALU_MOD, SKEP_ALU_AND,
				       SKEP_ALU_OR,  SKEP_ALU_XOR, SKEP_ALU_LSH, SKEP_ALU_RSH,
				       SKEP_ALU_ARSH };

	return machine_alu(ops[op], a, c, true, op == SKEP_OP_SDIV || op == SKEP_OP_SMOD);
}

/* Every operation with the constant on each side, on a value that is used again or not. */
static void operations(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	for (unsigned op = 0; op < SKEP_OP_MAX; op++)
		for (unsigned i = 0; i < ARRAY_SIZE(edges); i++)
			FOR_ALL(&b)
			{
				struct skep_val *x = arg(&b, 0), *y, *z;

				y = skep_ir_opi(b.fn, op, x, edges[i]);
				z = skep_ir_op(b.fn, op, num(&b, edges[i]), x);
				skep_ir_call(b.fn, 1, 0, 1, y);
				skep_ir_call(b.fn, 1, 0, 1, z);
				skep_ir_ret(b.fn, skep_ir_op(b.fn, op, x, x));
				for (unsigned k = 0; k < ARRAY_SIZE(edges); k++) {
					ctx[0] = edges[k];
					b.n_seen = 0;
					assert_int_equal(bench_run(&b, ctx, 8),
							 op_direct(op, edges[k], edges[k]));
					assert_int_equal(b.seen[0],
							 op_direct(op, edges[k], edges[i]));
					assert_int_equal(b.seen[1],
							 op_direct(op, edges[i], edges[k]));
				}
			}
}

static void log2_of(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	FOR_ALL(&b)
	{
		skep_ir_ret(b.fn, skep_ir_log2(b.fn, arg(&b, 0)));
		assert_int_equal(bench_run(&b, ctx, 8), 0);
		for (unsigned i = 0; i < 64; i++) {
			ctx[0] = 1ull << i;
			assert_int_equal(bench_run(&b, ctx, 8), i);
			ctx[0] |= ctx[0] - 1;
			assert_int_equal(bench_run(&b, ctx, 8), i);
		}
		ctx[0] = 0;
	}
}

/*
 * A loop that turns its variables round: a, b, c = b, c, a; as registers and, with many more, as
 * stack slots.
 */
static void phi_circles(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	for (unsigned n = 2; n < 24; n += 3)
		FOR_ALL(&b)
		{
			struct skep_block *head = skep_ir_block(b.fn), *body = skep_ir_block(b.fn),
					  *out = skep_ir_block(b.fn);
			struct skep_var *v[24], *i = skep_ir_var(b.fn, "i");
			struct skep_val *old[24], *sum;

			for (unsigned k = 0; k < n; k++) {
				v[k] = skep_ir_var(b.fn, "v");
				skep_ir_set(b.fn, v[k],
					    skep_ir_opi(b.fn, SKEP_OP_ADD, arg(&b, 0), k));
			}
			skep_ir_set(b.fn, i, num(&b, 0));
			skep_ir_jump(b.fn, head);
			skep_ir_at(b.fn, head);
			skep_ir_branch(b.fn, SKEP_CC_ULT, skep_ir_get(b.fn, i), num(&b, 5), body,
				       out);
			skep_ir_at(b.fn, body);
			for (unsigned k = 0; k < n; k++)
				old[k] = skep_ir_get(b.fn, v[k]);
			for (unsigned k = 0; k < n; k++)
				skep_ir_set(b.fn, v[k], old[(k + 1) % n]);
			skep_ir_set(b.fn, i,
				    skep_ir_opi(b.fn, SKEP_OP_ADD, skep_ir_get(b.fn, i), 1));
			skep_ir_jump(b.fn, head);
			skep_ir_at(b.fn, out);
			sum = num(&b, 0);
			for (unsigned k = 0; k < n; k++)
				sum = skep_ir_op(b.fn, SKEP_OP_ADD,
						 skep_ir_opi(b.fn, SKEP_OP_MUL, sum, 3),
						 skep_ir_get(b.fn, v[k]));
			skep_ir_ret(b.fn, sum);
			for (ctx[0] = 0; ctx[0] < 3; ctx[0]++) {
				uint64_t want = 0;

				for (unsigned k = 0; k < n; k++)
					want = want * 3 + ctx[0] + (k + 5) % n;
				assert_int_equal(bench_run(&b, ctx, 8), want);
			}
		}
}

/* Many values alive at once, across a call or not. */
static void pressure(void **state)
{
	static uint64_t ctx[40];
	struct bench b;

	for (unsigned n = 4; n <= 40; n += 6)
		for (unsigned calls = 0; calls < 2; calls++)
			FOR_ALL(&b)
			{
				struct skep_val *v[40], *sum = num(&b, 0);
				uint64_t want = 0;

				for (unsigned i = 0; i < n; i++) {
					ctx[i] = i * i + 7;
					v[i] = skep_ir_opi(b.fn, SKEP_OP_MUL,
							   skep_ir_load(b.fn, skep_ir_ctx(b.fn),
									(int)i * 8, 8, 0),
							   3);
				}
				if (calls)
					skep_ir_call(b.fn, 3, 0, 5, v[0], v[3], v[2], v[1], v[0]);
				for (unsigned i = 0; i < n; i++) {
					sum = skep_ir_op(b.fn, SKEP_OP_ADD,
							 skep_ir_opi(b.fn, SKEP_OP_MUL, sum, 5),
							 v[i]);
					want = want * 5 + ctx[i] * 3;
				}
				skep_ir_ret(b.fn, sum);
				assert_int_equal(bench_run(&b, ctx, sizeof(ctx)), want);
			}
}

/* Parameters handed on in all orders, so that argument moves go in circles. */
/* More numbers at once than registers and stack hold, and a pointer among them, which must not leave the stack. */
static void away(void **state)
{
	static uint64_t ctx[2] = { 5, 9 };
	struct skep_val *v[600], *sum, *p;
	struct bench b;

	for (unsigned n = 40; n <= ARRAY_SIZE(v); n += 280)
		FOR_ALL(&b)
		{
			uint64_t want = 0;

			p = skep_ir_slot(b.fn, 8, "pointed to");
			skep_ir_store(b.fn, p, 0, 8, num(&b, 1000));
			p = skep_ir_op(b.fn, SKEP_OP_ADD, p,
				       skep_ir_opi(b.fn, SKEP_OP_AND, arg(&b, 0), 0x100));
			for (unsigned i = 0; i < n; i++)
				v[i] = skep_ir_op(b.fn, SKEP_OP_ADD,
						  skep_ir_extend(b.fn, arg(&b, i % 2), 4, false),
						  skep_ir_call(b.fn, 2, 0, 0));
			skep_ir_call(b.fn, 2, 0, 0);
			sum = skep_ir_load(b.fn, p, 0, 8, 0);
			for (unsigned i = 0; i < n; i++) {
				sum = skep_ir_op(b.fn, SKEP_OP_ADD,
						 skep_ir_opi(b.fn, SKEP_OP_MUL, sum, 3), v[i]);
				want = (i ? want : 1000) * 3 + ctx[i % 2] + 77;
			}
			skep_ir_store(b.fn, skep_ir_ctx(b.fn), 0, 8, sum);
			skep_ir_ret(b.fn, num(&b, 0));
			bench_run(&b, ctx, sizeof(ctx));
			assert_true(ctx[0] == want);
			ctx[0] = 5;
			assert_int_equal(b.spec->n_maps, n > 64);
		}
}

static void parameters(void **state)
{
	static const unsigned orders[][5] = {
		{ 0, 1, 2, 3, 4 }, { 4, 3, 2, 1, 0 }, { 1, 2, 3, 4, 0 },
		{ 1, 0, 3, 2, 2 }, { 2, 2, 2, 0, 1 },
	};
	static uint64_t ctx[1];
	struct bench b;

	for (unsigned o = 0; o < ARRAY_SIZE(orders); o++)
		FOR_ALL(&b)
		{
			const unsigned *p = orders[o];
			struct skep_fn *sub = skep_gen_subprog(b.gen, "sub", 5);
			struct skep_val *r;

			r = skep_ir_call(sub, 3, 0, 5, skep_ir_param(sub, p[0]),
					 skep_ir_param(sub, p[1]), skep_ir_param(sub, p[2]),
					 skep_ir_param(sub, p[3]), skep_ir_param(sub, p[4]));
			skep_ir_ret(sub, skep_ir_op(sub, SKEP_OP_ADD, r, skep_ir_param(sub, 4)));
			skep_ir_ret(b.fn, skep_ir_call_local(b.fn, sub, 5, num(&b, 1), num(&b, 2),
							     num(&b, 3), num(&b, 4), num(&b, 5)));
			assert_int_equal(bench_run(&b, ctx, 8),
					 p[0] + 1 + (p[1] + 1) * 10 + (p[2] + 1) * 100 +
						 (p[3] + 1) * 1000 + (p[4] + 1) * 10000 + 5);
		}
}

/* Two blocks that lead into each other, entered at both: no loop with one head. */
static void irreducible(void **state)
{
	static uint64_t ctx[2];
	struct bench b;

	FOR_ALL(&b)
	{
		struct skep_block *x = skep_ir_block(b.fn), *y = skep_ir_block(b.fn),
				  *out = skep_ir_block(b.fn);
		struct skep_var *n = skep_ir_var(b.fn, "n"), *s = skep_ir_var(b.fn, "s");

		skep_ir_set(b.fn, n, arg(&b, 1));
		skep_ir_branch(b.fn, SKEP_CC_EQ, arg(&b, 0), num(&b, 0), x, y);
		for (unsigned i = 0; i < 2; i++) {
			skep_ir_at(b.fn, i ? y : x);
			skep_ir_set(b.fn, n,
				    skep_ir_opi(b.fn, SKEP_OP_SUB, skep_ir_get(b.fn, n), 1));
			skep_ir_set(b.fn, s,
				    skep_ir_opi(b.fn, SKEP_OP_ADD,
						skep_ir_opi(b.fn, SKEP_OP_MUL, skep_ir_get(b.fn, s),
							    10),
						i + 1));
			skep_ir_branch(b.fn, SKEP_CC_SGT, skep_ir_get(b.fn, n), num(&b, 0),
				       i ? x : y, out);
		}
		skep_ir_at(b.fn, out);
		skep_ir_ret(b.fn, skep_ir_get(b.fn, s));
		ctx[0] = 0;
		ctx[1] = 3;
		assert_int_equal(bench_run(&b, ctx, 16), 121);
		ctx[0] = 1;
		ctx[1] = 4;
		assert_int_equal(bench_run(&b, ctx, 16), 2121);
	}
}

static void memory(void **state)
{
	static uint8_t ctx[64];
	struct bench b;

	for (unsigned i = 0; i < sizeof(ctx); i++)
		ctx[i] = (uint8_t)(i * 7 + 0x81);
	FOR_ALL(&b)
	{
		struct skep_val *slot = skep_ir_slot(b.fn, 61, "bytes"), *value;
		unsigned map = skep_gen_map(b.gen, &(struct skep_spec_map){ .name = "m",
									    .value_size = 256 });

		skep_ir_zero(b.fn, slot, 0, 61);
		skep_ir_copy(b.fn, slot, 4, skep_ir_ctx(b.fn), 4, 27);
		skep_ir_copy(b.fn, slot, 33, skep_ir_ctx(b.fn), 40, 11);
		value = skep_ir_map_value(b.fn, map, 8);
		skep_ir_copy(b.fn, value, 0, slot, 0, 61);
		skep_ir_atomic_add(b.fn, value, 64, 4, num(&b, 5));
		skep_ir_atomic_add(b.fn, skep_ir_map_value(b.fn, map, 0), 72, 4,
				   num(&b, UINT64_MAX));
		skep_ir_store(b.fn, skep_ir_map_value(b.fn, map, 80), 0, 2, num(&b, 0x12345));
		skep_ir_ret(b.fn, skep_ir_load(b.fn, slot, 5, 1, SKEP_LOAD_SIGNED));
		assert_int_equal((int64_t)bench_run(&b, ctx, 64), (int8_t)ctx[5]);
		for (unsigned i = 0; i < 61; i++)
			assert_int_equal(b.m.map_values[map][8 + i], i >= 4 && i < 31 ? ctx[i]
								     : i >= 33 && i < 44
									     ? ctx[i + 7]
									     : 0);
		assert_int_equal(b.m.map_values[map][72], 4);
		assert_int_equal(b.m.map_values[map][80], 0x45);
		assert_int_equal(b.m.map_values[map][81], 0x23);
		assert_int_equal(b.m.map_values[map][82], 0);
	}
}

/* Buffers that are used one after another share bytes, those that are used together do not. */
static void stack_sharing(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	FOR_ALL(&b)
	{
		struct skep_val *sum = num(&b, 0);

		for (unsigned i = 0; i < 20; i++) {
			struct skep_val *slot = skep_ir_slot(b.fn, 200, "buffer");

			skep_ir_store(b.fn, slot, 192, 8, num(&b, i));
			skep_ir_call(b.fn, 1, 0, 1, slot);
			sum = skep_ir_op(b.fn, SKEP_OP_ADD, sum,
					 skep_ir_load(b.fn, slot, 192, 8, 0));
		}
		skep_ir_ret(b.fn, sum);
		assert_int_equal(bench_run(&b, ctx, 8), 190);
	}
	FOR_ALL(&b)
	{
		struct skep_val *slots[3];

		for (unsigned i = 0; i < 3; i++) {
			slots[i] = skep_ir_slot(b.fn, i ? 100 : 400, i ? "small" : "the large one");
			skep_ir_store(b.fn, slots[i], 0, 8, num(&b, i));
		}
		skep_ir_ret(b.fn, skep_ir_call(b.fn, 3, 0, 5, slots[0], slots[1], slots[2],
					       num(&b, 0), num(&b, 0)));
		assert_int_equal(bench_finish(&b), -E2BIG);
		assert_int_equal(b.diag.n_items, 1);
		assert_non_null(strstr(b.diag.items[0].hint, "the large one (400 bytes)"));
	}
	FOR_ALL(&b)
	{
		skep_ir_ret(b.fn,
			    skep_ir_call(b.fn, 1, 0, 1, skep_ir_slot(b.fn, UINT32_MAX, "huge")));
		assert_int_equal(bench_finish(&b), -E2BIG);
	}
}

/* A slot whose address lies in memory can be used at any time. */
static void stack_escapes(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	FOR_ALL(&b)
	{
		struct skep_val *a = skep_ir_slot(b.fn, 8, "a"), *c = skep_ir_slot(b.fn, 8, "c"),
				*p = skep_ir_slot(b.fn, 8, "p");

		skep_ir_store(b.fn, a, 0, 8, num(&b, 41));
		skep_ir_store(b.fn, p, 0, 8, a);
		skep_ir_call(b.fn, 2, 0, 0);
		skep_ir_store(b.fn, c, 0, 8, num(&b, 1));
		skep_ir_call(b.fn, 1, 0, 1, skep_ir_load(b.fn, c, 0, 8, 0));
		skep_ir_ret(b.fn, skep_ir_load(b.fn, skep_ir_load(b.fn, p, 0, 8, 0), 0, 8, 0));
		assert_int_equal(bench_run(&b, ctx, 8), 41);
	}
}

/* Calls are shared, dropped and kept as their flags say. */
static void calls(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	FOR_ALL(&b)
	{
		struct skep_block *next = skep_ir_block(b.fn);
		struct skep_val *x, *y, *z;

		x = skep_ir_call(b.fn, 1, SKEP_CALL_PURE, 1, num(&b, 5));
		skep_ir_call(b.fn, 2, SKEP_CALL_NOEFFECT, 0);
		skep_ir_call(b.fn, 1, 0, 1, num(&b, 6));
		skep_ir_jump(b.fn, next);
		skep_ir_at(b.fn, next);
		y = skep_ir_call(b.fn, 1, SKEP_CALL_PURE, 1, num(&b, 5));
		z = skep_ir_call(b.fn, 1, SKEP_CALL_NOEFFECT, 1, num(&b, 7));
		z = skep_ir_op(b.fn, SKEP_OP_ADD, z,
			       skep_ir_call(b.fn, 1, SKEP_CALL_NOEFFECT, 1, num(&b, 7)));
		skep_ir_ret(b.fn,
			    skep_ir_op(b.fn, SKEP_OP_ADD, skep_ir_op(b.fn, SKEP_OP_ADD, x, y), z));
		assert_int_equal(bench_run(&b, ctx, 8), 28);
		assert_int_equal(b.n_seen, _i % 2 ? 4 : 6);
	}
}

/* Stores that nobody reads go, those that a call reads stay. */
static void dead_stores(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	bench_open(&b, 3, 1);
	struct skep_val *key = skep_ir_slot(b.fn, 16, "key"),
			*unread = skep_ir_slot(b.fn, 8, "unread");

	skep_ir_zero(b.fn, key, 0, 16);
	skep_ir_store(b.fn, key, 0, 8, num(&b, 1));
	skep_ir_store(b.fn, key, 8, 4, num(&b, 2));
	skep_ir_store(b.fn, unread, 0, 8, num(&b, 3));
	skep_ir_call(b.fn, 1, 0, 1, key);
	skep_ir_store(b.fn, key, 0, 8, num(&b, 4));
	skep_ir_ret(b.fn, num(&b, 0));
	bench_run(&b, ctx, 8);
	/* 1 at key, 0 and 2 behind it, two for the address, the call, two to return */
	assert_int_equal(b.spec->progs[0].n_insns, 8);
	bench_close(&b);
}

/* Constants side by side are stored at once where that is aligned. */
static void joined_stores(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	for (int from = 0; from < 8; from++)
		FOR_ALL(&b)
		{
			struct skep_val *slot = skep_ir_slot(b.fn, 24, "bytes"), *at;

			skep_ir_zero(b.fn, slot, 0, 24);
			skep_ir_call(b.fn, 2, 0, 0);
			at = skep_ir_opi(b.fn, SKEP_OP_ADD, slot, (uint64_t)from);
			for (int i = 0; i < 10; i++)
				skep_ir_store(b.fn, at, i ^ 1, 1, num(&b, i == 7 ? 0xff : 0));
			skep_ir_call(b.fn, 1, 0, 1, slot);
			skep_ir_ret(b.fn, skep_ir_load(b.fn, slot, from + 6, 1, 0));
			assert_int_equal(bench_run(&b, ctx, 8), 0xff);
			/* 16 zeroes left, call, 4 + 4 + 2 bytes, address, call, load, exit */
			if (_i % 2 && from == 0)
				assert_int_equal(b.spec->progs[0].n_insns, 11);
		}
}

static void relocations(void **state)
{
	struct bench b;

	FOR_ALL(&b)
	{
		struct skep_fn *callback = skep_gen_subprog(b.gen, "callback", 2);
		unsigned map = skep_gen_map(b.gen, &(struct skep_spec_map){ .name = "m",
									    .value_size = 64 });
		const struct skep_spec_prog *p;

		skep_ir_ret(callback, skep_ir_const(callback, 0));
		skep_ir_call(b.fn, 3, 0, 5, skep_ir_map(b.fn, map), skep_ir_func(b.fn, callback),
			     skep_ir_map_value(b.fn, map, 24), num(&b, 0), num(&b, 0));
		skep_ir_call_kfunc(b.fn, "bpf_rcu_read_lock", 0, 0);
		skep_ir_ret(b.fn, num(&b, 0));
		assert_int_equal(bench_finish(&b), 0);
		p = &b.spec->progs[0];
		assert_int_equal(p->n_relocs, 4);
		for (size_t i = 0; i < p->n_relocs; i++) {
			const struct skep_reloc *r = &p->relocs[i];
			struct skep_insn insn = p->insns[r->insn];

			assert_int_equal(skep_insn_is_wide(insn), r->kind != SKEP_RELOC_KFUNC);
			if (r->kind == SKEP_RELOC_KFUNC)
				assert_string_equal(r->name, "bpf_rcu_read_lock");
			else
				assert_int_equal(r->index, r->kind == SKEP_RELOC_FUNC
								   ? skep_fn_index(callback)
								   : map);
			assert_int_equal(r->addend, r->kind == SKEP_RELOC_MAP_VALUE ? 24 : 0);
		}
		assert_int_equal(b.spec->progs[skep_fn_index(callback)].type, 0);
	}
}

static void lines(void **state)
{
	static uint64_t ctx[2];
	struct bench b;

	FOR_ALL(&b)
	{
		const struct skep_spec_prog *p;
		struct skep_val *x;

		skep_ir_loc(b.fn, (struct skep_loc){ 3, 5, 2 });
		x = skep_ir_call(b.fn, 1, 0, 1, arg(&b, 1));
		skep_ir_loc(b.fn, (struct skep_loc){ 4, 1, 2 });
		skep_ir_ret(b.fn, skep_ir_op(b.fn, SKEP_OP_ADD, x, arg(&b, 0)));
		bench_run(&b, ctx, 16);
		p = &b.spec->progs[0];
		assert_true(p->n_lines >= 2);
		assert_int_equal(p->lines[0].insn, 0);
		assert_int_equal(p->lines[0].loc.line, 3);
		assert_int_equal(p->lines[p->n_lines - 1].loc.line, 4);
		for (size_t i = 1; i < p->n_lines; i++)
			assert_true(p->lines[i - 1].insn < p->lines[i].insn);
	}
}

/* Code behind an end is ignored, a variable that was never set is 0, unreachable blocks vanish. */
static void ends(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	FOR_ALL(&b)
	{
		struct skep_block *never = skep_ir_block(b.fn), *join = skep_ir_block(b.fn);
		struct skep_var *v = skep_ir_var(b.fn, "v"), *w = skep_ir_var(b.fn, "w");
		struct skep_val *x;

		skep_ir_set(b.fn, w, num(&b, 8));
		skep_ir_jump(b.fn, join);
		assert_true(skep_ir_ended(b.fn));
		skep_ir_set(b.fn, w, num(&b, 9));
		x = skep_ir_call(b.fn, 1, 0, 1, num(&b, 1));
		skep_ir_ret(b.fn, x);
		skep_ir_branch(b.fn, SKEP_CC_EQ, x, x, never, join);
		skep_ir_at(b.fn, never);
		skep_ir_set(b.fn, v, x);
		skep_ir_jump(b.fn, join);
		skep_ir_at(b.fn, join);
		assert_false(skep_ir_ended(b.fn));
		x = skep_ir_op(b.fn, SKEP_OP_ADD, skep_ir_get(b.fn, v), x);
		skep_ir_ret(b.fn, skep_ir_op(b.fn, SKEP_OP_ADD, x, skep_ir_get(b.fn, w)));
		assert_int_equal(bench_run(&b, ctx, 8), 8);
		assert_int_equal(b.n_seen, 0);
	}
}

static void mistakes(void **state)
{
	struct bench b;

	FOR_ALL(&b)
	{
		skep_ir_jump(b.fn, skep_ir_block(b.fn));
		assert_int_equal(bench_finish(&b), -EINVAL);
		assert_int_equal(b.diag.n_errors, 1);
	}
	FOR_ALL(&b)
	{
		struct skep_block *x = skep_ir_block(b.fn), *y = skep_ir_block(b.fn);
		struct skep_val *v;

		skep_ir_branch(b.fn, SKEP_CC_EQ, arg(&b, 0), num(&b, 0), x, y);
		skep_ir_at(b.fn, x);
		v = skep_ir_call(b.fn, 2, 0, 0);
		skep_ir_jump(b.fn, y);
		skep_ir_at(b.fn, y);
		skep_ir_ret(b.fn, v);
		assert_int_equal(bench_finish(&b), -EINVAL);
		assert_non_null(strstr(b.diag.items[0].what, "not computed on every way"));
	}
	FOR_ALL(&b)
	{
		skep_ir_ret(b.fn, skep_ir_load(b.fn, skep_ir_ctx(b.fn), 0, 3, 0));
		assert_int_equal(bench_finish(&b), -EINVAL);
	}
}

/* Long functions: they compile, or are refused when a jump cannot reach. */
static void length(void **state)
{
	static uint64_t ctx[1];
	struct bench b;

	for (unsigned n = 1000; n <= 40000; n *= 40)
		FOR_ALL(&b)
		{
			struct skep_block *more = skep_ir_block(b.fn), *out = skep_ir_block(b.fn);
			struct skep_val *x = arg(&b, 0);

			skep_ir_branch(b.fn, SKEP_CC_EQ, x, num(&b, 1), out, more);
			skep_ir_at(b.fn, more);
			for (unsigned i = 0; i < n; i++)
				x = skep_ir_opi(b.fn, i % 2 ? SKEP_OP_ADD : SKEP_OP_XOR, x, i);
			skep_ir_call(b.fn, 1, 0, 1, x);
			skep_ir_jump(b.fn, out);
			skep_ir_at(b.fn, out);
			skep_ir_ret(b.fn, num(&b, 0));
			if (n == 1000) {
				assert_int_equal(bench_run(&b, ctx, 8), 0);
			} else {
				assert_int_equal(bench_finish(&b), -E2BIG);
				assert_non_null(strstr(b.diag.items[0].what, "too long"));
			}
		}
}

/* A chain of functions has 512 bytes and 8 frames together. */
static void chains(void **state)
{
	struct bench b;

	for (unsigned n = 0; n < 12; n++)
		for (unsigned size = 8; size <= 240; size += 232)
			FOR_ALL(&b)
			{
				struct skep_fn *fn = b.fn, *callee = NULL;
				bool fits = n < 8 && (n + 1) * (size + 32 - size % 32) <= 512;

				for (unsigned i = 0; i <= n; i++) {
					struct skep_val *slot = skep_ir_slot(fn, size, "buffer");

					skep_ir_call(fn, 1, 0, 1, slot);
					if (i < n) {
						callee = skep_gen_subprog(b.gen, "sub", 0);
						skep_ir_call_local(fn, callee, 0);
					}
					skep_ir_ret(fn, skep_ir_const(fn, 0));
					fn = callee;
				}
				assert_int_equal(bench_finish(&b), fits ? 0 : -E2BIG);
			}
	FOR_ALL(&b)
	{
		struct skep_fn *sub = skep_gen_subprog(b.gen, "sub", 0);

		skep_ir_ret(sub, skep_ir_call_local(sub, sub, 0));
		skep_ir_ret(b.fn, skep_ir_call_local(b.fn, sub, 0));
		assert_int_equal(bench_finish(&b), -E2BIG);
		assert_non_null(strstr(b.diag.items[0].what, "circle"));
	}
}

static void dumps(void **state)
{
	struct bench b;

	FOR_ALL(&b)
	{
		_cleanup_(skep_str_fini)
		struct skep_str before = {}, after = {};
		struct skep_var *v = skep_ir_var(b.fn, "count");

		skep_ir_set(b.fn, v, skep_ir_opi(b.fn, SKEP_OP_ADD, arg(&b, 0), 7));
		skep_ir_ret(b.fn, skep_ir_get(b.fn, v));
		skep_gen_dump(b.gen, &before);
		assert_int_equal(bench_finish(&b), 0);
		skep_gen_dump(b.gen, &after);
		assert_non_null(strstr(before.data, "set $count"));
		assert_null(strstr(after.data, "set $count"));
		assert_non_null(strstr(after.data, "add"));
		assert_non_null(strstr(after.data, "; r0"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations),	 cmocka_unit_test(log2_of),
		cmocka_unit_test(phi_circles),	 cmocka_unit_test(pressure),
		cmocka_unit_test(away),		 cmocka_unit_test(parameters),
		cmocka_unit_test(irreducible),	 cmocka_unit_test(memory),
		cmocka_unit_test(stack_sharing), cmocka_unit_test(stack_escapes),
		cmocka_unit_test(calls),	 cmocka_unit_test(dead_stores),
		cmocka_unit_test(joined_stores), cmocka_unit_test(relocations),
		cmocka_unit_test(lines),	 cmocka_unit_test(ends),
		cmocka_unit_test(mistakes),	 cmocka_unit_test(length),
		cmocka_unit_test(chains),	 cmocka_unit_test(dumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
