/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, memory: where objects live, and how bytes get from where they are to where they are needed.
 */
#include "lang/lower.h"

#include <string.h>

#include "isa/helper.h"
#include "lang/lower_priv.h"
#include "lang/need.h"

#define COPY_INLINE_MAX \
	128 /* bytes copied or cleared by plain loads and stores; more is a helper's work */
#define TEXT_INLINE_MAX 32 /* bytes of text copied word by word up to its end */

uint32_t skep_lower_stripes(const struct skep_lower *l)
{
	return skep_compiler_stripes(l->c);
}

/*
 * The address of this CPU's stripe. The mask is what proves to the verifier that the access stays inside; it changes
 * nothing, since the number of stripes is a power of two not below the number of CPUs.
 */
struct skep_val *skep_lower_stripe(struct skep_lower *l, unsigned map, uint32_t off,
				   uint32_t stripe_size)
{
	struct skep_val *cpu =
		skep_ir_call(l->fn, SKEP_HELPER_GET_SMP_PROCESSOR_ID, SKEP_CALL_PURE, 0);
	struct skep_val *base = skep_ir_map_value(l->fn, map, off);

	cpu = skep_ir_opi(l->fn, SKEP_OP_AND, cpu, skep_lower_stripes(l) - 1);
	cpu = skep_ir_opi(l->fn, SKEP_OP_MUL, cpu, stripe_size);
	return skep_ir_op(l->fn, SKEP_OP_ADD, base, cpu);
}

/*
 * Scratch memory is one array map value: for each object of each program a row of stripes, one a CPU. A program is never
 * entered twice at once on a CPU (the kernel counts such a run as missed), so an object has one user at a time.
 */
struct skep_val *skep_lower_lasting(struct skep_lower *l, uint32_t size)
{
	uint32_t stripe = ALIGN_UP(size, 64u), at;
	struct skep_spec_map *map;

	if (l->c->scratch_map < 0)
		l->c->scratch_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								      .name = "scratch",
								      .type = SKEP_MAP_ARRAY,
								      .key_size = 4,
								      .max_entries = 1,
							      });
	map = skep_gen_map_at(l->gen, (unsigned)l->c->scratch_map);
	at = map->value_size;
	map->value_size += stripe * skep_lower_stripes(l);
	return skep_lower_stripe(l, (unsigned)l->c->scratch_map, at, stripe);
}

struct skep_val *skep_lower_object(struct skep_lower *l, uint32_t size, const char *name,
				   int *ret_off)
{
	*ret_off = 0;
	if (size <= SKEP_STACK_OBJECT_MAX)
		return skep_ir_slot(l->fn, MAX(size, 1u), name);
	return skep_lower_lasting(l, size);
}

/* A read-only map of constants: string literals and tables. Equal contents share bytes. */
static struct skep_val *rodata_at(struct skep_lower *l, size_t at)
{
	struct skep_compiler *c = l->c;

	if (c->rodata_map < 0)
		c->rodata_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								  .name = "rodata",
								  .type = SKEP_MAP_ARRAY,
								  .key_size = 4,
								  .max_entries = 1,
								  .flags = SKEP_MAP_RDONLY_PROG,
								  .read_only = true,
							  });
	return skep_ir_map_value(l->fn, (unsigned)c->rodata_map, (unsigned)at);
}

struct skep_val *skep_lower_literal(struct skep_lower *l, const char *text, size_t len)
{
	struct skep_str *rodata = &l->c->rodata;
	size_t at = 0;

	for (; at + len + 1 <= rodata->len; at++)
		if (memcmp(rodata->data + at, text, len) == 0 && !rodata->data[at + len])
			break;
	if (at + len + 1 > rodata->len) {
		at = rodata->len;
		skep_str_addn(rodata, text, len);
		skep_str_addc(rodata, '\0');
	}
	return rodata_at(l, at);
}

struct skep_val *skep_lower_table(struct skep_lower *l, const void *data, size_t size)
{
	struct skep_str *rodata = &l->c->rodata;
	size_t at = 0;

	for (; at + size <= rodata->len; at += 8)
		if (memcmp(rodata->data + at, data, size) == 0)
			return rodata_at(l, at);
	while (rodata->len % 8)
		skep_str_addc(rodata, '\0');
	at = rodata->len;
	skep_str_addn(rodata, data, size);
	return rodata_at(l, at);
}

struct skep_val *skep_lower_zeroes(struct skep_lower *l, uint32_t size)
{
	struct skep_compiler *c = l->c;
	struct skep_spec_map *map;

