/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators stand between: literals, names, calls, variables, maps, tuples, blocks; casts and the names of types.
 *
 * Parentheses. `(x)` may be a value, `(x, y)` a tuple, `(x)y` a cast. It is a cast when between the parentheses stand only words of
 * a type and one of these holds: a word says so (struct, union, enum, unsigned, int8, uint64, string, anything_t ...);
 * a '*' ends it, as in (sock *); or a single unknown name is followed, in the same line, by the start of a value, as in (sock)arg0.
 */
#include "base/str.h"
#include "lang/parse.h"

/* ---- types */

static bool is_tag(const struct skep_tok *t)
{
	return skep_tok_is(t, "struct") || skep_tok_is(t, "union") || skep_tok_is(t, "enum");
}

static bool is_qualifier(const struct skep_tok *t)
{
	return skep_tok_is(t, "const") || skep_tok_is(t, "volatile");
}

/* The words of C's own types, which may stand in a row. */
static bool is_c_word(const struct skep_tok *t)
{
	static const char *const words[] = { "unsigned", "signed", "long",   "int",  "short",
					     "char",	 "void",   "double", "float" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (skep_tok_is(t, words[i]))
			return true;
	return false;
}

static bool is_known_type(const struct skep_tok *t)
{
	static const char *const names[] = {
		"int8",	  "int16",  "int32",  "int64",	"uint8",  "uint16",   "uint32", "uint64",
		"u8",	  "u16",    "u32",    "u64",	"s8",	  "s16",      "s32",	"s64",
		"__u8",	  "__u16",  "__u32",  "__u64",	"__s8",	  "__s16",    "__s32",	"__s64",
		"__be16", "__be32", "__be64", "__le16", "__le32", "__le64",   "uint",	"ulong",
		"bool",	  "_Bool",  "string", "buffer", "inet",	  "timestamp"
	};

	if (t->kind != SKEP_TOK_NAME)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_tok_is(t, names[i]))
			return true;
	return is_c_word(t) || (t->len > 2 && !memcmp(t->text + t->len - 2, "_t", 2));
}

static bool is_star(const struct skep_tok *t)
{
	return t->kind == SKEP_TOK_OP && t->op == SKEP_BINARY_MUL;
}

/* A token of the bounded look ahead; END beyond it. */
static const struct skep_tok *ahead(struct skep_parser *p, unsigned i)
{
	static const struct skep_tok end = { .kind = SKEP_TOK_END };

	return i < SKEP_PARSE_AHEAD ? skep_parse_peek(p, i) : &end;
}

/* Moves @i over something that has the shape of a type. @ret_sure: it can be nothing else. */
static bool scan_type(struct skep_parser *p, unsigned *i, bool *ret_sure, bool *ret_array)
{
	*ret_sure = false;
	*ret_array = false;
	while (is_qualifier(ahead(p, *i))) {
		*ret_sure = true;
		++*i;
	}
	if (is_tag(ahead(p, *i))) {
		*ret_sure = true;
		++*i;
	} else if (is_c_word(ahead(p, *i))) {
		*ret_sure = true;
		while (is_c_word(ahead(p, *i + 1)))
			++*i;
	} else if (is_known_type(ahead(p, *i))) {
		*ret_sure = true;
	}
	if (ahead(p, *i)->kind != SKEP_TOK_NAME)
		return false;
	for (++*i; is_star(ahead(p, *i)) || is_qualifier(ahead(p, *i)); ++*i)
		*ret_sure = true;
	while (ahead(p, *i)->kind == SKEP_TOK_LBRACKET) {
		*ret_array = true;
		*i += ahead(p, *i + 1)->kind == SKEP_TOK_INT ? 2 : 1;
		if (ahead(p, *i)->kind != SKEP_TOK_RBRACKET)
			return false;
		++*i;
	}
	return true;
}

