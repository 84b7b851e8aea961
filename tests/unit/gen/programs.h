/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as a tracing language makes them, for tests of the code and of the running kernel. */
#pragma once

#include "gen/gen.h"
#include "isa/helper.h"

#define HASH_MAP 1
#define ARRAY_MAP 2
#define RAW_TP 17

static inline struct skep_fn *begin(struct skep_gen *gen, const char *name)
{
	return skep_gen_prog(gen, &(struct skep_spec_prog){ .name = name, .type = RAW_TP });
}

static inline unsigned hash_map(struct skep_gen *gen, unsigned key_size)
{
	return skep_gen_map(gen, &(struct skep_spec_map){ .name = "at",
							  .type = HASH_MAP,
							  .key_size = key_size,
							  .value_size = 8,
							  .max_entries = 64 });
}

static inline void return0(struct skep_fn *fn, struct skep_block *out)
{
	skep_ir_jump(fn, out);
	skep_ir_at(fn, out);
	skep_ir_ret(fn, skep_ir_const(fn, 0));
}

/* @at[key] += n: look it up and add, or make it. */
static inline void count(struct skep_fn *fn, unsigned map, struct skep_val *key, struct skep_val *n)
{
	struct skep_block *have = skep_ir_block(fn), *make = skep_ir_block(fn),
			  *out = skep_ir_block(fn);
	struct skep_val *p, *value;

	p = skep_ir_call(fn, SKEP_HELPER_MAP_LOOKUP_ELEM, SKEP_CALL_NOEFFECT, 2,
			 skep_ir_map(fn, map), key);
	skep_ir_branch(fn, SKEP_CC_EQ, p, skep_ir_const(fn, 0), make, have);
	skep_ir_cold(make);
	skep_ir_at(fn, have);
	skep_ir_atomic_add(fn, p, 0, 8, n);
	skep_ir_jump(fn, out);
	skep_ir_at(fn, make);
	value = skep_ir_slot(fn, 8, "value");
	skep_ir_store(fn, value, 0, 8, n);
	skep_ir_call(fn, SKEP_HELPER_MAP_UPDATE_ELEM, 0, 4, skep_ir_map(fn, map), key, value,
		     skep_ir_const(fn, 1));
	skep_ir_jump(fn, out);
	skep_ir_at(fn, out);
}

static inline struct skep_val *pid_tgid(struct skep_fn *fn)
{
	return skep_ir_call(fn, SKEP_HELPER_GET_CURRENT_PID_TGID, SKEP_CALL_PURE, 0);
}

static inline struct skep_val *pid(struct skep_fn *fn)
{
	return skep_ir_opi(fn, SKEP_OP_SHR, pid_tgid(fn), 32);
}

static inline struct skep_val *tid(struct skep_fn *fn)
{
	return skep_ir_extend(fn, pid_tgid(fn), 4, false);
}

static inline struct skep_val *zero_key(struct skep_fn *fn, unsigned size)
{
	struct skep_val *key = skep_ir_slot(fn, size, "key");

	skep_ir_zero(fn, key, 0, size);
	return key;
}

/* sys_enter /id == 39 && pid == 1234/ { @[comm] = count() } */
static inline void make_count_by_comm(struct skep_gen *gen)
{
	unsigned map = hash_map(gen, 16);
	struct skep_fn *fn = begin(gen, "count_by_comm");
	struct skep_block *b = skep_ir_block(fn), *c = skep_ir_block(fn), *out = skep_ir_block(fn);
	struct skep_val *id, *key;

	id = skep_ir_load(fn, skep_ir_ctx(fn), 8, 8, SKEP_LOAD_PURE);
	skep_ir_branch(fn, SKEP_CC_EQ, id, skep_ir_const(fn, 39), b, out);
	skep_ir_at(fn, b);
	skep_ir_branch(fn, SKEP_CC_EQ, pid(fn), skep_ir_const(fn, 1234), c, out);
	skep_ir_at(fn, c);
	key = zero_key(fn, 16);
	skep_ir_call(fn, SKEP_HELPER_GET_CURRENT_COMM, 0, 2, key, skep_ir_const(fn, 16));
	count(fn, map, key, skep_ir_const(fn, 1));
	return0(fn, out);
}

