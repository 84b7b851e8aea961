/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program tells user space to do: print, run, end. Each sends a row whose action says what it is.
 */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lang/builtin/builtins.h"
#include "lang/expr_text.h"
#include "lang/flags.h"
#include "lang/lower_priv.h"
#include "lang/match.h"
#include "lang/need.h"

#define JOIN_MAX 32	/* strings of an argv */
#define JOIN_BYTES 1024 /* of each, its end included */
#define JOIN_HEAD 8	/* in front of them: how many there are, whether there were more */

/* --- printf and its kin ----------------------------------------------------------------------------------- */

static bool is_number(const struct skep_type *type)
{
	return skep_type_is_scalar(type) && type->kind != SKEP_TYPE_KSTACK;
}

/* A pointer to text is shown as an address, which is seldom meant. */
static void warn_address(struct skep_check *k, const struct skep_expr *arg)
{
	const struct skep_type *t = arg->type;

	if (!k->final || !t || t->kind != SKEP_TYPE_PTR || !t->elem ||
	    t->elem->kind != SKEP_TYPE_INT || t->elem->size != 1 || !t->elem->is_signed)
		return;
	skep_diag_warn(k->c->diag, arg->loc, "this shows an address, not the text that is there");
	skep_diag_hint(k->c->diag, "str(%s) reads the text; %%p shows an address without this word",
		       skep_expr_text(k->c->arena, arg));
}

static int check_conversion(struct skep_check *k, const struct skep_format_part *part,
			    const struct skep_expr *arg)
{
	_cleanup_(skep_str_fini)
	struct skep_str type = {};

	if (!arg->type)
		return 0;
	if (skep_type_is_agg(arg->type)) {
		skep_diag_error(k->c->diag, arg->loc,
				"an aggregation has no value inside a program");
		skep_diag_hint(k->c->diag, "print(%s) shows it", skep_expr_text(k->c->arena, arg));
		return -EINVAL;
	}
	if (part->conv == 's') {
		warn_address(k, arg);
		return 0;
	}
	if (part->conv == 'r'
		    ? arg->type->kind == SKEP_TYPE_BUFFER || arg->type->kind == SKEP_TYPE_ARRAY
		    : is_number(arg->type))
		return 0;
	skep_type_format(arg->type, &type);
	skep_diag_error(k->c->diag, arg->loc, "%%%c takes %s, and this is %s", part->conv,
			part->conv == 'r' ? "a buffer" : "a number", skep_str_text(&type));
	skep_diag_hint(k->c->diag, part->conv == 'r' ? "buf(pointer, length) makes one"
						     : "%%s shows any value");
	return -EINVAL;
}

static int check_args(struct skep_check *k, const struct skep_expr *call,
		      const struct skep_format *format)
{
	const struct skep_expr_list *args = &call->call.args;
	size_t at = 1;
	int r = 0;

	if (format->n_fields != args->len - 1) {
		skep_diag_error(k->c->diag, call->loc, "%s() has %zu conversion%s and %zu value%s",
				call->call.name, format->n_fields, format->n_fields == 1 ? "" : "s",
				args->len - 1, args->len == 2 ? "" : "s");
		skep_diag_hint(k->c->diag,
			       "each %% in the format takes one value; %%%% is a percent sign");
		return -EINVAL;
	}
	for (size_t i = 0; i < format->n_parts; i++) {
		const struct skep_format_part *part = &format->parts[i];

		if (!part->conv || part->conv == '%')
			continue;
		at += (size_t)part->width_arg + (size_t)part->precision_arg;
		if (at < args->len && check_conversion(k, part, args->data[at]) < 0)
			r = -EINVAL;
		at++;
	}
	return r;
}