static bool starts_value(const struct skep_tok *t)
{
	switch (t->kind) {
	case SKEP_TOK_NAME:
		return !skep_parse_is_keyword(t) && !skep_tok_is(t, "and") && !skep_tok_is(t, "or");
	case SKEP_TOK_INT:
	case SKEP_TOK_STRING:
	case SKEP_TOK_VAR:
	case SKEP_TOK_MAP:
	case SKEP_TOK_PARAM:
	case SKEP_TOK_LPAREN:
	case SKEP_TOK_NOT:
	case SKEP_TOK_BITNOT:
		return true;
	default:
		return false;
	}
}

bool skep_parse_at_cast(struct skep_parser *p)
{
	bool sure, array;
	unsigned i = 1;

	if (!skep_parse_at(p, SKEP_TOK_LPAREN))
		return false;
	if (skep_tok_is(ahead(p, 1), "typeof") && ahead(p, 2)->kind == SKEP_TOK_LPAREN)
		return true;
	if (ahead(p, 1)->kind != SKEP_TOK_NAME || !scan_type(p, &i, &sure, &array))
		return false;
	if (ahead(p, i)->kind != SKEP_TOK_RPAREN)
		return false;
	if (sure)
		return true;
	return !array && skep_parse_peek(p, 0)->off != p->cond_off && !ahead(p, i + 1)->bol &&
	       starts_value(ahead(p, i + 1));
}

static bool parse_dimension(struct skep_parser *p, struct skep_str *out)
{
	skep_parse_take(p);
	if (skep_parse_at(p, SKEP_TOK_INT))
		skep_str_addf(out, "[%llu]", (unsigned long long)skep_parse_take(p).value);
	else
		skep_str_add(out, "[]");
	return skep_parse_expect(p, SKEP_TOK_RBRACKET, "']' behind the number of elements");
}

static bool parse_type_words(struct skep_parser *p, struct skep_str *out)
{
	struct skep_tok *t;

	while (is_qualifier(skep_parse_peek(p, 0)))
		skep_parse_take(p);
	if (is_tag(skep_parse_peek(p, 0))) {
		struct skep_tok tag = skep_parse_take(p);

		skep_str_addn(out, tag.text, tag.len);
		skep_str_addc(out, ' ');
		if (!skep_parse_at(p, SKEP_TOK_NAME)) {
			skep_parse_unexpected(p, "the name of the type");
			return false;
		}
	}
	t = skep_parse_peek(p, 0);
	if (t->kind != SKEP_TOK_NAME || skep_parse_is_keyword(t)) {
		skep_parse_unexpected(p,
				      "a type such as uint64, string[64] or struct task_struct *");
		return false;
	}
	skep_str_addn(out, t->text, t->len);
	while (is_c_word(skep_parse_peek(p, 0)) && is_c_word(skep_parse_peek(p, 1))) {
		skep_parse_take(p);
		t = skep_parse_peek(p, 0);
		skep_str_addc(out, ' ');
		skep_str_addn(out, t->text, t->len);
	}
	skep_parse_take(p);
	return true;
}

bool skep_parse_type(struct skep_parser *p, struct skep_type_name *ret_type)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_loc start = skep_parse_peek(p, 0)->loc;
	bool stars = false;

	*ret_type = (struct skep_type_name){ .loc = start };
	if (skep_parse_at_word(p, "typeof")) {
		skep_parse_take(p);
		if (!skep_parse_expect(p, SKEP_TOK_LPAREN, "'(' behind typeof"))
			return false;
		ret_type->of = skep_parse_expr(p);
		if (!ret_type->of ||
		    !skep_parse_expect(p, SKEP_TOK_RPAREN, "')' behind the value of typeof"))
			return false;
		ret_type->loc = skep_parse_span(p, start);
		return true;
	}
	if (!parse_type_words(p, &out))
		return false;
	while (is_star(skep_parse_peek(p, 0)) || is_qualifier(skep_parse_peek(p, 0))) {
		if (!is_star(skep_parse_peek(p, 0))) {
			skep_parse_take(p);
			continue;
		}
		skep_str_add(&out, stars ? "*" : " *");
		stars = true;
		skep_parse_take(p);
	}
	while (skep_parse_at(p, SKEP_TOK_LBRACKET))
		if (!parse_dimension(p, &out))
			return false;
	ret_type->name = skep_arena_strdup(p->env.arena, out.data);
	ret_type->loc = skep_parse_span(p, start);
	return true;
}

