/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts searched, measured, compared and joined inside the program.
 *
 * Searching is a loop of the kernel's own (helper loop), so that it is verified once however long the texts are. Its
 * callback finds what it works on behind three pointers on the stack of its caller:
 *
 *	stack: text ─► bytes    part ─► bytes    state ─► numbers that change
 *
 * The numbers live in scratch memory and not on the stack, where the verifier would follow their values from round to
 * round.
 */
#include <errno.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

#define LOOPS_MAX (1u << 23) /* of the helper */
#define FOLLOW_MAX 1500	     /* rounds without it: the verifier follows each */
#define BUFFER_HEAD 4	     /* the length in front of a buffer's bytes */

enum {
	TEXT, /* words on the caller's stack */
	PART,
	STATE,
	N_POINTERS,
};

/* --- what the functions take ------------------------------------------------------------------------------ */

static bool is_bytes(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_ARRAY && type->elem && type->elem->size == 1;
}

static bool is_text(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_STRING || is_bytes(type);
}

static int check_texts(struct skep_check *k, const struct skep_expr *call, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct skep_expr *arg = call->call.args.data[i];

		if (arg->type && !is_text(arg->type)) {
			int r = skep_check_want(k, arg, "a text");

			if (arg->type->kind == SKEP_TYPE_PTR || arg->type->kind == SKEP_TYPE_INT)
				skep_diag_hint(k->c->diag,
					       "str(pointer) reads the text at an address");
			return r;
		}
	}
	return 0;
}

static bool has_loop(const struct skep_compiler *c)
{
	return c->world->has && c->world->has(c->world, SKEP_WORLD_LOOP);
}

/* Whether so many rounds can be made. */
static int want_loop(struct skep_check *k, const struct skep_expr *call, uint64_t rounds)
{
	int r;

	if (!k->final || k->never || rounds <= FOLLOW_MAX || has_loop(k->c))
		return 0;
	r = skep_check_error(k, call->loc,
			     "%s() has too much to look at for this kernel, up to %llu bytes",
			     call->call.name, (unsigned long long)rounds);
	skep_diag_hint(k->c->diag,
		       "%d are possible without the helper loop (Linux 5.17): "
		       "str(pointer, length) takes less, or set max_strlen",
		       FOLLOW_MAX);
	return r;
}

/* Each place of a text against each of the part, and the end of both. */
static uint64_t search_rounds(const struct skep_type *text, const struct skep_type *part)
{
	return (uint64_t)(text->size + 1) * (part->size + 1);
}

/* A text as a string type, whatever it is declared as; pointers are followed. */
static int text_value(struct skep_lower *l, const struct skep_expr *expr, struct skep_value *ret)
{
	int r = skep_lower_expr(l, expr, ret);

	if (r < 0)
		return r;
	if (skep_type_is_scalar(ret->type)) {
		ret->space = skep_lower_pointed(l, ret->type);
		ret->off = 0;
		ret->ended = true;
		ret->type = skep_type_string(&l->c->types, l->c->config.max_strlen);
	} else if (ret->type->kind == SKEP_TYPE_ARRAY) {
		ret->type = skep_type_string(&l->c->types, ret->type->size);
		ret->padded = false;
	}
	return 0;
}

/* Memory that a callback may reach at computed offsets: never the stack. */
static struct skep_val *far_object(struct skep_lower *l, uint32_t size, const char *name)
{
	int off;
	struct skep_val *at =
		skep_lower_object(l, MAX(size, SKEP_STACK_OBJECT_MAX + 1u), name, &off);

	return skep_lower_at(l, at, off);
}

/*
 * The address of a value's bytes, in memory that can be read at computed offsets. @pad: what stands behind the end of a
 * text are zeroes.
 */
static int far_bytes(struct skep_lower *l, const struct skep_value *value, bool pad,
		     struct skep_val **ret_at)
{
	uint32_t size = value->type->size;

	if (value->literal ||
	    (value->space == SKEP_SPACE_BPF && !value->parts && size > SKEP_STACK_OBJECT_MAX)) {
		*ret_at = skep_lower_at(l, value->val, value->off);
		return 0;
	}
	*ret_at = far_object(l, size, "text");
	return pad ? skep_lower_store(l, value, value->type, *ret_at, 0)
		   : skep_lower_store_row(l, value, value->type, *ret_at, 0);
}

/* --- loops ------------------------------------------------------------------------------------------------ */

enum {
	AT, /* words of the state */
	MATCHED,
	RESULT,
	N_NUMBERS,
};

struct loop {
	struct skep_val *pointers[N_POINTERS];
	uint32_t text_size, part_size;
};