/* %gr shows allocation flags as the kernel's own event of an allocation does. */
static void name_flags(struct skep_check *k, struct skep_format *format)
{
	const struct skep_world *w = k->c->world;
	const char *text;

	for (size_t i = 0; i < format->n_parts; i++) {
		struct skep_format_part *part = &format->parts[i];

		if (part->conv == 'g')
			skep_need_refuse(&k->c->types, k->at, "%gr",
					 "print the flags as a number: %x");
		if (part->conv == 'g' && w->tracepoint_format &&
		    w->tracepoint_format(w, "kmem", "kmalloc", &text) == 0)
			part->n_names = skep_flags_parse(k->c->arena, text, &part->names);
	}
}

/* Says what is wrong at byte @at of a format. */
static void wrong_format(struct skep_check *k, const struct skep_expr *format, const char *why,
			 size_t at)
{
	const char *text = format->text.data + at;
	size_t len = format->text.len - at, n = 1;

	while (n < len && strchr("-+ #0123456789.*hlqjztL", text[n]))
		n++;
	if (n < len && isalpha((unsigned char)text[n]))
		n++;
	skep_diag_error(k->c->diag, format->loc, "the format has %s, '%.*s', at byte %zu", why,
			(int)n, text, at + 1);
	if (strchr("feEgGaAF", text[n - 1]))
		skep_diag_hint(k->c->diag, "there are no fractions: show whole numbers, as in "
					   "printf(\"%%d.%%d\", $x / 10, $x %% 10)");
	else
		skep_diag_hint(k->c->diag,
			       "there are %%d %%i %%u %%x %%X %%o %%c %%p %%s %%r %%rx %%rh "
			       "%%gr, and %%%% for a percent sign");
}

/* The action behind a call whose first argument is a format. */
static int check_format(struct skep_check *k, struct skep_expr *call, enum skep_action_kind kind)
{
	struct skep_plan_action *action = skep_arena_alloc(k->c->arena, sizeof(*action));
	struct skep_expr *first = call->call.args.data[0];
	struct skep_format format;
	const char *why;
	size_t at;
	int r;

	call->type = &skep_type_void;
	if (first->kind != SKEP_EXPR_STRING)
		return skep_check_want(k, first, "a format in quotes");
	r = skep_format_parse(first->text.data, first->text.len, &format, &at, &why);
	if (r < 0) {
		wrong_format(k, first, why, at);
		return r;
	}
	r = check_args(k, call, &format);
	*action = (struct skep_plan_action){
		.kind = kind,
		.text = first->text.data,
		.format = format,
		.loc = call->loc,
	};
	name_flags(k, &format);
	action->format.parts = skep_arena_memdup(k->c->arena, format.parts,
						 format.n_parts * sizeof(*format.parts));
	skep_format_fini(&format);
	call->call.state = action;
	return r;
}

static int check_printf(struct skep_check *k, struct skep_expr *call)
{
	if (k->inst->attach.pin)
		return skep_builtin_check_pinned(k, call);
	return check_format(k, call, SKEP_ACTION_PRINTF);
}

static int check_errorf(struct skep_check *k, struct skep_expr *call)
{
	return check_format(k, call, SKEP_ACTION_ERRORF);
}

static int check_warnf(struct skep_check *k, struct skep_expr *call)
{
	return check_format(k, call, SKEP_ACTION_WARNF);
}

static int check_system(struct skep_check *k, struct skep_expr *call)
{
	return check_format(k, call, SKEP_ACTION_SYSTEM);
}

static int check_cat(struct skep_check *k, struct skep_expr *call)
{
	return check_format(k, call, SKEP_ACTION_CAT);
}

static int lower_format(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	struct skep_plan_action action = *(const struct skep_plan_action *)call->call.state;

	return skep_lower_row_args(l, &action, call, 1);
}

static int lower_printf(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	if (l->inst->attach.pin)
		return skep_builtin_lower_pinned(l, call);
	return lower_format(l, call, ret_value);
}

/* --- print ------------------------------------------------------------------------------------------------ */

