/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/span.h"

#include <errno.h>
#include <string.h>

#include "lang/row.h"
#include "lang/type.h"

#define KIND SKEP_N_SPAN_ROLES /* the role that is no field */

static const char *text_of(const struct skep_expr *e)
{
	return e->kind == SKEP_EXPR_STRING ? e->text.data : "";
}

/* The role that its first argument names; one more than KIND: none. */
static unsigned role_of(struct skep_expr *const *role)
{
	const char *word = text_of(role[0]);
	unsigned i = 0;

	if (skep_streq(word, SKEP_ROW_KIND))
		return KIND;
	while (i < SKEP_N_SPAN_ROLES && !skep_streq(skep_span_role_name(i), word))
		i++;
	return i < SKEP_N_SPAN_ROLES ? i : KIND + 1;
}

static bool is_field(struct skep_expr *const *role)
{
	return skep_streq(text_of(role[1]), SKEP_ROW_FIELD);
}

bool skep_span_is_hidden(struct skep_expr *const *role)
{
	return !is_field(role) &&
	       !(role_of(role) == SKEP_SPAN_NAME && role[2]->kind == SKEP_EXPR_STRING);
}

/* The three arguments of the field of this name. */
static struct skep_expr *const *find_field(const struct skep_expr_list *args, size_t end,
					   const char *name)
{
	for (size_t i = SKEP_ROW_FIRST; i < end; i += SKEP_ROW_STEP)
		if (skep_streq(text_of(args->data[i]), name))
			return &args->data[i];
	return NULL;
}

static enum skep_span_kind kind_of(const char *word)
{
	enum skep_span_kind kind = SKEP_SPAN_KIND_MAX - 1;

	while (kind && !skep_streq(skep_span_kind_name(kind), word))
		kind--;
	return kind;
}

/* --- what it has to be ------------------------------------------------------------------------ */

#define wrong(k, at, ...) (skep_diag_error((k)->c->diag, (at)->loc, __VA_ARGS__), -EINVAL)

static bool is_number(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_INT && !type->is_bool;
}

static int check_role(struct skep_check *k, const struct skep_expr_list *args, size_t first,
		      struct skep_expr *const *role)
{
	unsigned which = role_of(role);
	struct skep_expr *const *field = NULL;
	const struct skep_type *type = role[2]->type;
	const char *unit;

	if (which > KIND) {
		(void)!wrong(k, role[0], "'%s' is nothing that a span has", text_of(role[0]));
		skep_diag_hint(k->c->diag, "it has " SKEP_ROW_ROLES);
		return -EINVAL;
	}
	if (which == KIND) {
		if (kind_of(text_of(role[2])))
			return 0;
		(void)!wrong(k, role[2], "this is no kind of span");
		skep_diag_hint(k->c->diag, "kinds are internal, server, client, producer and "
					   "consumer");
		return -EINVAL;
	}
	if (is_field(role)) {
		field = find_field(args, first, text_of(role[2]));
		if (!field)
			return wrong(k, role[2], "the row has no field '%s'", text_of(role[2]));
		type = field[2]->type;
	}
	if (!type || (which != SKEP_SPAN_DURATION && which != SKEP_SPAN_START))
		return 0;
	unit = field ? text_of(field[1]) : "ns";
	if (!is_number(type)) {
		(void)!wrong(k, role[2], "the %s of a span is a number", text_of(role[0]));
		skep_diag_hint(k->c->diag, "of nanoseconds, or a field that is a time: "
					   "lat: nsecs - @began[tid] as us");
		return -EINVAL;
	}
	if (which == SKEP_SPAN_START ? !*unit || skep_streq(unit, "ns") : !!strchr("nums", *unit))
		return 0;
	(void)!wrong(k, role[2], "the %s of a span is a time, and this field has another unit",
		     text_of(role[0]));
	skep_diag_hint(k->c->diag, "%s",
		       which == SKEP_SPAN_START ? "it is the nsecs at which the span began"
						: "units of time are ns, us, ms and s");
	return -EINVAL;
}