/* Begins the callback; what is built now is its code. */
static struct skep_fn *callback_begin(struct skep_lower *l, const char *name,
				      struct skep_val *ret_pointers[N_POINTERS])
{
	struct skep_fn *outer = l->fn;
	struct skep_val *ctx;

	l->fn = skep_gen_subprog(l->gen, name, 2);
	skep_lower_name(l->c, l->fn, name);
	skep_ir_loc(l->fn, l->inst->point->loc);
	ctx = skep_ir_param(l->fn, 1);
	for (int i = 0; i < N_POINTERS; i++)
		ret_pointers[i] = skep_ir_load(l->fn, ctx, i * 8, 8, 0);
	return outer;
}

static void stop(struct skep_lower *l, struct skep_block *at, struct skep_val *state,
		 struct skep_val *result)
{
	skep_ir_at(l->fn, at);
	if (result)
		skep_ir_store(l->fn, state, RESULT * 8, 8, result);
	skep_ir_ret(l->fn, skep_ir_const(l->fn, 1));
}

/* What the helper loop does, where there is none. */
static void follow(struct skep_lower *l, const struct skep_fn *callback, struct skep_val *ctx,
		   uint64_t rounds)
{
	struct skep_fn *fn = l->fn;
	struct skep_block *head = skep_ir_block(fn), *body = skep_ir_block(fn),
			  *next = skep_ir_block(fn), *end = skep_ir_block(fn);
	struct skep_var *at = skep_ir_var(fn, "round");
	struct skep_val *ended;

	skep_ir_set(fn, at, skep_ir_const(fn, 0));
	skep_ir_jump(fn, head);
	skep_ir_at(fn, head);
	skep_ir_branch(fn, SKEP_CC_ULT, skep_ir_get(fn, at), skep_ir_const(fn, rounds), body, end);
	skep_ir_at(fn, body);
	ended = skep_ir_call_local(fn, callback, 2, skep_ir_get(fn, at), ctx);
	skep_ir_branch(fn, SKEP_CC_EQ, ended, skep_ir_const(fn, 0), next, end);
	skep_ir_at(fn, next);
	skep_ir_set(fn, at, skep_ir_opi(fn, SKEP_OP_ADD, skep_ir_get(fn, at), 1));
	skep_ir_jump(fn, head);
	skep_ir_at(fn, end);
}

/* Calls @callback at most @rounds times with @pointers and these first numbers; the state's result. */
static struct skep_val *run_loop(struct skep_lower *l, const struct skep_fn *callback,
				 struct skep_val *const pointers[N_POINTERS], uint64_t rounds,
				 struct skep_val *matched, uint64_t result)
{
	struct skep_val *ctx = skep_ir_slot(l->fn, N_POINTERS * 8, "loop");
	struct skep_val *state = pointers[STATE];

	for (int i = 0; i < N_POINTERS; i++)
		skep_ir_store(l->fn, ctx, i * 8, 8, pointers[i]);
	skep_ir_store(l->fn, state, AT * 8, 8, skep_ir_const(l->fn, 0));
	skep_ir_store(l->fn, state, MATCHED * 8, 8, matched);
	skep_ir_store(l->fn, state, RESULT * 8, 8, skep_ir_const(l->fn, result));
	if (has_loop(l->c))
		skep_ir_call(l->fn, SKEP_HELPER_LOOP, 0, 4,
			     skep_ir_const(l->fn, MIN(rounds, (uint64_t)LOOPS_MAX)),
			     skep_ir_func(l->fn, callback), ctx, skep_ir_const(l->fn, 0));
	else
		follow(l, callback, ctx, MIN(rounds, (uint64_t)FOLLOW_MAX));
	return skep_ir_load(l->fn, state, RESULT * 8, 8, 0);
}

static struct skep_val *byte_at(struct skep_lower *l, struct skep_val *base, struct skep_val *index)
{
	return skep_ir_load(l->fn, skep_ir_op(l->fn, SKEP_OP_ADD, base, index), 0, 1, 0);
}

/* --- strstr, strcontains ---------------------------------------------------------------------------------- */

static int check_find(struct skep_check *k, struct skep_expr *call, const struct skep_type *type)
{
	struct skep_expr *const *args = call->call.args.data;
	int r = check_texts(k, call, 2);

	call->type = type;
	if (r < 0 || !args[TEXT]->type || !args[PART]->type)
		return r;
	return want_loop(k, call, search_rounds(args[TEXT]->type, args[PART]->type));
}

