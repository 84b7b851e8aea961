/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, reading: bytes, text and values from the kernel's memory, the process's, or the program's own.
 */
#include "lang/lower.h"

#include "isa/helper.h"
#include "lang/lower_priv.h"

/* Counts the loss when a helper's result is negative; goes on either way. */
void skep_lower_check_read(struct skep_lower *l, struct skep_val *result)
{
	struct skep_block *bad = skep_ir_block(l->fn), *good = skep_ir_block(l->fn);

	skep_ir_branch(l->fn, SKEP_CC_SLT, result, skep_ir_const(l->fn, 0), bad, good);
	skep_ir_at(l->fn, bad);
	skep_lower_loss(l, SKEP_LOSS_READ);
	skep_ir_jump(l->fn, good);
	skep_ir_at(l->fn, good);
}

/*
 * Where user and kernel addresses differ by their top bit. Elsewhere both have the same numbers, and what is not known
 * is taken for the kernel's.
 */
#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv) || defined(__powerpc64__) || \
	defined(__loongarch__)
#define TOP_BIT_IS_KERNEL true
#else
#define TOP_BIT_IS_KERNEL false
#endif

struct skep_val *skep_lower_read_call(struct skep_lower *l, bool is_text, struct skep_val *to,
				      struct skep_val *size, struct skep_val *from,
				      enum skep_space space)
{
	uint32_t user = is_text ? SKEP_HELPER_PROBE_READ_USER_STR : SKEP_HELPER_PROBE_READ_USER;
	uint32_t kernel =
		is_text ? SKEP_HELPER_PROBE_READ_KERNEL_STR : SKEP_HELPER_PROBE_READ_KERNEL;
	struct skep_block *blocks[2], *join;
	struct skep_var *result;

	if (space != SKEP_SPACE_ANY || !TOP_BIT_IS_KERNEL)
		return skep_ir_call(l->fn, space == SKEP_SPACE_USER ? user : kernel, 0, 3, to, size,
				    from);
	result = skep_ir_var(l->fn, "read");
	blocks[0] = skep_ir_block(l->fn);
	blocks[1] = skep_ir_block(l->fn);
	join = skep_ir_block(l->fn);
	skep_ir_branch(l->fn, SKEP_CC_SLT, from, skep_ir_const(l->fn, 0), blocks[0], blocks[1]);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		skep_ir_at(l->fn, blocks[i]);
		skep_ir_set(l->fn, result,
			    skep_ir_call(l->fn, i ? user : kernel, 0, 3, to, size, from));
		skep_ir_jump(l->fn, join);
	}
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, result);
}

void skep_lower_read(struct skep_lower *l, struct skep_val *to, int to_off, uint32_t size,
		     struct skep_val *from, enum skep_space space)
{
	skep_lower_check_read(l, skep_lower_read_call(l, false, skep_lower_at(l, to, to_off),
						      skep_ir_const(l->fn, size), from, space));
}

/* Bytes that were read, with the end; negative: none could be. */
static struct skep_val *read_str(struct skep_lower *l, struct skep_val *to, int to_off,
				 uint32_t size, struct skep_val *from, enum skep_space space,
				 bool pad)
{
	struct skep_block *bad, *good;
	struct skep_val *result;

	if (pad)
		skep_lower_clear(l, to, to_off, size);
	result = skep_lower_read_call(l, true, skep_lower_at(l, to, to_off),
				      skep_ir_const(l->fn, size), from, space);
	bad = skep_ir_block(l->fn);
	good = skep_ir_block(l->fn);
	skep_ir_branch(l->fn, SKEP_CC_SLT, result, skep_ir_const(l->fn, 0), bad, good);
	skep_ir_at(l->fn, bad);
	skep_ir_store(l->fn, to, to_off, 1, skep_ir_const(l->fn, 0));
	skep_lower_loss(l, SKEP_LOSS_READ);
	skep_ir_jump(l->fn, good);
	skep_ir_at(l->fn, good);
	return result;
}

void skep_lower_read_str(struct skep_lower *l, struct skep_val *to, int to_off, uint32_t size,
			 struct skep_val *from, enum skep_space space, bool pad)
{
	(void)read_str(l, to, to_off, size, from, space, pad);
}

