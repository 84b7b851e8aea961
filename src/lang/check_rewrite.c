/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constructs that say in short what others say at length: the tree is written anew as the long form and checked as that.
 * What stood there is kept in `was`, from which the next round begins again.
 *
 *	print(args)		print((a = args.a, b = args.b))
 *	(string[64])$p		str($p, 64)
 *	config.max_strlen	(max_map_keys = 4096, max_strlen = 1024, ...).max_strlen
 *	typeinfo($x).1		(number, "int", "uint32").1
 *	exists($p.field)	1
 *	$1			"text", when the parameter is no number
 */
#include <errno.h>
#include <string.h>

#include "lang/builtin.h"
#include "lang/check_priv.h"
#include "lang/provider/function.h"

static struct skep_expr *node(struct skep_check *k, enum skep_expr_kind kind,
			      const struct skep_expr *at)
{
	struct skep_expr *e = skep_arena_alloc(k->c->arena, sizeof(*e));

	e->kind = kind;
	e->loc = at->loc;
	e->height = 1;
	return e;
}

static struct skep_expr *number(struct skep_check *k, uint64_t value, const struct skep_expr *at)
{
	struct skep_expr *e = node(k, SKEP_EXPR_INT, at);

	e->num.value = value;
	return e;
}

static struct skep_expr *text(struct skep_check *k, const char *s, const struct skep_expr *at)
{
	struct skep_expr *e = node(k, SKEP_EXPR_STRING, at);

	e->text.data = s;
	e->text.len = strlen(s);
	return e;
}

/* @expr becomes something else, of which the caller fills in what is its own. */
static void become(struct skep_check *k, struct skep_expr *expr, enum skep_expr_kind kind)
{
	struct skep_expr *was = skep_arena_memdup(k->c->arena, expr, sizeof(*expr));

	memset(expr, 0, sizeof(*expr));
	expr->kind = kind;
	expr->loc = was->loc;
	expr->height = was->height;
	expr->unwanted = was->unwanted;
	expr->was = was;
}

void skep_check_become_number(struct skep_check *k, struct skep_expr *expr, int64_t value)
{
	become(k, expr, SKEP_EXPR_INT);
	expr->num.value = (uint64_t)value;
	expr->type = skep_type_int(8, true);
}

void skep_check_become_text(struct skep_check *k, struct skep_expr *expr, const char *s)
{
	become(k, expr, SKEP_EXPR_STRING);
	expr->text.data = s;
	expr->text.len = strlen(s);
	expr->type = skep_type_string(&k->c->types, (uint32_t)expr->text.len + 1);
}

static int become_tuple(struct skep_check *k, struct skep_expr *expr, const char *const *names,
			struct skep_expr **values, size_t n)
{
	become(k, expr, SKEP_EXPR_TUPLE);
	expr->tuple.data = values;
	expr->tuple.len = n;
	expr->tuple_names = names;
	return skep_check_tuple(k, expr);
}

/* ---- args */

/* A field of args as a value: text that lies elsewhere is read. */
static struct skep_expr *argument(struct skep_check *k, const struct skep_field *f,
				  const struct skep_expr *at)
{
	struct skep_expr *base = node(k, SKEP_EXPR_NAME, at), *e = node(k, SKEP_EXPR_FIELD, at),
			 *call;

	base->call.name = "args";
	base->call.name_loc = at->loc;
	e->field.base = base;
	e->field.name = f->name;
	e->field.name_loc = at->loc;
	if (!f->data_loc && !f->rel_loc)
		return e;
	call = node(k, SKEP_EXPR_CALL, at);
	call->call.name = "str";
	call->call.name_loc = at->loc;
	call->call.args.data = skep_arena_memdup(k->c->arena, &e, sizeof(e));
	call->call.args.len = 1;
	return call;
}

int skep_check_whole_args(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_struct *args = k->inst->args;
	struct skep_expr **values;
	const char **names, *why;
	size_t n = 0;
	int r;

	values = skep_arena_calloc(k->c->arena, args->n_fields + 1, sizeof(*values));
	names = skep_arena_calloc(k->c->arena, args->n_fields + 1, sizeof(*names));
	for (size_t i = 0; i < args->n_fields; i++) {
		const struct skep_field *f = &args->fields[i];

		if (!f->type || f->type->kind == SKEP_TYPE_VOID ||
		    skep_has_prefix(f->name, "common_"))
			continue;
		/* Names of the kernel's types do not outlive the world, and this one is shown. */
		names[n] = skep_arena_strdup(k->c->arena, f->name);
		values[n++] = argument(k, f, expr);
	}
	if (n)
		return become_tuple(k, expr, names, values, n);
	why = skep_proto_why_none(&k->inst->args_of, k->c->arena);
	if (!why) {
		r = skep_check_error(k, expr->loc, "this probe has no arguments");
		skep_diag_hint(k->c->diag, "leave args out here");
		return r;
	}
	r = skep_check_error(k, expr->loc, "no argument of %s can be read by name: %s",
			     k->inst->n_matches ? k->inst->matches[0].name : k->inst->point->text,
			     why);
	skep_diag_hint(k->c->diag, "skep -lv tells it of each; reg(\"NAME\") reads a register");
	return r;
}