static int check_strstr(struct skep_check *k, struct skep_expr *call)
{
	return check_find(k, call, skep_type_int(8, true));
}

static int check_strcontains(struct skep_check *k, struct skep_expr *call)
{
	return check_find(k, call, skep_type_bool());
}

/*
 * One step: text[at + matched] against part[matched]. The same: one more has matched; different: the part is tried one
 * further. The end of the part is success, of the text failure.
 */
static struct skep_fn *strstr_callback(struct skep_lower *l, uint32_t text_size, uint32_t part_size)
{
	struct skep_val *p[N_POINTERS], *at, *matched, *where, *want;
	struct skep_fn *outer = callback_begin(l, "strstr()", p), *fn = l->fn;
	struct skep_block *in_part = skep_ir_block(fn), *more = skep_ir_block(fn),
			  *in_text = skep_ir_block(fn), *equal = skep_ir_block(fn),
			  *differ = skep_ir_block(fn), *next = skep_ir_block(fn),
			  *found = skep_ir_block(fn), *none = skep_ir_block(fn);

	at = skep_ir_load(fn, p[STATE], AT * 8, 8, 0);
	matched = skep_ir_load(fn, p[STATE], MATCHED * 8, 8, 0);
	skep_ir_branch(fn, SKEP_CC_ULT, matched, skep_ir_const(fn, part_size), in_part, found);
	skep_ir_at(fn, in_part);
	want = byte_at(l, p[PART], matched);
	skep_ir_branch(fn, SKEP_CC_EQ, want, skep_ir_const(fn, 0), found, more);
	skep_ir_at(fn, more);
	where = skep_ir_op(fn, SKEP_OP_ADD, at, matched);
	skep_ir_branch(fn, SKEP_CC_ULT, where, skep_ir_const(fn, text_size), in_text, none);
	skep_ir_at(fn, in_text);
	where = byte_at(l, p[TEXT], where);
	skep_ir_branch(fn, SKEP_CC_EQ, where, want, equal, differ);
	skep_ir_at(fn, equal);
	skep_ir_store(fn, p[STATE], MATCHED * 8, 8, skep_ir_opi(fn, SKEP_OP_ADD, matched, 1));
	skep_ir_ret(fn, skep_ir_const(fn, 0));
	skep_ir_at(fn, differ);
	skep_ir_branch(fn, SKEP_CC_EQ, where, skep_ir_const(fn, 0), none, next);
	skep_ir_at(fn, next);
	skep_ir_store(fn, p[STATE], AT * 8, 8, skep_ir_opi(fn, SKEP_OP_ADD, at, 1));
	skep_ir_store(fn, p[STATE], MATCHED * 8, 8, skep_ir_const(fn, 0));
	skep_ir_ret(fn, skep_ir_const(fn, 0));
	stop(l, found, p[STATE], at);
	stop(l, none, p[STATE], NULL);
	l->fn = outer;
	return fn;
}

static int search(struct skep_lower *l, const struct skep_expr *call, struct skep_val **ret_at)
{
	struct skep_value v[2];
	struct skep_val *p[N_POINTERS];
	const struct skep_fn *callback;
	uint64_t rounds;
	int r;

	for (size_t i = 0; i < 2; i++) {
		r = text_value(l, call->call.args.data[i], &v[i]);
		if (r < 0)
			return r;
		r = far_bytes(l, &v[i], false, &p[i]);
		if (r < 0)
			return r;
	}
	p[STATE] = far_object(l, N_NUMBERS * 8, "state");
	callback = strstr_callback(l, v[TEXT].type->size, v[PART].type->size);
	rounds = search_rounds(v[TEXT].type, v[PART].type);
	*ret_at = run_loop(l, callback, p, rounds, skep_ir_const(l->fn, 0), UINT64_MAX);
	return 0;
}

static int lower_strstr(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_val *at;
	int r = search(l, call, &at);

	return r < 0 ? r : skep_builtin_give(ret_value, call, at);
}

static int lower_strcontains(struct skep_lower *l, const struct skep_expr *call,
			     struct skep_value *ret_value)
{
	struct skep_val *at;
	int r = search(l, call, &at);

	if (r < 0)
		return r;
	return skep_builtin_give(ret_value, call,
				 skep_ir_cmp(l->fn, SKEP_CC_SGE, at, skep_ir_const(l->fn, 0)));
}

/* --- memcmp ----------------------------------------------------------------------------------------------- */

static bool is_memory(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_STRING || type->kind == SKEP_TYPE_ARRAY ||
	       type->kind == SKEP_TYPE_BUFFER || type->kind == SKEP_TYPE_STRUCT ||
	       type->kind == SKEP_TYPE_MAC;
}

