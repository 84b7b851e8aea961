/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row NAME { field, ... }: a record with named and typed fields. What it stands as in the tree: lang/row.h.
 *
 * All rows of one name are one type: wherever in a script they are made, their fields have the same names, kinds and
 * units in the same order.
 */
#include <errno.h>
#include <string.h>

#include "lang/builtin/builtins.h"
#include "lang/lower_priv.h"
#include "lang/row.h"
#include "lang/span.h"

#define USAGE "row name { field, name: value, name: value as unit }"

static bool is_fields(const struct skep_expr_list *args)
{
	return args->len > SKEP_ROW_FIRST && (args->len - SKEP_ROW_FIRST) % SKEP_ROW_STEP == 0;
}

static const char *text_of(const struct skep_expr *e)
{
	return e->kind == SKEP_EXPR_STRING ? e->text.data : NULL;
}

/* How many arguments there are without those of a span. */
static size_t fields_end(const struct skep_expr_list *args)
{
	size_t i = SKEP_ROW_FIRST;

	while (i < args->len && text_of(args->data[i + 1]) && text_of(args->data[i + 1])[0] != '=')
		i += SKEP_ROW_STEP;
	return i;
}

static int check_value(struct skep_check *k, const struct skep_expr *value, const char *unit)
{
	_cleanup_(skep_str_fini)
	struct skep_str type = {};

	if (!value->type)
		return 0;
	if (skep_type_is_agg(value->type)) {
		skep_diag_error(k->c->diag, value->loc,
				"an aggregation has no value inside a program");
		skep_diag_hint(k->c->diag, "print(@map) shows it; a row takes plain values");
		return -EINVAL;
	}
	if (value->type->kind == SKEP_TYPE_VOID || !value->type->size)
		return skep_check_want(k, value, "a value");
	if (*unit == SKEP_ROW_TOTAL &&
	    (value->type->kind != SKEP_TYPE_INT || value->type->size != sizeof(uint64_t)))
		return skep_check_want(k, value, "a number of 64 bits, such as (uint64)...,");
	if (*unit == SKEP_ROW_TOTAL)
		return 0;
	if (!*unit || value->type->kind ==
			      (skep_streq(unit, SKEP_ROW_HEX) ? SKEP_TYPE_BUFFER : SKEP_TYPE_INT))
		return 0;
	skep_type_format(value->type, &type);
	if (skep_streq(unit, SKEP_ROW_HEX)) {
		skep_diag_error(k->c->diag, value->loc, "bytes are shown as hex, and this is %s",
				skep_str_text(&type));
		skep_diag_hint(k->c->diag, "buf(address, length) reads bytes");
		return -EINVAL;
	}
	skep_diag_error(k->c->diag, value->loc, "only a number has a unit, and this is %s",
			skep_str_text(&type));
	skep_diag_hint(k->c->diag, "leave 'as' out");
	return -EINVAL;
}

static int check_row(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr_list *args = &call->call.args;
	int r = 0;

	call->type = &skep_type_void;
	if (!is_fields(args) || !text_of(args->data[0])) {
		skep_diag_error(k->c->diag, call->loc, "'row' is a statement, not a function");
		skep_diag_hint(k->c->diag, "it is written " USAGE);
		return -EINVAL;
	}
	for (size_t i = SKEP_ROW_FIRST; i < args->len; i += SKEP_ROW_STEP) {
		const char *unit = text_of(args->data[i + 1]);

		if (!text_of(args->data[i]) || !unit)
			return skep_check_want(k, args->data[i], "a field's name and unit");
		if (check_value(k, args->data[i + 2], *unit == '=' ? "" : unit) < 0)
			r = -EINVAL;
	}
	return r < 0 ? r : skep_span_check(k, args, fields_end(args), call->loc);
}

/*
 * What differs between two fields that should be the same, or NULL. How many bits a number has, and whether it has a
 * sign, may differ: a constant is no reason for an error.
 */
static const char *difference(const struct skep_schema_field *a, const struct skep_schema_field *b)
{
	if (!skep_streq(a->name, b->name))
		return "name";
	if (a->kind != b->kind)
		return "type";
	if (!skep_streq(a->unit ? a->unit : "", b->unit ? b->unit : ""))
		return "unit";
	return NULL;
}

