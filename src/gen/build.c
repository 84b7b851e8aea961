/* SPDX-License-Identifier: Apache-2.0 */
/* What front ends build with: each call of gen.h adds a value at the end of the current block. */
#include <stdarg.h>

#include "gen/ir.h"

/* A value at the end of the current block, unless that has ended. */
static struct skep_val *add(struct skep_fn *fn, enum ir_kind kind, unsigned n_args)
{
	struct skep_val *v = ir_new(fn, kind, n_args);

	if (!fn->here->ended)
		ir_append(fn->here, v);
	return v;
}

/* --- blocks and control flow ------------------------------------------------------------------ */

struct skep_block *skep_ir_block(struct skep_fn *fn)
{
	return ir_block_new(fn);
}

void skep_ir_at(struct skep_fn *fn, struct skep_block *block)
{
	fn->here = block;
}

struct skep_block *skep_ir_here(const struct skep_fn *fn)
{
	return fn->here;
}

bool skep_ir_ended(const struct skep_fn *fn)
{
	return fn->here->ended;
}

bool skep_ir_reached(const struct skep_block *block)
{
	return block->reached;
}

struct skep_loc skep_ir_loc(struct skep_fn *fn, struct skep_loc loc)
{
	struct skep_loc before = fn->loc;

	fn->loc = loc;
	return before;
}

void skep_ir_cold(struct skep_block *block)
{
	block->cold = true;
}

void skep_ir_jump(struct skep_fn *fn, struct skep_block *to)
{
	struct skep_block *here = fn->here;

	if (here->ended)
		return;
	add(fn, IR_JUMP, 0);
	to->reached = true;
	here->succ[0] = to;
	here->n_succ = 1;
	here->ended = true;
}

void skep_ir_branch(struct skep_fn *fn, enum skep_cc cc, struct skep_val *a, struct skep_val *b,
		    struct skep_block *yes, struct skep_block *no)
{
	struct skep_block *here = fn->here;
	struct skep_val *v;

	if (here->ended)
		return;
	if (yes == no) {
		skep_ir_jump(fn, yes);
		return;
	}
	v = add(fn, IR_BRANCH, 2);
	v->sub = cc;
	v->args[0] = a;
	v->args[1] = b;
	yes->reached = no->reached = true;
	here->succ[0] = yes;
	here->succ[1] = no;
	here->n_succ = 2;
	here->ended = true;
}

void skep_ir_ret(struct skep_fn *fn, struct skep_val *value)
{
	struct skep_val *v;

	if (fn->here->ended)
		return;
	v = add(fn, IR_RET, 1);
	v->args[0] = value;
	fn->here->ended = true;
}

/* --- values ----------------------------------------------------------------------------------- */

struct skep_val *skep_ir_const(struct skep_fn *fn, uint64_t value)
{
	return ir_const(fn, value);
}

struct skep_val *skep_ir_need(struct skep_fn *fn, uint32_t need, uint64_t value, bool wide)
{
	struct skep_val *v = ir_new(fn, IR_NEED, 0);
	struct ir_need *n = skep_arena_alloc(fn->arena, sizeof(*n));

	n->index = need;
	v->needs = n;
	v->imm = (int64_t)value;
	v->size = wide ? 8 : 4;
	return v;
}

struct skep_val *skep_ir_param(struct skep_fn *fn, unsigned index)
{
	struct skep_block *entry = fn->blocks[0];
	struct skep_val *v;

	if (index >= fn->n_params)
		return ir_const(fn, 0);
	if (!fn->params[index]) {
		v = ir_new(fn, IR_PARAM, 0);
		v->imm = index;
		ir_insert_before(entry->last, v);
		fn->params[index] = v;
	}
	return fn->params[index];
}

struct skep_val *skep_ir_op(struct skep_fn *fn, enum skep_ir_op op, struct skep_val *a,
			    struct skep_val *b)
{
	struct skep_val *v = add(fn, IR_OP, 2);

	v->sub = op;
	v->args[0] = a;
	v->args[1] = b;
	return v;
}

struct skep_val *skep_ir_opi(struct skep_fn *fn, enum skep_ir_op op, struct skep_val *a, uint64_t b)
{
	return skep_ir_op(fn, op, a, ir_const(fn, b));
}