/* sys_exit { @ = hist(ret) }, keys as bpftrace has them: 0 negative, 1 zero, n + 2 for 2^n */
static inline void make_hist(struct skep_gen *gen)
{
	unsigned map = hash_map(gen, 8);
	struct skep_fn *fn = begin(gen, "hist");
	struct skep_block *pos = skep_ir_block(fn), *nz = skep_ir_block(fn),
			  *set = skep_ir_block(fn);
	struct skep_block *out = skep_ir_block(fn);
	struct skep_var *slot = skep_ir_var(fn, "bucket");
	struct skep_val *ret, *key;

	ret = skep_ir_load(fn, skep_ir_ctx(fn), 8, 8, SKEP_LOAD_PURE);
	skep_ir_set(fn, slot, skep_ir_const(fn, 0));
	skep_ir_branch(fn, SKEP_CC_SLT, ret, skep_ir_const(fn, 0), set, pos);
	skep_ir_at(fn, pos);
	skep_ir_set(fn, slot, skep_ir_const(fn, 1));
	skep_ir_branch(fn, SKEP_CC_EQ, ret, skep_ir_const(fn, 0), set, nz);
	skep_ir_at(fn, nz);
	skep_ir_set(fn, slot, skep_ir_opi(fn, SKEP_OP_ADD, skep_ir_log2(fn, ret), 2));
	skep_ir_jump(fn, set);
	skep_ir_at(fn, set);
	key = zero_key(fn, 8);
	skep_ir_store(fn, key, 0, 8, skep_ir_get(fn, slot));
	count(fn, map, key, skep_ir_const(fn, 1));
	return0(fn, out);
}

/*
 * enter: @start[tid] = nsecs; exit: /@start[tid]/ { @us[id] = sum((nsecs - @start[tid]) / 1000);
 * delete }
 */
static inline void make_latency(struct skep_gen *gen)
{
	unsigned start = hash_map(gen, 8), us = hash_map(gen, 8);
	struct skep_fn *fn = begin(gen, "enter");
	struct skep_block *have, *out;
	struct skep_val *key, *value, *p, *id, *then, *us_key;

	key = zero_key(fn, 8);
	skep_ir_store(fn, key, 0, 8, tid(fn));
	value = skep_ir_slot(fn, 8, "value");
	skep_ir_store(fn, value, 0, 8,
		      skep_ir_call(fn, SKEP_HELPER_KTIME_GET_NS, SKEP_CALL_NOEFFECT, 0));
	skep_ir_call(fn, SKEP_HELPER_MAP_UPDATE_ELEM, 0, 4, skep_ir_map(fn, start), key, value,
		     skep_ir_const(fn, 0));
	skep_ir_ret(fn, skep_ir_const(fn, 0));

	fn = begin(gen, "exit");
	have = skep_ir_block(fn);
	out = skep_ir_block(fn);
	id = skep_ir_load(fn, skep_ir_ctx(fn), 8, 8, SKEP_LOAD_PURE);
	key = zero_key(fn, 8);
	skep_ir_store(fn, key, 0, 8, tid(fn));
	p = skep_ir_call(fn, SKEP_HELPER_MAP_LOOKUP_ELEM, SKEP_CALL_NOEFFECT, 2,
			 skep_ir_map(fn, start), key);
	skep_ir_branch(fn, SKEP_CC_EQ, p, skep_ir_const(fn, 0), out, have);
	skep_ir_at(fn, have);
	then = skep_ir_load(fn, p, 0, 8, 0);
	value = skep_ir_op(fn, SKEP_OP_SUB,
			   skep_ir_call(fn, SKEP_HELPER_KTIME_GET_NS, SKEP_CALL_NOEFFECT, 0), then);
	value = skep_ir_opi(fn, SKEP_OP_UDIV, value, 1000);
	us_key = zero_key(fn, 8);
	skep_ir_store(fn, us_key, 0, 8, id);
	count(fn, us, us_key, value);
	skep_ir_call(fn, SKEP_HELPER_MAP_DELETE_ELEM, 0, 2, skep_ir_map(fn, start), key);
	return0(fn, out);
}