int skep_span_check(struct skep_check *k, const struct skep_expr_list *args, size_t first,
		    struct skep_loc loc)
{
	unsigned has = 0;

	for (size_t i = first; i < args->len; i += SKEP_ROW_STEP) {
		int r = check_role(k, args, first, &args->data[i]);

		if (r < 0)
			return r;
		has |= 1u << role_of(&args->data[i]);
	}
	if (first == args->len)
		return 0;
	if (!(has & (1u << SKEP_SPAN_DURATION | 1u << SKEP_SPAN_START))) {
		skep_diag_error(k->c->diag, loc, "a span lasts, and nothing says how long");
		skep_diag_hint(k->c->diag,
			       "duration: FIELD, or start: the nsecs at which it began");
		return -EINVAL;
	}
	if (!(has & 1u << SKEP_SPAN_PARENT) || has & 1u << SKEP_SPAN_ID)
		return 0;
	skep_diag_error(k->c->diag, loc, "spans with a parent need an id, by which it is found");
	skep_diag_hint(k->c->diag, "such as id: pid, parent: ppid");
	return -EINVAL;
}

/* --- what it comes to ------------------------------------------------------------------------- */

void skep_span_shape(const struct skep_expr_list *args, size_t first, size_t n_fields,
		     struct skep_span_shape *ret_span)
{
	struct skep_span_shape span = { .kind = first < args->len ? SKEP_SPAN_INTERNAL
								  : SKEP_SPAN_NONE };
	size_t hidden = n_fields;

	for (size_t i = first; i < args->len; i += SKEP_ROW_STEP) {
		struct skep_expr *const *role = &args->data[i], *const * field;
		unsigned which = role_of(role);

		if (which == KIND) {
			span.kind = kind_of(text_of(role[2]));
		} else if (skep_span_is_hidden(role)) {
			span.at[which] = (uint32_t)++hidden;
		} else if (!is_field(role)) {
			span.name = text_of(role[2]);
		} else {
			field = find_field(args, first, text_of(role[2]));
			span.at[which] = 1 + (uint32_t)((field - args->data) - SKEP_ROW_FIRST) /
						     SKEP_ROW_STEP;
		}
	}
	*ret_span = span;
}

static bool same(const struct skep_span_shape *a, const struct skep_span_shape *b)
{
	return a->kind == b->kind && memcmp(a->at, b->at, sizeof(a->at)) == 0 &&
	       skep_streq(a->name ? a->name : "", b->name ? b->name : "");
}

/* Two statements of one name, @a in front. */
static int settle(struct skep_compiler *c, struct skep_plan_action *a, struct skep_plan_action *b)
{
	struct skep_plan_action *one = a->schema.span.kind ? a : b, *other = one == a ? b : a;

	if (same(&a->schema.span, &b->schema.span))
		return 0;
	if (!other->schema.span.kind && !one->schema.span.n_hidden) {
		other->schema.span = one->schema.span;
		return 0;
	}
	skep_diag_error(c->diag, other->loc, "'row %s' is another span in line %u", a->schema.name,
			one->loc.line);
	skep_diag_hint(c->diag, "rows of one name are one type: repeat what stands there behind "
				"'as span'");
	return -EINVAL;
}

int skep_span_settle(struct skep_compiler *c)
{
	for (size_t i = 0; i < c->actions.len; i++)
		for (size_t j = 0; j < c->actions.len; j++) {
			struct skep_plan_action *a = &c->actions.data[i], *b = &c->actions.data[j];

			if (i == j || a->kind != SKEP_ACTION_ROW || b->kind != SKEP_ACTION_ROW ||
			    !a->schema.span.kind || !skep_streq(a->schema.name, b->schema.name))
				continue;
			if (settle(c, a, b) < 0)
				return -EINVAL;
		}
	return 0;
}
