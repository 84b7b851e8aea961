/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of fmt.h share: a script as a row of pieces. */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "lang/fmt.h"
#include "lang/lex.h"

enum fmt_kind {
	FMT_TOKEN,
	FMT_POINT,    /* an attach point, as written */
	FMT_LINE,     /* a comment up to the end of its line */
	FMT_COMMENT,  /* a comment between its marks */
	FMT_VERBATIM, /* lines of the preprocessor */
};

enum fmt_role {
	FMT_PLAIN,
	FMT_PREFIX,    /* an operator in front of its only operand */
	FMT_POSTFIX,   /* ++ and -- behind it */
	FMT_POINTER,   /* the star of a type */
	FMT_CAST,      /* the ) of a cast */
	FMT_OPEN_PRED, /* the slashes around a predicate */
	FMT_CLOSE_PRED,
	FMT_LABEL, /* the : behind the name of a row's field */
};

/* What separates the lines in braces. */
enum fmt_brace {
	FMT_STATEMENTS, /* ; */
	FMT_LIST,	/* , */
	FMT_SETTINGS,	/* ; or , or only the end of the line */
};

struct fmt_piece {
	enum fmt_kind kind;
	enum skep_tok_kind tok;
	enum skep_binary op;
	enum fmt_role role;
	enum fmt_brace brace; /* of a { */
	size_t off, end;
	size_t newlines; /* in front of it */
	size_t match;	 /* brackets: the index of the other one */
	bool multi;	 /* a {: there is an end of a line before its } */
};

struct fmt {
	struct skep_arena *arena;
	struct skep_diag *diag;
	const char *text;
	size_t len;
	struct {
		SKEP_VEC(struct fmt_piece);
	} pieces;
};

static inline bool fmt_is(const struct fmt *f, size_t i, enum skep_tok_kind tok)
{
	return i < f->pieces.len && f->pieces.data[i].kind == FMT_TOKEN &&
	       f->pieces.data[i].tok == tok;
}

static inline bool fmt_is_comment(const struct fmt_piece *p)
{
	return p->kind == FMT_LINE || p->kind == FMT_COMMENT;
}

/* The piece is this word. */
bool fmt_is_word(const struct fmt *f, size_t i, const char *word);
/* One of these words, the list ends with NULL. */
bool fmt_is_any(const struct fmt *f, size_t i, const char *const *words);
/* The next token or point at or behind @i, the last before @i: comments are passed. SIZE_MAX: none. */
size_t fmt_next(const struct fmt *f, size_t i);
size_t fmt_prev(const struct fmt *f, size_t i);

/* The text as pieces, brackets matched. -EINVAL with the diag. */
int fmt_scan(struct fmt *f, const struct skep_script *script) _must_check_;
/* Gives the pieces their roles. */
void fmt_roles(struct fmt *f);