/* Rows of this name were made before: they must look the same. */
static int compare(struct skep_lower *l, const struct skep_plan_action *action,
		   const struct skep_expr *call)
{
	const struct skep_schema *mine = &action->schema, *other = NULL;
	const struct skep_plan_action *before = NULL;
	const char *what = NULL;
	size_t at = 0;

	for (size_t i = 0; i < l->c->actions.len && !before; i++) {
		other = &l->c->actions.data[i].schema;
		if (l->c->actions.data[i].kind == SKEP_ACTION_ROW &&
		    skep_streq(other->name, mine->name))
			before = &l->c->actions.data[i];
	}
	if (!before)
		return 0;
	for (; at < MIN(mine->n_fields, other->n_fields) && !what; at++)
		what = difference(&mine->fields[at], &other->fields[at]);
	if (!what && mine->n_fields == other->n_fields)
		return 0;
	skep_diag_error(l->c->diag, call->loc, "'row %s' has other fields in line %u", mine->name,
			before->loc.line);
	if (what)
		skep_diag_hint(l->c->diag,
			       "the %s of field %zu, '%s', is another one there; rows of one "
			       "name have the same fields",
			       what, at, mine->fields[at - 1].name);
	else
		skep_diag_hint(l->c->diag,
			       "it has %zu there and %zu here; give one of the two another name",
			       other->n_fields, mine->n_fields);
	return -EINVAL;
}

/* Values of the span stand behind the row's, and are none of its fields. */
static void hide(struct skep_plan_action *action, const struct skep_span_shape *span, size_t n)
{
	struct skep_schema *schema = &action->schema;

	schema->span = *span;
	schema->span.hidden = schema->fields + n;
	schema->span.n_hidden = schema->n_fields - n;
	schema->n_fields = n;
}

/* What a number is called that tells things apart, without `as key`. */
static bool is_key(const char *name)
{
	static const char *const names[] = { "pid",   "tid",   "ppid",	 "tgid", "uid",
					     "netns", "fd",    "cpu_id", "port", "lport",
					     "rport", "sport", "dport" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(name, names[i]))
			return true;
	return false;
}

static int lower_field(struct skep_lower *l, struct skep_expr *const *arg,
		       struct skep_schema *schema, struct skep_value *value)
{
	struct skep_schema_field *field =
		(struct skep_schema_field *)&schema->fields[schema->n_fields];
	const char *unit = text_of(arg[1]);
	int r = skep_lower_expr(l, arg[2], value);

	if (r < 0)
		return r;
	*field = skep_compiler_field(l->c, value->type, text_of(arg[0]), schema->size);
	if ((is_key(field->name) && l->inst->user_run &&
	     l->inst->user.kind == SKEP_USER_INTERVAL) ||
	    skep_streq(unit, SKEP_ROW_KEY))
		field->role = SKEP_ROLE_KEY;
	if (*unit == SKEP_ROW_TOTAL) {
		field->role = SKEP_ROLE_TOTAL;
		unit++;
	}
	if (skep_streq(unit, SKEP_ROW_HEX))
		field->param = SKEP_BUFFER_HEX;
	else if (*unit && *unit != '=' && !skep_streq(unit, SKEP_ROW_KEY))
		field->unit = unit;
	schema->size += ALIGN_UP(value->type->size, 8u);
	schema->n_fields++;
	return 0;
}

static int lower_row(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_value *ret_value)
{
	const struct skep_expr_list *args = &call->call.args;
	size_t end = fields_end(args), n = (end - SKEP_ROW_FIRST) / SKEP_ROW_STEP, at,
	       most = (args->len - SKEP_ROW_FIRST) / SKEP_ROW_STEP;
	struct skep_value *values = skep_arena_calloc(l->c->arena, most, sizeof(*values));
	struct skep_plan_action action = {
		.kind = SKEP_ACTION_ROW,
		.schema = { .name = text_of(args->data[0]),
			    .version = 1,
			    .fields = skep_arena_calloc(l->c->arena, most,
							sizeof(struct skep_schema_field)) },
		.loc = call->loc,
	};
	struct skep_span_shape span;
	int r;

	skep_span_shape(args, end, n, &span);
	for (size_t i = SKEP_ROW_FIRST; i < args->len; i += SKEP_ROW_STEP) {
		if (i >= end && !skep_span_is_hidden(&args->data[i]))
			continue;
		r = lower_field(l, &args->data[i], &action.schema, &values[action.schema.n_fields]);
		if (r < 0)
			return r;
		if (action.schema.n_fields != n)
			continue;
		r = compare(l, &action, call);
		if (r < 0)
			return r;
	}
	at = l->c->actions.len;
	r = skep_lower_row(l, &action, values, action.schema.n_fields);
	if (r >= 0)
		hide(&l->c->actions.data[at], &span, n);
	return r;
}

const struct skep_builtin skep_builtin_row = {
	.name = "row",
	.usage = USAGE,
	.min_args = 0,
	.max_args = SKEP_ROW_FIRST + SKEP_ROW_STEP * (SKEP_ROW_FIELDS_MAX + SKEP_ROW_ROLES_MAX),
	.flags = SKEP_BUILTIN_STATEMENT,
	.check = check_row,
	.lower = lower_row,
};
