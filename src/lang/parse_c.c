/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions as in C, in front of the probes: struct, union, enum, typedef. What a header has besides, such as
 * functions, is not for scripts.
 *
 *	definition   struct NAME { member... } attributes [;]      union, enum likewise
 *	             typedef base declarator, ... ;
 *	declarator   *... NAME [dim]... : bits      (*NAME)(...) is a pointer to nothing that is known
 */
#include "base/str.h"
#include "lang/parse.h"

struct members {
	SKEP_VEC(struct skep_c_member);
};

static bool parse_base(struct skep_parser *p, struct skep_c_type *ret_type);

/* Words that say how a compiler treats something, and mean nothing for where it lies. */
static bool skip_annotation(struct skep_parser *p)
{
	static const char *const words[] = {
		"const",      "volatile", "restrict", "__restrict",    "__kernel",  "__iomem",
		"__rcu",      "__percpu", "__force",  "extern",	       "static",    "inline",
		"__inline__", "register", "_Atomic",  "__extension__", "__bitwise", "__must_check"
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!skep_parse_at_word(p, words[i]))
			continue;
		skep_parse_take(p);
		return true;
	}
	return false;
}

static void skip_parens(struct skep_parser *p)
{
	unsigned depth = 0;

	do {
		struct skep_tok t = skep_parse_take(p);

		depth += t.kind == SKEP_TOK_LPAREN;
		depth -= t.kind == SKEP_TOK_RPAREN;
	} while (depth && !skep_parse_at(p, SKEP_TOK_END));
}

/* One word of __attribute__((...)). */
static bool parse_attribute_word(struct skep_parser *p, struct skep_c_def *def)
{
	struct skep_tok t = skep_parse_take(p);
	bool aligned = skep_tok_is(&t, "aligned") || skep_tok_is(&t, "__aligned__");

	if (def && (skep_tok_is(&t, "packed") || skep_tok_is(&t, "__packed__")))
		def->packed = true;
	if (!skep_parse_at(p, SKEP_TOK_LPAREN))
		return true;
	if (!def || !aligned) {
		skip_parens(p);
		return true;
	}
	skep_parse_take(p);
	def->align = skep_parse_expr(p);
	return def->align && skep_parse_expect(p, SKEP_TOK_RPAREN, "')' behind the alignment");
}

/* Attributes behind a body or a member; those of members (@def NULL) are skipped. */
static bool parse_attributes(struct skep_parser *p, struct skep_c_def *def)
{
	for (;;) {
		if (skep_parse_at_word(p, "__packed")) {
			skep_parse_take(p);
			if (def)
				def->packed = true;
		} else if (skep_parse_at_word(p, "__aligned")) {
			if (!parse_attribute_word(p, def))
				return false;
		} else if (skep_parse_at_word(p, "__attribute__") ||
			   skep_parse_at_word(p, "__attribute")) {
			skep_parse_take(p);
			if (!skep_parse_expect(p, SKEP_TOK_LPAREN, "'((' behind __attribute__") ||
			    !skep_parse_expect(p, SKEP_TOK_LPAREN, "'((' behind __attribute__"))
				return false;
			while (skep_parse_at(p, SKEP_TOK_NAME)) {
				if (!parse_attribute_word(p, def))
					return false;
				if (!skep_parse_accept(p, SKEP_TOK_COMMA))
					break;
			}
			if (!skep_parse_expect(p, SKEP_TOK_RPAREN, "'))'") ||
			    !skep_parse_expect(p, SKEP_TOK_RPAREN, "'))'"))
				return false;
		} else {
			return true;
		}
	}
}

/* ---- declarators */