/* ---- sizeof, offsetof */

/* A type for sure: it cannot be an expression. A bare unknown name is one only in offsetof. */
static bool at_type(struct skep_parser *p, bool bare)
{
	bool sure, array;
	unsigned i = 0;

	if (skep_parse_at_word(p, "typeof"))
		return true;
	if (!skep_parse_at(p, SKEP_TOK_NAME) || !scan_type(p, &i, &sure, &array))
		return false;
	return (sure || bare) &&
	       (ahead(p, i)->kind == SKEP_TOK_RPAREN || ahead(p, i)->kind == SKEP_TOK_COMMA);
}

static bool parse_offset_path(struct skep_parser *p, struct skep_expr *e)
{
	struct {
		SKEP_VEC(const char *);
	} path = {};
	bool ok = skep_parse_expect(p, SKEP_TOK_COMMA, "',' and a field");

	while (ok) {
		struct skep_tok t = *skep_parse_peek(p, 0);

		ok = t.kind == SKEP_TOK_NAME;
		if (!ok) {
			skep_parse_unexpected(p, "the name of a field");
			break;
		}
		skep_parse_take(p);
		skep_vec_add(&path, skep_parse_name(p, &t));
		if (!skep_parse_accept(p, SKEP_TOK_DOT))
			break;
	}
	e->layout.n_path = path.len;
	e->layout.path = skep_arena_memdup(p->env.arena, path.data, path.len * sizeof(*path.data));
	skep_vec_fini(&path);
	return ok;
}

static struct skep_expr *parse_layout(struct skep_parser *p, enum skep_expr_kind kind)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_expr *e = skep_parse_node(p, kind, start);

	skep_parse_take(p); /* '(' */
	if (at_type(p, kind == SKEP_EXPR_OFFSETOF)) {
		if (!skep_parse_type(p, &e->layout.of))
			return NULL;
	} else {
		e->layout.expr = skep_parse_expr(p);
		if (!e->layout.expr)
			return NULL;
	}
	if (kind == SKEP_EXPR_OFFSETOF && !parse_offset_path(p, e))
		return NULL;
	if (!skep_parse_expect(p, SKEP_TOK_RPAREN, "')'"))
		return NULL;
	skep_parse_on(e, e->layout.expr);
	skep_parse_on(e, e->layout.of.of);
	return skep_parse_done(p, e, start);
}

/* ---- lists, calls, maps, parentheses */

bool skep_parse_list(struct skep_parser *p, enum skep_tok_kind close, const char *what,
		     struct skep_expr_list *ret_list)
{
	struct {
		SKEP_VEC(struct skep_expr *);
	} list = {};
	bool ok = true;

	while (ok && !(list.len == 0 && skep_parse_at(p, close))) {
		struct skep_expr *e = skep_parse_expr(p);

		ok = e != NULL;
		if (ok)
			skep_vec_add(&list, e);
		if (!ok || !skep_parse_accept(p, SKEP_TOK_COMMA))
			break;
	}
	ret_list->len = list.len;
	ret_list->data = skep_arena_memdup(p->env.arena, list.data, list.len * sizeof(*list.data));
	skep_vec_fini(&list);
	return ok && skep_parse_expect(p, close, what);
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
	const char *what;

	e->call.name = skep_parse_name(p, name);
	e->call.name_loc = name->loc;
	what = skep_arena_printf(p->env.arena,
				 "',' or ')' in the arguments of %s (opened at %u:%u)",
				 e->call.name, open.line, open.col);
	if (!skep_parse_list(p, SKEP_TOK_RPAREN, what, &e->call.args))
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
	if (!skep_parse_list(p, SKEP_TOK_RBRACKET, "',' or ']' behind the key of the map",
			     &e->map.keys))
		return NULL;
	on_list(e, &e->map.keys);
	return skep_parse_done(p, e, t.loc);
}