/* How many entries of the map to show, where there is one. */
static void warn_top(struct skep_check *k, const struct skep_expr *call)
{
	const struct skep_expr *top = call->call.args.data[1];
	int64_t value;

	if (skep_check_const(k, top, &value) && value >= 0 && value <= 1)
		return;
	skep_diag_warn(k->c->diag, top->loc,
		       "this says nothing: with its key, one entry is printed");
	skep_diag_hint(k->c->diag, "print(@%s, 5) prints the five highest of the map",
		       call->call.args.data[0]->map.name);
}

/* A map as a whole, or with its key: print(@m), print(@m, top, divide), print(@m[key]). */
static int check_print_map(struct skep_check *k, struct skep_expr *call)
{
	struct skep_plan_action *action = skep_arena_alloc(k->c->arena, sizeof(*action));
	struct skep_expr *map = call->call.args.data[0];
	int r;

	*action = (struct skep_plan_action){ .kind = SKEP_ACTION_PRINT_MAP, .loc = call->loc };
	call->call.state = action;
	action->with_key = map->map.has_keys;
	r = skep_check_map_whole(k, map);
	if (r < 0)
		return r;
	for (size_t i = 1; i < call->call.args.len; i++) {
		struct skep_expr *arg = call->call.args.data[i];

		r = skep_check_expr(k, arg);
		if (r < 0)
			return r;
		if (arg->type && arg->type->kind != SKEP_TYPE_INT)
			return skep_check_want(k, arg, "a number");
	}
	if (k->final && map->map.has_keys && call->call.args.len > 1)
		warn_top(k, call);
	return 0;
}

/* One element that can be read where the program runs: what it is then is shown. A histogram is read by user space. */
static bool is_readable(const struct skep_world *world, const struct skep_type *type)
{
	return type && type->kind != SKEP_TYPE_STATS &&
	       (!skep_type_is_agg(type) ||
		(skep_type_agg_number(type) && skep_world_has(world, SKEP_WORLD_PERCPU_ELEM)));
}

/*
 * With as_bpftrace one element that is a number or a text is a value like any other. Its map is looked at as a whole
 * first: reading what is a histogram would be an error.
 */
static bool is_bare(struct skep_check *k, const struct skep_expr *call)
{
	struct skep_expr *map = call->call.args.data[0];

	return k->c->options->as_bpftrace && map->map.has_keys && call->call.args.len == 1 &&
	       skep_check_map_whole(k, map) >= 0 && is_readable(k->c->world, map->map.info->value);
}

static int check_print(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *arg = call->call.args.data[0];
	struct skep_plan_action *action;
	int r;

	call->type = &skep_type_void;
	if (arg->kind == SKEP_EXPR_MAP && !is_bare(k, call))
		return check_print_map(k, call);
	if (call->call.args.len > 1) {
		skep_diag_error(k->c->diag, call->loc,
				"only a map can be printed with a number of entries");
		return -EINVAL;
	}
	r = skep_check_expr(k, arg);
	if (r >= 0 && arg->type && arg->type->kind == SKEP_TYPE_VOID)
		return skep_check_want(k, arg, "a value");
	if (r < 0)
		return r;
	action = skep_arena_alloc(k->c->arena, sizeof(*action));
	*action = (struct skep_plan_action){ .kind = SKEP_ACTION_PRINT, .loc = call->loc };
	call->call.state = action;
	return 0;
}

static struct skep_value number(struct skep_lower *l, uint64_t value)
{
	return (struct skep_value){ .type = skep_type_int(8, false),
				    .val = skep_ir_const(l->fn, value) };
}

/* values[2]: the key, [3]: what is under it if that is read now. The keys are evaluated once. */
static int lower_element(struct skep_lower *l, const struct skep_expr *map,
			 struct skep_value *values, size_t *ret_n)
{
	const struct skep_map_info *info = map->map.info;
	struct skep_val *key;
	int r = skep_lower_map_key(l, map, &key);