static bool parse_dims(struct skep_parser *p, struct skep_c_type *type)
{
	struct {
		SKEP_VEC(struct skep_expr *);
	} dims = {};
	bool ok = true;

	while (ok && skep_parse_accept(p, SKEP_TOK_LBRACKET)) {
		struct skep_expr *dim = NULL;

		if (!skep_parse_at(p, SKEP_TOK_RBRACKET)) {
			dim = skep_parse_expr(p);
			ok = dim;
		}
		skep_vec_add(&dims, dim);
		ok = ok &&
		     skep_parse_expect(p, SKEP_TOK_RBRACKET, "']' behind the number of elements");
	}
	type->n_dims = dims.len;
	type->dims = skep_arena_memdup(p->env.arena, dims.data, dims.len * sizeof(*dims.data));
	skep_vec_fini(&dims);
	return ok;
}

/* (*name)(arguments), (*name)[n]: behind the first parenthesis. */
static bool parse_pointer_to(struct skep_parser *p, struct skep_c_type *type, const char **ret_name)
{
	struct skep_tok t;

	skep_parse_take(p);
	if (!skep_parse_at_op(p, SKEP_BINARY_MUL)) {
		skep_parse_unexpected(p, "'*' and the name of a pointer");
		return false;
	}
	while (skep_parse_at_op(p, SKEP_BINARY_MUL) || skip_annotation(p))
		if (skep_parse_at_op(p, SKEP_BINARY_MUL))
			skep_parse_take(p);
	t = *skep_parse_peek(p, 0);
	if (t.kind == SKEP_TOK_NAME) {
		skep_parse_take(p);
		*ret_name = skep_parse_name(p, &t);
	}
	if (!parse_dims(p, type) ||
	    !skep_parse_expect(p, SKEP_TOK_RPAREN, "')' behind the name of the pointer"))
		return false;
	while (skep_parse_at(p, SKEP_TOK_LPAREN))
		skip_parens(p);
	while (skep_parse_accept(p, SKEP_TOK_LBRACKET)) {
		if (!skep_parse_at(p, SKEP_TOK_RBRACKET) && !skep_parse_expr(p))
			return false;
		if (!skep_parse_expect(p, SKEP_TOK_RBRACKET, "']'"))
			return false;
	}
	type->name = "void";
	type->def = NULL;
	type->stars = 1;
	return true;
}

/* What stands behind a base type; *ret_name stays NULL when it has no name. */
static bool parse_declarator(struct skep_parser *p, struct skep_c_type *type, const char **ret_name)
{
	struct skep_tok t;

	for (;;) {
		if (skep_parse_at_word(p, "__user")) {
			type->user = true;
			skep_parse_take(p);
		} else if (skep_parse_at_op(p, SKEP_BINARY_MUL)) {
			skep_parse_take(p);
			type->stars++;
		} else if (!skip_annotation(p)) {
			break;
		}
	}
	if (!parse_attributes(p, NULL))
		return false;
	t = *skep_parse_peek(p, 0);
	if (t.kind == SKEP_TOK_LPAREN)
		return parse_pointer_to(p, type, ret_name);
	if (t.kind == SKEP_TOK_NAME) {
		skep_parse_take(p);
		*ret_name = skep_parse_name(p, &t);
	}
	return parse_dims(p, type);
}

/* ---- members */

static bool parse_member_line(struct skep_parser *p, struct members *list)
{
	struct skep_c_type base = {};

	if (!parse_base(p, &base))
		return false;
	do {
		struct skep_c_member m = { .type = base, .loc = skep_parse_peek(p, 0)->loc };

		if (!parse_declarator(p, &m.type, &m.name))
			return false;
		if (skep_parse_accept(p, SKEP_TOK_COLON)) {
			m.bits = skep_parse_expr(p);
			if (!m.bits)
				return false;
		}
		if (!m.name && !m.bits && !m.type.def) {
			skep_parse_unexpected(p, "the name of a member");
			return false;
		}
		m.loc = skep_parse_span(p, m.name ? m.loc : base.loc);
		if (!parse_attributes(p, NULL))
			return false;
		skep_vec_add(list, m);
	} while (skep_parse_accept(p, SKEP_TOK_COMMA));
	return skep_parse_expect(p, SKEP_TOK_SEMI, "';' behind the member");
}