static int check_memcmp(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *const *args = call->call.args.data;
	int64_t count;

	call->type = skep_type_int(8, true);
	for (size_t i = 0; i < 2; i++) {
		if (args[i]->type && !is_memory(args[i]->type)) {
			int r = skep_check_want(k, args[i],
						"a text, an array, a struct or a buffer");

			skep_diag_hint(k->c->diag,
				       "buf(pointer, length) takes bytes from an address");
			return r;
		}
	}
	if (args[2]->type && args[2]->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, args[2], "a number of bytes");
	if (skep_check_const(k, args[2], &count) && count < 0)
		return skep_check_want(k, args[2], "a number of bytes, 0 or more");
	if (!args[0]->type || !args[1]->type)
		return 0;
	return want_loop(k, call, (uint64_t)MIN(args[0]->type->size, args[1]->type->size) + 1);
}

/* One step: text[at] minus part[at]; the state's second number is how many there are. */
static struct skep_fn *memcmp_callback(struct skep_lower *l, uint32_t size)
{
	struct skep_val *p[N_POINTERS], *at, *difference;
	struct skep_fn *outer = callback_begin(l, "memcmp()", p), *fn = l->fn;
	struct skep_block *more = skep_ir_block(fn), *inside = skep_ir_block(fn),
			  *same = skep_ir_block(fn), *differ = skep_ir_block(fn),
			  *end = skep_ir_block(fn);

	at = skep_ir_load(fn, p[STATE], AT * 8, 8, 0);
	skep_ir_branch(fn, SKEP_CC_ULT, at, skep_ir_load(fn, p[STATE], MATCHED * 8, 8, 0), more,
		       end);
	skep_ir_at(fn, more);
	skep_ir_branch(fn, SKEP_CC_ULT, at, skep_ir_const(fn, size), inside, end);
	skep_ir_at(fn, inside);
	difference = skep_ir_op(fn, SKEP_OP_SUB, byte_at(l, p[TEXT], at), byte_at(l, p[PART], at));
	skep_ir_branch(fn, SKEP_CC_EQ, difference, skep_ir_const(fn, 0), same, differ);
	skep_ir_at(fn, same);
	skep_ir_store(fn, p[STATE], AT * 8, 8, skep_ir_opi(fn, SKEP_OP_ADD, at, 1));
	skep_ir_ret(fn, skep_ir_const(fn, 0));
	stop(l, differ, p[STATE], difference);
	stop(l, end, p[STATE], NULL);
	l->fn = outer;
	return fn;
}

static int lower_memcmp(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_val *p[N_POINTERS], *count;
	const struct skep_fn *callback;
	uint32_t size = UINT32_MAX;
	struct skep_value v;
	int r;

	for (size_t i = 0; i < 2; i++) {
		uint32_t head;

		r = skep_lower_expr(l, call->call.args.data[i], &v);
		if (r < 0)
			return r;
		r = far_bytes(l, &v, true, &p[i]);
		if (r < 0)
			return r;
		head = v.type->kind == SKEP_TYPE_BUFFER ? BUFFER_HEAD : 0;
		p[i] = skep_lower_at(l, p[i], (int)head);
		size = MIN(size, v.type->size - head);
	}
	r = skep_lower_scalar(l, call->call.args.data[2], &count);
	if (r < 0)
		return r;
	p[STATE] = far_object(l, N_NUMBERS * 8, "state");
	callback = memcmp_callback(l, size);
	return skep_builtin_give(ret_value, call,
				 run_loop(l, callback, p, (uint64_t)size + 1, count, 0));
}

/* --- strlen, strcap --------------------------------------------------------------------------------------- */

static int check_length(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];

	call->type = skep_type_int(8, false);
	if (arg->type && arg->type->kind != SKEP_TYPE_PTR && !is_text(arg->type))
		return skep_check_want(k, arg, "a text or a pointer to one");
	return 0;
}

/*
 * The kernel counts while it copies. What is in the program's hands and arrays may be full, without an end: one byte more
 * tells. A text at a pointer is as long as str() would have it.
 */
