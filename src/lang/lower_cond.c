/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, conditions: comparisons and logic as jumps, so that `a && b` costs two branches and no values.
 */
#include <string.h>

#include "lang/address.h"
#include "lang/arith.h"
#include "lang/lower_priv.h"
#include "lang/packet.h"
#include "lang/probe_name.h"

#define COMPARE_UNROLL_MAX 128 /* bytes compared one word after the other; more in a loop */

bool skep_lower_is_cond(const struct skep_expr *expr)
{
	if (expr->kind == SKEP_EXPR_UNARY)
		return expr->unary.op == SKEP_UNARY_NOT;
	return expr->kind == SKEP_EXPR_BINARY && expr->binary.op >= SKEP_BINARY_EQ;
}

/* A word of a value at @at: constant when the value is a literal. */
static struct skep_val *word_at(struct skep_lower *l, const struct skep_value *v, uint32_t at,
				unsigned size)
{
	uint64_t word = 0;

	if (!v->literal)
		return skep_ir_load(l->fn, v->val, v->off + (int)at, size,
				    v->space == SKEP_SPACE_CTX ? SKEP_LOAD_PURE : 0);
	if (at < v->literal_len)
		memcpy(&word, v->literal + at, MIN((size_t)size, v->literal_len - at));
	return skep_ir_const(l->fn, word);
}

/* The context is read at multiples of the size only. */
static bool fits(const struct skep_value *v, uint32_t at, unsigned step)
{
	return v->literal || v->space != SKEP_SPACE_CTX || (v->off + (int)at) % (int)step == 0;
}

/* The byte with the highest address in a word. */
static struct skep_val *last_byte(struct skep_lower *l, struct skep_val *word)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		       ? skep_ir_opi(l->fn, SKEP_OP_SHR, word, 56)
		       : skep_ir_opi(l->fn, SKEP_OP_AND, word, 0xff);
}

/*
 * The first @size bytes, a multiple of 8, in a loop whose end the verifier sees. @is_text: a word whose last byte is zero
 * ends the text, and what stands behind it is zeroes on both sides.
 */
static void compare_loop(struct skep_lower *l, const struct skep_value *a,
			 const struct skep_value *b, uint32_t size, bool is_text,
			 struct skep_block *equal, struct skep_block *different)
{
	struct skep_fn *fn = l->fn;
	struct skep_block *body = skep_ir_block(fn), *same = skep_ir_block(fn),
			  *next = skep_ir_block(fn), *end = skep_ir_block(fn);
	struct skep_var *at = skep_ir_var(fn, "at");
	struct skep_val *i, *word;

	skep_ir_set(fn, at, skep_ir_const(fn, 0));
	skep_ir_jump(fn, body);
	skep_ir_at(fn, body);
	i = skep_ir_get(fn, at);
	word = skep_ir_load(fn, skep_ir_op(fn, SKEP_OP_ADD, a->val, i), a->off, 8, 0);
	skep_ir_branch(fn, SKEP_CC_EQ, word,
		       skep_ir_load(fn, skep_ir_op(fn, SKEP_OP_ADD, b->val, i), b->off, 8, 0), same,
		       different);
	skep_ir_at(fn, same);
	if (is_text) {
		struct skep_block *more = skep_ir_block(fn);

		skep_ir_branch(fn, SKEP_CC_EQ, last_byte(l, word), skep_ir_const(fn, 0), equal,
			       more);
		skep_ir_at(fn, more);
	}
	i = skep_ir_opi(fn, SKEP_OP_ADD, skep_ir_get(fn, at), 8);
	skep_ir_set(fn, at, i);
	skep_ir_branch(fn, SKEP_CC_ULT, i, skep_ir_const(fn, size), next, end);
	skep_ir_at(fn, next);
	skep_ir_jump(fn, body);
	skep_ir_at(fn, end);
}

void skep_lower_compare(struct skep_lower *l, const struct skep_value *a,
			const struct skep_value *b, uint32_t size, struct skep_block *equal,
			struct skep_block *different)
{
	uint32_t at = 0;