static bool parse_members(struct skep_parser *p, struct skep_c_def *def)
{
	struct members list = {};
	bool ok = true;

	skep_parse_take(p);
	while (ok && !skep_parse_at(p, SKEP_TOK_RBRACE) && !skep_parse_at(p, SKEP_TOK_END) &&
	       !skep_parse_at_head(p))
		ok = parse_member_line(p, &list);
	def->n_members = list.len;
	def->members = skep_arena_memdup(p->env.arena, list.data, list.len * sizeof(*list.data));
	skep_vec_fini(&list);
	return ok && skep_parse_expect(p, SKEP_TOK_RBRACE, "'}' at the end of the definition");
}

static bool parse_enumerators(struct skep_parser *p, struct skep_c_def *def)
{
	struct {
		SKEP_VEC(struct skep_c_enumerator);
	} list = {};
	bool ok = true;

	skep_parse_take(p);
	while (ok && !skep_parse_at(p, SKEP_TOK_RBRACE)) {
		struct skep_tok t = *skep_parse_peek(p, 0);
		struct skep_c_enumerator e = { .loc = t.loc };

		ok = t.kind == SKEP_TOK_NAME;
		if (!ok) {
			skep_parse_unexpected(p, "the name of a constant");
			break;
		}
		skep_parse_take(p);
		e.name = skep_parse_name(p, &t);
		if (skep_parse_at(p, SKEP_TOK_ASSIGN)) {
			skep_parse_take(p);
			e.value = skep_parse_expr(p);
			ok = e.value;
		}
		skep_vec_add(&list, e);
		if (!ok || !skep_parse_accept(p, SKEP_TOK_COMMA))
			break;
	}
	def->n_enumerators = list.len;
	def->enumerators =
		skep_arena_memdup(p->env.arena, list.data, list.len * sizeof(*list.data));
	skep_vec_fini(&list);
	return ok && skep_parse_expect(p, SKEP_TOK_RBRACE, "',' or '}' behind the constant");
}

/* At struct, union or enum. */
static struct skep_c_def *parse_def(struct skep_parser *p)
{
	struct skep_c_def *def = skep_arena_alloc(p->env.arena, sizeof(*def));
	struct skep_tok word = skep_parse_take(p), t;
	bool ok;

	def->kind = skep_tok_is(&word, "struct")  ? SKEP_C_STRUCT
		    : skep_tok_is(&word, "union") ? SKEP_C_UNION
						  : SKEP_C_ENUM;
	if (!parse_attributes(p, def))
		return NULL;
	t = *skep_parse_peek(p, 0);
	if (t.kind == SKEP_TOK_NAME) {
		skep_parse_take(p);
		def->name = skep_parse_name(p, &t);
	} else if (t.kind != SKEP_TOK_LBRACE) {
		skep_parse_unexpected(p, "a name or '{'");
		return NULL;
	}
	def->loc = skep_parse_span(p, word.loc);
	if (!skep_parse_at(p, SKEP_TOK_LBRACE))
		return def;
	def->has_body = true;
	if (!skep_parse_enter(p))
		return NULL;
	p->c_braces++;
	ok = def->kind == SKEP_C_ENUM ? parse_enumerators(p, def) : parse_members(p, def);
	p->c_braces -= ok;
	p->depth--;
	return ok && parse_attributes(p, def) ? def : NULL;
}