	if (r < 0)
		return r;
	if (is_readable(l->c->world, info->value)) {
		r = skep_lower_map_get_at(l, info, key, &values[3]);
		if (r < 0)
			return r;
	}
	*ret_n = values[3].type ? 4 : 3;
	values[2] = (struct skep_value){ .type = info->key, .val = key, .space = SKEP_SPACE_BPF };
	/* A key lies in memory as its bytes, also when it is a number. */
	return skep_type_is_scalar(info->key)
		       ? skep_lower_load(l, info->key, key, 0, SKEP_SPACE_BPF, &values[2])
		       : 0;
}

static int lower_print_map(struct skep_lower *l, const struct skep_expr *call,
			   struct skep_plan_action *action)
{
	struct skep_expr *map = call->call.args.data[0];
	struct skep_value values[4] = { number(l, 0), number(l, 0) };
	struct skep_schema_field *fields =
		skep_arena_calloc(l->c->arena, ARRAY_SIZE(values), sizeof(*fields));
	static const char *const names[] = { "top", "divide", "key", "value" };
	size_t n = 2;
	int r;

	action->map = map->map.info->index;
	for (size_t i = 1; i < call->call.args.len; i++) {
		r = skep_lower_scalar(l, call->call.args.data[i], &values[i - 1].val);
		if (r < 0)
			return r;
	}
	if (action->with_key) {
		r = lower_element(l, map, values, &n);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n; i++) {
		fields[i] =
			skep_compiler_field(l->c, values[i].type, names[i], action->schema.size);
		action->schema.size += ALIGN_UP(values[i].type->size, 8u);
	}
	action->schema.name = "print";
	action->schema.version = 1;
	action->schema.fields = fields;
	action->schema.n_fields = n;
	return skep_lower_row(l, action, values, n);
}

static int lower_print(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_value *ret_value)
{
	struct skep_plan_action action = *(const struct skep_plan_action *)call->call.state;

	if (action.kind == SKEP_ACTION_PRINT_MAP)
		return lower_print_map(l, call, &action);
	return skep_lower_row_args(l, &action, call, 0);
}

/* --- time, exit, join ------------------------------------------------------------------------------------- */

static int check_time(struct skep_check *k, struct skep_expr *call)
{
	struct skep_plan_action *action = skep_arena_alloc(k->c->arena, sizeof(*action));

	call->type = &skep_type_void;
	*action = (struct skep_plan_action){ .kind = SKEP_ACTION_TIME,
					     .text = "%H:%M:%S\n",
					     .loc = call->loc };
	if (call->call.args.len) {
		action->text = skep_check_literal(k, call->call.args.data[0]);
		if (!action->text)
			return skep_check_want(k, call->call.args.data[0],
					       "a strftime format in quotes");
	}
	call->call.state = action;
	return 0;
}

static int lower_time(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	struct skep_plan_action action = *(const struct skep_plan_action *)call->call.state;

	action.schema = (struct skep_schema){ .name = "time", .version = 1 };
	return skep_lower_row(l, &action, NULL, 0);
}

static int check_exit(struct skep_check *k, struct skep_expr *call)
{
	call->type = &skep_type_void;
	if (call->call.args.len && call->call.args.data[0]->type &&
	    call->call.args.data[0]->type->kind != SKEP_TYPE_INT)
		return skep_check_want(k, call->call.args.data[0], "an exit status, a number");
	return 0;
}

static int check_unwatch(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];

	call->type = &skep_type_void;
	if (arg->type && arg->type->kind != SKEP_TYPE_INT && arg->type->kind != SKEP_TYPE_PTR)
		return skep_check_want(k, arg, "the address of a watchpoint");
	return 0;
}