/* { @[pid, cpu] = count() }, 4-byte parts */
static inline void make_two_keys(struct skep_gen *gen)
{
	unsigned map = hash_map(gen, 16);
	struct skep_fn *fn = begin(gen, "two_keys");
	struct skep_val *key = zero_key(fn, 16), *cpu;

	skep_ir_store(fn, key, 0, 8, pid(fn));
	cpu = skep_ir_call(fn, SKEP_HELPER_GET_SMP_PROCESSOR_ID, SKEP_CALL_PURE, 0);
	skep_ir_store(fn, key, 8, 4, cpu);
	count(fn, map, key, skep_ir_const(fn, 1));
	return0(fn, skep_ir_block(fn));
}

/*
 * A boolean through a variable: if (a > 3 && b < 5 || a == b) @value[0]++, fields of an array map's
 * value
 */
static inline void make_logic(struct skep_gen *gen)
{
	unsigned map = skep_gen_map(gen, &(struct skep_spec_map){ .name = "data",
								  .type = ARRAY_MAP,
								  .key_size = 4,
								  .value_size = 64,
								  .max_entries = 1 });
	struct skep_fn *fn = begin(gen, "logic");
	struct skep_block *second = skep_ir_block(fn), *yes = skep_ir_block(fn),
			  * or = skep_ir_block(fn);
	struct skep_block *join = skep_ir_block(fn), *hit = skep_ir_block(fn),
			  *out = skep_ir_block(fn);
	struct skep_var *t = skep_ir_var(fn, "t");
	struct skep_val *a, *b, *n;

	a = skep_ir_load(fn, skep_ir_map_value(fn, map, 16), 0, 8, 0);
	b = skep_ir_load(fn, skep_ir_map_value(fn, map, 24), 0, 4, SKEP_LOAD_SIGNED);
	skep_ir_branch(fn, SKEP_CC_UGT, a, skep_ir_const(fn, 3), second, or);
	skep_ir_at(fn, second);
	skep_ir_branch(fn, SKEP_CC_SLT, b, skep_ir_const(fn, 5), yes, or);
	skep_ir_at(fn, yes);
	skep_ir_set(fn, t, skep_ir_const(fn, 1));
	skep_ir_jump(fn, join);
	skep_ir_at(fn, or);
	skep_ir_set(fn, t, skep_ir_cmp(fn, SKEP_CC_EQ, a, b));
	skep_ir_jump(fn, join);
	skep_ir_at(fn, join);
	skep_ir_branch(fn, SKEP_CC_NE, skep_ir_get(fn, t), skep_ir_const(fn, 0), hit, out);
	skep_ir_at(fn, hit);
	n = skep_ir_load(fn, skep_ir_map_value(fn, map, 0), 0, 8, 0);
	skep_ir_store(fn, skep_ir_map_value(fn, map, 0), 0, 8, skep_ir_opi(fn, SKEP_OP_ADD, n, 1));
	return0(fn, out);
}

