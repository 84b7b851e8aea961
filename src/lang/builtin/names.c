/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and what they are called: errors, signals, system calls, addresses of network cards and hosts.
 *
 * Names are texts like any other: a table of texts of one size lies in read-only memory, and a number is an offset in it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/arch.h"
#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"
#include "lang/syscall_table.h"

#define ERRORS_MAX 134 /* the kernel's last one is 133 */
#define SIGNALS_MAX 65
#define MAC_BYTES 6

struct names {
	unsigned n; /* the last one stands for all numbers without a name */
	unsigned size;
	const char *unknown;
	/* NULL: no such number. @buffer has room for one name. */
	const char *(*name)(int number, char *buffer, size_t size);
};

static const char *error_name(int number, char *buffer, size_t size)
{
	return number ? strerrordesc_np(number) : "Success";
}

static const char *signal_name(int number, char *buffer, size_t size)
{
	const char *name = number ? sigabbrev_np(number) : NULL;

	if (name)
		snprintf(buffer, size, "SIG%s", name);
	else if (number >= 32)
		snprintf(buffer, size, "SIGRT%d", number - 32);
	return name || number >= 32 ? buffer : NULL;
}

static const char *call_name(int number, char *buffer, size_t size)
{
	const struct skep_arch *arch = skep_arch();

	return skep_syscall_name(arch ? arch->name : NULL, number);
}

static const struct names errors = { ERRORS_MAX + 1, 64, "Unknown error", error_name };
static const struct names signals = { SIGNALS_MAX + 1, 16, "unknown", signal_name };
static const struct names calls = { SKEP_SYSCALL_MAX + 1, 32, "unknown", call_name };

static int check_names(struct skep_check *k, struct skep_expr *call, const struct names *names,
		       const char *what)
{
	const struct skep_expr *arg = call->call.args.data[0];

	call->type = skep_type_string(&k->c->types, names->size);
	if (arg->type && arg->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, arg, what);
	return 0;
}

static int check_strerror(struct skep_check *k, struct skep_expr *call)
{
	return check_names(k, call, &errors, "the number of an error, such as 2");
}

static int check_signal_name(struct skep_check *k, struct skep_expr *call)
{
	return check_names(k, call, &signals, "the number of a signal, such as 9");
}

static int check_syscall_name(struct skep_check *k, struct skep_expr *call)
{
	return check_names(k, call, &calls, "the number of a system call, such as args.id");
}

static struct skep_val *table_of(struct skep_lower *l, const struct names *names)
{
	char *table = skep_arena_calloc(l->c->arena, names->n, names->size);

	for (unsigned i = 0; i < names->n; i++) {
		char buffer[64];
		const char *name =
			i + 1 < names->n ? names->name((int)i, buffer, sizeof(buffer)) : NULL;

		snprintf(table + (size_t)i * names->size, names->size, "%s",
			 name ? name : names->unknown);
	}
	return skep_lower_table(l, table, (size_t)names->n * names->size);
}

/* The number that a call is about, or the last of @n. */
static int lower_index(struct skep_lower *l, const struct skep_expr *call, unsigned n,
		       struct skep_val **ret_index)
{
	struct skep_block *known = skep_ir_block(l->fn), *unknown = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *index = skep_ir_var(l->fn, call->call.name);
	struct skep_val *number;
	int r;

	r = skep_lower_scalar(l, call->call.args.data[0], &number);
	if (r < 0)
		return r;
	skep_ir_branch(l->fn, SKEP_CC_ULT, number, skep_ir_const(l->fn, n - 1), known, unknown);
	skep_ir_at(l->fn, known);
	skep_ir_set(l->fn, index, number);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, unknown);
	skep_ir_set(l->fn, index, skep_ir_const(l->fn, n - 1));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	*ret_index = skep_ir_get(l->fn, index);
	return 0;
}

static int lower_names(struct skep_lower *l, const struct skep_expr *call,
		       const struct names *names, struct skep_value *ret_value)
{
	struct skep_val *at;
	int r = lower_index(l, call, names->n, &at);

	if (r < 0)
		return r;
	at = skep_ir_opi(l->fn, SKEP_OP_MUL, at, names->size);
	if (ret_value)
		*ret_value = (struct skep_value){
			.type = call->type,
			.val = skep_ir_op(l->fn, SKEP_OP_ADD, table_of(l, names), at),
			.space = SKEP_SPACE_BPF,
		};
	return 0;
}

static int lower_strerror(struct skep_lower *l, const struct skep_expr *call,
			  struct skep_value *ret_value)
{
	return lower_names(l, call, &errors, ret_value);
}

