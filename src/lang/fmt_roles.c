/* SPDX-License-Identifier: Apache-2.0 */
/* What a piece is, where its token alone does not say it: is this star a product, a pointer or a look behind one? */
#include "lang/fmt_priv.h"

/* Words behind which an operand starts. */
static const char *const openers[] = { "return", "if",	     "while", "for", "unroll",
				       "else",	 "comptime", "in",    "as",  NULL };
static const char *const types[] = { "int8",   "int16",	 "int32", "int64",    "uint8",	"uint16",
				     "uint32", "uint64", "u8",	  "u16",      "u32",	"u64",
				     "s8",     "s16",	 "s32",	  "s64",      "char",	"bool",
				     "void",   "int",	 "long",  "short",    "size_t", "string",
				     "struct", "union",	 "enum",  "unsigned", "signed", "const",
				     NULL };
static const char *const definitions[] = { "struct", "union", "enum", "typedef", NULL };

bool fmt_is_word(const struct fmt *f, size_t i, const char *word)
{
	const struct fmt_piece *p;

	if (!fmt_is(f, i, SKEP_TOK_NAME))
		return false;
	p = &f->pieces.data[i];
	return p->end - p->off == strlen(word) && !memcmp(f->text + p->off, word, p->end - p->off);
}

bool fmt_is_any(const struct fmt *f, size_t i, const char *const *words)
{
	for (; *words; words++)
		if (fmt_is_word(f, i, *words))
			return true;
	return false;
}

size_t fmt_next(const struct fmt *f, size_t i)
{
	for (; i < f->pieces.len; i++)
		if (f->pieces.data[i].kind == FMT_TOKEN || f->pieces.data[i].kind == FMT_POINT)
			return i;
	return SIZE_MAX;
}

size_t fmt_prev(const struct fmt *f, size_t i)
{
	while (i-- > 0)
		if (f->pieces.data[i].kind == FMT_TOKEN || f->pieces.data[i].kind == FMT_POINT)
			return i;
	return SIZE_MAX;
}

static bool is_op(const struct fmt *f, size_t i, enum skep_binary op)
{
	return fmt_is(f, i, SKEP_TOK_OP) && f->pieces.data[i].op == op;
}

/* A value may end with this piece. */
static bool ends_value(const struct fmt *f, size_t i)
{
	const struct fmt_piece *p;

	if (i == SIZE_MAX || f->pieces.data[i].kind != FMT_TOKEN)
		return false;
	p = &f->pieces.data[i];
	switch (p->tok) {
	case SKEP_TOK_NAME:
		return !fmt_is_any(f, i, openers);
	case SKEP_TOK_INT:
	case SKEP_TOK_STRING:
	case SKEP_TOK_VAR:
	case SKEP_TOK_MAP:
	case SKEP_TOK_PARAM:
	case SKEP_TOK_RBRACKET:
		return true;
	case SKEP_TOK_RPAREN:
		return p->role != FMT_CAST;
	case SKEP_TOK_INC:
	case SKEP_TOK_DEC:
		return p->role == FMT_POSTFIX;
	default:
		return false;
	}
}

/* A value may start with this piece, and nothing else that could follow a value does. */
static bool starts_value(const struct fmt *f, size_t i)
{
	return fmt_is(f, i, SKEP_TOK_NAME) || fmt_is(f, i, SKEP_TOK_INT) ||
	       fmt_is(f, i, SKEP_TOK_STRING) || fmt_is(f, i, SKEP_TOK_VAR) ||
	       fmt_is(f, i, SKEP_TOK_MAP) || fmt_is(f, i, SKEP_TOK_PARAM) ||
	       fmt_is(f, i, SKEP_TOK_LPAREN) || fmt_is(f, i, SKEP_TOK_NOT) ||
	       fmt_is(f, i, SKEP_TOK_BITNOT);
}

/* `*` of a type: nothing that could be multiplied follows. */
static bool is_pointer(const struct fmt *f, size_t i)
{
	do
		i = fmt_next(f, i + 1);
	while (is_op(f, i, SKEP_BINARY_MUL));
	return fmt_is(f, i, SKEP_TOK_RPAREN) || fmt_is(f, i, SKEP_TOK_COMMA) ||
	       fmt_is(f, i, SKEP_TOK_ASSIGN) || fmt_is(f, i, SKEP_TOK_SEMI) ||
	       fmt_is(f, i, SKEP_TOK_LBRACE) || fmt_is(f, i, SKEP_TOK_RBRACE);
}

