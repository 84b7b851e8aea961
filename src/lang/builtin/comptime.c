/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about types and messages of the compiler: known before any program runs, so that `if comptime` can choose by
 * them.
 */
#include <errno.h>
#include <string.h>

#include "lang/builtin/builtins.h"

static bool is_array(const struct skep_expr *e)
{
	return e->type->kind == SKEP_TYPE_ARRAY;
}

static bool is_integer(const struct skep_expr *e)
{
	return e->type->kind == SKEP_TYPE_INT && !e->type->is_bool;
}

static bool is_unsigned_integer(const struct skep_expr *e)
{
	return is_integer(e) && !e->type->is_signed;
}

static bool is_ptr(const struct skep_expr *e)
{
	return e->type->kind == SKEP_TYPE_PTR;
}

static bool is_str(const struct skep_expr *e)
{
	return e->type->kind == SKEP_TYPE_STRING;
}

static bool is_literal(const struct skep_expr *e)
{
	return e->kind == SKEP_EXPR_INT || e->kind == SKEP_EXPR_STRING;
}

/* The answer is kept in the call's state, for skep_check_const and for lower. */
static int answer(struct skep_expr *call, bool (*ask)(const struct skep_expr *e))
{
	static char yes;

	call->type = skep_type_bool();
	call->call.state = ask(call->call.args.data[0]) ? &yes : NULL;
	return 0;
}

static int lower_answer(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	if (ret_value)
		*ret_value = (struct skep_value){
			.type = call->type,
			.val = skep_ir_const(l->fn, call->call.state != NULL),
		};
	return 0;
}

#define QUESTION(word)                                                        \
	static int check_##word(struct skep_check *k, struct skep_expr *call) \
	{                                                                     \
		return answer(call, word);                                    \
	}                                                                     \
	const struct skep_builtin skep_builtin_##word = {                     \
		.name = #word,                                                \
		.usage = #word "(value)",                                     \
		.min_args = 1,                                                \
		.max_args = 1,                                                \
		.flags = SKEP_BUILTIN_COMPTIME,                               \
		.check = check_##word,                                        \
		.lower = lower_answer,                                        \
	}

QUESTION(is_array);
QUESTION(is_integer);
QUESTION(is_unsigned_integer);
QUESTION(is_ptr);
QUESTION(is_str);
QUESTION(is_literal);

const struct skep_builtin skep_builtin_config = {
	.name = "config",
	.usage = "config.SETTING",
	.flags = SKEP_BUILTIN_BARE,
	.check = skep_check_config,
};

const struct skep_builtin skep_builtin_typeinfo = {
	.name = "typeinfo",
	.usage = "typeinfo(value) or typeinfo(type)",
	.min_args = 1,
	.max_args = 1,
	.flags = SKEP_BUILTIN_RAW,
	.check = skep_check_typeinfo,
};

const struct skep_builtin skep_builtin_comptime = {
	.name = "comptime",
	.usage = "comptime value",
	.min_args = 1,
	.max_args = 1,
	.check = skep_check_comptime_value,
};

static int lower_nothing(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	return 0;
}

static int check_static_assert(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *cond = call->call.args.data[0];
	const struct skep_expr *text = call->call.args.len > 1 ? call->call.args.data[1] : NULL;
	int64_t value;

	if (k->never)
		return 0;
	if (text && !skep_check_literal(k, text))
		return skep_check_want(k, text, "a text");
	if (!skep_check_const(k, cond, &value)) {
		skep_diag_error(k->c->diag, cond->loc,
				"what static_assert checks must be known when the script is "
				"compiled");
		skep_diag_hint(k->c->diag, "assert() checks while the script runs");
		return -EINVAL;
	}
	if (value)
		return 0;
	skep_diag_error(k->c->diag, call->loc, "%s",
			text ? skep_check_literal(k, text) : "this static_assert does not hold");
	skep_diag_hint(k->c->diag, "the script demands what static_assert() says here");
	return -EINVAL;
}

const struct skep_builtin skep_builtin_static_assert = {
	.name = "static_assert",
	.usage = "static_assert(condition[, \"message\"])",
	.min_args = 1,
	.max_args = 2,
	.flags = SKEP_BUILTIN_STATEMENT,
	.check = check_static_assert,
	.lower = lower_nothing,
};

/* The message with the values of its %d and %s, which must be literals. */
static int check_fail(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr_list *args = &call->call.args;
	const char *format = skep_check_literal(k, args->data[0]);
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	size_t next = 1;

	if (k->never)
		return 0;
	if (!format)
		return skep_check_want(k, args->data[0], "a text");
	for (const char *p = format; *p; p++) {
		const struct skep_expr *arg;
		const char *text;
		int64_t value;

		if (*p != '%' || !p[1]) {
			skep_str_addc(&out, *p);
			continue;
		}
		if (*++p == '%' || next >= args->len) {
			skep_str_addc(&out, *p);
			continue;
		}
		arg = args->data[next++];
		text = skep_check_literal(k, arg);
		if (text)
			skep_str_add(&out, text);
		else if (skep_check_const(k, arg, &value))
			skep_str_addf(&out, "%lld", (long long)value);
		else
			skep_str_add(&out, "?");
	}
	while (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	skep_diag_error(k->c->diag, call->loc, "%s", skep_str_text(&out));
	skep_diag_hint(k->c->diag, "the script says so itself, by fail()");
	return -EINVAL;
}

const struct skep_builtin skep_builtin_fail = {
	.name = "fail",
	.usage = "fail(\"message\", ...)",
	.min_args = 1,
	.max_args = 16,
	.flags = SKEP_BUILTIN_STATEMENT,
	.check = check_fail,
	.lower = lower_nothing,
};

/* Calls with a literal name have become literals by now: lang/getopt.c. */
static int check_getopt(struct skep_check *k, struct skep_expr *call)
{
	skep_diag_error(k->c->diag, call->loc, "an option cannot be read here");
	return -EINVAL;
}

const struct skep_builtin skep_builtin_getopt = {
	.name = "getopt",
	.usage = "getopt(\"name\"[, default[, \"description\"]])",
	.min_args = 1,
	.max_args = 3,
	.check = check_getopt,
};