/* ---- casts to text */

int skep_check_text_cast(struct skep_check *k, struct skep_expr *expr, uint32_t size)
{
	struct skep_expr **args = skep_arena_calloc(k->c->arena, 2, sizeof(*args));
	struct skep_expr *value = expr->cast.value;

	become(k, expr, SKEP_EXPR_CALL);
	args[0] = value;
	args[1] = number(k, size, expr);
	expr->call.name = "str";
	expr->call.name_loc = expr->loc;
	expr->call.args.data = args;
	expr->call.args.len = 2;
	return skep_check_call(k, expr);
}

/* ---- config */

int skep_check_config(struct skep_check *k, struct skep_expr *expr)
{
	static const char *const missing[] = { "error", "warn", "ignore" };
	static const char *const stacks[] = { "bpftrace", "perf", "raw", "build_id" };
	static const char *const names[] = {
		"max_map_keys",	  "max_strlen",	   "max_cat_bytes",
		"max_probes",	  "perf_rb_pages", "print_maps_on_exit",
		"missing_probes", "stack_mode",	   "str_trunc_trailer",
	};
	const struct skep_plan_config *c = &k->c->config;
	struct skep_expr **v = skep_arena_calloc(k->c->arena, ARRAY_SIZE(names), sizeof(*v));

	v[0] = number(k, c->max_map_keys, expr);
	v[1] = number(k, c->max_strlen, expr);
	v[2] = number(k, c->max_cat_bytes, expr);
	v[3] = number(k, c->max_probes, expr);
	v[4] = number(k, c->ring_bytes / 4096, expr);
	v[5] = number(k, c->print_maps_on_exit, expr);
	v[5]->num.is_bool = true;
	v[6] = text(k, missing[c->missing_probes], expr);
	v[7] = text(k, stacks[c->stack_style], expr);
	v[8] = text(k, c->str_trunc_trailer, expr);
	return become_tuple(k, expr, names, v, ARRAY_SIZE(names));
}

/* ---- comptime */

int skep_check_comptime_value(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *of = call->call.args.data[0];
	int64_t value;
	int r;

	if (skep_check_const(k, of, &value)) {
		skep_check_become_number(k, call, value);
		return 0;
	}
	r = skep_check_error(k, of->loc, "this is not known when the script is compiled");
	skep_diag_hint(k->c->diag, "leave comptime out, or use literals, sizeof and what "
				   "the command line gives");
	return r;
}

/* ---- typeinfo */

static const char *base_name(const struct skep_type *type)
{
	switch (type->kind) {
	case SKEP_TYPE_INT:
		return type->is_bool ? "bool" : "int";
	case SKEP_TYPE_STRING:
		return "string";
	case SKEP_TYPE_BUFFER:
		return "buffer";
	case SKEP_TYPE_PTR:
		return "pointer";
	case SKEP_TYPE_STRUCT:
		return type->str->is_union ? "union" : "struct";
	case SKEP_TYPE_ARRAY:
		return "array";
	case SKEP_TYPE_TUPLE:
		return type->is_record ? "record" : "tuple";
	default:
		return NULL;
	}
}

int skep_check_typeinfo(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr **v = skep_arena_calloc(k->c->arena, 3, sizeof(*v));
	struct skep_expr *of = call->call.args.data[0];
	int r = skep_check_expr(k, of);
	const char *full, *base;

	if (r < 0 || !of->type)
		return r;
	full = skep_check_type_text(k, of->type);
	base = base_name(of->type);
	v[0] = number(k, skep_hash_bytes(full, strlen(full)) & INT32_MAX, call);
	v[1] = text(k, base ?: full, call);
	v[2] = text(k, full, call);
	return become_tuple(k, call, NULL, v, 3);
}

/* ---- exists */

int skep_check_exists(struct skep_check *k, struct skep_expr *call)
{
	struct skep_expr *of = call->call.args.data[0], *base = of;
	struct skep_diag *diag = k->c->diag;
	int r;

	if (of->kind != SKEP_EXPR_FIELD) {
		r = skep_check_error(k, of->loc, "exists() asks for a field");
		skep_diag_hint(k->c->diag, "such as exists(curtask.__state), exists(args.reason), "
					   "exists(pkt.tcp)");
		return r;
	}
	/* What the first field is of has to make sense; which fields there are is the question. */
	while (base->kind == SKEP_EXPR_FIELD)
		base = base->field.base;
	if (base->kind != SKEP_EXPR_NAME || !skep_streq(base->call.name, "args")) {
		r = skep_check_expr(k, base);
		if (r < 0 || !base->type)
			return r;
	}
	k->c->diag = NULL;
	r = skep_check_expr(k, of);
	k->c->diag = diag;
	if (r >= 0 && !of->type)
		return 0;
	skep_check_become_number(k, call, r >= 0);
	call->num.is_bool = true;
	call->type = skep_type_bool();
	return 0;
}