	if (size > COMPARE_UNROLL_MAX && !a->literal && !b->literal) {
		at = size / 8 * 8;
		compare_loop(l, a, b, at, a->type->kind == SKEP_TYPE_STRING, equal, different);
	}
	while (at < size) {
		struct skep_block *next = skep_ir_block(l->fn);
		unsigned step = 8;

		while (step > size - at || at % step || !fits(a, at, step) || !fits(b, at, step))
			step /= 2;
		skep_ir_branch(l->fn, SKEP_CC_EQ, word_at(l, a, at, step), word_at(l, b, at, step),
			       next, different);
		skep_ir_at(l->fn, next);
		at += step;
	}
	skep_ir_jump(l->fn, equal);
}

/* Of a text elsewhere no more is read than a literal of @len bytes can be compared with. */
static bool read_as_much(struct skep_lower *l, struct skep_value *v, size_t len)
{
	struct skep_value own = { .space = SKEP_SPACE_BPF };
	uint32_t size;

	if (v->type->kind != SKEP_TYPE_STRING || v->parts || len + 2 >= v->type->size ||
	    (v->space != SKEP_SPACE_USER && v->space != SKEP_SPACE_KERNEL &&
	     v->space != SKEP_SPACE_ANY))
		return false;
	size = (uint32_t)len + 2; /* its end, and one more that tells of a longer text */
	own.type = skep_type_string(&l->c->types, size);
	own.val = skep_lower_object(l, size, "text", &own.off);
	skep_lower_read_str(l, own.val, own.off, size, skep_lower_at(l, v->val, v->off), v->space,
			    false);
	*v = own;
	return true;
}

static int near_one(struct skep_lower *l, struct skep_value *v, bool to_literal)
{
	bool is_clean = v->padded || to_literal || v->type->kind != SKEP_TYPE_STRING;

	if (v->literal ||
	    (!v->parts && is_clean && (v->space == SKEP_SPACE_BTF || v->space == SKEP_SPACE_CTX)))
		return 0;
	return skep_lower_bytes(l, v);
}

/* A text ends at its first NUL, a literal that was written with one inside, too. */
static void end_literal(struct skep_value *v)
{
	if (v->literal)
		v->literal_len = strnlen(v->literal, v->literal_len);
}

int skep_lower_near(struct skep_lower *l, struct skep_value *a, struct skep_value *b)
{
	int r;

	end_literal(a);
	end_literal(b);
	if ((a->literal && read_as_much(l, b, a->literal_len)) ||
	    (b->literal && read_as_much(l, a, b->literal_len)))
		return 0;
	r = near_one(l, a, b->literal);
	return r < 0 ? r : near_one(l, b, a->literal);
}

static int compare_values(struct skep_lower *l, struct skep_value *a, struct skep_value *b,
			  struct skep_block *equal, struct skep_block *different);

static int element(struct skep_lower *l, const struct skep_value *tuple, size_t i,
		   struct skep_value *ret_value)
{
	const struct skep_field *f = &tuple->type->fields[i];

	if (tuple->parts) {
		*ret_value = tuple->parts[i];
		return 0;
	}
	return skep_lower_load(l, f->type, tuple->val, tuple->off + (int)f->offset, tuple->space,
			       ret_value);
}

/* Element by element: their texts may have room of different sizes. */
static int compare_tuples(struct skep_lower *l, const struct skep_value *a,
			  const struct skep_value *b, struct skep_block *equal,
			  struct skep_block *different)
{
	for (size_t i = 0; i < a->type->n_fields; i++) {
		struct skep_block *next = i + 1 < a->type->n_fields ? skep_ir_block(l->fn) : equal;
		struct skep_value x, y;
		int r;

		r = element(l, a, i, &x);
		if (r < 0)
			return r;
		r = element(l, b, skep_type_element(b->type, a->type, i), &y);
		if (r < 0)
			return r;
		r = compare_values(l, &x, &y, next, different);
		if (r < 0)
			return r;
		skep_ir_at(l->fn, next);
	}
	return 0;
}