/* The helper ends every text; an array of char may be full. Its last byte then comes by itself, which is 0 or the text's. */
void skep_lower_read_chars(struct skep_lower *l, struct skep_val *to, int to_off, uint32_t size,
			   struct skep_val *from, enum skep_space space, bool pad)
{
	struct skep_val *result = read_str(l, to, to_off, size, from, space, pad);
	struct skep_block *full = skep_ir_block(l->fn), *end = skep_ir_block(l->fn);
	int last = (int)size - 1;

	skep_ir_branch(l->fn, SKEP_CC_EQ, result, skep_ir_const(l->fn, size), full, end);
	skep_ir_at(l->fn, full);
	(void)skep_lower_read_call(l, false, skep_lower_at(l, to, to_off + last),
				   skep_ir_const(l->fn, 1), skep_lower_at(l, from, last), space);
	skep_ir_jump(l->fn, end);
	skep_ir_at(l->fn, end);
}

struct skep_val *skep_lower_read_text(struct skep_lower *l, struct skep_val *to, uint32_t size,
				      struct skep_val *from, enum skep_space space)
{
	struct skep_block *good = skep_ir_block(l->fn), *bad = skep_ir_block(l->fn),
			  *fits = skep_ir_block(l->fn), *join = skep_ir_block(l->fn);
	struct skep_var *length = skep_ir_var(l->fn, "length");
	struct skep_val *n;

	n = skep_lower_read_call(
		l, true, to, skep_ir_const(l->fn, size), from,
		space == SKEP_SPACE_USER || space == SKEP_SPACE_ANY ? space : SKEP_SPACE_KERNEL);
	skep_ir_set(l->fn, length, skep_ir_const(l->fn, 1));
	skep_ir_branch(l->fn, SKEP_CC_SGT, n, skep_ir_const(l->fn, 0), good, bad);
	skep_ir_at(l->fn, good);
	skep_ir_branch(l->fn, SKEP_CC_ULE, n, skep_ir_const(l->fn, size), fits, join);
	skep_ir_at(l->fn, fits);
	skep_ir_set(l->fn, length, n);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, bad);
	skep_ir_store(l->fn, to, 0, 1, skep_ir_const(l->fn, 0));
	skep_lower_loss(l, SKEP_LOSS_READ);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, length);
}

enum skep_space skep_lower_pointed(const struct skep_lower *l, const struct skep_type *type)
{
	enum skep_space space = type->kind == SKEP_TYPE_PTR ? type->space : SKEP_SPACE_ANY;

	if (space == SKEP_SPACE_ANY && !TOP_BIT_IS_KERNEL)
		space = l->inst->args_space;
	return space == SKEP_SPACE_USER ? SKEP_SPACE_USER : SKEP_SPACE_ANY;
}

static struct skep_val *load_scalar(struct skep_lower *l, const struct skep_type *type,
				    struct skep_val *addr, int off, enum skep_space space)
{
	unsigned sign = type->kind == SKEP_TYPE_INT && type->is_signed ? SKEP_LOAD_SIGNED : 0;
	unsigned pure = space == SKEP_SPACE_CTX ? SKEP_LOAD_PURE : 0;
	struct skep_val *slot;

	if (skep_lower_direct(space))
		return skep_ir_load(l->fn, addr, off, type->size, sign | pure);
	slot = skep_ir_slot(l->fn, 8, "read");
	skep_lower_read(l, slot, 0, type->size, skep_lower_at(l, addr, off), space);
	return skep_ir_load(l->fn, slot, 0, type->size, sign);
}

int skep_lower_load(struct skep_lower *l, const struct skep_type *type, struct skep_val *addr,
		    int off, enum skep_space space, struct skep_value *ret_value)
{
	if (skep_type_is_scalar(type))
		*ret_value = (struct skep_value){ .type = type,
						  .val = load_scalar(l, type, addr, off, space) };
	else
		*ret_value = (struct skep_value){
			.type = type, .val = addr, .off = off, .space = space
		};
	return 0;
}

int skep_lower_bytes(struct skep_lower *l, struct skep_value *value)
{
	struct skep_value own = { .type = value->type, .space = SKEP_SPACE_BPF };
	int r;

	if (skep_type_is_scalar(value->type) || (value->space == SKEP_SPACE_BPF && !value->parts))
		return 0;
	own.val = skep_lower_object(l, value->type->size, "bytes", &own.off);
	r = skep_lower_store(l, value, value->type, own.val, own.off);
	if (r < 0)
		return r;
	*value = own;
	return 0;
}