/* The type in front of declarators: words, or a definition. */
static bool parse_base(struct skep_parser *p, struct skep_c_type *ret_type)
{
	struct skep_c_type type = { .loc = skep_parse_peek(p, 0)->loc };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	while (skip_annotation(p))
		;
	if (skep_parse_at_word(p, "struct") || skep_parse_at_word(p, "union") ||
	    skep_parse_at_word(p, "enum")) {
		struct skep_c_def *def = parse_def(p);

		if (!def)
			return false;
		type.loc = def->loc;
		if (def->has_body) {
			type.def = def;
		} else {
			static const char *const tags[] = { "struct", "union", "enum" };

			type.name = skep_arena_printf(p->env.arena, "%s %s", tags[def->kind],
						      def->name);
		}
	} else {
		if (!skep_parse_type_words(p, &out))
			return false;
		type.name = skep_arena_strdup(p->env.arena, skep_str_text(&out));
		type.loc = skep_parse_span(p, type.loc);
	}
	while (skip_annotation(p))
		;
	*ret_type = type;
	return true;
}

/* ---- the top */

static void add_def(struct skep_parser *p, struct skep_c_def *def)
{
	skep_vec_add(&p->defs, def);
	if (def->kind == SKEP_C_TYPEDEF)
		skep_hash_set_str(&p->type_names, def->name, def);
}

static bool parse_typedef(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_c_type base;

	if (!parse_base(p, &base))
		return false;
	if (base.def)
		skep_vec_add(&p->defs, base.def);
	do {
		struct skep_c_def *def = skep_arena_alloc(p->env.arena, sizeof(*def));

		def->kind = SKEP_C_TYPEDEF;
		def->has_body = true;
		def->type = base;
		if (!parse_declarator(p, &def->type, &def->name))
			return false;
		if (!def->name) {
			skep_parse_unexpected(p, "the name of the new type");
			return false;
		}
		/* typedef int f(int): a function that only pointers can lead to. */
		if (skep_parse_at(p, SKEP_TOK_LPAREN)) {
			skip_parens(p);
			def->type = (struct skep_c_type){ .name = "void", .loc = base.loc };
		}
		def->loc = skep_parse_span(p, start);
		if (!parse_attributes(p, NULL))
			return false;
		add_def(p, def);
	} while (skep_parse_accept(p, SKEP_TOK_COMMA));
	return skep_parse_expect(p, SKEP_TOK_SEMI, "';' behind the typedef");
}

/* Whether the name behind a definition is that of a variable or function of C, not the beginning of what comes next. */
static bool is_variable(struct skep_parser *p)
{
	switch (skep_parse_peek(p, 1)->kind) {
	case SKEP_TOK_SEMI:
	case SKEP_TOK_COMMA:
	case SKEP_TOK_LBRACKET:
	case SKEP_TOK_LPAREN:
		return true;
	case SKEP_TOK_ASSIGN:
		return !skep_parse_at_word(p, "config");
	default:
		return false;
	}
}

static bool reject_variable(struct skep_parser *p, const struct skep_c_def *def)
{
	struct skep_tok *t = skep_parse_peek(p, 0);

	if (skep_parse_error(p, t->loc, "not supported: variables and functions of C"))
		skep_lex_hint(&p->env,
			      "only types are defined here: close the definition of %s "
			      "with '};'; values that last are maps: @name",
			      def->name ? def->name : "this type");
	return false;
}

bool skep_parse_c(struct skep_parser *p)
{
	struct skep_c_def *def;
	struct skep_tok *t;

	if (skep_parse_at_word(p, "typedef"))
		return parse_typedef(p);
	def = parse_def(p);
	if (!def)
		return false;
	if (skep_parse_accept(p, SKEP_TOK_SEMI)) {
		add_def(p, def);
		return true;
	}
	t = skep_parse_peek(p, 0);
	if (!def->has_body) {
		if (skep_parse_unexpected(p, "'{' or ';' behind the name of the type"))
			skep_lex_hint(&p->env, "a struct of the kernel needs no definition here");
		return false;
	}
	/* Scripts may leave the ';' out. */
	if (t->kind == SKEP_TOK_OP || (t->kind == SKEP_TOK_NAME && is_variable(p)))
		return reject_variable(p, def);
	add_def(p, def);
	return true;
}
