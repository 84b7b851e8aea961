/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of a script: text in, one token at a time out.
 *
 *	text ── blanks, comments, preprocessor lines ──► token ──► parser
 *
 * The lexer reports what is wrong with a token itself (an unterminated string, a number that is too
 * large, a typographic quote) and then hands out the best guess of what was meant, so that the
 * parser does not stumble a second time. Where there is no guess it hands out SKEP_TOK_ERROR, which
 * the parser must not report again.
 *
 * Preprocessor lines are trivia, as comments are: conditions are evaluated with BPFTRACE_HAVE_BTF
 * defined, #define goes into the table of the environment, from which expand.h replaces names.
 * #include <NAME> is nothing unless a folder of the options has it: the kernel's types come from BTF, constants from a table.
 * Heads of probes are no tokens: the parser reads them from the raw text at `pos` (a path is full
 * of slashes that divide nothing).
 *
 *	struct skep_lex_env env = { .arena = arena, .diag = diag };
 *	struct skep_lex lx;
 *	skep_lex_init(&lx, &env, text, len);
 *	for (t = skep_lex_next(&lx); t.kind != SKEP_TOK_END; t = skep_lex_next(&lx)) ...
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "base/hash.h"
#include "lang/ast.h"

#define SKEP_LEX_COND_MAX 32	  /* nested #if */
#define SKEP_LEX_DEFINES_MAX 4096 /* #define lines of one script */

enum skep_tok_kind {
	SKEP_TOK_END,
	SKEP_TOK_ERROR, /* reported already */
	SKEP_TOK_NAME,
	SKEP_TOK_INT,
	SKEP_TOK_STRING,
	SKEP_TOK_VAR,	/* $name */
	SKEP_TOK_MAP,	/* @name, @ */
	SKEP_TOK_PARAM, /* $1; $# with value 0 */
	SKEP_TOK_LPAREN,
	SKEP_TOK_RPAREN,
	SKEP_TOK_LBRACE,
	SKEP_TOK_RBRACE,
	SKEP_TOK_LBRACKET,
	SKEP_TOK_RBRACKET,
	SKEP_TOK_SEMI,
	SKEP_TOK_COMMA,
	SKEP_TOK_COLON,
	SKEP_TOK_QUESTION,
	SKEP_TOK_DOT,
	SKEP_TOK_RANGE, /* .. */
	SKEP_TOK_ARROW,
	SKEP_TOK_NOT,
	SKEP_TOK_BITNOT,
	SKEP_TOK_INC,
	SKEP_TOK_DEC,
	SKEP_TOK_ASSIGN, /* = with op NONE, += with op ADD ... */
	SKEP_TOK_OP,	 /* the operators between two values: op says which */
	SKEP_TOK_HASH,	 /* # and ##, in the body of a #define only */
	SKEP_TOK_PASTE,
};

struct skep_tok {
	enum skep_tok_kind kind;
	enum skep_binary op;
	struct skep_loc loc;
	size_t off, end;  /* bytes of the source */
	const char *text; /* NAME, VAR, MAP: without its sigil; STRING: the bytes, in the arena */
	size_t len;
	uint64_t value; /* INT, PARAM */
	bool is_unsigned;
	bool bol;	 /* the first on its line */
	uint8_t n_conds; /* depth of #if around it */
	bool blocked;	 /* a name that stands for itself from here on: see expand.h */
	uint32_t from;	 /* 1 + index of the #define that it comes from, the outermost; 0: none */
	uint32_t
		behind_nothing; /* likewise: a #define used in front of it that stands for nothing */
};

struct skep_define_param {
	const char *name;
	size_t len; /* 0: the last one of `...`, which is called __VA_ARGS__ */
};

/* `#define NAME body`, `#define NAME(params) body`: the body is lexed anew at each use. */
struct skep_define {
	const char *name;
	size_t name_len;
	size_t off, end;     /* the body in the source */
	struct skep_loc loc; /* of the body */
	const struct skep_define_param *params;
	size_t n_params;
	bool is_function; /* with parameters, maybe none: NAME() */
	bool variadic;	  /* the last parameter takes the rest */
	bool removed;	  /* #undef */
	bool busy;	  /* being expanded: a define that names itself is a plain name */
};

