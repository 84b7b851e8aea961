/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/getopt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/check_priv.h"
#include "lang/nearest.h"
#include "lang/row.h"
#include "lang/walk.h"

#define LIST_MAX 64 /* numbers of one option */

enum kind {
	KIND_BOOL,
	KIND_INT,
	KIND_TEXT,
};

/* One option, as its first call declares it. */
struct option {
	const char *name, *description;
	enum kind kind;
	int64_t number;	  /* the default, then what was given */
	const char *text; /* likewise; of numbers: several, with commas between them, or NULL */
	struct skep_loc loc;
};

struct resolver {
	struct skep_compiler *c;
	struct {
		SKEP_VEC(struct option);
	} options;
	bool failed;
};

void skep_getopt_split(struct skep_compiler *c)
{
	struct skep_compile_options *own = skep_arena_memdup(c->arena, c->options, sizeof(*own));
	const char **params = skep_arena_calloc(c->arena, own->n_params, sizeof(*params));
	const char **named = skep_arena_calloc(c->arena, own->n_params, sizeof(*named));
	size_t n = 0;

	for (size_t i = 0; i < own->n_params; i++) {
		const char *param = own->params[i];

		if (!skep_has_prefix(param, "--"))
			params[n++] = param;
		else if (param[2])
			named[c->n_named++] = param + 2;
	}
	c->named = named;
	own->params = params;
	own->n_params = n;
	c->options = own;
}

static bool wrong(struct resolver *r, struct skep_loc loc, const char *what, const char *hint)
{
	r->failed = true;
	skep_diag_error(r->c->diag, loc, "%s", what);
	if (hint)
		skep_diag_hint(r->c->diag, "%s", hint);
	return false;
}

/* ---- what the command line says */

static bool parse_bool(const char *text, int64_t *ret)
{
	if (skep_streq(text, "true") || skep_streq(text, "1"))
		*ret = 1;
	else if (skep_streq(text, "false") || skep_streq(text, "0"))
		*ret = 0;
	else
		return false;
	return true;
}

static bool parse_int(const char *text, int64_t *ret)
{
	char *end;
	int64_t value;

	errno = 0;
	value = text[0] == '-' ? strtoll(text, &end, 0) : (int64_t)strtoull(text, &end, 0);
	if (errno || end == text || *end)
		return false;
	*ret = value;
	return true;
}

/* "80,443", which only a comparison can do with. */
static bool parse_list(const char *text, struct option *o)
{
	char number[32];
	unsigned n = 0;

	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");

		if (len >= sizeof(number) || n++ == LIST_MAX)
			return false;
		snprintf(number, sizeof(number), "%.*s", (int)len, p);
		if (!parse_int(number, &o->number))
			return false;
		p += len;
		if (!*p)
			break;
	}
	o->text = n > 1 ? text : NULL;
	return true;
}

/* @value: behind the '=', or NULL. */
static void set_option(struct resolver *r, struct option *o, const char *value)
{
	static const char *const wants[] = {
		[KIND_BOOL] = "true or false, or nothing at all",
		[KIND_INT] = "a number",
		[KIND_TEXT] = "a text",
	};
	bool ok = true;

	if (o->kind == KIND_BOOL) {
		ok = value ? parse_bool(value, &o->number) : true;
		if (!value)
			o->number = 1;
	} else if (!value) {
		ok = false;
	} else if (o->kind == KIND_INT) {
		ok = parse_list(value, o);
	} else {
		o->text = value;
	}
	if (ok)
		return;
	wrong(r, o->loc,
	      skep_arena_printf(r->c->arena, "--%s takes %s%s%s%s", o->name, wants[o->kind],
				value ? ", not '" : "", value ? value : "", value ? "'" : ""),
	      skep_arena_printf(r->c->arena, "on the command line, behind --: --%s=...", o->name));
}

static const char *value_of(const struct resolver *r, const char *name, bool *ret_given)
{
	size_t len = strlen(name);
	const char *value = NULL;

	*ret_given = false;
	for (size_t i = 0; i < r->c->n_named; i++) {
		const char *named = r->c->named[i];

		if (strncmp(named, name, len) != 0 || (named[len] && named[len] != '='))
			continue;
		*ret_given = true;
		value = named[len] ? named + len + 1 : NULL;
	}
	return value;
}

/* ---- calls */

static bool is_literal(struct skep_check *k, const struct skep_expr *e, struct option *o)
{
	const char *text = skep_check_literal(k, e);

	if (e->kind == SKEP_EXPR_STRING && text) {
		o->kind = KIND_TEXT;
		o->text = text;
		return true;
	}
	o->kind = e->kind == SKEP_EXPR_INT && e->num.is_bool ? KIND_BOOL : KIND_INT;
	return skep_check_const(k, e, &o->number);
}