/* A row of one number. */
static int lower_number_row(struct skep_lower *l, const struct skep_expr *call,
			    enum skep_action_kind kind, const char *name, const char *field_name,
			    struct skep_val *number)
{
	struct skep_plan_action action = { .kind = kind, .loc = call->loc };
	struct skep_schema_field *field = skep_arena_alloc(l->c->arena, sizeof(*field));
	struct skep_value value = { .type = skep_type_int(8, false), .val = number };

	*field = skep_compiler_field(l->c, value.type, field_name, 0);
	action.schema = (struct skep_schema){
		.name = name,
		.version = 1,
		.size = 8,
		.fields = field,
		.n_fields = 1,
	};
	return skep_lower_row(l, &action, &value, 1);
}

static int lower_unwatch(struct skep_lower *l, const struct skep_expr *call,
			 struct skep_value *ret_value)
{
	struct skep_val *address;
	int r = skep_lower_scalar(l, call->call.args.data[0], &address);

	return r < 0 ? r
		     : lower_number_row(l, call, SKEP_ACTION_UNWATCH, "unwatch", "address",
					address);
}

int skep_builtin_leave(struct skep_lower *l, const struct skep_expr *call, struct skep_val *code)
{
	int r = lower_number_row(l, call, SKEP_ACTION_EXIT, "exit", "status", code);

	if (r < 0)
		return r;
	skep_ir_jump(l->fn, l->done);
	return 0;
}

static int lower_exit(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	struct skep_val *code = skep_ir_const(l->fn, 0);
	int r;

	if (call->call.args.len) {
		r = skep_lower_scalar(l, call->call.args.data[0], &code);
		if (r < 0)
			return r;
	}
	return skep_builtin_leave(l, call, code);
}

static int check_join(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *argv = call->call.args.data[0];
	struct skep_plan_action *action = skep_arena_alloc(k->c->arena, sizeof(*action));

	call->type = &skep_type_void;
	if (argv->kind == SKEP_EXPR_INT ||
	    (argv->type && argv->type->kind != SKEP_TYPE_PTR && argv->type->kind != SKEP_TYPE_INT))
		return skep_check_want(k, argv, "a pointer to an array of strings");
	*action = (struct skep_plan_action){
		.kind = SKEP_ACTION_JOIN,
		.separator = " ",
		.join_max = JOIN_MAX,
		.schema = { .name = "join", .version = 1, .size = JOIN_HEAD },
		.loc = call->loc,
	};
	if (call->call.args.len == 2) {
		action->separator = skep_check_literal(k, call->call.args.data[1]);
		if (!action->separator)
			return skep_check_want(k, call->call.args.data[1], "a separator in quotes");
	}
	call->call.state = action;
	return 0;
}

/*
 * Reads pointers until NULL, and each text behind the one before: the count says how many there are. The verifier adds up
 * how far that may be.
 */