static int lower_signal_name(struct skep_lower *l, const struct skep_expr *call,
			     struct skep_value *ret_value)
{
	return lower_names(l, call, &signals, ret_value);
}

static int lower_syscall_name(struct skep_lower *l, const struct skep_expr *call,
			      struct skep_value *ret_value)
{
	return lower_names(l, call, &calls, ret_value);
}

/* How many arguments a system call takes: a byte for each number. */
static int check_syscall_args(struct skep_check *k, struct skep_expr *call)
{
	int r = check_syscall_name(k, call);

	call->type = skep_type_int(1, false);
	return r;
}

static int lower_syscall_args(struct skep_lower *l, const struct skep_expr *call,
			      struct skep_value *ret_value)
{
	const struct skep_arch *arch = skep_arch();
	struct skep_val *at;
	uint8_t *table = skep_arena_calloc(l->c->arena, calls.n, 1);
	int r;

	for (unsigned i = 0; i < calls.n; i++)
		table[i] = (uint8_t)skep_syscall_args(arch ? arch->name : NULL, (int)i);
	r = lower_index(l, call, calls.n, &at);
	if (r < 0)
		return r;
	at = skep_ir_op(l->fn, SKEP_OP_ADD, skep_lower_table(l, table, calls.n), at);
	return skep_builtin_give(ret_value, call, skep_ir_load(l->fn, at, 0, 1, 0));
}

/* --- macaddr ---------------------------------------------------------------------------------------------- */

static int check_macaddr(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_type *type = call->call.args.data[0]->type;

	call->type = skep_type_simple(&k->c->types, SKEP_TYPE_MAC);
	if (!type || type->kind == SKEP_TYPE_PTR || type->kind == SKEP_TYPE_INT)
		return 0;
	if ((type->kind == SKEP_TYPE_ARRAY || type->kind == SKEP_TYPE_STRING) &&
	    type->size >= MAC_BYTES)
		return 0;
	return skep_check_want(k, call->call.args.data[0],
			       "an array of 6 bytes, or a pointer to them");
}

static int lower_macaddr(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	struct skep_value v;
	int r = skep_lower_expr(l, call->call.args.data[0], &v);

	if (r < 0)
		return r;
	if (skep_type_is_scalar(v.type)) {
		v.space = skep_lower_pointed(l, v.type);
		v.off = 0;
	}
	v.type = call->type;
	v.literal = NULL;
	if (ret_value)
		*ret_value = v;
	return 0;
}

/* --- pton ------------------------------------------------------------------------------------------------- */

struct address {
	unsigned size; /* 4 or 16 */
	uint8_t bytes[16];
};

static int check_pton(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];
	const char *text = skep_check_literal(k, arg);
	struct address *a = skep_arena_calloc(k->c->arena, 1, sizeof(*a));
	int r;

	call->call.state = a;
	if (!text)
		return skep_check_want(k, arg, "an address in quotes");
	a->size = strchr(text, ':') ? 16 : 4;
	call->type = skep_type_array(&k->c->types, skep_type_int(1, false), a->size);
	if (inet_pton(a->size == 16 ? AF_INET6 : AF_INET, text, a->bytes) == 1)
		return 0;
	r = skep_check_error(k, arg->loc, "\"%s\" is no IPv4 or IPv6 address", text);
	skep_diag_hint(k->c->diag, "addresses look like \"192.0.2.1\" and \"2001:db8::1\"");
	return r;
}

static int lower_pton(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	const struct address *a = call->call.state;

	if (ret_value)
		*ret_value = (struct skep_value){
			.type = call->type,
			.val = skep_lower_table(l, a->bytes, a->size),
			.space = SKEP_SPACE_BPF,
		};
	return 0;
}

#define NAMES(word, text, extra, check_fn, lower_fn)      \
	const struct skep_builtin skep_builtin_##word = { \
		.name = #word,                            \
		.usage = text,                            \
		.min_args = 1,                            \
		.max_args = 1,                            \
		.flags = extra,                           \
		.check = check_fn,                        \
		.lower = lower_fn,                        \
	}

NAMES(strerror, "strerror(number)", 0, check_strerror, lower_strerror);
NAMES(signal_name, "signal_name(number)", 0, check_signal_name, lower_signal_name);
NAMES(syscall_name, "syscall_name(number)", 0, check_syscall_name, lower_syscall_name);
NAMES(syscall_args, "syscall_args(number)", 0, check_syscall_args, lower_syscall_args);
NAMES(macaddr, "macaddr(address)", 0, check_macaddr, lower_macaddr);
NAMES(pton, "pton(\"address\")", 0, check_pton, lower_pton);
