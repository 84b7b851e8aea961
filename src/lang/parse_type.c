/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of types: casts, let, sizeof and offsetof.
 *
 * Parentheses. `(x)` may be a value, `(x, y)` a tuple, `(x)y` a cast. It is a cast when between the
 * parentheses stand only words of a type and one of these holds:
 *
 *	a word says so		struct, union, enum, unsigned, int8, uint64, string, anything_t ...
 *	a '*' ends it		(sock *)arg0
 *	an unknown name		(sock)arg0, with the start of a value behind it in the same line
 */
#include "base/str.h"
#include "lang/parse.h"

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

static bool is_known_type(struct skep_parser *p, const struct skep_tok *t)
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
	if (skep_hash_get(&p->type_names, t->text, t->len))
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
		while (is_c_word(ahead(p, *i + 1)) || is_qualifier(ahead(p, *i + 1)))
			++*i;
	} else if (is_known_type(p, ahead(p, *i))) {
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

bool skep_parse_starts_value(const struct skep_tok *t)
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
	if (is_tag(ahead(p, 1)) || is_qualifier(ahead(p, 1)))
		return true;
	if (ahead(p, 1)->kind != SKEP_TOK_NAME || !scan_type(p, &i, &sure, &array))
		return false;
	if (ahead(p, i)->kind != SKEP_TOK_RPAREN)
		return false;
	if (sure)
		return true;
	return !array && skep_parse_peek(p, 0)->off != p->cond_off && !ahead(p, i + 1)->bol &&
	       skep_parse_starts_value(ahead(p, i + 1));
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

/* C's own words come in any order: "int unsigned long" is "unsigned long". */
static void parse_c_words(struct skep_parser *p, struct skep_str *out)
{
	unsigned n_long = 0;
	const char *base = "int", *sign = "";

	while (is_c_word(skep_parse_peek(p, 0)) || is_qualifier(skep_parse_peek(p, 0))) {
		struct skep_tok t = skep_parse_take(p);

		if (skep_tok_is(&t, "unsigned"))
			sign = "unsigned ";
		else if (skep_tok_is(&t, "signed"))
			sign = "signed ";
		else if (skep_tok_is(&t, "long"))
			n_long++;
		else if (!skep_tok_is(&t, "int") && !is_qualifier(&t))
			base = skep_parse_name(p, &t);
	}
	if (skep_streq(sign, "signed ") && !skep_streq(base, "char"))
		sign = "";
	if (n_long && skep_streq(base, "int"))
		base = n_long > 1 ? "long long" : "long";
	else if (n_long && skep_streq(base, "double"))
		base = "long double";
	skep_str_addf(out, "%s%s", sign, base);
}

bool skep_parse_type_words(struct skep_parser *p, struct skep_str *out)
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
	if (is_c_word(t)) {
		parse_c_words(p, out);
		return true;
	}
	skep_str_addn(out, t->text, t->len);
	skep_parse_take(p);
	return true;
}

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

/* (type, type): of a tuple. */
static bool parse_tuple_type(struct skep_parser *p, struct skep_type_name *ret_type)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_loc start = skep_parse_take(p).loc;
	bool ok = skep_parse_enter(p);

	if (!ok)
		return false;
	skep_str_addc(&out, '(');
	while (ok) {
		struct skep_type_name elem;

		ok = skep_parse_type(p, &elem);
		if (ok && !elem.name) {
			ok = false;
			if (skep_parse_error(p, elem.loc,
					     "typeof cannot be part of a tuple's type"))
				skep_lex_hint(&p->env,
					      "leave the type out: it is that of the value");
		}
		if (ok)
			skep_str_add(&out, elem.name);
		if (!ok || !skep_parse_accept(p, SKEP_TOK_COMMA))
			break;
		skep_str_addc(&out, ',');
	}
	p->depth--;
	if (!ok || !skep_parse_expect(p, SKEP_TOK_RPAREN, "',' or ')' in the tuple's type"))
		return false;
	skep_str_addc(&out, ')');
	ret_type->name = skep_arena_strdup(p->env.arena, out.data);
	ret_type->loc = skep_parse_span(p, start);
	return true;
}

