/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

void skep_str_fini(struct skep_str *s)
{
	free(s->data);
	*s = (struct skep_str){};
}

void skep_str_reset(struct skep_str *s)
{
	s->len = 0;
	if (s->data)
		s->data[0] = '\0';
}

const char *skep_str_text(const struct skep_str *s)
{
	return s->data ? s->data : "";
}

/* Room for @extra bytes and the terminator. */
static void reserve(struct skep_str *s, size_t extra)
{
	size_t need, cap;
	char *p;

	if (__builtin_add_overflow(s->len, extra, &need) || __builtin_add_overflow(need, 1, &need))
		skep_oom();
	if (need <= s->cap)
		return;
	cap = s->cap > SIZE_MAX / 2 ? need : MAX(s->cap * 2, MAX(need, (size_t)64));
	p = realloc(s->data, cap);
	if (!p)
		skep_oom();
	s->data = p;
	s->cap = cap;
}

void skep_str_addn(struct skep_str *s, const void *data, size_t len)
{
	reserve(s, len);
	if (len)
		memcpy(s->data + s->len, data, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void skep_str_add(struct skep_str *s, const char *text)
{
	skep_str_addn(s, text, strlen(text));
}

void skep_str_addc(struct skep_str *s, char c)
{
	skep_str_addn(s, &c, 1);
}

void skep_str_pad(struct skep_str *s, char c, size_t count)
{
	reserve(s, count);
	memset(s->data + s->len, c, count);
	s->len += count;
	s->data[s->len] = '\0';
}

void skep_str_addu(struct skep_str *s, uint64_t number)
{
	char digits[20], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + number % 10);
	while (number /= 10);
	skep_str_addn(s, p, (size_t)(digits + sizeof(digits) - p));
}

void skep_str_addi(struct skep_str *s, int64_t number)
{
	if (number < 0)
		skep_str_addc(s, '-');
	skep_str_addu(s, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void skep_str_addf(struct skep_str *s, const char *fmt, ...)
{
	size_t room;
	va_list ap;
	int n;

	/* Most texts fit into what is there; then they are formatted once. */
	reserve(s, 0);
	room = s->cap - s->len;
	va_start(ap, fmt);
	n = vsnprintf(s->data + s->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		skep_oom();
	if ((size_t)n >= room) {
		reserve(s, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(s->data + s->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	s->len += (size_t)n;
}

bool skep_streq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool skep_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool skep_has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

bool skep_glob_match(const char *pattern, const char *s)
{
	const char *star = NULL, *resume = NULL;

	/* Greedy with one remembered star: a later star makes every earlier choice final, so this never explodes. */
	while (*s) {
		if (*pattern == '*') {
			star = pattern++;
			resume = s;
			if (!*pattern)
				return true;
		} else if (*pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star + 1;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

#define EDIT_MAX 64 /* longer names are never a slip of the finger of each other */

/* Which characters there are, in 64 classes. */
static uint64_t letters(const char *text, size_t len)
{
	uint64_t set = 0;

	for (size_t i = 0; i < len; i++)
		set |= (uint64_t)1 << (text[i] & 63);
	return set;
}

/* A step takes or brings one character: that many steps it takes at least to come from the ones to the others. */
static bool has_other_letters(const char *a, size_t n, const char *b, size_t m, unsigned limit)
{
	uint64_t x = letters(a, n), y = letters(b, m);

	return (unsigned)__builtin_popcountll(x & ~y) > limit ||
	       (unsigned)__builtin_popcountll(y & ~x) > limit;
}

unsigned skep_edit_distance(const char *a, const char *b, unsigned limit)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned rows[3][EDIT_MAX + 2]; /* this one, the last one, and the one before that */
	const unsigned *last = rows[0], *before = rows[0];

	if (n > EDIT_MAX || m > EDIT_MAX || (n > m ? n - m : m - n) > limit)
		return limit + 1;
	if (has_other_letters(a, n, b, m, limit))
		return limit + 1;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		/* Farther than @limit from the diagonal nothing is near enough; the cells beside the band say so. */
		size_t first = i > limit ? i - limit : 1, end = MIN(m, i + limit);
		unsigned *row = rows[i % 3], best = limit + 1;

		row[first - 1] = first > 1 ? limit + 1 : (unsigned)i;
		row[end + 1] = limit + 1;
		best = MIN(best, row[first - 1]);
		for (size_t j = first; j <= end; j++) {
			row[j] = MIN(last[j], row[j - 1]) + 1;
			row[j] = MIN(row[j], last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], before[j - 2] + 1);
			best = MIN(best, row[j]);
		}
		if (best > limit)
			return limit + 1;
		before = last;
		last = row;
	}
	return MIN(last[m], limit + 1);
}

size_t skep_utf8_len(const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text;
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	/* The second byte rules out overlong forms, surrogates, and what is beyond U+10FFFF. */
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (n > len || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

size_t skep_utf8_shown(const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t n = skep_utf8_len(text, len);

	if (n == 1 && (s[0] < 0x20 || s[0] == 0x7f))
		return 0;
	return n == 2 && s[0] == 0xc2 && s[1] < 0xa0 ? 0 : n;
}

/* Characters of other than one column: the first, the last, the columns. In order. */
static const struct {
	uint32_t first;
	uint16_t more; /* the last is this many behind */
	uint16_t columns;
} odd[] = {
	{ 0x300, 0x6f, 0 },	{ 0x483, 6, 0 },	{ 0x591, 0x2c, 0 },
	{ 0x610, 10, 0 },	{ 0x64b, 20, 0 },	{ 0x6d6, 6, 0 },
	{ 0x900, 2, 0 },	{ 0x93c, 0, 0 },	{ 0x94d, 0, 0 },
	{ 0xe31, 0, 0 },	{ 0xe34, 6, 0 },	{ 0xe47, 7, 0 },
	{ 0x1100, 0x5f, 2 },	{ 0x1160, 0x9f, 0 },	{ 0x1ab0, 0x1e, 0 },
	{ 0x1dc0, 0x3f, 0 },	{ 0x200b, 4, 0 },	{ 0x20d0, 0x20, 0 },
	{ 0x231a, 1, 2 },	{ 0x2329, 1, 2 },	{ 0x23e9, 3, 2 },
	{ 0x23f0, 0, 2 },	{ 0x23f3, 0, 2 },	{ 0x25fd, 1, 2 },
	{ 0x2614, 1, 2 },	{ 0x2648, 11, 2 },	{ 0x26a1, 0, 2 },
	{ 0x26aa, 1, 2 },	{ 0x26bd, 1, 2 },	{ 0x26c4, 1, 2 },
	{ 0x26d4, 0, 2 },	{ 0x26ea, 0, 2 },	{ 0x26f2, 1, 2 },
	{ 0x26fd, 0, 2 },	{ 0x2705, 0, 2 },	{ 0x270a, 1, 2 },
	{ 0x2728, 0, 2 },	{ 0x274c, 0, 2 },	{ 0x2753, 2, 2 },
	{ 0x2757, 0, 2 },	{ 0x2795, 2, 2 },	{ 0x2b1b, 1, 2 },
	{ 0x2b50, 0, 2 },	{ 0x2b55, 0, 2 },	{ 0x2e80, 0x1a9, 2 },
	{ 0x302a, 3, 0 },	{ 0x302e, 0x10, 2 },	{ 0x3041, 0x55, 2 },
	{ 0x3099, 1, 0 },	{ 0x309b, 0x6fa4, 2 },	{ 0xa960, 0x1c, 2 },
	{ 0xac00, 0x2ba3, 2 },	{ 0xf900, 0x1ff, 2 },	{ 0xfe00, 15, 0 },
	{ 0xfe10, 9, 2 },	{ 0xfe20, 15, 0 },	{ 0xfe30, 0x3b, 2 },
	{ 0xfeff, 0, 0 },	{ 0xff01, 0x5f, 2 },	{ 0xffe0, 6, 2 },
	{ 0x16fe0, 0x2315, 2 }, { 0x1b000, 0x2fb, 2 },	{ 0x1f18e, 0, 2 },
	{ 0x1f191, 9, 2 },	{ 0x1f200, 0x120, 2 },	{ 0x1f32d, 8, 2 },
	{ 0x1f337, 0x45, 2 },	{ 0x1f37e, 0x15, 2 },	{ 0x1f3a0, 0x2a, 2 },
	{ 0x1f3cf, 4, 2 },	{ 0x1f3e0, 0x10, 2 },	{ 0x1f3f8, 0x46, 2 },
	{ 0x1f440, 0, 2 },	{ 0x1f442, 0xba, 2 },	{ 0x1f4ff, 0x3e, 2 },
	{ 0x1f550, 0x17, 2 },	{ 0x1f5fb, 0x54, 2 },	{ 0x1f680, 0x45, 2 },
	{ 0x1f6eb, 1, 2 },	{ 0x1f7e0, 0x10, 2 },	{ 0x1f90c, 0xf3, 2 },
	{ 0x1fa70, 0x8f, 2 },	{ 0x20000, 0xfffd, 2 }, { 0x30000, 0xfffd, 2 },
	{ 0xe0100, 0xef, 0 },
};

unsigned skep_utf8_columns(const char *s, size_t n)
{
	size_t low = 0, high = ARRAY_SIZE(odd);
	uint32_t c = (uint8_t)s[0] & (n == 1 ? 0x7f : 0xff >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	while (low < high) {
		size_t at = (low + high) / 2;

		if (c < odd[at].first)
			high = at;
		else if (c > odd[at].first + odd[at].more)
			low = at + 1;
		else
			return odd[at].columns;
	}
	return 1;
}

size_t skep_text_columns(const char *s, size_t len)
{
	size_t columns = 0, n;

	for (size_t i = 0; i < len; i += MAX(n, (size_t)1)) {
		n = skep_utf8_len(s + i, len - i);
		columns += n > 1 ? skep_utf8_columns(s + i, n) : 1;
	}
	return columns;
}