	if (c->zero_map < 0)
		c->zero_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								.name = "zero",
								.type = SKEP_MAP_ARRAY,
								.key_size = 4,
								.max_entries = 1,
								.flags = SKEP_MAP_RDONLY_PROG,
								.read_only = true,
							});
	map = skep_gen_map_at(l->gen, (unsigned)c->zero_map);
	map->value_size = MAX(map->value_size, ALIGN_UP(size, 8u));
	return skep_ir_map_value(l->fn, (unsigned)c->zero_map, 0);
}

struct skep_val *skep_lower_at(struct skep_lower *l, struct skep_val *addr, int off)
{
	return off ? skep_ir_opi(l->fn, SKEP_OP_ADD, addr, (uint64_t)(int64_t)off) : addr;
}

void skep_lower_clear(struct skep_lower *l, struct skep_val *addr, int off, uint32_t size)
{
	if (size <= COPY_INLINE_MAX) {
		skep_ir_zero(l->fn, addr, off, size);
		return;
	}
	/* A read that cannot succeed clears its target: the kernel's memset, in one call. */
	skep_ir_call(l->fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, skep_lower_at(l, addr, off),
		     skep_ir_const(l->fn, size), skep_ir_const(l->fn, 0));
}

/*
 * Between two places of the program's own memory (or context, or typed kernel memory). Of typed memory only text is
 * copied here: the verifier wants loads of a struct to keep to its members.
 */
static void copy_own(struct skep_lower *l, struct skep_val *to, int to_off, struct skep_val *from,
		     int from_off, uint32_t size, enum skep_space space)
{
	if (size <= COPY_INLINE_MAX || space == SKEP_SPACE_CTX) {
		skep_ir_copy(l->fn, to, to_off, from, from_off, size);
		return;
	}
	skep_ir_call(l->fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, skep_lower_at(l, to, to_off),
		     skep_ir_const(l->fn, size), skep_lower_at(l, from, from_off));
}

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

void skep_lower_read_str(struct skep_lower *l, struct skep_val *to, int to_off, uint32_t size,
			 struct skep_val *from, enum skep_space space, bool pad)
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

void skep_lower_loss(struct skep_lower *l, enum skep_loss_cause cause)
{
	struct skep_compiler *c = l->c;
	struct skep_spec_map *map;
	uint32_t at = (l->prog * SKEP_LOSS_MAX + cause) * 8;

	skep_ir_cold(skep_ir_here(l->fn));
	if (c->loss_map < 0)
		c->loss_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								.name = "loss",
								.type = SKEP_MAP_ARRAY,
								.key_size = 4,
								.max_entries = 1,
							});
	map = skep_gen_map_at(l->gen, (unsigned)c->loss_map);
	map->value_size = MAX(map->value_size, (l->prog + 1) * SKEP_LOSS_MAX * 8);
	skep_ir_atomic_add(l->fn, skep_ir_map_value(l->fn, (unsigned)c->loss_map, at), 0, 8,
			   skep_ir_const(l->fn, 1));
}

struct skep_val *skep_lower_global(struct skep_lower *l, uint32_t offset, unsigned size)
{
	struct skep_compiler *c = l->c;

	if (c->globals_map < 0)
		c->globals_map = (int)skep_gen_map(
			l->gen, &(struct skep_spec_map){
					.name = "globals",
					.type = SKEP_MAP_ARRAY,
					.key_size = 4,
					.value_size = sizeof(struct skep_plan_globals),
					.max_entries = 1,
					.flags = SKEP_MAP_RDONLY_PROG,
					.read_only = true,
				});
	return skep_ir_load(l->fn, skep_ir_map_value(l->fn, (unsigned)c->globals_map, 0),
			    (int)offset, size, SKEP_LOAD_PURE);
}

static bool direct(enum skep_space space)
{
	return space == SKEP_SPACE_BPF || space == SKEP_SPACE_CTX || space == SKEP_SPACE_BTF;
}

static struct skep_val *load_scalar(struct skep_lower *l, const struct skep_type *type,
				    struct skep_val *addr, int off, enum skep_space space)
{
	unsigned sign = type->kind == SKEP_TYPE_INT && type->is_signed ? SKEP_LOAD_SIGNED : 0;
	unsigned pure = space == SKEP_SPACE_CTX ? SKEP_LOAD_PURE : 0;
	struct skep_val *slot;

	if (direct(space))
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

/* A literal known at compile time: its words as constants. */
static void store_literal(struct skep_lower *l, const struct skep_value *value, uint32_t size,
			  struct skep_val *addr, int off)
{
	uint32_t n = MIN((uint32_t)value->literal_len, size);
	uint32_t at = 0;

