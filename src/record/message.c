/* SPDX-License-Identifier: Apache-2.0 */
#include "record/message.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "record/schema.h"

/* How the bytes of a field are told apart. */
enum wire {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5,
};

static size_t encode_varint(uint64_t value, char *bytes)
{
	size_t n = 0;

	while (value >= 0x80) {
		bytes[n++] = (char)(value | 0x80);
		value >>= 7;
	}
	bytes[n++] = (char)value;
	return n;
}

static void add_varint(struct skep_message *m, uint64_t value)
{
	char bytes[10];

	skep_str_addn(m->out, bytes, encode_varint(value, bytes));
}

static void add_fixed(struct skep_message *m, uint64_t value, size_t n_bytes)
{
	char bytes[8];

	for (size_t i = 0; i < n_bytes; i++)
		bytes[i] = (char)(value >> (8 * i));
	skep_str_addn(m->out, bytes, n_bytes);
}

static void add_64(struct skep_message *m, uint64_t value)
{
	add_fixed(m, value, 8);
}

static void add_tag(struct skep_message *m, uint32_t number, enum wire wire)
{
	add_varint(m, (uint64_t)number << 3 | wire);
}

static void separate(struct skep_message *m)
{
	if (m->comma)
		skep_str_addc(m->out, ',');
	m->comma = true;
}

/* What stands in front of a field's value. True: JSON. */
static bool begin_field(struct skep_message *m, uint32_t number, const char *name, enum wire wire)
{
	if (m->form == SKEP_MESSAGE_PROTOBUF) {
		add_tag(m, number, wire);
		return false;
	}
	separate(m);
	skep_json_string(name, strlen(name), m->out);
	skep_str_addc(m->out, ':');
	return true;
}

static void push(struct skep_message *m)
{
	if (m->depth < SKEP_MESSAGE_DEPTH_MAX)
		m->starts[m->depth] = m->out->len;
	m->depth++;
	m->comma = false;
}

/* The length of what was written since the message began goes in front of it. */
static void insert_length(struct skep_message *m)
{
	size_t start = m->starts[m->depth], len = m->out->len - start, n;
	char bytes[10];

	n = encode_varint(len, bytes);
	skep_str_addn(m->out, bytes, n); /* room */
	memmove(m->out->data + start + n, m->out->data + start, len);
	memcpy(m->out->data + start, bytes, n);
}

void skep_message_init(struct skep_message *m, enum skep_message_form form, struct skep_str *out)
{
	*m = (struct skep_message){ .form = form, .out = out };
	if (form == SKEP_MESSAGE_JSON)
		skep_str_addc(out, '{');
}

void skep_message_fini(struct skep_message *m)
{
	if (m->form == SKEP_MESSAGE_JSON)
		skep_str_addc(m->out, '}');
}

void skep_message_begin(struct skep_message *m, uint32_t number, const char *name)
{
	if (begin_field(m, number, name, WIRE_BYTES))
		skep_str_addc(m->out, '{');
	push(m);
}

void skep_message_end(struct skep_message *m)
{
	if (--m->depth < SKEP_MESSAGE_DEPTH_MAX && m->form == SKEP_MESSAGE_PROTOBUF)
		insert_length(m);
	if (m->form == SKEP_MESSAGE_JSON)
		skep_str_addc(m->out, '}');
	m->comma = true;
}

void skep_message_list(struct skep_message *m, const char *name)
{
	if (m->form == SKEP_MESSAGE_PROTOBUF)
		return;
	begin_field(m, 0, name, WIRE_BYTES);
	skep_str_addc(m->out, '[');
	m->comma = false;
}

void skep_message_item(struct skep_message *m, uint32_t number)
{
	if (m->form == SKEP_MESSAGE_PROTOBUF) {
		add_tag(m, number, WIRE_BYTES);
	} else {
		separate(m);
		skep_str_addc(m->out, '{');
	}
	push(m);
}

void skep_message_list_end(struct skep_message *m)
{
	if (m->form == SKEP_MESSAGE_JSON)
		skep_str_addc(m->out, ']');
	m->comma = true;
}

/* Every byte that is not of UTF-8 as U+FFFD. */
static void add_utf8(struct skep_str *out, const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = skep_utf8_len(text + i, len - i);
		if (n)
			skep_str_addn(out, text + i, n);
		else
			skep_str_add(out, "\xef\xbf\xbd");
		n = n ? n : 1;
	}
}

void skep_message_string(struct skep_message *m, uint32_t number, const char *name,
			 const char *text, size_t len)
{
	if (begin_field(m, number, name, WIRE_BYTES)) {
		skep_json_string(text, len, m->out);
		return;
	}
	push(m);
	add_utf8(m->out, text, len);
	m->depth--;
	insert_length(m);
}

void skep_message_text(struct skep_message *m, uint32_t number, const char *name, const char *text)
{
	skep_message_string(m, number, name, text, strlen(text));
}