struct skep_val *skep_ir_extend(struct skep_fn *fn, struct skep_val *a, unsigned size,
				bool is_signed)
{
	struct skep_val *v;

	if (size >= 8)
		return a;
	v = add(fn, IR_EXT, 1);
	v->size = size;
	v->flags = is_signed ? SKEP_LOAD_SIGNED : 0;
	v->args[0] = a;
	return v;
}

/*
 * The verifier forgets what a slot holds when a part of it is written again. The part is the pointer's own
 * lower half, which a move of 32 bits makes a number.
 */
struct skep_val *skep_ir_number(struct skep_fn *fn, struct skep_val *ptr)
{
	int low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct skep_val *slot, *half;

	if (ir_is_const(ptr) || ptr->kind == IR_EXT || (ptr->kind == IR_LOAD && ptr->size < 8))
		return ptr;
	slot = skep_ir_slot(fn, 8, "a pointer as a number");
	half = skep_ir_extend(fn, ptr, 4, false);
	half->flags |= IR_KEPT_EXT;
	skep_ir_store(fn, slot, 0, 8, ptr);
	skep_ir_store(fn, slot, low, 4, half);
	return skep_ir_load(fn, slot, 0, 8, 0);
}

struct skep_val *skep_ir_bswap(struct skep_fn *fn, struct skep_val *a, unsigned size)
{
	struct skep_val *v = add(fn, IR_BSWAP, 1);

	v->size = size;
	v->args[0] = a;
	return v;
}

struct skep_val *skep_ir_cmp(struct skep_fn *fn, enum skep_cc cc, struct skep_val *a,
			     struct skep_val *b)
{
	struct skep_val *v = add(fn, IR_CMP, 2);

	v->sub = cc;
	v->args[0] = a;
	v->args[1] = b;
	return v;
}

struct skep_var *skep_ir_var(struct skep_fn *fn, const char *name)
{
	struct skep_var *var = skep_arena_alloc(fn->arena, sizeof(*var));

	var->name = name ? skep_arena_strdup(fn->arena, name) : "";
	var->id = fn->n_vars++;
	return var;
}

void skep_ir_set(struct skep_fn *fn, struct skep_var *var, struct skep_val *value)
{
	struct skep_val *v = add(fn, IR_SET, 1);

	v->var = var;
	v->args[0] = value;
}

struct skep_val *skep_ir_get(struct skep_fn *fn, struct skep_var *var)
{
	struct skep_val *v = add(fn, IR_GET, 0);

	v->var = var;
	return v;
}

struct skep_val *skep_ir_ctx(struct skep_fn *fn)
{
	fn->ctx_used = true;
	return fn->ctx ? skep_ir_get(fn, fn->ctx) : skep_ir_param(fn, 0);
}

void skep_ir_set_ctx(struct skep_fn *fn, struct skep_var *ctx)
{
	fn->ctx = ctx;
}

bool skep_ir_ctx_used(const struct skep_fn *fn)
{
	return fn->ctx_used;
}

/* --- memory ----------------------------------------------------------------------------------- */

struct skep_val *skep_ir_slot(struct skep_fn *fn, unsigned size, const char *name)
{
	const char *copy = skep_arena_strdup(fn->arena, name ? name : "temporary");

	return ir_slot_addr(fn, ir_slot_new(fn, size, copy), 0);
}

/* Leaves in *off what an instruction can say, the rest goes into the address. */
static struct skep_val *split_off(struct skep_fn *fn, struct skep_val *addr, int *off,
				  unsigned extent)
{
	int64_t far = *off;

	if (ir_fits_s16(far) && ir_fits_s16(far + extent))
		return addr;
	*off = 0;
	return skep_ir_opi(fn, SKEP_OP_ADD, addr, (uint64_t)far);
}

static struct skep_val *load(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size,
			     unsigned flags)
{
	struct skep_val *v = add(fn, IR_LOAD, 1);

	v->args[0] = addr;
	v->imm = off;
	v->size = size;
	v->flags = flags;
	return v;
}

static void store(struct skep_fn *fn, enum ir_kind kind, struct skep_val *addr, int off,
		  unsigned size, struct skep_val *value)
{
	struct skep_val *v = add(fn, kind, 2);

	v->args[0] = addr;
	v->args[1] = value;
	v->imm = off;
	v->size = size;
}

