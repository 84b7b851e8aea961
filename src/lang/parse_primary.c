/* SPDX-License-Identifier: Apache-2.0 */
/* What operators stand between: literals, names, calls, variables, maps, tuples, blocks. */
#include "lang/builtin.h"
#include "lang/parse.h"

/* ---- lists, calls, maps, parentheses */

bool skep_parse_list(struct skep_parser *p, enum skep_tok_kind close, const char *what,
		     const char **unit, struct skep_expr_list *ret_list)
{
	struct {
		SKEP_VEC(struct skep_expr *);
	} list = {};
	bool ok = true;

	while (ok && !(list.len == 0 && skep_parse_at(p, close))) {
		struct skep_expr *e;

		p->arg_block = close == SKEP_TOK_RPAREN && skep_parse_at(p, SKEP_TOK_LBRACE);
		e = skep_parse_expr(p);
		p->arg_block = false;
		if (e && unit && list.len == 0)
			e = skep_parse_unit(p, e, unit);
		ok = e != NULL;
		if (ok)
			skep_vec_add(&list, e);
		if (!ok || !skep_parse_accept(p, SKEP_TOK_COMMA))
			break;
	}
	ret_list->len = list.len;
	ret_list->data = skep_arena_memdup(p->env.arena, list.data, list.len * sizeof(*list.data));
	skep_vec_fini(&list);
	if (!ok || skep_parse_accept(p, close))
		return ok;
	if (skep_parse_unexpected(p, what) && skep_parse_starts_value(skep_parse_peek(p, 0)))
		skep_lex_hint(&p->env, "values in a list are separated by ','");
	return false;
}

static void on_list(struct skep_expr *e, const struct skep_expr_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		skep_parse_on(e, list->data[i]);
}

/* At the '(' of a call. */
static struct skep_expr *parse_call(struct skep_parser *p, const struct skep_tok *name)
{
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_CALL, name->loc);
	struct skep_loc open = skep_parse_take(p).loc;
	const struct skep_builtin *builtin;
	const char *what;

	e->call.name = skep_parse_name(p, name);
	e->call.name_loc = name->loc;
	what = skep_arena_printf(p->env.arena,
				 "',' or ')' in the arguments of %s (opened at %u:%u)",
				 e->call.name, open.line, open.col);
	builtin = skep_builtin_find(e->call.name);
	if (!skep_parse_list(p, SKEP_TOK_RPAREN, what,
			     builtin && builtin->flags & SKEP_BUILTIN_AGG ? &e->call.unit : NULL,
			     &e->call.args))
		return NULL;
	on_list(e, &e->call.args);
	return skep_parse_done(p, e, name->loc);
}

static struct skep_expr *parse_map(struct skep_parser *p)
{
	struct skep_tok t = skep_parse_take(p);
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_MAP, t.loc);
	struct skep_tok *open = skep_parse_peek(p, 0);

	e->map.name = skep_parse_name(p, &t);
	if (open->kind != SKEP_TOK_LBRACKET)
		return skep_parse_done(p, e, t.loc);
	skep_parse_take(p);
	e->map.has_keys = true;
	if (skep_parse_at(p, SKEP_TOK_RBRACKET)) {
		if (skep_parse_error(p, skep_parse_span(p, t.loc),
				     "a key is missing between the brackets"))
			skep_lex_hint(&p->env,
				      "write @%s[key], or @%s for a map with a single value",
				      e->map.name, e->map.name);
		return NULL;
	}
	if (!skep_parse_list(p, SKEP_TOK_RBRACKET, "',' or ']' behind the key of the map", NULL,
			     &e->map.keys))
		return NULL;
	on_list(e, &e->map.keys);
	return skep_parse_done(p, e, t.loc);
}

struct record {
	struct {
		SKEP_VEC(struct skep_expr *);
	} values;
	struct {
		SKEP_VEC(const char *);
	} names;
};

/* At the '=' behind a name. */
static bool parse_record_field(struct skep_parser *p, struct record *r, const struct skep_tok *name)
{
	struct skep_expr *value;

	for (size_t i = 0; i < r->names.len; i++) {
		if (strlen(r->names.data[i]) != name->len ||
		    memcmp(r->names.data[i], name->text, name->len) != 0)
			continue;
		if (skep_parse_error(p, name->loc, "two fields are called '%s'", r->names.data[i]))
			skep_lex_hint(&p->env, "take another name for one of them");
		return false;
	}
	skep_parse_take(p);
	value = skep_parse_expr(p);
	if (!value)
		return false;
	skep_vec_add(&r->values, value);
	skep_vec_add(&r->names, skep_parse_name(p, name));
	return true;
}

