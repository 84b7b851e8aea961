/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <stdio.h>
#include <string.h>

/* Where a text goes, one character after the other; NULL: nowhere. */
struct room {
	char *data;
	size_t len, size;
	bool full;
};

struct skep_json skep_json(const char *text, size_t size)
{
	return (struct skep_json){ .at = text, .end = text + size, .ahead = true };
}

static bool is_bad(struct skep_json *j)
{
	j->bad = true;
	return false;
}

static char peek(struct skep_json *j)
{
	while (j->at < j->end && *j->at && strchr(" \t\r\n", *j->at))
		j->at++;
	return j->at < j->end ? *j->at : '\0';
}

static bool take(struct skep_json *j, char c)
{
	if (peek(j) != c)
		return false;
	j->at++;
	return true;
}

/*
 * Texts.
 */

static void put(struct room *room, const char *character, size_t len)
{
	if (!room)
		return;
	room->full |= room->len + len >= room->size;
	if (room->full)
		return;
	memcpy(room->data + room->len, character, len);
	room->len += len;
}

static void put_point(struct room *room, uint32_t point)
{
	char utf8[4];
	size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len; i-- > 1; point >>= 6)
		utf8[i] = (char)(0x80 | (point & 0x3f));
	utf8[0] = (char)(leads[len] | point);
	put(room, utf8, len);
}

static bool take_hex(struct skep_json *j, uint32_t *ret_unit)
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

/* Behind "\u"; what is beyond 16 bits are two of them. */
static bool take_point(struct skep_json *j, struct room *room)
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
	put_point(room, !point || (point >= 0xd800 && point < 0xe000) ? 0xfffd : point);
	return true;
}

static bool take_escape(struct skep_json *j, struct room *room)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known;
	char c = j->at < j->end ? *j->at++ : '\0';

	if (c == 'u')
		return take_point(j, room);
	known = c ? strchr(from, c) : NULL;
	if (known)
		put(room, &to[known - from], 1);
	return known;
}

/* With its quotes. */
static bool take_text(struct skep_json *j, struct room *room)
{
	if (!take(j, '"'))
		return is_bad(j);
	while (j->at < j->end) {
		const char *from = j->at++;

		if (*from == '"')
			return true;
		if (*from == '\\') {
			if (!take_escape(j, room))
				return is_bad(j);
			continue;
		}
		while (j->at < j->end && ((uint8_t)*j->at & 0xc0) == 0x80)
			j->at++;
		if (*from)
			put(room, from, (size_t)(j->at - from));
		else
			put_point(room, 0xfffd);
	}
	return is_bad(j);
}

/*
 * Other values.
 */

/* A number, true, false or null: all that is no punctuation. It ends before the text does, or may be cut. */
static bool take_word(struct skep_json *j, const char **ret_word)
{
	const char *word = j->at;

	while (j->at < j->end && *j->at && !strchr(" \t\r\n,:[]{}\"", *j->at))
		j->at++;
	if (ret_word)
		*ret_word = word;
	return (j->at > word && j->at < j->end) || is_bad(j);
}

static void pass_over(struct skep_json *j)
{
	uint64_t arrays = 0; /* a bit for each bracket that is open */
	unsigned depth = 0;

	j->ahead = false;
	do {
		char c = peek(j);

		switch (c) {
		case '{':
		case '[':
			j->bad = j->depth + depth >= SKEP_JSON_DEPTH_MAX;
			arrays = arrays << 1 | (c == '[');
			depth++;
			j->at++;
			break;
		case '}':
		case ']':
			j->bad = !depth || (arrays & 1) != (c == ']');
			arrays >>= 1;
			depth--;
			j->at++;
			break;
		case ',':
		case ':':
			j->bad = !depth;
			j->at++;
			break;
		case '"':
			take_text(j, NULL);
			break;
		default:
			take_word(j, NULL);
		}
	} while (depth && !j->bad);
}

bool skep_json_enter(struct skep_json *j, char bracket)
{
	if (j->bad || !j->ahead)
		return false;
	if (peek(j) != bracket || j->depth >= SKEP_JSON_DEPTH_MAX) {
		pass_over(j);
		return false;
	}
	j->at++;
	j->depth++;
	j->first = true;
	j->ahead = false;
	return true;
}

/* Whether an item follows in the innermost bracket; if none does, behind that. */
static bool next(struct skep_json *j, char close)
{
	if (j->ahead && !j->bad)
		pass_over(j);
	if (j->bad)
		return false;
	if (take(j, close)) {
		j->depth--;
		j->first = false;
		return false;
	}
	if (!j->first && !take(j, ','))
		return is_bad(j);
	j->first = false;
	return true;
}

const char *skep_json_member(struct skep_json *j)
{
	struct room room = { .data = j->name, .size = sizeof(j->name) };

	if (!next(j, '}') || !take_text(j, &room))
		return NULL;
	j->name[room.len] = '\0';
	if (!take(j, ':')) {
		j->bad = true;
		return NULL;
	}
	j->ahead = true;
	return j->name;
}

bool skep_json_element(struct skep_json *j)
{
	j->ahead = next(j, ']');
	return j->ahead;
}

bool skep_json_text(struct skep_json *j, char *ret, size_t size)
{
	struct room room = { .data = ret, .size = size };

	if (j->bad || !j->ahead)
		return false;
	if (peek(j) != '"') {
		pass_over(j);
		return false;
	}
	j->ahead = false;
	if (!take_text(j, &room))
		return false;
	ret[room.len] = '\0';
	return true;
}

bool skep_json_u64(struct skep_json *j, uint64_t *ret)
{
	const char *word;
	char text[32];
	uint64_t number = 0;

	if (j->bad || !j->ahead)
		return false;
	if (peek(j) == '"') {
		if (!skep_json_text(j, text, sizeof(text)))
			return false;
		word = text;
	} else if (strchr("{[", peek(j))) {
		pass_over(j);
		return false;
	} else {
		j->ahead = false;
		if (!take_word(j, &word))
			return false;
		snprintf(text, sizeof(text), "%.*s", (int)MIN(j->at - word, 31), word);
		word = text;
	}
	for (; *word >= '0' && *word <= '9'; word++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*word - '0'), &number))
			number = UINT64_MAX;
	if (*word || word == text)
		return false;
	*ret = number;
	return true;
}