static bool read_call(struct resolver *r, const struct skep_expr *call, struct option *o)
{
	const struct skep_expr_list *args = &call->call.args;
	struct skep_check k = { .c = r->c, .final = true };
	const char *usage = "it is written getopt(\"name\"[, default[, \"description\"]])";

	if (call->kind != SKEP_EXPR_CALL || !args->len || args->len > 3)
		return wrong(r, call->loc,
			     "getopt needs a name, and at most a default and a "
			     "description",
			     usage);
	if (args->data[0]->kind != SKEP_EXPR_STRING || !args->data[0]->text.len ||
	    strcspn(args->data[0]->text.data, "= \t\n") != args->data[0]->text.len)
		return wrong(r, args->data[0]->loc,
			     "the name of an option is a text without blanks", usage);
	o->name = args->data[0]->text.data;
	o->loc = call->loc;
	if (args->len > 1 && !is_literal(&k, args->data[1], o))
		return wrong(r, args->data[1]->loc,
			     "the default of an option must be known when the script is compiled",
			     "numbers, constants, texts, true and false are");
	if (args->len > 2 && args->data[2]->kind != SKEP_EXPR_STRING)
		return wrong(r, args->data[2]->loc, "the description of an option is a text",
			     usage);
	o->description = args->len > 2 ? args->data[2]->text.data : NULL;
	return true;
}

static struct option *find_option(struct resolver *r, const char *name)
{
	for (size_t i = 0; i < r->options.len; i++)
		if (skep_streq(r->options.data[i].name, name))
			return &r->options.data[i];
	return NULL;
}

static const struct option *declare(struct resolver *r, const struct option *o)
{
	struct option *known = find_option(r, o->name);
	const char *value;
	bool given;

	if (known && (known->kind != o->kind)) {
		wrong(r, o->loc,
		      skep_arena_printf(r->c->arena, "option %s has another type at line %u",
					o->name, known->loc.line),
		      "its default says which: a number, a text, true or false");
		return known;
	}
	if (!known) {
		skep_vec_add(&r->options, *o);
		known = &skep_vec_last(&r->options);
		value = value_of(r, o->name, &given);
		if (given)
			set_option(r, known, value);
	}
	if (!known->description)
		known->description = o->description;
	return known;
}

static void become(struct resolver *r, struct skep_expr *e, const struct option *o)
{
	if (o->kind == KIND_INT && o->text)
		wrong(r, e->loc,
		      skep_arena_printf(r->c->arena, "--%s takes one number, not '%s'", o->name,
					o->text),
		      "several do where it is compared by == or !=");
	if (o->kind == KIND_TEXT) {
		e->kind = SKEP_EXPR_STRING;
		e->text.data = o->text;
		e->text.len = strlen(o->text);
		return;
	}
	e->kind = SKEP_EXPR_INT;
	memset(&e->num, 0, sizeof(e->num));
	e->num.value = (uint64_t)o->number;
	e->num.is_bool = o->kind == KIND_BOOL;
	e->num.is_option = true;
}

static bool visit(void *data, struct skep_expr *e);

static bool is_getopt(const struct skep_expr *e)
{
	return e->kind == SKEP_EXPR_CALL && skep_streq(e->call.name, "getopt");
}

static struct skep_expr *compared(struct resolver *r, const struct skep_expr *was, int64_t number)
{
	struct skep_expr *e = skep_arena_memdup(r->c->arena, was, sizeof(*e));
	struct skep_expr **side = is_getopt(e->binary.left) ? &e->binary.left : &e->binary.right;

	*side = skep_arena_memdup(r->c->arena, *side, sizeof(**side));
	become(r, *side, &(struct option){ .kind = KIND_INT, .number = number });
	return e;
}

/* x == getopt("port", 0) with --port=80,443 is x == 80 || x == 443; with != it is neither of them. */
static bool compare_list(struct resolver *r, struct skep_expr *e)
{
	struct skep_expr *side = is_getopt(e->binary.left) ? e->binary.left : e->binary.right,
			 *all = NULL;
	const struct option *known;
	struct option o = {};
	char *end;

	if (!is_getopt(side) || !read_call(r, side, &o) || o.kind != KIND_INT)
		return true;
	known = declare(r, &o);
	for (const char *p = known->text; p; p = *end ? end + 1 : NULL) {
		int64_t number = p[0] == '-' ? strtoll(p, &end, 0) : (int64_t)strtoull(p, &end, 0);
		struct skep_expr *one = compared(r, e, number), *both = one;

		if (all) {
			both = skep_arena_memdup(r->c->arena, e, sizeof(*e));
			both->binary.op =
				e->binary.op == SKEP_BINARY_EQ ? SKEP_BINARY_LOR : SKEP_BINARY_LAND;
			both->binary.left = all;
			both->binary.right = one;
			both->height = all->height + 1;
		}
		all = both;
	}
	if (all)
		*e = *all;
	return true;
}

static bool is_row(const struct skep_expr *e)
{
	return e->kind == SKEP_EXPR_CALL && skep_streq(e->call.name, "row") &&
	       e->call.args.len >= SKEP_ROW_FIRST + SKEP_ROW_STEP;
}

