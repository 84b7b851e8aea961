/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/flags.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* parentheses in one another */

struct reader {
	const char *at;
	unsigned depth;
	bool bad;
};

static void skip_blanks(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
}

static bool take(struct reader *r, const char *what)
{
	size_t n = strlen(what);

	skip_blanks(r);
	if (strncmp(r->at, what, n) != 0)
		return false;
	r->at += n;
	return true;
}

/* "( unsigned long)" says nothing here. */
static bool take_cast(struct reader *r)
{
	const char *p = r->at + 1;

	if (*r->at != '(')
		return false;
	while (isspace((unsigned char)*p))
		p++;
	if (!isalpha((unsigned char)*p) && *p != '_')
		return false;
	while (isalnum((unsigned char)*p) || *p == '_' || isspace((unsigned char)*p))
		p++;
	if (*p != ')')
		return false;
	r->at = p + 1;
	return true;
}

static uint64_t parse_or(struct reader *r);

static uint64_t parse_unary(struct reader *r)
{
	uint64_t v = 0;
	char *end;

	skip_blanks(r);
	if (r->bad || ++r->depth > DEPTH_MAX) {
		r->bad = true;
		return 0;
	}
	if (take_cast(r)) {
		v = parse_unary(r);
	} else if (take(r, "~")) {
		v = ~parse_unary(r);
	} else if (take(r, "(")) {
		v = parse_or(r);
		r->bad |= !take(r, ")");
	} else if (isdigit((unsigned char)*r->at)) {
		v = strtoull(r->at, &end, 0);
		while (*end && strchr("uUlL", *end))
			end++;
		r->at = end;
	} else {
		r->bad = true;
	}
	r->depth--;
	return v;
}

static uint64_t parse_shift(struct reader *r)
{
	uint64_t v = parse_unary(r);

	while (!r->bad && take(r, "<<"))
		v <<= parse_unary(r) & 63;
	return v;
}

static uint64_t parse_and(struct reader *r)
{
	uint64_t v = parse_shift(r);

	while (!r->bad && take(r, "&"))
		v &= parse_shift(r);
	return v;
}

static uint64_t parse_or(struct reader *r)
{
	uint64_t v = parse_and(r);

	while (!r->bad && take(r, "|"))
		v |= parse_and(r);
	return v;
}

/* "{ value, "NAME" }" */
static bool parse_pair(struct skep_arena *arena, struct reader *r, struct skep_enum_name *ret)
{
	const char *end;

	r->bad = false;
	r->depth = 0;
	ret->value = (int64_t)parse_or(r);
	if (r->bad || !take(r, ",") || !take(r, "\""))
		return false;
	end = strchr(r->at, '"');
	if (!end)
		return false;
	ret->name = skep_arena_strndup(arena, r->at, (size_t)(end - r->at));
	r->at = end + 1;
	return true;
}

size_t skep_flags_parse(struct skep_arena *arena, const char *text,
			const struct skep_enum_name **ret_names)
{
	struct skep_enum_name *names = skep_arena_calloc(arena, SKEP_FLAGS_MAX, sizeof(*names));
	struct reader r = { .at = strstr(text, "__print_flags(") };
	size_t n = 0;

	*ret_names = names;
	if (!r.at)
		return 0;
	r.at = strchr(r.at, '{');
	while (r.at && n < SKEP_FLAGS_MAX) {
		r.at++;
		if (parse_pair(arena, &r, &names[n]))
			n++;
		r.at = strchr(r.at, '}');
		if (!r.at)
			break;
		r.at++;
		if (!take(&r, ","))
			break;
		skip_blanks(&r);
		if (*r.at != '{')
			break;
	}
	return n;
}
