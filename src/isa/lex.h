/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of the assembly language. For use in this folder, but for what makes a word: the assembler reads its input and the
 * texts of the instruction table (isa/rows.h) with the same lexer, which makes the two comparable.
 *
 *	words	 a letter, '_', '.' or '$', then these and digits
 *	numbers	 decimal, or hexadecimal after 0x; without sign
 *	marks	 the longest of <<= >>= == != <= >= += -= *= /= %= &= |= ^=, else one character
 *	breaks	 a newline or ';' between statements
 *
 * Blanks, comments in slashes with stars, and from two slashes to the end of the line mean nothing.
 *
 *	struct skep_lexer lexer = { .at = text, .end = text + len };
 *	for (struct skep_token t = skep_lex(&lexer); t.kind != SKEP_TOKEN_END; t = skep_lex(&lexer))
 */
#pragma once

#include "base/macros.h"

enum skep_token_kind {
	SKEP_TOKEN_END,
	SKEP_TOKEN_BREAK,
	SKEP_TOKEN_WORD,
	SKEP_TOKEN_NUMBER,
	SKEP_TOKEN_MARK,
	SKEP_TOKEN_OPERAND, /* in templates: '%' and a letter */
	SKEP_TOKEN_BAD,	    /* `why` says what is wrong; the lexer is past it */
};

struct skep_token {
	enum skep_token_kind kind;
	const char *at; /* in the text, not terminated */
	size_t len;
	uint64_t number;
	const char *why;
};

struct skep_lexer {
	const char *at, *end;
	bool template; /* reads a text of the instruction table */
};

struct skep_token skep_lex(struct skep_lexer *lexer);
/* Same kind and same spelling. */
bool skep_token_same(const struct skep_token *a, const struct skep_token *b);
bool skep_token_is(const struct skep_token *token, const char *text);
/* Whether a name can be written as a word, of at most SKEP_WORD_MAX bytes. */
bool skep_is_word(const char *name);

#define SKEP_WORD_MAX 255
