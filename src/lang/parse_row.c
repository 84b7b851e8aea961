/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statement that makes a row:
 *
 *	row exec { pid, comm, file: str(args.filename), lat: nsecs - @start[tid] as us }
 *
 * The tree has no node of its own for it. It is a call of the builtin `row` (builtin/row.c), so that whoever walks
 * trees knows it already:
 *
 *	row("exec", "pid", "", pid, "comm", "", comm, "file", "", str(args.filename), "lat", "us", (...) / 1000)
 *
 * A field with `if getopt("name")` behind it is there only with that option (getopt.c). Behind the fields `as span { duration: lat, name: comm, kind: client }` may tell that it lasts (record/schema.h).
 */
#include "lang/expr_text.h"
#include "lang/parse.h"
#include "lang/row.h"

struct row_args {
	SKEP_VEC(struct skep_expr *);
};

/*
 * Times are counted in nanoseconds and sizes in bytes, everywhere in the language: a unit says what the field shall be
 * told in, and the value is divided by what that unit is of the basic one.
 */
static const struct {
	const char *word, *unit;
	uint64_t divide;
} units[] = {
	{ "ns", "ns", 1 },
	{ "us", "us", 1000 },
	{ "ms", "ms", 1000 * 1000 },
	{ "s", "s", 1000 * 1000 * 1000 },
	{ "bytes", "By", 1 },
	{ "KiB", "KiBy", UINT64_C(1) << 10 },
	{ "MiB", "MiBy", UINT64_C(1) << 20 },
	{ "GiB", "GiBy", UINT64_C(1) << 30 },
	{ "percent", "%", 1 },
};

bool skep_parse_at_row(struct skep_parser *p)
{
	struct skep_tok *next;

	if (!skep_parse_at_word(p, "row"))
		return false;
	next = skep_parse_peek(p, 1);
	return next->kind == SKEP_TOK_NAME || next->kind == SKEP_TOK_LBRACE;
}

static void add_text(struct skep_parser *p, struct row_args *args, struct skep_loc loc,
		     const char *text)
{
	struct skep_expr *e = skep_parse_node(p, SKEP_EXPR_STRING, loc);

	e->text.data = text;
	e->text.len = strlen(text);
	e->height = 1;
	skep_vec_add(args, e);
}

/* The unit that is a word; their number when it is none. */
static size_t find_unit(const struct skep_tok *t)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(units) && !skep_tok_is(t, units[i].word))
		i++;
	return i;
}

/* Takes the word of unit @i. */
static struct skep_expr *take_unit(struct skep_parser *p, struct skep_expr *value, size_t i,
				   const char **ret_unit)
{
	struct skep_loc start = value->loc;
	struct skep_expr *e, *number;
	struct skep_tok t = *skep_parse_peek(p, 0);

	skep_parse_take(p);
	*ret_unit = units[i].unit;
	if (units[i].divide == 1)
		return value;
	number = skep_parse_node(p, SKEP_EXPR_INT, t.loc);
	number->num.value = units[i].divide;
	number->height = 1;
	e = skep_parse_node(p, SKEP_EXPR_BINARY, start);
	e->binary.op = SKEP_BINARY_DIV;
	e->binary.left = value;
	e->binary.right = number;
	e->binary.unit = units[i].word;
	skep_parse_on(e, value);
	skep_parse_on(e, number);
	return skep_parse_done(p, e, start);
}

struct skep_expr *skep_parse_unit(struct skep_parser *p, struct skep_expr *value,
				  const char **ret_unit)
{
	size_t i;

	if (!skep_parse_at_word(p, "as"))
		return value;
	skep_parse_take(p);
	i = find_unit(skep_parse_peek(p, 0));
	if (i < ARRAY_SIZE(units))
		return take_unit(p, value, i, ret_unit);
	if (skep_parse_unexpected(p, "a unit behind 'as'"))
		skep_lex_hint(&p->env, "units are ns, us, ms, s, bytes, KiB, MiB, GiB and percent");
	return NULL;
}

/* `as hex`, `as key`, `as total`, which are no units: how bytes are shown, or what a number is. */
static bool accept_as(struct skep_parser *p, const char *word)
{
	if (!skep_parse_at_word(p, "as") || !skep_tok_is(skep_parse_peek(p, 1), word))
		return false;
	skep_parse_take(p);
	skep_parse_take(p);
	return true;
}

/* What stands in the place of a unit; NULL: an error. */
static struct skep_expr *parse_as(struct skep_parser *p, struct skep_expr *value,
				  const char **ret_unit)
{
	static const char *const words[] = { SKEP_ROW_HEX, SKEP_ROW_KEY };
	size_t unit;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!accept_as(p, words[i]))
			continue;
		*ret_unit = words[i];
		return value;
	}
	if (!accept_as(p, "total"))
		return skep_parse_unit(p, value, ret_unit);
	unit = find_unit(skep_parse_peek(p, 0));
	if (unit < ARRAY_SIZE(units))
		value = take_unit(p, value, unit, ret_unit);
	*ret_unit = skep_arena_printf(p->env.arena, "%c%s", SKEP_ROW_TOTAL, *ret_unit);
	return value;
}