/* Fields whose condition does not hold are left out of the row. */
static void choose_fields(struct resolver *r, struct skep_expr *row)
{
	struct skep_check k = { .c = r->c, .final = true };
	struct skep_expr **args = row->call.args.data;
	size_t n = SKEP_ROW_FIRST;

	for (size_t i = SKEP_ROW_FIRST; i + 2 < row->call.args.len; i += SKEP_ROW_STEP) {
		struct skep_expr *value = args[i + 2];
		int64_t wanted = 1;

		if (value->kind == SKEP_EXPR_TERNARY && value->ternary.comptime &&
		    !value->ternary.no) {
			skep_walk_expr(value->ternary.cond, visit, r);
			if (!skep_check_const(&k, value->ternary.cond, &wanted))
				wrong(r, value->ternary.cond->loc,
				      "whether there is a field must be known when the script is compiled",
				      "getopt(\"name\") is");
			value = value->ternary.yes;
		}
		if (!wanted)
			continue;
		args[n] = args[i];
		args[n + 1] = args[i + 1];
		args[n + 2] = value;
		n += SKEP_ROW_STEP;
	}
	row->call.args.len = n;
}

static bool visit(void *data, struct skep_expr *e)
{
	struct resolver *r = data;
	struct option o = {};

	if (is_row(e))
		choose_fields(r, e);

	if (e->kind == SKEP_EXPR_BINARY &&
	    (e->binary.op == SKEP_BINARY_EQ || e->binary.op == SKEP_BINARY_NE))
		return compare_list(r, e);
	if ((e->kind != SKEP_EXPR_CALL && e->kind != SKEP_EXPR_NAME) ||
	    !skep_streq(e->call.name, "getopt"))
		return true;
	if (read_call(r, e, &o))
		become(r, e, declare(r, &o));
	return false;
}

/* ---- what the script's user is told */

static bool wants_help(const struct resolver *r)
{
	for (size_t i = 0; i < r->c->n_named; i++)
		if (skep_streq(r->c->named[i], "help"))
			return true;
	return false;
}

static void write_help(const struct resolver *r, struct skep_str *out)
{
	static const char *const values[] = {
		[KIND_BOOL] = "", [KIND_INT] = "=NUMBER", [KIND_TEXT] = "=TEXT"
	};

	if (!r->options.len)
		skep_str_add(out, "This script has no options.\n");
	else
		skep_str_add(out, "options of this script, behind --:\n\n");
	for (size_t i = 0; i < r->options.len; i++) {
		const struct option *o = &r->options.data[i];
		size_t start = out->len;

		skep_str_addf(out, "  --%s%s", o->name, values[o->kind]);
		skep_str_pad(out, ' ', out->len - start < 24 ? 24 - (out->len - start) : 1);
		skep_str_addf(out, " %s", o->description ? o->description : "");
		if (o->kind == KIND_INT)
			skep_str_addf(out, "%s(%" PRId64 ")", o->description ? " " : "", o->number);
		else if (o->kind == KIND_TEXT)
			skep_str_addf(out, "%s(\"%s\")", o->description ? " " : "", o->text);
		skep_str_addc(out, '\n');
	}
}

static void check_unknown(struct resolver *r)
{
	for (size_t i = 0; i < r->c->n_named; i++) {
		const char *name = skep_arena_strndup(r->c->arena, r->c->named[i],
						      strcspn(r->c->named[i], "="));
		struct skep_nearest near = { .wanted = name };

		if (find_option(r, name))
			continue;
		for (size_t j = 0; j < r->options.len; j++)
			skep_nearest_add(&near, r->options.data[j].name);
		wrong(r, SKEP_NO_LOC,
		      skep_arena_printf(r->c->arena, "the script has no option --%s", name),
		      near.n ? skep_arena_printf(r->c->arena, "did you mean --%s?",
						 near.best[0].name)
		      : r->options.len
			      ? "--help behind -- lists them"
			      : "options of skep stand in front of the script; the script reads "
				"its own with getopt()");
		skep_nearest_fini(&near);
	}
}

int skep_getopt_resolve(struct skep_compiler *c)
{
	struct resolver r = { .c = c };
	int ret;

	for (size_t i = 0; i < c->script->n_probes; i++) {
		skep_walk_expr(c->script->probes[i]->predicate, visit, &r);
		skep_walk_block(&c->script->probes[i]->body, visit, &r);
	}
	for (size_t i = 0; i < c->script->n_fns; i++)
		skep_walk_block(&c->script->fns[i]->body, visit, &r);
	if (!r.failed && c->options->help && wants_help(&r)) {
		write_help(&r, c->options->help);
		ret = -ECANCELED;
	} else {
		check_unknown(&r);
		ret = r.failed ? -EINVAL : 0;
	}
	skep_vec_fini(&r.options);
	return ret;
}