void skep_message_id(struct skep_message *m, uint32_t number, const char *name, const uint8_t *id,
		     size_t len)
{
	if (!begin_field(m, number, name, WIRE_BYTES)) {
		add_varint(m, len);
		skep_str_addn(m->out, id, len);
		return;
	}
	skep_str_addc(m->out, '"');
	for (size_t i = 0; i < len; i++)
		skep_str_addf(m->out, "%02x", id[i]);
	skep_str_addc(m->out, '"');
}

void skep_message_bool(struct skep_message *m, uint32_t number, const char *name, bool value)
{
	if (begin_field(m, number, name, WIRE_VARINT))
		skep_str_add(m->out, value ? "true" : "false");
	else
		add_varint(m, value);
}

void skep_message_uint32(struct skep_message *m, uint32_t number, const char *name, uint32_t value)
{
	if (begin_field(m, number, name, WIRE_VARINT))
		skep_str_addf(m->out, "%" PRIu32, value);
	else
		add_varint(m, value);
}

void skep_message_int64(struct skep_message *m, uint32_t number, const char *name, int64_t value)
{
	if (begin_field(m, number, name, WIRE_VARINT))
		skep_str_addf(m->out, "\"%" PRId64 "\"", value);
	else
		add_varint(m, (uint64_t)value);
}

void skep_message_sint32(struct skep_message *m, uint32_t number, const char *name, int32_t value)
{
	if (begin_field(m, number, name, WIRE_VARINT))
		skep_str_addf(m->out, "%" PRId32, value);
	else
		add_varint(m, ((uint32_t)value << 1) ^ (value < 0 ? UINT32_MAX : 0));
}

void skep_message_fixed32(struct skep_message *m, uint32_t number, const char *name, uint32_t value)
{
	if (begin_field(m, number, name, WIRE_32))
		skep_str_addf(m->out, "%" PRIu32, value);
	else
		add_fixed(m, value, 4);
}

void skep_message_fixed64(struct skep_message *m, uint32_t number, const char *name, uint64_t value)
{
	if (begin_field(m, number, name, WIRE_64))
		skep_str_addf(m->out, "\"%" PRIu64 "\"", value);
	else
		add_64(m, value);
}

void skep_message_sfixed64(struct skep_message *m, uint32_t number, const char *name, int64_t value)
{
	if (begin_field(m, number, name, WIRE_64))
		skep_str_addf(m->out, "\"%" PRId64 "\"", value);
	else
		add_64(m, (uint64_t)value);
}

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* JSON has no word for what is no number: protobuf's JSON has texts. */
static void add_json_double(struct skep_str *out, double value)
{
	if (isnan(value))
		skep_str_add(out, "\"NaN\"");
	else if (isinf(value))
		skep_str_add(out, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
	else
		skep_str_addf(out, "%.17g", value);
}

void skep_message_double(struct skep_message *m, uint32_t number, const char *name, double value)
{
	if (begin_field(m, number, name, WIRE_64))
		add_json_double(m->out, value);
	else
		add_64(m, bits_of(value));
}

/* A packed field begins. True: JSON, whose elements are separated by commas. */
static bool begin_packed(struct skep_message *m, uint32_t number, const char *name)
{
	if (begin_field(m, number, name, WIRE_BYTES)) {
		skep_str_addc(m->out, '[');
		return true;
	}
	push(m);
	return false;
}

static void end_packed(struct skep_message *m)
{
	if (m->form == SKEP_MESSAGE_JSON) {
		skep_str_addc(m->out, ']');
		return;
	}
	m->depth--;
	insert_length(m);
}

/* The same as JSON, by which function each is added otherwise. */
static void add_packed(struct skep_message *m, uint32_t number, const char *name,
		       void (*add)(struct skep_message *m, uint64_t value), const uint64_t *values,
		       size_t n)
{
	bool json = begin_packed(m, number, name);

	for (size_t i = 0; i < n; i++) {
		if (json)
			skep_str_addf(m->out, "%s\"%" PRIu64 "\"", i ? "," : "", values[i]);
		else
			add(m, values[i]);
	}
	end_packed(m);
}

void skep_message_fixed64s(struct skep_message *m, uint32_t number, const char *name,
			   const uint64_t *values, size_t n)
{
	add_packed(m, number, name, add_64, values, n);
}

void skep_message_uint64s(struct skep_message *m, uint32_t number, const char *name,
			  const uint64_t *values, size_t n)
{
	add_packed(m, number, name, add_varint, values, n);
}

void skep_message_doubles(struct skep_message *m, uint32_t number, const char *name,
			  const double *values, size_t n)
{
	bool json = begin_packed(m, number, name);

	for (size_t i = 0; i < n; i++) {
		if (json) {
			skep_str_add(m->out, i ? "," : "");
			add_json_double(m->out, values[i]);
		} else {
			add_64(m, bits_of(values[i]));
		}
	}
	end_packed(m);
}