static int compare_texts(struct skep_lower *l, const struct skep_value *a,
			 const struct skep_value *b, struct skep_block *equal,
			 struct skep_block *different)
{
	/* A literal ends the comparison: its bytes and its end. One longer than the other's room cannot be equal. */
	const struct skep_value *lit = a->literal ? a : b->literal ? b : NULL;
	const struct skep_value *other = lit == a ? b : a;
	uint32_t size = MIN(a->type->size, b->type->size);

	if (lit && lit->literal_len > other->type->size) {
		skep_ir_jump(l->fn, different);
		return 0;
	}
	if (lit)
		size = MIN((uint32_t)lit->literal_len + 1, other->type->size);
	skep_lower_compare(l, a, b, size, equal, different);
	return 0;
}

static int compare_values(struct skep_lower *l, struct skep_value *a, struct skep_value *b,
			  struct skep_block *equal, struct skep_block *different)
{
	int r;

	if (skep_type_is_scalar(a->type)) {
		skep_ir_branch(l->fn, SKEP_CC_EQ, a->val, b->val, equal, different);
		return 0;
	}
	if (a->type->kind == SKEP_TYPE_TUPLE)
		return compare_tuples(l, a, b, equal, different);
	r = skep_lower_near(l, a, b);
	if (r < 0)
		return r;
	if (a->type->kind == SKEP_TYPE_STRING)
		return compare_texts(l, a, b, equal, different);
	skep_lower_compare(l, a, b, MIN(a->type->size, b->type->size), equal, different);
	return 0;
}

static int compare_memory(struct skep_lower *l, const struct skep_expr *expr,
			  struct skep_block *equal, struct skep_block *different)
{
	struct skep_value a, b;
	int r;

	r = skep_lower_expr(l, expr->binary.left, &a);
	if (r < 0)
		return r;
	r = skep_lower_expr(l, expr->binary.right, &b);
	if (r < 0)
		return r;
	return compare_values(l, &a, &b, equal, different);
}

static int compare(struct skep_lower *l, const struct skep_expr *expr, struct skep_block *yes,
		   struct skep_block *no)
{
	const struct skep_expr *a = expr->binary.left, *b = expr->binary.right;
	bool eq = expr->binary.op == SKEP_BINARY_EQ;
	struct skep_val *left, *right;
	int r;

	skep_packet_guard(l, expr->binary.left, expr->binary.right, no);
	if (skep_probe_name_compares(a, b))
		return skep_probe_name_lower(l, a, b, eq ? yes : no, eq ? no : yes);
	if (skep_address_compares(a, b))
		return skep_address_lower(l, a, b, eq ? yes : no, eq ? no : yes);
	if (!skep_type_is_scalar(a->type))
		return compare_memory(l, expr, eq ? yes : no, eq ? no : yes);
	r = skep_lower_scalar(l, a, &left);
	if (r < 0)
		return r;
	r = skep_lower_scalar(l, b, &right);
	if (r < 0)
		return r;
	skep_ir_branch(l->fn, skep_arith_cc(expr->binary.op, skep_arith_unsigned_compare(a, b)),
		       left, right, yes, no);
	return 0;
}

static int logic(struct skep_lower *l, const struct skep_expr *expr, struct skep_block *yes,
		 struct skep_block *no)
{
	struct skep_block *second = skep_ir_block(l->fn);
	bool is_and = expr->binary.op == SKEP_BINARY_LAND;
	unsigned conditional;
	int r;

	r = skep_lower_cond(l, expr->binary.left, is_and ? second : yes, is_and ? no : second);
	if (r < 0)
		return r;
	skep_ir_at(l->fn, second);
	/* Past a predicate a && b, both have been looked at; elsewhere the right side is only on some paths. */
	conditional = !(is_and && l->in_predicate);
	l->conditional += conditional;
	r = skep_lower_cond(l, expr->binary.right, yes, no);
	l->conditional -= conditional;
	return r;
}