/* Among the fields, which end in front of argument @end. */
static bool is_taken(const struct row_args *args, size_t end, const char *name)
{
	for (size_t i = SKEP_ROW_FIRST; i < end; i += SKEP_ROW_STEP)
		if (skep_streq(args->data[i]->text.data, name))
			return true;
	return false;
}

/* `value if getopt("extended")`: without that option there is no such field (getopt.c). */
static struct skep_expr *parse_condition(struct skep_parser *p, struct skep_expr *value)
{
	struct skep_loc start = value->loc;
	struct skep_expr *cond, *e;

	if (!skep_parse_at_word(p, "if"))
		return value;
	skep_parse_take(p);
	cond = skep_parse_expr(p);
	if (!cond)
		return NULL;
	e = skep_parse_node(p, SKEP_EXPR_TERNARY, start);
	e->ternary.cond = cond;
	e->ternary.yes = value;
	e->ternary.comptime = true;
	skep_parse_on(e, value);
	skep_parse_on(e, cond);
	return skep_parse_done(p, e, start);
}

static bool parse_field(struct skep_parser *p, struct row_args *args)
{
	struct skep_tok first = *skep_parse_peek(p, 0);
	const char *name = NULL, *unit = "";
	struct skep_expr *value;

	if (first.kind == SKEP_TOK_NAME && skep_parse_peek(p, 1)->kind == SKEP_TOK_COLON) {
		name = skep_parse_name(p, &first);
		skep_parse_take(p);
		skep_parse_take(p);
	}
	value = skep_parse_expr(p);
	if (!value)
		return false;
	if (!name)
		name = skep_expr_text(p->env.arena, value);
	value = parse_as(p, value, &unit);
	value = value ? parse_condition(p, value) : NULL;
	if (!value)
		return false;
	if (is_taken(args, args->len, name)) {
		if (skep_parse_error(p, first.loc, "the row has a field '%s' already", name))
			skep_lex_hint(&p->env, "give one of them a name: name: expression");
		return false;
	}
	if (args->len >= SKEP_ROW_FIRST + SKEP_ROW_FIELDS_MAX * SKEP_ROW_STEP) {
		if (skep_parse_error(p, first.loc, "a row has at most %d fields",
				     SKEP_ROW_FIELDS_MAX))
			skep_lex_hint(&p->env, "make two kinds of row of it");
		return false;
	}
	add_text(p, args, first.loc, name);
	add_text(p, args, first.loc, unit);
	skep_vec_add(args, value);
	return true;
}

/* `name { field, ... }`; *inside: between its braces, also after an error. */
static bool parse_fields(struct skep_parser *p, struct row_args *args, bool *inside)
{
	struct skep_tok t = *skep_parse_peek(p, 0);

	if (t.kind != SKEP_TOK_NAME) {
		if (skep_parse_error(p, t.loc, "a row needs a name"))
			skep_lex_hint(&p->env, "write: row exec { pid, comm }");
		return false;
	}
	add_text(p, args, t.loc, skep_parse_name(p, &t));
	skep_parse_take(p);
	if (!skep_parse_expect(p, SKEP_TOK_LBRACE, "'{' and the fields of the row"))
		return false;
	*inside = true;
	if (skep_parse_at(p, SKEP_TOK_RBRACE)) {
		if (skep_parse_error(p, t.loc, "a row needs fields"))
			skep_lex_hint(&p->env, "write: row %s { pid, comm, name: expression }",
				      args->data[0]->text.data);
		return false;
	}
	do {
		if (!parse_field(p, args))
			return false;
	} while (skep_parse_accept(p, SKEP_TOK_COMMA) && !skep_parse_at(p, SKEP_TOK_RBRACE));
	if (skep_parse_accept(p, SKEP_TOK_RBRACE))
		return true;
	if (skep_parse_unexpected(p, "',' or '}' behind a field of the row"))
		skep_lex_hint(&p->env, "fields are separated by ','");
	return false;
}

/* Whether the next thing between , and } is one word. */
static bool is_one_word(struct skep_parser *p)
{
	enum skep_tok_kind behind = skep_parse_peek(p, 1)->kind;

	return skep_parse_at(p, SKEP_TOK_NAME) &&
	       (behind == SKEP_TOK_COMMA || behind == SKEP_TOK_RBRACE);
}