/* for (i = 0; i < 20; i++) sum += data[i]; with a bounded index and a flag test */
static inline void make_loop(struct skep_gen *gen)
{
	unsigned map = skep_gen_map(gen, &(struct skep_spec_map){ .name = "data",
								  .type = ARRAY_MAP,
								  .key_size = 4,
								  .value_size = 256,
								  .max_entries = 1 });
	struct skep_fn *fn = begin(gen, "loop");
	struct skep_block *head = skep_ir_block(fn), *body = skep_ir_block(fn),
			  *odd = skep_ir_block(fn);
	struct skep_block *next = skep_ir_block(fn), *out = skep_ir_block(fn);
	struct skep_var *i = skep_ir_var(fn, "i"), *sum = skep_ir_var(fn, "sum");
	struct skep_val *at, *v;

	skep_ir_set(fn, i, skep_ir_const(fn, 0));
	skep_ir_set(fn, sum, skep_ir_const(fn, 0));
	skep_ir_jump(fn, head);
	skep_ir_at(fn, head);
	skep_ir_branch(fn, SKEP_CC_ULT, skep_ir_get(fn, i), skep_ir_const(fn, 20), body, out);
	skep_ir_at(fn, body);
	at = skep_ir_opi(fn, SKEP_OP_AND, skep_ir_get(fn, i), 31);
	at = skep_ir_op(fn, SKEP_OP_ADD, skep_ir_map_value(fn, map, 0),
			skep_ir_opi(fn, SKEP_OP_MUL, at, 8));
	v = skep_ir_load(fn, at, 0, 8, 0);
	skep_ir_branch(fn, SKEP_CC_NE, skep_ir_opi(fn, SKEP_OP_AND, v, 1), skep_ir_const(fn, 0),
		       odd, next);
	skep_ir_at(fn, odd);
	skep_ir_set(fn, sum, skep_ir_op(fn, SKEP_OP_ADD, skep_ir_get(fn, sum), v));
	skep_ir_jump(fn, next);
	skep_ir_at(fn, next);
	skep_ir_set(fn, i, skep_ir_opi(fn, SKEP_OP_ADD, skep_ir_get(fn, i), 1));
	skep_ir_jump(fn, head);
	skep_ir_at(fn, out);
	skep_ir_store(fn, skep_ir_map_value(fn, map, 248), 0, 8, skep_ir_get(fn, sum));
	skep_ir_ret(fn, skep_ir_const(fn, 0));
}

/* Signed arithmetic on 32 bits: ((int)a - 5) / 8 % 3, byte order, a ternary */
static inline void make_arith(struct skep_gen *gen)
{
	struct skep_fn *fn = begin(gen, "arith");
	struct skep_block *yes = skep_ir_block(fn), *no = skep_ir_block(fn),
			  *out = skep_ir_block(fn);
	struct skep_var *t = skep_ir_var(fn, "t");
	struct skep_val *a, *b;

	a = skep_ir_extend(fn, skep_ir_load(fn, skep_ir_ctx(fn), 0, 8, SKEP_LOAD_PURE), 4, true);
	b = skep_ir_opi(fn, SKEP_OP_SDIV, skep_ir_opi(fn, SKEP_OP_SUB, a, 5), 8);
	b = skep_ir_opi(fn, SKEP_OP_SMOD, b, 3);
	skep_ir_branch(fn, SKEP_CC_SGT, b, skep_ir_const(fn, 0), yes, no);
	skep_ir_at(fn, yes);
	skep_ir_set(fn, t, skep_ir_bswap(fn, a, 2));
	skep_ir_jump(fn, out);
	skep_ir_at(fn, no);
	skep_ir_set(fn, t, skep_ir_opi(fn, SKEP_OP_UMOD, a, 16));
	skep_ir_jump(fn, out);
	skep_ir_at(fn, out);
	skep_ir_ret(fn, skep_ir_extend(fn, skep_ir_get(fn, t), 4, false));
}

static const struct {
	const char *name;
	void (*make)(struct skep_gen *gen);
} programs[] = {
	{ "count_by_comm", make_count_by_comm },
	{ "hist", make_hist },
	{ "latency", make_latency },
	{ "two_keys", make_two_keys },
	{ "logic", make_logic },
	{ "loop", make_loop },
	{ "arith", make_arith },
};
