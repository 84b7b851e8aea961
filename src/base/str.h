/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings: a growable, always terminated buffer, and the few comparisons the house needs.
 *
 *	_cleanup_(skep_str_fini) struct skep_str s = {};
 *	skep_str_addf(&s, "@%s: ", name);
 *	fwrite(s.data, 1, s.len, stdout);
 *
 * A buffer ends the process when memory is out (skep_oom), as an arena does: its content is output on the way out,
 * and there is nothing a caller could do better.
 */
#pragma once

#include "base/macros.h"

struct skep_str {
	char *data; /* terminated; NULL only before the first addition */
	size_t len, cap;
};

void skep_str_fini(struct skep_str *s);
/* Empties without releasing. */
void skep_str_reset(struct skep_str *s);
/* The text, never NULL. */
const char *skep_str_text(const struct skep_str *s);
void skep_str_add(struct skep_str *s, const char *text);
void skep_str_addn(struct skep_str *s, const void *data, size_t len);
void skep_str_addc(struct skep_str *s, char c);
/* Numbers in decimal digits, without the detour of a format. */
void skep_str_addu(struct skep_str *s, uint64_t number);
void skep_str_addi(struct skep_str *s, int64_t number);
void skep_str_addf(struct skep_str *s, const char *fmt, ...) _printf_(2, 3);
/* @count times @c. */
void skep_str_pad(struct skep_str *s, char c, size_t count);

bool skep_streq(const char *a, const char *b);
bool skep_has_prefix(const char *s, const char *prefix);
bool skep_has_suffix(const char *s, const char *suffix);
/* Shell-like match where '*' is any run of characters (also none) and every other character is itself. */
bool skep_glob_match(const char *pattern, const char *s);
/* Edit distance with a bound: the distance, or @limit + 1 when it is larger; two neighbours in the wrong order are one
   edit, for that is how one mistypes. Used for "did you mean". */
unsigned skep_edit_distance(const char *a, const char *b, unsigned limit);

/*
 * Bytes of the valid UTF-8 sequence at @s, which has at least one byte (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF), or
 * 0 when there is none.
 */
size_t skep_utf8_len(const char *s, size_t len);
/* The same, and 0 also for control characters (C0, DEL, C1), which steer terminals. */
size_t skep_utf8_shown(const char *s, size_t len);
/*
 * Columns of a terminal that the character at @s takes, which is valid UTF-8 of @n bytes: 2 where East Asia's are wide, 0 of marks that
 * go on another character, else 1 (Unicode's East_Asian_Width, no locale).
 */
unsigned skep_utf8_columns(const char *s, size_t n);
/* Of a text; a byte that is not of UTF-8 counts as one. */
size_t skep_text_columns(const char *s, size_t len);
