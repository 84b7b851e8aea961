/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and strings of a script. */
#include <strings.h>

#include "base/str.h"
#include "lang/lex.h"

/* Durations become nanoseconds; the suffixes of C are allowed and only U means something. */
static const struct {
	const char *suffix;
	uint64_t factor;
} durations[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * UINT64_C(1000000000) },
	{ "h", 3600 * UINT64_C(1000000000) },
	{ "d", 86400 * UINT64_C(1000000000) },
};

static const char *const c_suffixes[] = { "u", "l", "ul", "lu", "ll", "ull", "llu" };

struct number {
	uint64_t value;
	unsigned base;
	bool overflow;
	size_t used; /* bytes, up to the suffix */
};

static void shift_in(struct number *n, unsigned base, unsigned digit)
{
	n->overflow |= __builtin_mul_overflow(n->value, (uint64_t)base, &n->value);
	n->overflow |= __builtin_add_overflow(n->value, (uint64_t)digit, &n->value);
}

static int digit_of(char c)
{
	if (skep_lex_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Digits of one base with '_' between them. */
static void read_digits(const char *s, size_t len, unsigned base, struct number *n)
{
	for (; n->used < len; n->used++) {
		if (s[n->used] == '_')
			continue;
		if ((unsigned)digit_of(s[n->used]) >= base)
			break;
		shift_in(n, base, (unsigned)digit_of(s[n->used]));
	}
}

/* 2e3: whole numbers only, so that a duration or a size can be written with few zeros. */
static void read_exponent(const char *s, size_t len, struct number *n)
{
	unsigned exponent = 0;

	if (n->used + 1 >= len || (s[n->used] | 0x20) != 'e' || !skep_lex_is_digit(s[n->used + 1]))
		return;
	for (n->used++; n->used < len && skep_lex_is_digit(s[n->used]); n->used++)
		exponent = MIN(exponent * 10 + (unsigned)(s[n->used] - '0'), 1000u);
	if (!n->value)
		return;
	while (exponent-- && !n->overflow)
		shift_in(n, 10, 0);
}

/* False: there is no such suffix. */
static bool apply_suffix(const char *s, size_t len, struct number *n, bool *ret_unsigned)
{
	if (!len)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(c_suffixes); i++) {
		if (strlen(c_suffixes[i]) != len || strncasecmp(c_suffixes[i], s, len))
			continue;
		*ret_unsigned = strchr(c_suffixes[i], 'u');
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		if (strlen(durations[i].suffix) != len || memcmp(durations[i].suffix, s, len))
			continue;
		n->overflow |= __builtin_mul_overflow(n->value, durations[i].factor, &n->value);
		return true;
	}
	return false;
}

/* 0x, 0b2, 1_000_, 0b12: what stands in front of the suffix is no number. False: it is one. */
static bool bad_digits(struct skep_lex *lx, const struct skep_tok *t, const struct number *n,
		       const char *s, size_t len)
{
	struct skep_lex_env *env = lx->env;
	bool is_prefix = n->base == 2 || n->base == 16;

	if (is_prefix && n->used == 2) {
		if (skep_lex_error(env, t->loc, "there is no number behind '%c%c'", s[0], s[1]))
			skep_lex_hint(env, n->base == 2 ? "binary digits are 0 and 1: 0b101"
							: "hexadecimal digits are 0 to f: 0x1f");
		return true;
	}
	if (s[n->used - 1] == '_') {
		if (skep_lex_error(env, t->loc, "'_' stands between digits only"))
			skep_lex_hint(env, "write it like this: 1_000");
		return true;
	}
	if (n->base != 2 || n->used == len || !skep_lex_is_digit(s[n->used]))
		return false;
	if (skep_lex_error(env, t->loc, "the digit '%c' in a binary number", s[n->used]))
		skep_lex_hint(env, "binary digits are 0 and 1; for a decimal number drop the 0b");
	return true;
}

static void bad_suffix(struct skep_lex *lx, const struct skep_tok *t, const char *s, size_t len)
{
	struct skep_lex_env *env = lx->env;
	const char *shown = skep_lex_show(env, s, len);

	if (skep_lex_is_digit(*s) &&
	    skep_lex_error(env, t->loc,
			   "the digit '%c' in a number that starts with 0, which makes it octal",
			   *s))
		skep_lex_hint(env,
			      "octal digits are 0 to 7; for a decimal number drop the leading 0");
	else if (!skep_lex_is_digit(*s) && *s == 'e' &&
		 skep_lex_error(env, t->loc, "an exponent needs digits: 1e6"))
		skep_lex_hint(env, "numbers are whole: there is no 1e-3");
	else if (!skep_lex_is_digit(*s) && *s != 'e' &&
		 skep_lex_error(env, t->loc, "'%s' is no ending of a number", shown))
		skep_lex_hint(
			env,
			"durations end in ns, us, ms, s, m, h or d; C's u, l, ul, ll and ull are allowed");
}

/* 1.5: said once for the whole of it. */
static bool take_fraction(struct skep_lex *lx, struct skep_tok *t)
{
	if (lx->last == SKEP_TOK_DOT || skep_lex_peek(lx, 0) != '.' ||
	    !skep_lex_is_digit(skep_lex_peek(lx, 1)))
		return false;
	do
		lx->pos++;
	while (skep_lex_is_word(skep_lex_peek(lx, 0)));
	t->loc.len = (uint32_t)(lx->pos - t->off);
	if (skep_lex_error(lx->env, t->loc, "numbers with a fraction do not exist in the kernel"))
		skep_lex_hint(lx->env,
			      skep_lex_peek(lx, 0) == '.' && skep_lex_is_digit(skep_lex_peek(lx, 1))
				      ? "an address stands in quotes: \"192.0.2.1\""
				      : "calculate in smaller units: 1500us in place of 1.5ms");
	return true;
}

void skep_lex_number(struct skep_lex *lx, struct skep_tok *t)
{
	const char *s = lx->text + lx->pos;
	struct number n = {};
	size_t len = 0;

	while (skep_lex_is_word(skep_lex_peek(lx, len)))
		len++;
	n.base = 10;
	if (len > 1 && s[0] == '0' && (s[1] | 0x20) == 'x')
		n.base = 16;
	else if (len > 1 && s[0] == '0' && (s[1] | 0x20) == 'b')
		n.base = 2;
	else if (len > 1 && s[0] == '0' && (skep_lex_is_digit(s[1]) || s[1] == '_'))
		n.base = 8;
	n.used = n.base == 16 || n.base == 2 ? 2 : 0;
	read_digits(s, len, n.base, &n);
	if (n.base == 10)
		read_exponent(s, len, &n);
	t->kind = SKEP_TOK_INT;
	t->loc.len = (uint32_t)len;
	lx->pos += len;
	if (take_fraction(lx, t) || bad_digits(lx, t, &n, s, len))
		return;
	if (!apply_suffix(s + n.used, len - n.used, &n, &t->is_unsigned))
		bad_suffix(lx, t, s + n.used, len - n.used);
	else if (n.overflow &&
		 skep_lex_error(lx->env, t->loc, "the number %s does not fit into 64 bits",
				skep_lex_show(lx->env, s, len)))
		skep_lex_hint(lx->env,
			      "the largest one is 18446744073709551615 (0xffffffffffffffff)%s",
			      n.used < len ? "; durations count in nanoseconds" : "");
	t->value = n.overflow ? 0 : n.value;
	t->is_unsigned |= t->value > INT64_MAX;
}

/* \n and friends: the byte, or -1 when there is none of that name. */
static int simple_escape(char c)
{
	static const char names[] = "ntr\\\"'abfve", bytes[] = "\n\t\r\\\"'\a\b\f\v\033";
	const char *p = c ? strchr(names, c) : NULL;

	return p ? (unsigned char)bytes[p - names] : -1;
}

/* Behind the backslash. */
static void read_escape(struct skep_lex *lx, struct skep_str *out)
{
	struct skep_loc loc = skep_lex_loc(lx, lx->pos - 1, 2);
	char c = skep_lex_peek(lx, 0);
	int byte = simple_escape(c), n = 0;

	if (c == '\n' || (c == '\r' && skep_lex_peek(lx, 1) == '\n')) {
		lx->pos += c == '\r';
		skep_lex_step(lx); /* the string goes on in the next line */
		return;
	}
	if (byte >= 0) {
		lx->pos++;
	} else if (c >= '0' && c <= '7') {
		for (byte = 0; n < 3 && digit_of(skep_lex_peek(lx, 0)) < 8; n++, lx->pos++)
			byte = byte * 8 + digit_of(skep_lex_peek(lx, 0));
		loc.len = (uint32_t)n + 1;
		if (byte > 255)
			if (skep_lex_error(lx->env, loc, "the octal escape is larger than a byte"))
				skep_lex_hint(lx->env, "the largest is \\377");
	} else if (c == 'x' && digit_of(skep_lex_peek(lx, 1)) < 16) {
		lx->pos++;
		for (byte = 0; n < 2 && digit_of(skep_lex_peek(lx, 0)) < 16; n++, lx->pos++)
			byte = byte * 16 + digit_of(skep_lex_peek(lx, 0));
	} else {
		if (skep_lex_error(lx->env, loc, "there is no escape '\\%s'",
				   skep_lex_show(lx->env, &lx->text[lx->pos], 1)))
			skep_lex_hint(
				lx->env,
				"the escapes are \\n \\t \\r \\\\ \\\" \\0 to \\377 and \\x00 to \\xff; a backslash itself is \\\\");
		return;
	}
	skep_str_addc(out, (char)byte);
}

/*
 * Which bytes close a string that began at @open: the same quote; for a typographic one any
 * typographic or plain quote. Returns how many bytes, 0 when the string goes on.
 */
static size_t closes(const struct skep_lex *lx, const char *open)
{
	static const char *const typographic[] = { "\u201c", "\u201d", "\u00ab", "\u00bb",
						   "\uff02", "\u2018", "\u2019" };
	const char *p = lx->text + lx->pos;

	if (*open == '"' || *open == '\'')
		return *p == *open;
	for (size_t i = 0; i < ARRAY_SIZE(typographic); i++) {
		size_t n = strlen(typographic[i]);

		if (lx->len - lx->pos >= n && !memcmp(p, typographic[i], n))
			return n;
	}
	return *p == '"';
}

void skep_lex_string(struct skep_lex *lx, struct skep_tok *t)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	const char *open = lx->text + lx->pos;
	uint32_t line = lx->line;
	size_t n = 0;

	t->kind = SKEP_TOK_STRING;
	lx->pos++;
	while (((unsigned char)*open & 0x80) &&
	       ((unsigned char)skep_lex_peek(lx, 0) & 0xc0) == 0x80)
		lx->pos++;
	while (lx->pos < lx->len && lx->text[lx->pos] != '\n' && !(n = closes(lx, open))) {
		char c = lx->text[lx->pos++];

		if (c == '\\' && lx->pos < lx->len)
			read_escape(lx, &out);
		else
			skep_str_addc(&out, c);
	}
	lx->pos += n;
	t->loc.len = line == lx->line ? (uint32_t)(lx->pos - t->off) : 1;
	t->text = skep_arena_memdup(lx->env->arena, skep_str_text(&out), out.len + 1);
	t->len = out.len;
	if (n)
		return;
	t->kind = SKEP_TOK_ERROR;
	t->loc.len = 1;
	lx->env->broken_line = true;
	/* Of other quotes it was said already that they are wrong. */
	if (*open == '"' && skep_lex_error(lx->env, t->loc, "this string is never closed"))
		skep_lex_hint(
			lx->env,
			"close it with '\"' in the same line; a line break inside a string is written \\n");
}
