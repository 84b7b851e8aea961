/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "isa/lex.h"

static bool starts_word(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static bool in_word(char c)
{
	return starts_word(c) || isdigit((unsigned char)c);
}

/* Skips what means nothing. Returns NULL, or the start of a comment that does not end. */
static const char *skip_blank(struct skep_lexer *lexer)
{
	while (lexer->at < lexer->end) {
		size_t left = (size_t)(lexer->end - lexer->at);
		const char *close;

		if (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\r') {
			lexer->at++;
		} else if (left >= 2 && memcmp(lexer->at, "//", 2) == 0) {
			close = memchr(lexer->at, '\n', left);
			lexer->at = close ? close : lexer->end;
		} else if (left >= 2 && memcmp(lexer->at, "/*", 2) == 0) {
			const char *open = lexer->at;

			close = memmem(open + 2, left - 2, "*/", 2);
			lexer->at = close ? close + 2 : lexer->end;
			if (!close)
				return open;
		} else {
			break;
		}
	}
	return NULL;
}

static int digit_value(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	if (isxdigit((unsigned char)c))
		return tolower((unsigned char)c) - 'a' + 10;
	return 99;
}

static void lex_number(struct skep_lexer *lexer, struct skep_token *token)
{
	uint64_t value = 0;
	int base = 10;
	const char *p = lexer->at, *digits;

	if (lexer->end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	token->kind = SKEP_TOKEN_NUMBER;
	for (digits = p; p < lexer->end && in_word(*p); p++) {
		int d = digit_value(*p);

		if (d >= base) {
			token->kind = SKEP_TOKEN_BAD;
			token->why = "this is not a number";
		} else if (token->kind == SKEP_TOKEN_NUMBER &&
			   (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
			    __builtin_add_overflow(value, (uint64_t)d, &value))) {
			token->kind = SKEP_TOKEN_BAD;
			token->why = "the number does not fit in 64 bits";
		}
	}
	if (p == digits) {
		token->kind = SKEP_TOKEN_BAD;
		token->why = "there are no digits after 0x";
	}
	token->number = value;
	lexer->at = p;
}

static size_t mark_len(const char *at, size_t left)
{
	static const char longer[][4] = { "<<=", ">>=", "==", "!=", "<=", ">=", "+=",
					  "-=",	 "*=",	"/=", "%=", "&=", "|=", "^=" };

	for (size_t i = 0; i < ARRAY_SIZE(longer); i++) {
		size_t len = strlen(longer[i]);

		if (left >= len && memcmp(at, longer[i], len) == 0)
			return len;
	}
	return 1;
}

struct skep_token skep_lex(struct skep_lexer *lexer)
{
	struct skep_token token = { .kind = SKEP_TOKEN_END };
	const char *open = skip_blank(lexer);

	if (open) {
		token.kind = SKEP_TOKEN_BAD;
		token.why = "this comment is not closed";
		token.at = open;
		token.len = 2;
		return token;
	}
	token.at = lexer->at;
	if (lexer->at == lexer->end)
		return token;
	if (*lexer->at == '\n' || *lexer->at == ';') {
		token.kind = SKEP_TOKEN_BREAK;
		lexer->at++;
	} else if (starts_word(*lexer->at)) {
		token.kind = SKEP_TOKEN_WORD;
		while (lexer->at < lexer->end && in_word(*lexer->at))
			lexer->at++;
		if (lexer->at - token.at > SKEP_WORD_MAX) {
			token.kind = SKEP_TOKEN_BAD;
			token.why = "the name is longer than 255 bytes";
		}
	} else if (isdigit((unsigned char)*lexer->at)) {
		lex_number(lexer, &token);
	} else if (lexer->template && *lexer->at == '%' && lexer->end - lexer->at > 1 &&
		   isalpha((unsigned char)lexer->at[1])) {
		token.kind = SKEP_TOKEN_OPERAND;
		lexer->at += 2;
	} else if (*lexer->at > ' ' && *lexer->at <= '~') {
		token.kind = SKEP_TOKEN_MARK;
		lexer->at += mark_len(lexer->at, (size_t)(lexer->end - lexer->at));
	} else {
		token.kind = SKEP_TOKEN_BAD;
		token.why = "this byte belongs to no instruction";
		lexer->at++;
	}
	token.len = (size_t)(lexer->at - token.at);
	return token;
}

bool skep_token_same(const struct skep_token *a, const struct skep_token *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == SKEP_TOKEN_NUMBER)
		return a->number == b->number;
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

bool skep_token_is(const struct skep_token *token, const char *text)
{
	return (token->kind == SKEP_TOKEN_WORD || token->kind == SKEP_TOKEN_MARK) &&
	       token->len == strlen(text) && memcmp(token->at, text, token->len) == 0;
}

bool skep_is_word(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > SKEP_WORD_MAX || !starts_word(name[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!in_word(name[i]))
			return false;
	return true;
}
