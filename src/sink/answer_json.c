/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partial success of an answer in JSON:
 *
 *	{"partialSuccess": {"rejectedLogRecords": "4", "errorMessage": "why"}}
 *
 * One pass from the front, which reads nothing behind the end, goes no deeper than DEPTH_MAX and keeps no more than WHY_MAX bytes
 * of the message. At the first nonsense it stops; what it read before counts, as in protobuf: better a loss too many is told than
 * none. Members elsewhere than in that object (or beside it, where some receivers have them) are passed over, and so is what
 * looks like one inside of a text.
 */
#include <string.h>

#include "sink/answer.h"

#define DEPTH_MAX 16
#define WHY_MAX 1024
#define NAME_MAX_LEN 32 /* longer names are none that are looked for */

struct json {
	const char *at, *end;
	uint64_t rejected;
	struct skep_str *why;
};

static char peek(struct json *j)
{
	while (j->at < j->end && strchr(" \t\r\n", *j->at) && *j->at)
		j->at++;
	return j->at < j->end ? *j->at : '\0';
}

static bool take(struct json *j, char c)
{
	if (!c || peek(j) != c)
		return false;
	j->at++;
	return true;
}

static bool take_hex(struct json *j, uint32_t *ret_unit)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t unit = 0;

	if (j->end - j->at < 4)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		char c = *j->at++;
		const char *digit = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

		if (!c || !digit)
			return false;
		unit = unit << 4 | (uint32_t)(digit - digits);
	}
	*ret_unit = unit;
	return true;
}

static void add_utf8(uint32_t point, struct skep_str *out)
{
	if (point < 0x80) {
		skep_str_addc(out, (char)point);
		return;
	}
	if (point < 0x800) {
		skep_str_addc(out, (char)(0xc0 | point >> 6));
	} else {
		if (point < 0x10000) {
			skep_str_addc(out, (char)(0xe0 | point >> 12));
		} else {
			skep_str_addc(out, (char)(0xf0 | point >> 18));
			skep_str_addc(out, (char)(0x80 | (point >> 12 & 0x3f)));
		}
		skep_str_addc(out, (char)(0x80 | (point >> 6 & 0x3f)));
	}
	skep_str_addc(out, (char)(0x80 | (point & 0x3f)));
}

/* Behind "\u". Halves of pairs that are alone, and NUL, which would end the text, become U+FFFD. */
static bool take_point(struct json *j, struct skep_str *out)
{
	uint32_t point, low;

	if (!take_hex(j, &point))
		return false;
	if (point >= 0xd800 && point < 0xdc00 && j->end - j->at >= 6 && j->at[0] == '\\' &&
	    j->at[1] == 'u') {
		const char *second = j->at;

		j->at += 2;
		if (!take_hex(j, &low))
			return false;
		if (low >= 0xdc00 && low < 0xe000)
			point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
		else
			j->at = second;
	}
	add_utf8(!point || (point >= 0xd800 && point < 0xe000) ? 0xfffd : point, out);
	return true;
}

static bool take_escape(struct json *j, struct skep_str *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known;
	char c = j->at < j->end ? *j->at++ : '\0';

	if (c == 'u')
		return take_point(j, out);
	known = c ? strchr(from, c) : NULL;
	if (known)
		skep_str_addc(out, to[known - from]);
	return known;
}

/* A text with its quotes; @out keeps its first @max bytes or a little more. */
static bool take_text(struct json *j, size_t max, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str rest = {};

	if (!take(j, '"'))
		return false;
	while (j->at < j->end) {
		struct skep_str *to = out->len < max ? out : &rest;
		char c = *j->at++;

		if (c == '"')
			return true;
		skep_str_reset(&rest);
		if (c != '\\')
			skep_str_addc(to, c ? c : ' ');
		else if (!take_escape(j, to))
			return false;
	}
	return false;
}

/* A whole number, which may be in quotes (int64 of protobuf); anything else is 0. Held at INT64_MAX, the most that it can be. */
static uint64_t number_of(const char *text, size_t len)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		number = number > INT64_MAX / 10 ? INT64_MAX
						 : MIN(number * 10 + (uint64_t)(text[i] - '0'),
						       (uint64_t)INT64_MAX);
	}
	return number;
}

/* A number, true, false or null: all that is no punctuation. It must end before the answer does. */
static bool take_word(struct json *j, const char **ret_word, size_t *ret_len)
{
	const char *word = j->at;

	while (j->at < j->end && *j->at && !strchr(" \t\r\n,:[]{}\"", *j->at))
		j->at++;
	*ret_word = word;
	*ret_len = (size_t)(j->at - word);
	return *ret_len && j->at < j->end;
}

static bool take_value(struct json *j, unsigned depth, bool is_ours);

static bool take_rejected(struct json *j)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const char *word;
	size_t len;

	if (peek(j) == '"') {
		if (!take_text(j, NAME_MAX_LEN, &text))
			return false;
		j->rejected = number_of(skep_str_text(&text), text.len);
		return true;
	}
	if (!take_word(j, &word, &len))
		return false;
	j->rejected = number_of(word, len);
	return true;
}

static bool is_rejected(const char *name)
{
	return skep_streq(name, "rejectedLogRecords") || skep_streq(name, "rejectedDataPoints") ||
	       skep_streq(name, "rejectedSpans");
}

/* "name": value; @is_ours: of the answer itself or of its partial success. */
static bool take_member(struct json *j, unsigned depth, bool is_ours)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const char *name;
	char first;

	if (!take_text(j, NAME_MAX_LEN, &text) || !take(j, ':'))
		return false;
	name = skep_str_text(&text);
	first = peek(j);
	if (is_ours && is_rejected(name) && (first == '"' || (first >= '0' && first <= '9')))
		return take_rejected(j);
	if (is_ours && skep_streq(name, "errorMessage") && first == '"') {
		skep_str_reset(j->why);
		return take_text(j, WHY_MAX, j->why);
	}
	return take_value(j, depth + 1,
			  is_ours && depth == 0 && skep_streq(name, "partialSuccess"));
}

/* Behind the opening bracket of an object or an array. */
static bool take_items(struct json *j, unsigned depth, bool is_object, bool is_ours)
{
	char close = is_object ? '}' : ']';

	if (depth >= DEPTH_MAX)
		return false;
	if (take(j, close))
		return true;
	do {
		if (is_object ? !take_member(j, depth, is_ours) : !take_value(j, depth + 1, false))
			return false;
	} while (take(j, ','));
	return take(j, close);
}

static bool take_value(struct json *j, unsigned depth, bool is_ours)
{
	_cleanup_(skep_str_fini)
	struct skep_str none = {};
	const char *word;
	size_t len;

	switch (peek(j)) {
	case '{':
		j->at++;
		return take_items(j, depth, true, is_ours);
	case '[':
		j->at++;
		return take_items(j, depth, false, false);
	case '"':
		return take_text(j, 0, &none);
	default:
		return take_word(j, &word, &len);
	}
}

uint64_t skep_answer_rejected_json(const char *text, size_t size, struct skep_str *ret_why)
{
	struct json j = { .at = text, .end = text + size, .why = ret_why };

	/* Whether it was well-formed to its end decides nothing, as said above. */
	(void)!take_value(&j, 0, true);
	return j.rejected;
}
