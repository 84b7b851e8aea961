/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text and bytes from memory.
 */
#include <errno.h>
#include <stdlib.h>

#include "lang/builtin/builtins.h"
#include "lang/lower_priv.h"

#define AF_INET_NUMBER 2
#define AF_INET6_NUMBER 10
#define BUF_DEFAULT 64 /* bytes of buf() of a pointer without a length */

static bool is_address(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_PTR || type->kind == SKEP_TYPE_INT;
}

/* A constant, asked for after checking. */
static bool constant(const struct skep_lower *l, const struct skep_expr *expr, int64_t *ret_value)
{
	struct skep_check k = { .c = l->c, .inst = l->inst };

	return skep_check_const(&k, expr, ret_value);
}

/* The smaller of a computed length and @max, in a form whose bounds the verifier sees. */
static struct skep_val *bounded(struct skep_lower *l, struct skep_val *length, uint64_t max)
{
	struct skep_block *large = skep_ir_block(l->fn), *small = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *n = skep_ir_var(l->fn, "length");

	skep_ir_branch(l->fn, SKEP_CC_UGT, length, skep_ir_const(l->fn, max), large, small);
	skep_ir_at(l->fn, large);
	skep_ir_set(l->fn, n, skep_ir_const(l->fn, max));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, small);
	skep_ir_set(l->fn, n, length);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, n);
}

/* --- str -------------------------------------------------------------------------------------------------- */