struct skep_val *skep_ir_load(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size,
			      unsigned flags)
{
	addr = split_off(fn, addr, &off, 0);
	return load(fn, addr, off, size, flags);
}

void skep_ir_store(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size,
		   struct skep_val *value)
{
	addr = split_off(fn, addr, &off, 0);
	store(fn, IR_STORE, addr, off, size, value);
}

void skep_ir_atomic_add(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size,
			struct skep_val *value)
{
	addr = split_off(fn, addr, &off, 0);
	store(fn, IR_ATOMIC, addr, off, size, value);
}

/* The widest step both offsets and the rest allow. */
static unsigned step(int a, int b, unsigned left)
{
	unsigned size = 8;

	while (size > left || (unsigned)a % size || (unsigned)b % size)
		size /= 2;
	return size;
}

void skep_ir_zero(struct skep_fn *fn, struct skep_val *addr, int off, unsigned size)
{
	struct skep_val *zero = ir_const(fn, 0);

	addr = split_off(fn, addr, &off, MIN(size, (unsigned)INT16_MAX));
	for (unsigned done = 0, n; done < size; done += n) {
		n = step(off + (int)done, 0, size - done);
		skep_ir_store(fn, addr, off + (int)done, n, zero);
	}
}

void skep_ir_copy(struct skep_fn *fn, struct skep_val *to, int to_off, struct skep_val *from,
		  int from_off, unsigned size)
{
	to = split_off(fn, to, &to_off, MIN(size, (unsigned)INT16_MAX));
	from = split_off(fn, from, &from_off, MIN(size, (unsigned)INT16_MAX));
	for (unsigned done = 0, n; done < size; done += n) {
		n = step(to_off + (int)done, from_off + (int)done, size - done);
		skep_ir_store(fn, to, to_off + (int)done, n,
			      skep_ir_load(fn, from, from_off + (int)done, n, 0));
	}
}

/* --- the kernel ------------------------------------------------------------------------------- */

struct skep_val *skep_ir_map(struct skep_fn *fn, unsigned map)
{
	struct skep_val *v = ir_new(fn, IR_MAP, 0);

	v->map = map;
	return v;
}

struct skep_val *skep_ir_map_value(struct skep_fn *fn, unsigned map, unsigned off)
{
	struct skep_val *v = ir_new(fn, IR_MAPVAL, 0);

	v->map = map;
	v->imm = off;
	return v;
}

struct skep_val *skep_ir_func(struct skep_fn *fn, const struct skep_fn *callee)
{
	struct skep_val *v = ir_new(fn, IR_FUNC, 0);

	v->callee = (struct skep_fn *)callee;
	return v;
}

static struct skep_val *call(struct skep_fn *fn, enum ir_kind kind, unsigned flags, unsigned n_args,
			     va_list ap)
{
	/* More than the machine's five is a mistake of the front end; the rest is left out. */
	struct skep_val *v = add(fn, kind, MIN(n_args, 5u));

	v->flags = flags;
	for (unsigned i = 0; i < v->n_args; i++)
		v->args[i] = va_arg(ap, struct skep_val *);
	return v;
}

struct skep_val *skep_ir_call(struct skep_fn *fn, uint32_t helper, unsigned flags, unsigned n_args,
			      ...)
{
	struct skep_val *v;
	va_list ap;

	va_start(ap, n_args);
	v = call(fn, IR_CALL, flags, n_args, ap);
	va_end(ap);
	v->imm = helper;
	return v;
}

struct skep_val *skep_ir_call_kfunc(struct skep_fn *fn, const char *name, unsigned flags,
				    unsigned n_args, ...)
{
	struct skep_val *v;
	va_list ap;

	va_start(ap, n_args);
	v = call(fn, IR_KFUNC, flags, n_args, ap);
	va_end(ap);
	v->name = skep_arena_strdup(fn->arena, name);
	return v;
}

struct skep_val *skep_ir_call_local(struct skep_fn *fn, const struct skep_fn *callee,
				    unsigned n_args, ...)
{
	struct skep_val *v;
	va_list ap;

	va_start(ap, n_args);
	v = call(fn, IR_LOCAL, 0, n_args, ap);
	va_end(ap);
	v->callee = (struct skep_fn *)callee;
	return v;
}