static int lower_join(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	struct skep_plan_action action = *(const struct skep_plan_action *)call->call.state;
	enum skep_space space = skep_lower_pointed(l, call->call.args.data[0]->type);
	struct skep_val *argv, *i, *p, *to, *more, *slot = skep_ir_slot(l->fn, 8, "argv");
	struct skep_block *head = skep_ir_block(l->fn), *next = skep_ir_block(l->fn),
			  *have = skep_ir_block(l->fn), *full = skep_ir_block(l->fn),
			  *end = skep_ir_block(l->fn);
	struct skep_var *count = skep_ir_var(l->fn, "count"), *used = skep_ir_var(l->fn, "used");
	struct skep_row_build row;
	int r;

	r = skep_lower_scalar(l, call->call.args.data[0], &argv);
	if (r < 0)
		return r;
	r = skep_lower_row_open(l, &action, JOIN_HEAD + JOIN_MAX * JOIN_BYTES, &row);
	if (r < 0)
		return r;
	skep_ir_set(l->fn, used, skep_ir_const(l->fn, JOIN_HEAD));
	skep_ir_set(l->fn, count, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, head);
	skep_ir_at(l->fn, head);
	i = skep_ir_get(l->fn, count);
	skep_ir_branch(l->fn, SKEP_CC_ULT, i, skep_ir_const(l->fn, JOIN_MAX), next, full);
	skep_ir_at(l->fn, next);
	skep_lower_read(l, slot, 0, 8,
			skep_ir_op(l->fn, SKEP_OP_ADD, argv, skep_ir_opi(l->fn, SKEP_OP_SHL, i, 3)),
			space);
	p = skep_ir_load(l->fn, slot, 0, 8, 0);
	skep_ir_branch(l->fn, SKEP_CC_EQ, p, skep_ir_const(l->fn, 0), end, have);
	skep_ir_at(l->fn, have);
	to = skep_ir_op(l->fn, SKEP_OP_ADD, skep_lower_at(l, row.addr, row.off),
			skep_ir_get(l->fn, used));
	p = skep_lower_read_text(l, to, JOIN_BYTES, p, space);
	skep_ir_set(l->fn, used, skep_ir_op(l->fn, SKEP_OP_ADD, skep_ir_get(l->fn, used), p));
	skep_ir_set(l->fn, count, skep_ir_opi(l->fn, SKEP_OP_ADD, i, 1));
	skep_ir_jump(l->fn, head);
	skep_ir_at(l->fn, full);
	skep_lower_read(l, slot, 0, 8, skep_ir_opi(l->fn, SKEP_OP_ADD, argv, 8u * JOIN_MAX), space);
	more = skep_ir_cmp(l->fn, SKEP_CC_NE, skep_ir_load(l->fn, slot, 0, 8, 0),
			   skep_ir_const(l->fn, 0));
	skep_ir_set(l->fn, count,
		    skep_ir_opi(l->fn, SKEP_OP_ADD, skep_ir_opi(l->fn, SKEP_OP_SHL, more, 32),
				JOIN_MAX));
	skep_ir_jump(l->fn, end);
	skep_ir_at(l->fn, end);
	skep_ir_store(l->fn, row.addr, row.off, 8, skep_ir_get(l->fn, count));
	skep_lower_row_send(l, &row, skep_ir_get(l->fn, used));
	return 0;
}

#define STATEMENT(word, text, least, most, extra, check_fn, lower_fn) \
	const struct skep_builtin skep_builtin_##word = {             \
		.name = #word,                                        \
		.usage = text,                                        \
		.min_args = least,                                    \
		.max_args = most,                                     \
		.flags = SKEP_BUILTIN_STATEMENT | (extra),            \
		.check = check_fn,                                    \
		.lower = lower_fn,                                    \
	}

STATEMENT(printf, "printf(\"format\", value, ...)", 1, 64, 0, check_printf, lower_printf);
STATEMENT(errorf, "errorf(\"format\", value, ...)", 1, 64, 0, check_errorf, lower_format);
STATEMENT(warnf, "warnf(\"format\", value, ...)", 1, 64, 0, check_warnf, lower_format);
STATEMENT(system, "system(\"format\", value, ...)", 1, 64, SKEP_BUILTIN_UNSAFE, check_system,
	  lower_format);
STATEMENT(cat, "cat(\"format\", value, ...)", 1, 64, 0, check_cat, lower_format);
STATEMENT(print, "print(value) or print(@map[, top[, divide]])", 1, 3, SKEP_BUILTIN_RAW,
	  check_print, lower_print);
STATEMENT(time, "time() or time(\"format\")", 0, 1, SKEP_BUILTIN_BARE, check_time, lower_time);
STATEMENT(exit, "exit() or exit(status)", 0, 1, SKEP_BUILTIN_BARE, check_exit, lower_exit);
STATEMENT(unwatch, "unwatch(address)", 1, 1, 0, check_unwatch, lower_unwatch);
STATEMENT(join, "join(argv[, separator])", 1, 2, 0, check_join, lower_join);