/* What all lexers of one script share. */
struct skep_lex_env {
	struct skep_arena *arena;
	struct skep_diag *diag;
	const char *text; /* of all sources: what the offsets of tokens and defines count in */
	uint32_t kernel_version; /* as KERNEL_VERSION makes it; 0: not known */
	bool verbose;
	bool in_header; /* what C has besides types is skipped; headers may name others that are not there */
	/* Takes in the file of #include "NAME" (@quoted) or <NAME>; false: there is none. Or NULL. */
	bool (*include)(void *data, const char *name, bool quoted, struct skep_loc loc);
	void *include_data;
	size_t n_errors;
	size_t n_expanded; /* tokens that names from #define stood for */
	bool quiet;	   /* the parser recovers: errors are consequences, not news */
	struct skep_loc
		hidden; /* of a // comment with a '}' in it: on a command line it hides the end of a block */
	bool broken_line; /* a string was not closed: better go on in the next line */
	bool truncated;	  /* the rest is not seen: nobody has to complain about the end */
	struct {
		SKEP_VEC(struct skep_define);
	} defines;
	struct skep_hash names; /* of defines: their index + 1 */
};

struct skep_lex_cond {
	struct skep_loc loc;
	bool taken; /* one of its groups was used */
	bool has_else;
};

struct skep_lex {
	struct skep_lex_env *env;
	const char *text;
	size_t pos, len;
	uint32_t line;
	size_t line_start;
	bool bol;	/* only blanks since the line's start */
	bool in_define; /* the body of a #define: # and ## are tokens, nothing is a preprocessor line */
	enum skep_tok_kind
		last; /* of the token before: `.` makes `0.1` two elements, not a fraction */
	struct skep_lex_cond conds[SKEP_LEX_COND_MAX];
	unsigned n_conds;
};

void skep_lex_init(struct skep_lex *lx, struct skep_lex_env *env, const char *text, size_t len);
struct skep_tok skep_lex_next(struct skep_lex *lx);
/* Skips blanks, comments and preprocessor lines. */
void skep_lex_skip(struct skep_lex *lx);
/* Back to the start of a token. */
void skep_lex_rewind(struct skep_lex *lx, const struct skep_tok *t);
/* At the end of the script: complains about conditions that are still open. */
void skep_lex_finish(struct skep_lex *lx);

/* The byte at @ahead from here, 0 behind the end. */
static inline char skep_lex_peek(const struct skep_lex *lx, size_t ahead)
{
	return ahead < lx->len - lx->pos ? lx->text[lx->pos + ahead] : 0;
}

/* One byte on, counting lines. */
void skep_lex_step(struct skep_lex *lx);
/* The place of @len bytes at @off, which must be in the current line. */
struct skep_loc skep_lex_loc(const struct skep_lex *lx, size_t off, size_t len);
/* Reports unless quiet; true when it did, so that a hint may follow. */
bool skep_lex_error(struct skep_lex_env *env, struct skep_loc loc, const char *fmt, ...)
	_printf_(3, 4);
#define skep_lex_hint(env, ...) skep_diag_hint((env)->diag, __VA_ARGS__)
/*
 * A piece of the source that may be shown to people: printable, at most about 40 bytes, in the
 * arena.
 */
const char *skep_lex_show(struct skep_lex_env *env, const char *text, size_t len);

/* In literal.c: the token at a digit, a '"'. */
void skep_lex_number(struct skep_lex *lx, struct skep_tok *t);
void skep_lex_string(struct skep_lex *lx, struct skep_tok *t);
/* In preproc.c: the line at a '#'. */
void skep_lex_directive(struct skep_lex *lx);
/* In preproc_if.c: the value of the condition in @len bytes at @off, which is of the current line. */
bool skep_lex_condition(struct skep_lex *lx, size_t off, size_t len, struct skep_loc loc);
bool skep_lex_is_defined(struct skep_lex_env *env, const char *name, size_t len);
/* The define called so at this moment, or NULL. */
struct skep_define *skep_lex_define(struct skep_lex_env *env, const char *name, size_t len);

static inline bool skep_lex_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static inline bool skep_lex_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool skep_lex_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static inline bool skep_tok_is(const struct skep_tok *t, const char *word)
{
	return t->kind == SKEP_TOK_NAME && strlen(word) == t->len && !memcmp(word, t->text, t->len);
}