int skep_lower_cond(struct skep_lower *l, const struct skep_expr *expr, struct skep_block *yes,
		    struct skep_block *no)
{
	bool in_predicate = l->in_predicate;
	struct skep_value value;
	int r;

	skep_ir_loc(l->fn, expr->loc);
	if (expr->kind == SKEP_EXPR_UNARY && expr->unary.op == SKEP_UNARY_NOT) {
		l->in_predicate = false;
		r = skep_lower_cond(l, expr->unary.operand, no, yes);
		l->in_predicate = in_predicate;
		return r;
	}
	if (expr->kind == SKEP_EXPR_BINARY && expr->binary.op >= SKEP_BINARY_LAND)
		return logic(l, expr, yes, no);
	if (skep_lower_is_cond(expr))
		return compare(l, expr, yes, no);
	r = skep_lower_expr(l, expr, &value);
	if (r < 0)
		return r;
	if (skep_type_is_scalar(value.type)) {
		skep_ir_branch(l->fn, SKEP_CC_NE, value.val, skep_ir_const(l->fn, 0), yes, no);
		return 0;
	}
	/* A string is true when it is not empty; so is anything else by its first byte. */
	r = near_one(l, &value, true);
	if (r < 0)
		return r;
	skep_ir_branch(l->fn, SKEP_CC_NE, word_at(l, &value, 0, 1), skep_ir_const(l->fn, 0), yes,
		       no);
	return 0;
}

/* One side of a ternary into the common place. */
static int put(struct skep_lower *l, const struct skep_value *value, const struct skep_expr *expr,
	       struct skep_var *var, const struct skep_value *place)
{
	if (expr->type->kind == SKEP_TYPE_VOID)
		return 0;
	if (var) {
		skep_ir_set(l->fn, var, value->val);
		return 0;
	}
	return skep_lower_store(l, value, expr->type, place->val, place->off);
}

static int ternary(struct skep_lower *l, const struct skep_expr *expr, struct skep_value *ret_value)
{
	struct skep_block *yes = skep_ir_block(l->fn), *no = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	bool is_void = expr->type->kind == SKEP_TYPE_VOID,
	     is_scalar = skep_type_is_scalar(expr->type);
	struct skep_value place = { .type = expr->type, .space = SKEP_SPACE_BPF }, value = {};
	struct skep_var *var = is_scalar ? skep_ir_var(l->fn, "choice") : NULL;
	const struct skep_expr *first = expr->ternary.yes;
	int r;

	if (!is_void && !is_scalar)
		place.val = skep_lower_object(l, expr->type->size, "choice", &place.off);
	if (first) {
		r = skep_lower_cond(l, expr->ternary.cond, yes, no);
		if (r < 0)
			return r;
	} else {
		/* a ?: b evaluates a once. */
		r = skep_lower_expr(l, expr->ternary.cond, &value);
		if (r < 0)
			return r;
		if (!is_scalar)
			return skep_lower_bug(l, expr->loc, "?: without a middle on such values");
		skep_ir_branch(l->fn, SKEP_CC_NE, value.val, skep_ir_const(l->fn, 0), yes, no);
	}
	l->conditional++;
	skep_ir_at(l->fn, yes);
	if (first) {
		r = skep_lower_expr(l, first, &value);
		if (r < 0)
			return r;
	}
	r = put(l, &value, expr, var, &place);
	if (r < 0)
		return r;
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, no);
	r = skep_lower_expr(l, expr->ternary.no, &value);
	if (r < 0)
		return r;
	r = put(l, &value, expr, var, &place);
	if (r < 0)
		return r;
	skep_ir_jump(l->fn, join);
	l->conditional--;
	skep_ir_at(l->fn, join);
	if (var)
		place.val = skep_ir_get(l->fn, var);
	*ret_value = place;
	return 0;
}

int skep_lower_ternary(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value)
{
	bool in_predicate = l->in_predicate;
	int r;

	l->in_predicate = false;
	r = ternary(l, expr, ret_value);
	l->in_predicate = in_predicate;
	return r;
}
