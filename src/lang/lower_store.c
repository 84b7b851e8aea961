/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, storing: a value of any type into the program's own memory, in the shape that another one has there.
 */
#include "lang/lower.h"

#include <string.h>

#include "isa/helper.h"
#include "lang/lower_priv.h"
#include "lang/need.h"

#define TEXT_INLINE_MAX 32 /* bytes of text copied word by word up to its end */

/*
 * Between two places of the program's own memory (or context, or typed kernel memory). Of typed memory only text is
 * copied here: the verifier wants loads of a struct to keep to its members.
 */
static void copy_own(struct skep_lower *l, struct skep_val *to, int to_off, struct skep_val *from,
		     int from_off, uint32_t size, enum skep_space space)
{
	if (size <= SKEP_COPY_INLINE_MAX || space == SKEP_SPACE_CTX) {
		skep_ir_copy(l->fn, to, to_off, from, from_off, size);
		return;
	}
	skep_ir_call(l->fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, skep_lower_at(l, to, to_off),
		     skep_ir_const(l->fn, size), skep_lower_at(l, from, from_off));
}

/* A literal known at compile time: its words as constants. */
static void store_literal(struct skep_lower *l, const struct skep_value *value, uint32_t size,
			  struct skep_val *addr, int off)
{
	uint32_t n = MIN((uint32_t)value->literal_len, size);
	uint32_t at = 0;

	for (unsigned step = 8; at < size; at += step) {
		uint64_t word = 0;

		if (at >= n && size - at > SKEP_COPY_INLINE_MAX) {
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
		skep_lower_read_chars(l, to, to_off, size, skep_lower_at(l, from, from_off),
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

	if (value->literal && value->literal_len + 1 <= SKEP_COPY_INLINE_MAX) {
		store_literal(l, value, pad ? size : MIN(size, (uint32_t)value->literal_len + 1),
			      addr, off);
		return 0;
	}
	switch (value->space) {
	case SKEP_SPACE_USER:
	case SKEP_SPACE_KERNEL:
	case SKEP_SPACE_ANY:
		if (n == have && !value->ended)
			skep_lower_read_chars(l, addr, off, n,
					      skep_lower_at(l, value->val, value->off),
					      value->space, pad);
		else
			skep_lower_read_str(l, addr, off, n,
					    skep_lower_at(l, value->val, value->off), value->space,
					    pad);
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
	if (skep_lower_direct(value->space) && value->space != SKEP_SPACE_BTF)
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