static bool parse_record_fields(struct skep_parser *p, struct record *r,
				const struct skep_tok *first)
{
	if (!parse_record_field(p, r, first))
		return false;
	while (skep_parse_accept(p, SKEP_TOK_COMMA) && !skep_parse_at(p, SKEP_TOK_RPAREN)) {
		struct skep_tok t = *skep_parse_peek(p, 0);

		if (t.kind != SKEP_TOK_NAME) {
			if (skep_parse_unexpected(p, "the name of a field"))
				skep_lex_hint(&p->env, "a record names all of its fields: (x = 1, "
						       "y = 2); a tuple names none");
			return false;
		}
		skep_parse_take(p);
		if (!skep_parse_at(p, SKEP_TOK_ASSIGN) ||
		    skep_parse_peek(p, 0)->op != SKEP_BINARY_NONE) {
			skep_parse_unexpected(p, "'=' behind the name of a field");
			return false;
		}
		if (!parse_record_field(p, r, &t))
			return false;
	}
	return skep_parse_expect(p, SKEP_TOK_RPAREN, "',' or ')' in the record");
}

/* (x = 1, y = 2), at the first '='. In a condition `(pid = 1)` is a comparison that went wrong. */
static struct skep_expr *parse_record(struct skep_parser *p, const struct skep_tok *name,
				      struct skep_loc start, bool condition)
{
	struct skep_loc assign = skep_parse_peek(p, 0)->loc;
	struct skep_expr *e = NULL;
	struct record r = {};

	if (name->kind != SKEP_TOK_NAME || skep_parse_peek(p, 0)->op != SKEP_BINARY_NONE) {
		skep_parse_unexpected(p, "',' or ')'");
	} else if (parse_record_fields(p, &r, name)) {
		e = skep_parse_node(p, SKEP_EXPR_TUPLE, start);
		e->tuple.len = r.values.len;
		e->tuple.data = skep_arena_memdup(p->env.arena, r.values.data,
						  r.values.len * sizeof(*r.values.data));
		e->tuple_names = skep_arena_memdup(p->env.arena, r.names.data,
						   r.names.len * sizeof(*r.names.data));
		on_list(e, &e->tuple);
		e = skep_parse_done(p, e, start);
	}
	skep_vec_fini(&r.values);
	skep_vec_fini(&r.names);
	if (!e || !condition || e->tuple.len > 1)
		return e;
	if (skep_parse_error(p, assign, "'=' assigns, and this is no place for it"))
		skep_lex_hint(&p->env, "to compare, write '=='");
	return NULL;
}

static struct skep_expr *parse_parens(struct skep_parser *p)
{
	bool condition = skep_parse_peek(p, 0)->off == p->cond_off || p->condition;
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_tok name = *skep_parse_peek(p, 0);
	struct skep_expr *first, *tuple;
	struct skep_expr_list rest = {};

	p->condition = false;
	/* (): no value. */
	if (skep_parse_at(p, SKEP_TOK_RPAREN)) {
		skep_parse_take(p);
		return skep_parse_done(p, skep_parse_node(p, SKEP_EXPR_TUPLE, start), start);
	}
	first = skep_parse_expr(p);
	if (!first)
		return NULL;
	if (skep_parse_at(p, SKEP_TOK_ASSIGN) && first->kind == SKEP_EXPR_NAME)
		return parse_record(p, &name, start, condition);
	if (!skep_parse_at(p, SKEP_TOK_COMMA)) {
		char *what = skep_arena_printf(p->env.arena, "')' for the '(' at %u:%u", start.line,
					       start.col);

		if (!skep_parse_expect(p, SKEP_TOK_RPAREN, what))
			return NULL;
		return first;
	}
	skep_parse_take(p);
	if (!skep_parse_list(p, SKEP_TOK_RPAREN, "',' or ')' in the tuple", NULL, &rest))
		return NULL;
	tuple = skep_parse_node(p, SKEP_EXPR_TUPLE, start);
	tuple->tuple.len = rest.len + 1;
	tuple->tuple.data = skep_arena_calloc(p->env.arena, rest.len + 1, sizeof(*rest.data));
	tuple->tuple.data[0] = first;
	if (rest.len)
		memcpy(tuple->tuple.data + 1, rest.data, rest.len * sizeof(*rest.data));
	on_list(tuple, &tuple->tuple);
	return skep_parse_done(p, tuple, start);
}

/* ---- names */