static bool is_cast(const struct fmt *f, size_t close)
{
	const struct fmt_piece *pieces = f->pieces.data;
	size_t open = pieces[close].match, before = fmt_prev(f, open);
	size_t first = fmt_next(f, open + 1), next = fmt_next(f, close + 1);
	bool sure = fmt_is_any(f, first, types) || pieces[close - 1].role == FMT_POINTER;

	if (ends_value(f, before) || !fmt_is(f, first, SKEP_TOK_NAME) ||
	    fmt_is_any(f, before, openers + 1))
		return fmt_is_word(f, before, "return") && sure;
	for (size_t i = open + 1; i < close; i++)
		if (!(fmt_is(f, i, SKEP_TOK_NAME) || fmt_is(f, i, SKEP_TOK_LBRACKET) ||
		      fmt_is(f, i, SKEP_TOK_RBRACKET) || fmt_is(f, i, SKEP_TOK_INT) ||
		      pieces[i].role == FMT_POINTER))
			return false;
	return starts_value(f, next) || (sure && fmt_is(f, next, SKEP_TOK_OP));
}

static enum fmt_brace brace_of(const struct fmt *f, size_t i)
{
	size_t one = fmt_prev(f, i), two = one == SIZE_MAX ? one : fmt_prev(f, one);

	if (fmt_is_word(f, one, "row") || fmt_is_word(f, one, "enum") ||
	    (fmt_is_word(f, one, "span") && fmt_is_word(f, two, "as")))
		return FMT_LIST;
	if (fmt_is(f, one, SKEP_TOK_NAME) &&
	    (fmt_is_word(f, two, "row") || fmt_is_word(f, two, "enum")))
		return FMT_LIST;
	if (fmt_is(f, one, SKEP_TOK_ASSIGN) && fmt_is_word(f, two, "config"))
		return FMT_SETTINGS;
	return FMT_STATEMENTS;
}

static bool is_label(const struct fmt *f, size_t i)
{
	size_t one = fmt_prev(f, i), two = one == SIZE_MAX ? one : fmt_prev(f, one);

	return fmt_is(f, one, SKEP_TOK_NAME) &&
	       (fmt_is(f, two, SKEP_TOK_COMMA) || fmt_is(f, two, SKEP_TOK_LBRACE));
}

static void give_role(struct fmt *f, size_t i, bool in_definition)
{
	struct fmt_piece *p = &f->pieces.data[i];
	size_t prev = fmt_prev(f, i);

	switch (p->tok) {
	case SKEP_TOK_OP:
		if (p->op == SKEP_BINARY_MUL && (in_definition || is_pointer(f, i)))
			p->role = FMT_POINTER;
		else if (!ends_value(f, prev))
			p->role = FMT_PREFIX;
		break;
	case SKEP_TOK_INC:
	case SKEP_TOK_DEC:
		p->role = ends_value(f, prev) ? FMT_POSTFIX : FMT_PREFIX;
		break;
	case SKEP_TOK_NOT:
	case SKEP_TOK_BITNOT:
		p->role = FMT_PREFIX;
		break;
	case SKEP_TOK_RPAREN:
		if (is_cast(f, i))
			p->role = FMT_CAST;
		break;
	case SKEP_TOK_LBRACE:
		p->brace = brace_of(f, i);
		break;
	case SKEP_TOK_COLON:
		if (is_label(f, i))
			p->role = FMT_LABEL;
		break;
	default:
		break;
	}
}

/* Behind the last attach point at @i: the slashes of the predicate, if there is one. */
static void mark_predicate(struct fmt *f, size_t i)
{
	size_t open = fmt_next(f, i + 1), close = SIZE_MAX;

	if (!is_op(f, open, SKEP_BINARY_DIV))
		return;
	for (i = open + 1; i < f->pieces.len && !fmt_is(f, i, SKEP_TOK_LBRACE); i++) {
		if (fmt_is(f, i, SKEP_TOK_LPAREN) || fmt_is(f, i, SKEP_TOK_LBRACKET))
			i = f->pieces.data[i].match;
		else if (is_op(f, i, SKEP_BINARY_DIV))
			close = i;
	}
	if (close == SIZE_MAX)
		return;
	f->pieces.data[open].role = FMT_OPEN_PRED;
	f->pieces.data[close].role = FMT_CLOSE_PRED;
}

void fmt_roles(struct fmt *f)
{
	bool in_definition = false, start = true;
	size_t depth = 0;

	for (size_t i = 0; i < f->pieces.len; i++) {
		struct fmt_piece *p = &f->pieces.data[i];

		if (p->kind == FMT_POINT)
			mark_predicate(f, i);
		if (p->kind == FMT_VERBATIM || fmt_is_comment(p))
			continue;
		if (!depth && start)
			in_definition = fmt_is_any(f, i, definitions);
		start = false;
		if (p->kind != FMT_TOKEN)
			continue;
		if (p->role == FMT_PLAIN)
			give_role(f, i, in_definition);
		depth += p->tok == SKEP_TOK_LBRACE;
		depth -= p->tok == SKEP_TOK_RBRACE;
		/* typedef struct { } name; goes on behind its brace */
		if (!depth && (p->tok == SKEP_TOK_SEMI || p->tok == SKEP_TOK_RBRACE))
			start = true;
	}
}