static int lower_strlen(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_var *length = skep_ir_var(l->fn, "length");
	struct skep_block *bad = skep_ir_block(l->fn), *good = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_val *to, *n;
	struct skep_value v;
	uint32_t size;
	bool is_own;
	int r;

	r = text_value(l, call->call.args.data[0], &v);
	if (r < 0)
		return r;
	if (v.literal)
		return skep_builtin_give(ret_value, call,
					 skep_ir_const(l->fn, strnlen(v.literal, v.literal_len)));
	is_own =
		v.space == SKEP_SPACE_BPF || v.space == SKEP_SPACE_BTF || v.space == SKEP_SPACE_CTX;
	size = v.type->size + !v.ended;
	to = far_object(l, size, "strlen");
	n = skep_lower_read_call(l, true, to, skep_ir_const(l->fn, size),
				 skep_lower_at(l, v.val, v.off),
				 is_own ? SKEP_SPACE_KERNEL : v.space);
	skep_ir_branch(l->fn, SKEP_CC_SLT, n, skep_ir_const(l->fn, 1), bad, good);
	skep_ir_at(l->fn, good);
	skep_ir_set(l->fn, length, skep_ir_opi(l->fn, SKEP_OP_SUB, n, 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, bad);
	skep_ir_set(l->fn, length, skep_ir_const(l->fn, 0));
	skep_lower_loss(l, SKEP_LOSS_READ);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_builtin_give(ret_value, call, skep_ir_get(l->fn, length));
}

static int lower_strcap(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	const struct skep_type *type = call->call.args.data[0]->type;

	if (type->kind == SKEP_TYPE_PTR)
		return lower_strlen(l, call, ret_value);
	return skep_builtin_give(ret_value, call, skep_ir_const(l->fn, type->size));
}

/* --- str_concat ------------------------------------------------------------------------------------------- */

#define CONCAT_MAX 65536 /* bytes of the result, unless one part is longer */

static int check_concat(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *const *args = call->call.args.data;
	int r = check_texts(k, call, 2);

	uint32_t a, b, size;

	if (r < 0 || !args[0]->type || !args[1]->type)
		return r;
	a = args[0]->type->size;
	b = args[1]->type->size;
	size = a + b;
	/* A text that is added to itself again and again ends somewhere. */
	if (k->c->settling || size > CONCAT_MAX)
		size = MAX(MAX(a, b), k->c->config.max_strlen);
	call->type = skep_type_string(&k->c->types, size);
	return 0;
}

static int lower_concat(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_value own = { .type = call->type, .space = SKEP_SPACE_BPF }, v[2];
	struct skep_block *fits = skep_ir_block(l->fn), *done = skep_ir_block(l->fn);
	struct skep_val *from[2], *n;
	uint32_t size;
	int r;

	for (size_t i = 0; i < 2; i++) {
		r = text_value(l, call->call.args.data[i], &v[i]);
		if (r < 0)
			return r;
		r = far_bytes(l, &v[i], false, &from[i]);
		if (r < 0)
			return r;
	}
	/* Room for all of both, of which the result may be the beginning. */
	size = MAX(call->type->size, v[0].type->size + v[1].type->size);
	own.val = far_object(l, size, "str_concat");
	skep_lower_clear(l, own.val, 0, size);
	n = skep_lower_read_call(l, true, own.val, skep_ir_const(l->fn, v[0].type->size + 1),
				 from[0], SKEP_SPACE_KERNEL);
	n = skep_ir_opi(l->fn, SKEP_OP_SUB, n, 1);
	skep_ir_branch(l->fn, SKEP_CC_ULT, n, skep_ir_const(l->fn, v[0].type->size), fits, done);
	skep_ir_at(l->fn, fits);
	skep_ir_call(l->fn, SKEP_HELPER_PROBE_READ_KERNEL_STR, 0, 3,
		     skep_ir_op(l->fn, SKEP_OP_ADD, own.val, n),
		     skep_ir_const(l->fn, v[1].type->size), from[1]);
	skep_ir_jump(l->fn, done);
	skep_ir_at(l->fn, done);
	if (ret_value)
		*ret_value = own;
	return 0;
}

#define TEXTS(word, text, n, check_fn, lower_fn)          \
	const struct skep_builtin skep_builtin_##word = { \
		.name = #word,                            \
		.usage = text,                            \
		.min_args = n,                            \
		.max_args = n,                            \
		.check = check_fn,                        \
		.lower = lower_fn,                        \
	}

TEXTS(strlen, "strlen(string)", 1, check_length, lower_strlen);
TEXTS(strcap, "strcap(string)", 1, check_length, lower_strcap);
TEXTS(strstr, "strstr(string, part)", 2, check_strstr, lower_strstr);
TEXTS(strcontains, "strcontains(string, part)", 2, check_strcontains, lower_strcontains);
TEXTS(str_concat, "str_concat(string, string)", 2, check_concat, lower_concat);
TEXTS(memcmp, "memcmp(left, right, count)", 3, check_memcmp, lower_memcmp);