/* Arguments of system calls that are paths by their very name are read whole, unless the script says how long texts are. */
static bool is_path(const struct skep_expr *expr)
{
	static const char *const names[] = {
		"filename", "pathname", "oldname",     "newname",	"path",
		"dev_name", "dir_name", "to_pathname", "from_pathname",
	};

	if (expr->kind != SKEP_EXPR_FIELD || expr->field.base->kind != SKEP_EXPR_NAME ||
	    !skep_streq(expr->field.base->call.name, "args"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(expr->field.name, names[i]))
			return true;
	return false;
}

/*
 * A length that the script names is kept, whatever max_strlen says of texts without one, up to the longest text there is;
 * what is beyond is told. Bytes of @length and the @end.
 */
static uint32_t named_size(struct skep_check *k, const struct skep_expr *arg, int64_t length,
			   uint32_t end)
{
	if (length <= (int64_t)(SKEP_TEXT_MAX - end))
		return (uint32_t)length + end;
	if (k->final) {
		skep_diag_warn(k->c->diag, arg->loc, "no more than %u bytes are read",
			       SKEP_TEXT_MAX - end);
		skep_diag_hint(k->c->diag, "this is the longest text that there is");
	}
	return SKEP_TEXT_MAX;
}

/* Where other texts end, a path by its name goes on. */
static const struct skep_type *whole_path(struct skep_check *k, uint32_t size)
{
	struct skep_type type = *skep_type_string(&k->c->types, size);

	type.is_path = true;
	return skep_arena_memdup(k->c->arena, &type, sizeof(type));
}

static int check_str(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *from = call->call.args.data[0];
	bool whole = is_path(from);
	uint32_t size = whole ? k->c->path_size : k->c->config.max_strlen;
	const char *literal = skep_check_literal(k, from);
	int64_t length;

	/* A parameter is text here, whatever it looks like. */
	if (literal && call->call.args.len == 2)
		literal = skep_check_const(k, call->call.args.data[1], &length) && length >= 0
				  ? skep_arena_strndup(k->c->arena, literal, (size_t)length)
				  : NULL;
	call->call.state = (void *)literal;
	if (literal) {
		call->type = skep_type_string(&k->c->types, (uint32_t)strlen(literal) + 1);
		return 0;
	}
	for (size_t i = 0; i < call->call.args.len; i++) {
		int r = skep_check_expr(k, call->call.args.data[i]);

		if (r < 0)
			return r;
	}
	if (call->call.args.len == 2) {
		const struct skep_expr *arg = call->call.args.data[1];

		if (arg->type && arg->type->kind != SKEP_TYPE_INT)
			return skep_check_want(k, arg, "a length, a number of bytes");
		/* The length counts the characters; the end has its own byte. */
		if (skep_check_const(k, arg, &length)) {
			if (length < 0)
				return skep_check_want(k, arg, "a length of 0 or more");
			size = named_size(k, arg, length, 1);
			whole = false;
		}
	}
	if (!from->type)
		return 0;
	if (from->type->kind == SKEP_TYPE_STRING)
		size = MIN(size, from->type->size);
	else if (from->type->kind == SKEP_TYPE_ARRAY && from->type->elem->size == 1)
		size = MIN(size, from->type->size);
	else if (!is_address(from->type))
		return skep_check_want(k, from, "a pointer to text");
	size = MAX(size, 1u);
	call->type = whole ? whole_path(k, size) : skep_type_string(&k->c->types, size);
	return 0;
}

/* With a computed length the string is read at once. */
static int str_computed(struct skep_lower *l, const struct skep_expr *call, struct skep_value *from,
			struct skep_value *ret_value)
{
	struct skep_value own = { .type = call->type, .space = SKEP_SPACE_BPF };
	struct skep_val *length;
	int r;

	r = skep_lower_scalar(l, call->call.args.data[1], &length);
	if (r < 0)
		return r;
	length = bounded(l, skep_ir_opi(l->fn, SKEP_OP_ADD, length, 1), call->type->size);
	own.val = skep_lower_object(l, call->type->size, "str", &own.off);
	skep_lower_clear(l, own.val, own.off, call->type->size);
	skep_lower_check_read(
		l, skep_lower_read_call(l, true, skep_lower_at(l, own.val, own.off), length,
					skep_lower_at(l, from->val, from->off), from->space));
	*ret_value = own;
	return 0;
}

static int lower_str(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	struct skep_value from, unused;
	bool is_computed;
	int64_t length;
	int r;

	ret_value = ret_value ? ret_value : &unused;
	if (call->call.state) {
		*ret_value = skep_lower_text(l, call->call.state, strlen(call->call.state));
		return 0;
	}
	r = skep_lower_expr(l, call->call.args.data[0], &from);
	if (r < 0)
		return r;
	is_computed = call->call.args.len == 2 && !constant(l, call->call.args.data[1], &length);
	if (skep_type_is_scalar(from.type)) {
		from.space = skep_lower_pointed(l, from.type);
		from.off = 0;
	} else if (is_computed && from.space != SKEP_SPACE_USER) {
		r = skep_lower_bytes(l, &from);
		if (r < 0)
			return r;
		from.space = SKEP_SPACE_KERNEL;
	}
	if (is_computed)
		return str_computed(l, call, &from, ret_value);
	/* Nothing is read yet: whoever needs the text reads it straight to where it goes. */
	*ret_value = from;
	ret_value->type = call->type;
	ret_value->ended = skep_type_is_scalar(from.type) || call->type->size < from.type->size;
	/* What is not read by a helper ends where its room does. */
	if (call->type->size < from.type->size && from.space != SKEP_SPACE_USER &&
	    from.space != SKEP_SPACE_KERNEL && from.space != SKEP_SPACE_ANY) {
		if (call->type->size == 1)
			*ret_value = skep_lower_text(l, "", 0);
		else
			ret_value->type = skep_type_string(&l->c->types, call->type->size - 1);
		ret_value->literal = NULL;
	}
	return 0;
}

/* --- buf -------------------------------------------------------------------------------------------------- */

static int check_buf(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *from = call->call.args.data[0];
	uint32_t capacity = BUF_DEFAULT;
	int64_t length;

	if (call->call.args.len == 2) {
		capacity = k->c->config.max_strlen;
		if (skep_check_const(k, call->call.args.data[1], &length))
			capacity = named_size(k, call->call.args.data[1], MAX(length, 1), 0);
	}
	if (!from->type)
		return 0;
	if (from->type->kind == SKEP_TYPE_ARRAY || from->type->kind == SKEP_TYPE_STRING)
		capacity = call->call.args.len == 2 ? MIN(capacity, from->type->size)
						    : from->type->size;
	else if (!is_address(from->type))
		return skep_check_want(k, from, "a pointer or an array");
	call->type = skep_type_buffer(&k->c->types, capacity);
	return 0;
}

static int lower_buf(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	uint32_t capacity = call->type->size - 4;
	struct skep_value from, own = { .type = call->type, .space = SKEP_SPACE_BPF };
	struct skep_val *length = skep_ir_const(l->fn, capacity);
	int r;

	r = skep_lower_expr(l, call->call.args.data[0], &from);
	if (r < 0)
		return r;
	if (skep_type_is_scalar(from.type)) {
		from.space = skep_lower_pointed(l, from.type);
		from.off = 0;
	}
	if (call->call.args.len == 2) {
		r = skep_lower_scalar(l, call->call.args.data[1], &length);
		if (r < 0)
			return r;
		length = bounded(l, length, capacity);
	}
	own.val = skep_lower_object(l, call->type->size, "buf", &own.off);
	skep_lower_clear(l, own.val, own.off, call->type->size);
	skep_ir_store(l->fn, own.val, own.off, 4, length);
	skep_lower_check_read(
		l, skep_lower_read_call(l, false, skep_lower_at(l, own.val, own.off + 4), length,
					skep_lower_at(l, from.val, from.off), from.space));
	if (ret_value)
		*ret_value = own;
	return 0;
}

/* --- strncmp ---------------------------------------------------------------------------------------------- */

static int check_strncmp(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *const *args = call->call.args.data;
	int64_t length;

	for (size_t i = 0; i < 2; i++)
		if (args[i]->type && args[i]->type->kind != SKEP_TYPE_STRING)
			return skep_check_want(k, args[i], "a string");
	if (!skep_check_const(k, args[2], &length) || length <= 0)
		return skep_check_want(k, args[2], "a constant length above 0");
	call->type = skep_type_int(8, false);
	return 0;
}

/* 0 when the first bytes are the same, else 1. */
static int lower_strncmp(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	struct skep_block *same = skep_ir_block(l->fn), *other = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *result = skep_ir_var(l->fn, "differs");
	struct skep_value v[2];
	int64_t length = 0;
	uint32_t size;
	int r;

	for (size_t i = 0; i < 2; i++) {
		r = skep_lower_expr(l, call->call.args.data[i], &v[i]);
		if (r < 0)
			return r;
	}
	r = skep_lower_near(l, &v[0], &v[1]);
	if (r < 0)
		return r;
	(void)constant(l, call->call.args.data[2], &length);
	size = (uint32_t)MIN((uint64_t)length, (uint64_t)MIN(v[0].type->size, v[1].type->size));
	skep_lower_compare(l, &v[0], &v[1], size, same, other);
	skep_ir_at(l->fn, same);
	skep_ir_set(l->fn, result, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, other);
	skep_ir_set(l->fn, result, skep_ir_const(l->fn, 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_builtin_give(ret_value, call, skep_ir_get(l->fn, result));
}

/* --- strftime, ntop, bswap, kptr, uptr -------------------------------------------------------------------- */

static int check_strftime(struct skep_check *k, struct skep_expr *call)
{
	const char *format = skep_check_literal(k, call->call.args.data[0]);
	const struct skep_expr *at = call->call.args.data[1];
	struct skep_type type = { .kind = SKEP_TYPE_TIMESTAMP, .size = 8 };

	if (!format)
		return skep_check_want(k, call->call.args.data[0], "a format in quotes");
	if (at->type && at->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, at, "a time in nanoseconds, such as nsecs");
	type.param = skep_compiler_time_format(k->c, format);
	call->type = skep_arena_memdup(k->c->arena, &type, sizeof(type));
	return 0;
}

static int lower_strftime(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	struct skep_val *at;
	int r = skep_lower_scalar(l, call->call.args.data[1], &at);

	return r < 0 ? r : skep_builtin_give(ret_value, call, at);
}

static bool is_ip(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_INT ||
	       ((type->kind == SKEP_TYPE_ARRAY || type->kind == SKEP_TYPE_STRING ||
		 type->kind == SKEP_TYPE_STRUCT) &&
		(type->size == 4 || type->size == 16));
}

static int check_ntop(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *addr = call->call.args.data[call->call.args.len - 1];

	if (call->call.args.len == 2 && call->call.args.data[0]->type &&
	    call->call.args.data[0]->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, call->call.args.data[0],
				       "an address family, such as AF_INET");
	call->type = skep_type_simple(&k->c->types, SKEP_TYPE_INET);
	/* Such as pkt.saddr: it is one already. */
	if (call->call.args.len == 1 && addr->type && addr->type->kind == SKEP_TYPE_INET)
		return 0;
	if (addr->type && (!is_ip(addr->type) || addr->kind == SKEP_EXPR_STRING))
		return skep_check_want(k, addr,
				       "an address: a number, or an array of 4 or 16 bytes");
	return 0;
}

static int lower_ntop(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	const struct skep_expr *arg = call->call.args.data[call->call.args.len - 1];
	struct skep_value own = { .type = call->type, .space = SKEP_SPACE_BPF }, addr;
	struct skep_val *family;
	int r;

	r = skep_lower_expr(l, arg, &addr);
	if (r < 0)
		return r;
	if (addr.type->kind == SKEP_TYPE_INET) {
		if (ret_value)
			*ret_value = addr;
		return 0;
	}
	family = skep_ir_const(l->fn, addr.type->size == 16 ? AF_INET6_NUMBER : AF_INET_NUMBER);
	if (call->call.args.len == 2) {
		r = skep_lower_scalar(l, call->call.args.data[0], &family);
		if (r < 0)
			return r;
	}
	own.val = skep_lower_object(l, call->type->size, "inet", &own.off);
	skep_ir_store(l->fn, own.val, own.off, 4, family);
	skep_lower_clear(l, own.val, own.off + 4, 16);
	if (skep_type_is_scalar(addr.type)) {
		skep_ir_store(l->fn, own.val, own.off + 4, 4, addr.val);
	} else {
		r = skep_lower_store(l, &addr, addr.type, own.val, own.off + 4);
		if (r < 0)
			return r;
	}
	if (ret_value)
		*ret_value = own;
	return 0;
}

static int check_bswap(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];
	const struct skep_local *local;
	uint32_t size;

	if (!arg->type)
		return 0;
	if (arg->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, arg, "a number");
	local = arg->kind == SKEP_EXPR_VAR ? arg->var.local : NULL;
	size = local && local->width ? MIN(local->width, arg->type->size) : arg->type->size;
	/* A number as it is written has as few bytes as it needs, as a variable that it is put in. */
	for (unsigned n = 4; arg->kind == SKEP_EXPR_INT && n && arg->num.value >> (n * 8) == 0;
	     n /= 2)
		size = n;
	call->type = skep_type_int(size, false);
	return 0;
}

static int lower_bswap(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	struct skep_val *v;
	int r = skep_lower_scalar(l, call->call.args.data[0], &v);

	if (r < 0)
		return r;
	return skep_builtin_give(ret_value, call,
				 call->type->size == 1 ? v
						       : skep_ir_bswap(l->fn, v, call->type->size));
}

static int set_space(struct skep_check *k, struct skep_expr *call, enum skep_space space)
{
	const struct skep_expr *arg = call->call.args.data[0];

	if (!arg->type)
		return 0;
	if (!is_address(arg->type))
		return skep_check_want(k, arg, "a pointer");
	call->type = skep_type_ptr(
		&k->c->types,
		arg->type->kind == SKEP_TYPE_PTR ? arg->type->elem : skep_type_int(1, true), space);
	return 0;
}

static int check_kptr(struct skep_check *k, struct skep_expr *call)
{
	return set_space(k, call, SKEP_SPACE_KERNEL);
}

static int check_uptr(struct skep_check *k, struct skep_expr *call)
{
	return set_space(k, call, SKEP_SPACE_USER);
}

static int lower_ptr(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	struct skep_val *v;
	int r = skep_lower_scalar(l, call->call.args.data[0], &v);

	return r < 0 ? r : skep_builtin_give(ret_value, call, v);
}

#define FUNCTION(word, text, least, most, check_fn, lower_fn) \
	const struct skep_builtin skep_builtin_##word = {     \
		.name = #word,                                \
		.usage = text,                                \
		.min_args = least,                            \
		.max_args = most,                             \
		.check = check_fn,                            \
		.lower = lower_fn,                            \
	}

const struct skep_builtin skep_builtin_str = {
	.name = "str",
	.usage = "str(pointer[, length])",
	.min_args = 1,
	.max_args = 2,
	.flags = SKEP_BUILTIN_RAW,
	.check = check_str,
	.lower = lower_str,
};

FUNCTION(buf, "buf(pointer[, length])", 1, 2, check_buf, lower_buf);
FUNCTION(strncmp, "strncmp(string, string, length)", 3, 3, check_strncmp, lower_strncmp);
FUNCTION(strftime, "strftime(\"format\", nanoseconds)", 2, 2, check_strftime, lower_strftime);
FUNCTION(ntop, "ntop([family,] address)", 1, 2, check_ntop, lower_ntop);
FUNCTION(bswap, "bswap(number)", 1, 1, check_bswap, lower_bswap);
FUNCTION(kptr, "kptr(pointer)", 1, 1, check_kptr, lower_ptr);
FUNCTION(uptr, "uptr(pointer)", 1, 1, check_uptr, lower_ptr);