bool skep_parse_type(struct skep_parser *p, struct skep_type_name *ret_type)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_loc start = skep_parse_peek(p, 0)->loc;
	bool stars = false;

	*ret_type = (struct skep_type_name){ .loc = start };
	if (skep_parse_at(p, SKEP_TOK_LPAREN))
		return parse_tuple_type(p, ret_type);
	if (skep_parse_at_word(p, "typeof")) {
		skep_parse_take(p);
		if (!skep_parse_expect(p, SKEP_TOK_LPAREN, "'(' behind typeof"))
			return false;
		if (at_type(p, false)) {
			if (!skep_parse_type(p, ret_type))
				return false;
		} else {
			ret_type->of = skep_parse_expr(p);
		}
		if ((!ret_type->of && !ret_type->name) ||
		    !skep_parse_expect(p, SKEP_TOK_RPAREN, "')' behind the value of typeof"))
			return false;
		ret_type->loc = skep_parse_span(p, start);
		return true;
	}
	if (!skep_parse_type_words(p, &out))
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

struct skep_expr *skep_parse_layout(struct skep_parser *p, enum skep_expr_kind kind)
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

/* ---- container_of, typeinfo */

static struct skep_type_name pointer_to(struct skep_parser *p, const char *name,
					struct skep_loc loc)
{
	return (struct skep_type_name){
		.name = skep_arena_printf(p->env.arena, "%s *", name),
		.loc = loc,
	};
}

static struct skep_expr *cast(struct skep_parser *p, struct skep_type_name to,
			      struct skep_expr *value, struct skep_loc start)
{
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_CAST, start);

	e->cast.to = to;
	e->cast.value = value;
	skep_parse_on(e, value);
	return skep_parse_done(p, e, start);
}

/* (type *)((int8 *)pointer - offsetof(type, member)) */
struct skep_expr *skep_parse_container_of(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_expr *value, *offset, *less;

	skep_parse_take(p); /* '(' */
	value = skep_parse_expr(p);
	if (!value || !skep_parse_expect(p, SKEP_TOK_COMMA, "',' and a type"))
		return NULL;
	offset = skep_parse_node(p, SKEP_EXPR_OFFSETOF, start);
	if (!skep_parse_type(p, &offset->layout.of))
		return NULL;
	if (!offset->layout.of.name) {
		if (skep_parse_error(p, offset->layout.of.loc,
				     "container_of wants the name of a type"))
			skep_lex_hint(&p->env,
				      "such as container_of(pointer, struct task_struct, tasks)");
		return NULL;
	}
	if (!parse_offset_path(p, offset) || !skep_parse_expect(p, SKEP_TOK_RPAREN, "')'"))
		return NULL;
	offset = skep_parse_done(p, offset, start);
	less = skep_parse_node(p, SKEP_EXPR_BINARY, start);
	less->binary.op = SKEP_BINARY_SUB;
	less->binary.left = cast(p, pointer_to(p, "int8", value->loc), value, start);
	less->binary.right = offset;
	skep_parse_on(less, less->binary.left);
	skep_parse_on(less, offset);
	less = skep_parse_done(p, less, start);
	return cast(p, pointer_to(p, offset->layout.of.name, offset->layout.of.loc), less, start);
}

/* A type stands for a value of it: what a pointer to it points to. */
static struct skep_expr *value_of_type(struct skep_parser *p)
{
	struct skep_type_name type;
	struct skep_expr *value, *zero;

	if (!skep_parse_type(p, &type))
		return NULL;
	if (!type.name)
		return type.of;
	zero = skep_parse_done(p, skep_parse_node(p, SKEP_EXPR_INT, type.loc), type.loc);
	value = skep_parse_node(p, SKEP_EXPR_UNARY, type.loc);
	value->unary.op = SKEP_UNARY_DEREF;
	value->unary.operand = cast(p, pointer_to(p, type.name, type.loc), zero, type.loc);
	skep_parse_on(value, value->unary.operand);
	return skep_parse_done(p, value, type.loc);
}

struct skep_expr *skep_parse_typeinfo(struct skep_parser *p)
{
	struct skep_tok word = skep_parse_take(p);
	struct skep_expr *call = skep_parse_node(p, SKEP_EXPR_CALL, word.loc), *value;

	skep_parse_take(p); /* '(' */
	value = at_type(p, false) ? value_of_type(p) : skep_parse_expr(p);
	if (!value || !skep_parse_expect(p, SKEP_TOK_RPAREN, "')'"))
		return NULL;
	call->call.name = skep_parse_name(p, &word);
	call->call.name_loc = word.loc;
	call->call.args.data = skep_arena_memdup(p->env.arena, &value, sizeof(value));
	call->call.args.len = 1;
	skep_parse_on(call, value);
	return skep_parse_done(p, call, word.loc);
}
