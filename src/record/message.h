/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message: one description of a message of Protocol Buffers, written in its binary encoding or as the JSON that the
 * OpenTelemetry protocol makes of it. Every field is named by both its number and its name, so an encoder is written once.
 *
 *	struct skep_message m;
 *	skep_message_init(&m, SKEP_MESSAGE_JSON, &out);
 *	skep_message_list(&m, "attributes");
 *	skep_message_item(&m, 6);				// repeated KeyValue attributes = 6
 *	skep_message_string(&m, 1, "key", "a", 1);
 *	skep_message_end(&m);
 *	skep_message_list_end(&m);
 *	skep_message_fini(&m);
 *
 * Sources: protobuf.dev/programming-guides/encoding; the OTLP specification, "JSON Protobuf Encoding": names in
 * lowerCamelCase, 64-bit integers as decimal texts, enumerations as numbers, identifiers as hexadecimal digits.
 * What is written is never looked at again: fields may come in any order, and zeroes are left out by whoever calls.
 */
#pragma once

#include "base/str.h"

#define SKEP_MESSAGE_DEPTH_MAX \
	24 /* messages and lists inside of each other; deeper ones are a mistake of the caller */

enum skep_message_form {
	SKEP_MESSAGE_PROTOBUF,
	SKEP_MESSAGE_JSON,
};

struct skep_message {
	enum skep_message_form form;
	struct skep_str *out;
	size_t starts[SKEP_MESSAGE_DEPTH_MAX]; /* where the bytes of open messages begin */
	unsigned depth;
	bool comma; /* JSON: something stands in front */
};

/* The outermost message begins. @out is borrowed until fini, which ends it. */
void skep_message_init(struct skep_message *m, enum skep_message_form form, struct skep_str *out);
void skep_message_fini(struct skep_message *m);

/* A message as a field, until end. */
void skep_message_begin(struct skep_message *m, uint32_t number, const char *name);
void skep_message_end(struct skep_message *m);
/* A repeated field of messages: each item until end, all until list_end. */
void skep_message_list(struct skep_message *m, const char *name);
void skep_message_item(struct skep_message *m, uint32_t number);
void skep_message_list_end(struct skep_message *m);

/* In JSON a byte that is not of UTF-8 is U+FFFD, in the binary encoding too: a string has to be UTF-8 there as well. */
void skep_message_string(struct skep_message *m, uint32_t number, const char *name,
			 const char *text, size_t len);
/* Of a text that ends with NUL. */
void skep_message_text(struct skep_message *m, uint32_t number, const char *name, const char *text);
/* Bytes that JSON has as hexadecimal digits: ids of traces and spans. */
void skep_message_id(struct skep_message *m, uint32_t number, const char *name, const uint8_t *id,
		     size_t len);
void skep_message_bool(struct skep_message *m, uint32_t number, const char *name, bool value);
void skep_message_uint32(struct skep_message *m, uint32_t number, const char *name, uint32_t value);
void skep_message_int64(struct skep_message *m, uint32_t number, const char *name, int64_t value);
void skep_message_sint32(struct skep_message *m, uint32_t number, const char *name, int32_t value);
void skep_message_fixed32(struct skep_message *m, uint32_t number, const char *name,
			  uint32_t value);
void skep_message_fixed64(struct skep_message *m, uint32_t number, const char *name,
			  uint64_t value);
void skep_message_sfixed64(struct skep_message *m, uint32_t number, const char *name,
			   int64_t value);
void skep_message_double(struct skep_message *m, uint32_t number, const char *name, double value);
/* Repeated numbers, packed. */
void skep_message_fixed64s(struct skep_message *m, uint32_t number, const char *name,
			   const uint64_t *values, size_t n);
void skep_message_uint64s(struct skep_message *m, uint32_t number, const char *name,
			  const uint64_t *values, size_t n);
void skep_message_doubles(struct skep_message *m, uint32_t number, const char *name,
			  const double *values, size_t n);