	for (unsigned step = 8; at < size; at += step) {
		uint64_t word = 0;

		if (at >= n && size - at > COPY_INLINE_MAX) {
			skep_lower_clear(l, addr, off + (int)at, size - at);
			return;
		}
		while (step > size - at)
			step /= 2;
		if (at < n)
			memcpy(&word, value->literal + at, MIN(step, n - at));
		skep_ir_store(l->fn, addr, off + (int)at, step, skep_ir_const(l->fn, word));
	}
}

/*
 * The text in the @size lowest bytes of a word: what stands behind its end becomes zero. *more is all ones while the
 * text has not ended, 0 from then on. Without branches: the lowest zero byte is found by the borrow that runs into it.
 */
static struct skep_val *text_of_word(struct skep_lower *l, struct skep_val *word, unsigned size,
				     struct skep_val **more)
{
	struct skep_fn *fn = l->fn;
	struct skep_val *w = word, *end;

	if (size < 8)
		w = skep_ir_opi(fn, SKEP_OP_OR, w, UINT64_MAX << size * 8);
	/* The top bit of the first zero byte, or nothing. */
	end = skep_ir_op(fn, SKEP_OP_SUB, w, skep_ir_const(fn, UINT64_C(0x0101010101010101)));
	end = skep_ir_op(fn, SKEP_OP_AND, end, skep_ir_opi(fn, SKEP_OP_XOR, w, UINT64_MAX));
	end = skep_ir_op(fn, SKEP_OP_AND, end, skep_ir_const(fn, UINT64_C(0x8080808080808080)));
	end = skep_ir_op(fn, SKEP_OP_AND, end,
			 skep_ir_op(fn, SKEP_OP_SUB, skep_ir_const(fn, 0), end));
	word = skep_ir_op(fn, SKEP_OP_AND, word,
			  skep_ir_opi(fn, SKEP_OP_SUB, skep_ir_opi(fn, SKEP_OP_SHR, end, 7), 1));
	if (*more)
		word = skep_ir_op(fn, SKEP_OP_AND, word, *more);
	end = skep_ir_opi(fn, SKEP_OP_SAR, skep_ir_opi(fn, SKEP_OP_SUB, end, 1), 63);
	*more = *more ? skep_ir_op(fn, SKEP_OP_AND, *more, end) : end;
	return word;
}

/*
 * A word that may be anywhere: put together from the aligned pieces that it consists of, at most four. That is less than
 * to look for the end in each.
 */
static struct skep_val *load_word(struct skep_lower *l, struct skep_val *from, int off,
				  unsigned size, unsigned flags)
{
	struct skep_val *word = NULL, *piece;

	for (unsigned at = 0, step; at < size; at += step) {
		for (step = 8; step > size - at || (off + (int)at) % (int)step;)
			step /= 2;
		piece = skep_ir_load(l->fn, from, off + (int)at, step, flags);
		if (at)
			piece = skep_ir_opi(l->fn, SKEP_OP_SHL, piece, at * 8);
		word = word ? skep_ir_op(l->fn, SKEP_OP_OR, piece, word) : piece;
	}
	return word;
}

/* Text that was not padded, from where it can be loaded: with zeroes behind its end. */
static void copy_text(struct skep_lower *l, struct skep_val *to, int to_off, struct skep_val *from,
		      int from_off, uint32_t size, enum skep_space space)
{
	struct skep_val *more = NULL, *word;
	unsigned step = 8;

	if (size > TEXT_INLINE_MAX || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
		skep_lower_read_str(l, to, to_off, size, skep_lower_at(l, from, from_off),
				    SKEP_SPACE_KERNEL, true);
		return;
	}
	for (uint32_t at = 0; at < size; at += step) {
		while (step > size - at || (to_off + (int)at) % (int)step)
			step /= 2;
		word = load_word(l, from, from_off + (int)at, step,
				 space == SKEP_SPACE_CTX ? SKEP_LOAD_PURE : 0);
		skep_ir_store(l->fn, to, to_off + (int)at, step,
			      text_of_word(l, word, step, &more));
	}
}

static int store_string(struct skep_lower *l, const struct skep_value *value, uint32_t size,
			bool pad, struct skep_val *addr, int off)
{
	uint32_t have = value->type->size, n = MIN(have, size);

	if (value->literal && value->literal_len + 1 <= COPY_INLINE_MAX) {
		store_literal(l, value, pad ? size : MIN(size, (uint32_t)value->literal_len + 1),
			      addr, off);
		return 0;
	}
	switch (value->space) {
	case SKEP_SPACE_USER:
	case SKEP_SPACE_KERNEL:
	case SKEP_SPACE_ANY:
		skep_lower_read_str(l, addr, off, n, skep_lower_at(l, value->val, value->off),
				    value->space, pad);
		break;
	case SKEP_SPACE_BTF:
	case SKEP_SPACE_CTX:
		if (pad && !value->padded)
			copy_text(l, addr, off, value->val, value->off, n, value->space);
		else
			copy_own(l, addr, off, value->val, value->off, n, value->space);
		break;
	default:
		/* A path on its way into a map is cut off as if it were read to there: with an end. */
		if (have > size && have == l->c->path_size)
			skep_lower_read_str(l, addr, off, n,
					    skep_lower_at(l, value->val, value->off),
					    SKEP_SPACE_KERNEL, pad);
		else
			copy_own(l, addr, off, value->val, value->off, n, value->space);
		break;
	}
	if (size > n)
		skep_lower_clear(l, addr, off + (int)n, pad ? size - n : 1);
	return 0;
}

static int store(struct skep_lower *l, const struct skep_value *value, const struct skep_type *as,
		 bool pad, struct skep_val *addr, int off);

/* Tuples of the same arity whose elements may be narrower strings or integers: element by element. */
static int store_tuple(struct skep_lower *l, const struct skep_value *value,
		       const struct skep_type *as, struct skep_val *addr, int off)
{
	uint32_t used = 0;

	for (size_t i = 0; i < as->n_fields; i++)
		used += as->fields[i].type->size;
	if (used != as->size)
		skep_lower_clear(l, addr, off, as->size);
	for (size_t i = 0; i < as->n_fields; i++) {
		const struct skep_field *from =
			&value->type->fields[skep_type_element(value->type, as, i)];
		struct skep_value elem;
		int r;

		r = skep_lower_load(l, from->type, value->val, value->off + (int)from->offset,
				    value->space, &elem);
		if (r < 0)
			return r;
		r = store(l, &elem, as->fields[i].type, true, addr,
			  off + (int)as->fields[i].offset);
		if (r < 0)
			return r;
	}
	return 0;
}

static int store(struct skep_lower *l, const struct skep_value *value, const struct skep_type *as,
		 bool pad, struct skep_val *addr, int off)
{
	uint32_t size = MIN(as->size, value->type->size);

	if (skep_type_is_scalar(value->type)) {
		skep_ir_store(l->fn, addr, off, as->size, value->val);
		return 0;
	}
	if (value->parts)
		return skep_lower_store_parts(l, value, as, addr, off);
	skep_need_size(&l->c->types, value->type);
	if (as->kind == SKEP_TYPE_STRING && value->type->kind == SKEP_TYPE_STRING)
		return store_string(l, value, as->size, pad, addr, off);
	if (as->kind == SKEP_TYPE_TUPLE && !skep_type_equal(as, value->type))
		return store_tuple(l, value, as, addr, off);
	if (direct(value->space) && value->space != SKEP_SPACE_BTF)
		copy_own(l, addr, off, value->val, value->off, size, value->space);
	else
		skep_lower_read(l, addr, off, size, skep_lower_at(l, value->val, value->off),
				value->space);
	if (as->size > size)
		skep_lower_clear(l, addr, off + (int)size, as->size - size);
	return 0;
}

int skep_lower_store_parts(struct skep_lower *l, const struct skep_value *value,
			   const struct skep_type *as, struct skep_val *addr, int off)
{
	uint32_t used = 0;

	for (size_t i = 0; i < as->n_fields; i++)
		used += as->fields[i].type->size;
	if (used != as->size)
		skep_lower_clear(l, addr, off, as->size);
	for (size_t i = 0; i < as->n_fields; i++) {
		size_t from = skep_type_element(value->type, as, i);
		int r = store(l, &value->parts[from], as->fields[i].type, true, addr,
			      off + (int)as->fields[i].offset);

		if (r < 0)
			return r;
	}
	return 0;
}

int skep_lower_store(struct skep_lower *l, const struct skep_value *value,
		     const struct skep_type *as, struct skep_val *addr, int off)
{
	return store(l, value, as, true, addr, off);
}

int skep_lower_store_row(struct skep_lower *l, const struct skep_value *value,
			 const struct skep_type *as, struct skep_val *addr, int off)
{
	return store(l, value, as, false, addr, off);
}
