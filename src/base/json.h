/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) that comes from outside: a receiver's answer, a runtime's state file. It is read once, from the front, value by
 * value; nothing is allocated, and nothing behind the end is read.
 *
 *	struct skep_json j = skep_json(text, size);
 *	const char *name;
 *
 *	if (skep_json_enter(&j, '{'))
 *		while ((name = skep_json_member(&j)))		// what is not taken is passed over
 *			if (skep_streq(name, "image"))
 *				skep_json_text(&j, image, sizeof(image));
 *
 * A value of another kind than the one that is asked for is passed over like one that nobody asks for. Where the text stops making
 * sense, or is cut, nothing more is found: what was read before stands. Commas and colons inside of what is passed over are not
 * counted.
 */
#pragma once

#include "base/macros.h"

#define SKEP_JSON_DEPTH_MAX 64 /* brackets that are open at a time; deeper makes no sense */
#define SKEP_JSON_NAME_MAX 64  /* of a member; a longer one is cut, so ask for shorter ones */

struct skep_json {
	const char *at, *end;
	unsigned depth;
	bool ahead; /* a value is, that nobody took */
	bool first; /* no item of the innermost bracket was read */
	bool bad;
	char name[SKEP_JSON_NAME_MAX];
};

struct skep_json skep_json(const char *text, size_t size);
/* Into the value that is ahead, if it begins with @bracket ('{' or '['): then its items are to be read to their end. */
bool skep_json_enter(struct skep_json *j, char bracket);
/* The name of the next member, whose value is then ahead; valid until the next one. NULL: that was the last. */
const char *skep_json_member(struct skep_json *j);
/* Whether another element is ahead. */
bool skep_json_element(struct skep_json *j);
/* Takes a text: as much of it as @size has room for, in whole characters, terminated. NUL becomes U+FFFD, as a lone surrogate. */
bool skep_json_text(struct skep_json *j, char *ret, size_t size);
/* Takes a whole number, in quotes or not (64-bit ones of protobuf are); what is larger than the type is its maximum. */
bool skep_json_u64(struct skep_json *j, uint64_t *ret);