static bool parse_role(struct skep_parser *p, struct row_args *args, size_t first)
{
	struct skep_tok t = *skep_parse_peek(p, 0), word;
	const char *role;
	struct skep_expr *value;

	if (t.kind != SKEP_TOK_NAME || skep_parse_peek(p, 1)->kind != SKEP_TOK_COLON) {
		if (skep_parse_unexpected(p, "what the span has, such as duration: FIELD"))
			skep_lex_hint(&p->env, "a span has " SKEP_ROW_ROLES);
		return false;
	}
	role = skep_parse_name(p, &t);
	for (size_t i = first; i < args->len; i += SKEP_ROW_STEP)
		if (skep_streq(args->data[i]->text.data, role)) {
			if (skep_parse_error(p, t.loc, "the span has '%s' already", role))
				skep_lex_hint(&p->env, "take one of them out");
			return false;
		}
	if (args->len - first >= SKEP_ROW_ROLES_MAX * SKEP_ROW_STEP) {
		if (skep_parse_error(p, t.loc, "'%s' is nothing that a span has", role))
			skep_lex_hint(&p->env, "it has " SKEP_ROW_ROLES);
		return false;
	}
	skep_parse_take(p);
	skep_parse_take(p);
	word = *skep_parse_peek(p, 0);
	add_text(p, args, t.loc, role);
	if (is_one_word(p) &&
	    (skep_streq(role, SKEP_ROW_KIND) || is_taken(args, first, skep_parse_name(p, &word)))) {
		add_text(p, args, word.loc, SKEP_ROW_FIELD);
		add_text(p, args, word.loc, skep_parse_name(p, &word));
		skep_parse_take(p);
		return true;
	}
	add_text(p, args, word.loc, SKEP_ROW_VALUE);
	value = skep_parse_expr(p);
	if (value)
		skep_vec_add(args, value);
	return value;
}

/* `as span { role: value, ... }`, when it is there. */
static bool parse_span(struct skep_parser *p, struct row_args *args, bool *inside)
{
	size_t first = args->len;

	*inside = false;
	if (!skep_parse_at_word(p, "as"))
		return true;
	skep_parse_take(p);
	if (!skep_parse_at_word(p, "span")) {
		if (skep_parse_unexpected(p, "'span' behind the row and 'as'"))
			skep_lex_hint(&p->env, "write: as span { duration: FIELD }");
		return false;
	}
	skep_parse_take(p);
	if (!skep_parse_expect(p, SKEP_TOK_LBRACE, "'{' and what the span has"))
		return false;
	*inside = true;
	do {
		if (!parse_role(p, args, first))
			return false;
	} while (skep_parse_accept(p, SKEP_TOK_COMMA) && !skep_parse_at(p, SKEP_TOK_RBRACE));
	if (skep_parse_accept(p, SKEP_TOK_RBRACE))
		return true;
	skep_parse_unexpected(p, "',' or '}' behind what the span has");
	return false;
}

/* After an error: behind the '}' of the row, so that it does not end the block around it. */
static void skip_row(struct skep_parser *p, bool inside)
{
	unsigned braces = inside;

	p->env.quiet = true;
	for (;;) {
		enum skep_tok_kind kind = skep_parse_peek(p, 0)->kind;

		if (kind == SKEP_TOK_END || skep_parse_at_head(p) ||
		    (!braces && (kind == SKEP_TOK_SEMI || kind == SKEP_TOK_RBRACE)))
			break;
		skep_parse_take(p);
		if (kind == SKEP_TOK_LBRACE)
			braces++;
		else if (kind == SKEP_TOK_RBRACE && !--braces)
			break;
	}
	p->env.quiet = p->abort;
}

struct skep_stmt *skep_parse_row(struct skep_parser *p)
{
	struct skep_tok word = skep_parse_take(p);
	struct skep_stmt *s = skep_arena_alloc(p->env.arena, sizeof(*s));
	struct skep_expr *call = skep_parse_node(p, SKEP_EXPR_CALL, word.loc);
	struct row_args args = {};
	bool inside = false, ok = parse_fields(p, &args, &inside) && parse_span(p, &args, &inside);

	*s = (struct skep_stmt){ .kind = SKEP_STMT_BLOCK, .loc = word.loc };
	if (!ok) {
		skip_row(p, inside);
	} else {
		call->call.name = "row";
		call->call.name_loc = word.loc;
		call->call.args.len = args.len;
		call->call.args.data =
			skep_arena_memdup(p->env.arena, args.data, args.len * sizeof(*args.data));
		for (size_t i = 0; i < args.len; i++)
			skep_parse_on(call, args.data[i]);
		call = skep_parse_done(p, call, word.loc);
		s->kind = SKEP_STMT_EXPR;
		s->expr = call;
		s->loc = skep_parse_span(p, word.loc);
	}
	skep_vec_fini(&args);
	skep_parse_accept(p, SKEP_TOK_SEMI);
	p->ended = true;
	return call ? s : NULL;
}