/* (x = 1, ...): records of later versions, or a comparison that went wrong. */
static struct skep_expr *assign_in_parens(struct skep_parser *p, const struct skep_expr *first)
{
	if (first->kind != SKEP_EXPR_NAME || skep_parse_peek(p, 0)->op != SKEP_BINARY_NONE) {
		skep_parse_unexpected(p, "',' or ')'");
	} else if (skep_parse_error(p, skep_parse_peek(p, 0)->loc,
				    "not supported yet: records (name = value, ...)")) {
		skep_lex_hint(
			&p->env,
			"use a tuple: (value, value), with elements .0 and .1; to compare, write '=='");
	}
	return NULL;
}

static struct skep_expr *parse_parens(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_expr *first, *tuple;
	struct skep_expr_list rest = {};

	if (skep_parse_at(p, SKEP_TOK_RPAREN)) {
		if (skep_parse_unexpected(p, "a value between the parentheses"))
			skep_lex_hint(&p->env, "a tuple has at least two elements: (1, 2)");
		return NULL;
	}
	first = skep_parse_expr(p);
	if (!first)
		return NULL;
	if (skep_parse_at(p, SKEP_TOK_ASSIGN))
		return assign_in_parens(p, first);
	if (!skep_parse_at(p, SKEP_TOK_COMMA)) {
		char *what = skep_arena_printf(p->env.arena, "')' for the '(' at %u:%u", start.line,
					       start.col);

		if (!skep_parse_expect(p, SKEP_TOK_RPAREN, what))
			return NULL;
		return first;
	}
	skep_parse_take(p);
	if (!skep_parse_list(p, SKEP_TOK_RPAREN, "',' or ')' in the tuple", &rest))
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

/*
 * A name from #define stands for the expression in its body, as if it were in parentheses. The body is read with a lexer
 * of its own, so its nodes lie where it was written.
 */
static struct skep_expr *expand(struct skep_parser *p, struct skep_define *d,
				const struct skep_tok *use)
{
	struct skep_tok toks[SKEP_PARSE_AHEAD];
	unsigned n_toks = p->n_toks;
	struct skep_lex lx = p->lx;
	struct skep_loc prev = p->prev;
	size_t index = (size_t)(d - p->env.defines.data);
	bool in_predicate = p->in_predicate;
	struct skep_expr *e = NULL;

	if (d->off == d->end || ++p->expansions > SKEP_PARSE_EXPAND_MAX) {
		skep_parse_error(p, use->loc, "'%.*s' %s", (int)MIN(d->name_len, (size_t)64),
				 d->name,
				 d->off == d->end ? "is defined as nothing, so it has no value"
						  : "is one use of #define too many");
		return NULL;
	}
	memcpy(toks, p->toks, sizeof(toks));
	skep_lex_init(&p->lx, &p->env, lx.text, d->end);
	p->lx.pos = d->off;
	p->lx.line = d->loc.line;
	p->lx.line_start = d->off - (d->loc.col - 1);
	p->lx.bol = false;
	p->n_toks = 0;
	p->in_predicate = false;
	d->busy = true;
	e = skep_parse_expr(p);
	if (e && !skep_parse_expect(p, SKEP_TOK_END, "one expression as the body of #define"))
		e = NULL;
	p->env.defines.data[index].busy = false;
	p->in_predicate = in_predicate;
	p->lx = lx;
	p->n_toks = n_toks;
	memcpy(p->toks, toks, sizeof(toks));
	p->prev = prev;
	return e;
}

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

static struct skep_expr *parse_name(struct skep_parser *p)
{
	struct skep_tok t = *skep_parse_peek(p, 0);
	bool call = skep_parse_peek(p, 1)->kind == SKEP_TOK_LPAREN;
	struct skep_define *d = skep_lex_define(&p->env, t.text, t.len);
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
		return parse_layout(p, SKEP_EXPR_SIZEOF);
	if (call && skep_tok_is(&t, "offsetof"))
		return parse_layout(p, SKEP_EXPR_OFFSETOF);
	skep_parse_take(p);
	if (d && !d->busy)
		return expand(p, d, &t);
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