static struct skep_expr *parse_literal(struct skep_parser *p)
{
	struct skep_tok t = skep_parse_take(p);
	struct skep_expr *e;

	if (t.kind == SKEP_TOK_STRING) {
		e = skep_parse_node(p, SKEP_EXPR_STRING, t.loc);
		e->text.data = t.text;
		e->text.len = t.len;
	} else if (t.kind == SKEP_TOK_PARAM) {
		e = skep_parse_node(p, SKEP_EXPR_PARAM, t.loc);
		e->param.index = (unsigned)t.value;
	} else if (t.kind == SKEP_TOK_VAR) {
		e = skep_parse_node(p, SKEP_EXPR_VAR, t.loc);
		e->var.name = skep_parse_name(p, &t);
	} else {
		e = skep_parse_node(p, SKEP_EXPR_INT, t.loc);
		e->num.is_bool = t.kind == SKEP_TOK_NAME;
		e->num.value = e->num.is_bool ? t.len == strlen("true") : t.value;
		e->num.is_unsigned = t.is_unsigned;
	}
	return skep_parse_done(p, e, t.loc);
}

static bool begins_value(const struct skep_tok *t)
{
	switch (t->kind) {
	case SKEP_TOK_INT:
	case SKEP_TOK_STRING:
	case SKEP_TOK_VAR:
	case SKEP_TOK_PARAM:
		return true;
	case SKEP_TOK_NAME:
		return !skep_parse_is_keyword(t);
	default:
		return false;
	}
}

/* comptime value: as the call comptime(value). */
static struct skep_expr *parse_comptime(struct skep_parser *p)
{
	struct skep_tok t = skep_parse_take(p);
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_CALL, t.loc);
	struct skep_expr *value = skep_parse_primary(p);

	if (!value)
		return NULL;
	e->call.name = skep_parse_name(p, &t);
	e->call.name_loc = t.loc;
	e->call.args.data = skep_arena_memdup(p->env.arena, &value, sizeof(value));
	e->call.args.len = 1;
	skep_parse_on(e, value);
	return skep_parse_done(p, e, t.loc);
}

static struct skep_expr *parse_name(struct skep_parser *p)
{
	struct skep_tok t = *skep_parse_peek(p, 0);
	bool call = skep_parse_peek(p, 1)->kind == SKEP_TOK_LPAREN;
	struct skep_expr *e;

	if (skep_tok_is(&t, "true") || skep_tok_is(&t, "false"))
		return parse_literal(p);
	if (skep_tok_is(&t, "if"))
		return skep_parse_if_value(p);
	if (skep_parse_is_keyword(&t)) {
		skep_parse_unexpected(p, "a value");
		return NULL;
	}
	if (call && skep_tok_is(&t, "sizeof"))
		return skep_parse_layout(p, SKEP_EXPR_SIZEOF);
	if (call && skep_tok_is(&t, "offsetof"))
		return skep_parse_layout(p, SKEP_EXPR_OFFSETOF);
	if (call && skep_tok_is(&t, "container_of"))
		return skep_parse_container_of(p);
	if (call && skep_tok_is(&t, "typeinfo"))
		return skep_parse_typeinfo(p);
	if (!call && skep_tok_is(&t, "comptime") && begins_value(skep_parse_peek(p, 1)))
		return parse_comptime(p);
	skep_parse_take(p);
	if (call)
		return parse_call(p, &t);
	e = skep_parse_node(p, SKEP_EXPR_NAME, t.loc);
	e->call.name = skep_parse_name(p, &t);
	e->call.name_loc = t.loc;
	return skep_parse_done(p, e, t.loc);
}

struct skep_expr *skep_parse_primary(struct skep_parser *p)
{
	bool outer = p->in_predicate;
	struct skep_expr *e = NULL;

	p->condition = outer;
	p->in_predicate = false;
	switch (skep_parse_peek(p, 0)->kind) {
	case SKEP_TOK_INT:
	case SKEP_TOK_STRING:
	case SKEP_TOK_VAR:
	case SKEP_TOK_PARAM:
		e = parse_literal(p);
		break;
	case SKEP_TOK_NAME:
		e = parse_name(p);
		break;
	case SKEP_TOK_MAP:
		e = parse_map(p);
		break;
	case SKEP_TOK_LPAREN:
		e = parse_parens(p);
		break;
	case SKEP_TOK_LBRACE:
		e = skep_parse_block_value(p);
		break;
	default:
		skep_parse_unexpected(p, "a value");
		break;
	}
	p->in_predicate = outer;
	return e;
}
