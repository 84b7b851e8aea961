/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record_priv.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t load(const uint8_t *p, unsigned size)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		memcpy(&u8, p, 1);
		return u8;
	case 2:
		memcpy(&u16, p, 2);
		return u16;
	case 4:
		memcpy(&u32, p, 4);
		return u32;
	case 8:
		memcpy(&u64, p, 8);
		return u64;
	default:
		return 0;
	}
}

static uint64_t extend(uint64_t value, unsigned bits, bool is_signed)
{
	if (bits == 0 || bits >= 64)
		return value;
	value &= (UINT64_C(1) << bits) - 1;
	if (is_signed && value >> (bits - 1))
		value |= ~UINT64_C(0) << bits;
	return value;
}

/* How wide the leading number of a kind is. */
static unsigned int_size(const struct skep_schema_field *field)
{
	switch (field->kind) {
	case SKEP_FIELD_KSTACK:
	case SKEP_FIELD_USTACK:
		return field->size == 4 ? 4 : 8;
	case SKEP_FIELD_USYM:
		return 8;
	case SKEP_FIELD_INET:
	case SKEP_FIELD_HOST:
		return 4;
	case SKEP_FIELD_BYTES:
	case SKEP_FIELD_PROCESS:
	case SKEP_FIELD_STRING:
	case SKEP_FIELD_BUFFER:
	case SKEP_FIELD_MAC:
	case SKEP_FIELD_STRUCT:
	case SKEP_FIELD_TUPLE:
	case SKEP_FIELD_ARRAY:
	case SKEP_FIELD_FLOAT:
		return 0;
	default:
		return field->size;
	}
}

const char *skep_field_role_name(unsigned role)
{
	return role == SKEP_ROLE_KEY ? "key" : "total";
}

bool skep_field_is_measure(const struct skep_schema_field *field)
{
	return field->role != SKEP_ROLE_KEY &&
	       (field->kind == SKEP_FIELD_INT || field->kind == SKEP_FIELD_BOOL ||
		field->kind == SKEP_FIELD_FLOAT || field->kind == SKEP_FIELD_TIMESTAMP);
}

bool skep_field_has_int(const struct skep_schema_field *field)
{
	switch (field->kind) {
	case SKEP_FIELD_STRING:
	case SKEP_FIELD_BUFFER:
	case SKEP_FIELD_INET:
	case SKEP_FIELD_HOST:
	case SKEP_FIELD_PROCESS:
	case SKEP_FIELD_MAC:
	case SKEP_FIELD_STRUCT:
	case SKEP_FIELD_TUPLE:
	case SKEP_FIELD_ARRAY:
	case SKEP_FIELD_FLOAT:
	case SKEP_FIELD_BYTES:
		return false;
	default:
		return true;
	}
}

uint64_t skep_field_int(const struct skep_schema_field *field, const void *payload)
{
	unsigned size = int_size(field);
	uint64_t value = load((const uint8_t *)payload + field->offset, size);

	if (field->is_big_endian && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && size > 1)
		value = __builtin_bswap64(value) >> (64 - size * 8);
	if (field->bit_size)
		return extend(value >> (field->bit_off & 63), field->bit_size, field->is_signed);
	return extend(value, size * 8, field->is_signed);
}

bool skep_field_may_be_none(const struct skep_schema_field *field)
{
	return field->size == 8 && skep_streq(field->unit, "%") &&
	       ((field->kind == SKEP_FIELD_INT && !field->bit_size && field->is_signed) ||
		field->kind == SKEP_FIELD_FLOAT);
}

bool skep_field_is_none(const struct skep_schema_field *field, const void *payload)
{
	double part;

	if (!skep_field_may_be_none(field))
		return false;
	if (field->kind == SKEP_FIELD_INT)
		return (int64_t)skep_field_int(field, payload) == INT64_MIN;
	memcpy(&part, (const uint8_t *)payload + field->offset, sizeof(part));
	return part < 0;
}

bool skep_field_is_blank(const struct skep_schema_field *field, const void *payload,
			 const struct skep_resolver *resolver)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	switch (field->kind) {
	case SKEP_FIELD_STRING:
	case SKEP_FIELD_ENUM:
	case SKEP_FIELD_HOST:
	case SKEP_FIELD_PROCESS:
	case SKEP_FIELD_CGROUP_PATH:
		skep_field_text(field, payload, resolver, &text);
		return !text.len;
	default:
		return skep_field_is_none(field, payload);
	}
}

size_t skep_field_bytes(const struct skep_schema_field *field, const void *payload,
			const uint8_t **ret_bytes)
{
	const uint8_t *p = (const uint8_t *)payload + field->offset;
	uint32_t len;

	if (field->kind == SKEP_FIELD_BUFFER) {
		if (field->size < 4) {
			*ret_bytes = p;
			return 0;
		}
		len = (uint32_t)load(p, 4);
		*ret_bytes = p + 4;
		return MIN(len, field->size - 4);
	}
	*ret_bytes = p;
	if (field->kind == SKEP_FIELD_STRING)
		return strnlen((const char *)p, field->size);
	return field->size;
}

void skep_bytes_text(const uint8_t *bytes, size_t len, struct skep_str *out)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] >= 0x20 && bytes[i] < 0x7f)
			skep_str_addc(out, (char)bytes[i]);
		else
			skep_str_addf(out, "\\x%02x", bytes[i]);
	}
}

static void add_digits(const uint8_t *bytes, size_t len, struct skep_str *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
		skep_str_addn(out, (const char[]){ digits[bytes[i] >> 4], digits[bytes[i] & 15] },
			      2);
}

/* The fewest digits that are this very number. */
static void add_float(const struct skep_schema_field *field, const uint8_t *p, struct skep_str *out)
{
	char text[64] = "?";
	float f;
	double d;
	long double l;

	if (field->size == sizeof(f)) {
		memcpy(&f, p, sizeof(f));
		for (int digits = 6; digits <= 9; digits++) {
			snprintf(text, sizeof(text), "%.*g", digits, (double)f);
			if (strtof(text, NULL) == f)
				break;
		}
	} else if (field->size == sizeof(d)) {
		memcpy(&d, p, sizeof(d));
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(text, sizeof(text), "%.*g", digits, d);
			if (strtod(text, NULL) == d)
				break;
		}
	} else if (field->size == sizeof(l)) {
		memcpy(&l, p, sizeof(l));
		snprintf(text, sizeof(text), "%.18Lg", l);
	}
	skep_str_add(out, text);
}

/* The process that a USYM or USTACK belongs to. */
static uint32_t tgid_of(const struct skep_schema_field *field, const uint8_t *p)
{
	return (uint32_t)load(p + (field->pid_at ? field->pid_at : 8), 4);
}

static void add_inet(const struct skep_schema_field *field, const uint8_t *p, struct skep_str *out)
{
	uint32_t family;
	char text[INET6_ADDRSTRLEN];

	if (field->size == 4 || field->size == 16) {
		skep_str_add(out, inet_ntop(field->size == 4 ? AF_INET : AF_INET6, p, text,
					    sizeof(text)));
		return;
	}
	family = (uint32_t)load(p, 4);
	/* Families of the kernel, the same numbers everywhere: 2 is IPv4, 10 is IPv6. */
	if ((family == AF_INET || family == AF_INET6) &&
	    inet_ntop((int)family, p + 4, text, sizeof(text)))
		skep_str_add(out, text);
	else if (!family)
		skep_str_addc(out, '-'); /* a field of a header that is not there */
	else
		skep_str_addf(out, "family %" PRIu32, family);
}

/* The sixteen bytes of an address; false: it is of another family, or none. */
static bool address_of(const struct skep_schema_field *field, const uint8_t *p,
		       uint8_t ret_address[static 16])
{
	uint32_t family = field->size == 4 ? AF_INET : field->size == 16 ? AF_INET6 : 0;

	if (!family) {
		family = (uint32_t)load(p, 4);
		p += 4;
	}
	if (family == AF_INET6) {
		memcpy(ret_address, p, 16);
		return true;
	}
	memset(ret_address, 0, 10);
	memset(ret_address + 10, 0xff, 2);
	memcpy(ret_address + 12, p, 4);
	return family == AF_INET;
}

static void add_host(const struct skep_schema_field *field, const uint8_t *p,
		     const struct skep_resolver *r, struct skep_str *out)
{
	uint8_t address[16];

	if (r && r->host && address_of(field, p, address) && r->host(r->data, address, out))
		return;
	if (field->param == SKEP_HOST_OR_ADDRESS)
		add_inet(field, p, out);
}

static void add_process(const struct skep_schema_field *field, const uint8_t *p,
			const struct skep_resolver *r, struct skep_str *out)
{
	struct skep_process process;

	memcpy(&process, p, sizeof(process));
	if (r && r->process)
		r->process(r->data, &process, (enum skep_process_what)field->param, out);
}

void skep_field_stack(const struct skep_schema_field *field, const void *payload,
		      const struct skep_resolver *resolver, unsigned indent, struct skep_str *out)
{
	const uint8_t *p = (const uint8_t *)payload + field->offset;
	int64_t id = (int64_t)extend(load(p, int_size(field)), int_size(field) * 8, true);

	skep_str_addc(out, '\n');
	if (field->kind == SKEP_FIELD_KSTACK && resolver && resolver->kstack)
		resolver->kstack(resolver->data, id, field->param, indent, out);
	else if (field->kind == SKEP_FIELD_USTACK && resolver && resolver->ustack)
		resolver->ustack(resolver->data, id, tgid_of(field, p), field->param, indent, out);
	else
		skep_str_addf(out, "%*sstack %" PRId64 "\n", (int)indent, "", id);
}

static void add_cgroup(const struct skep_schema_field *field, uint64_t id,
		       const struct skep_resolver *r, struct skep_str *out)
{
	if (field->param >= SKEP_CGROUP_LABEL && r->cgroup_label) {
		r->cgroup_label(r->data, id, field->param - SKEP_CGROUP_LABEL, out);
		return;
	}
	if (field->param == SKEP_CGROUP_UNIFIED)
		skep_str_add(out, "unified:");
	r->cgroup_path(r->data, id, out);
}

/* Kinds whose number has a name that only a resolver knows. */
static void add_named(const struct skep_schema_field *field, const void *payload,
		      const struct skep_resolver *r, struct skep_str *out)
{
	const uint8_t *p = (const uint8_t *)payload + field->offset;
	uint64_t value = skep_field_int(field, payload);
	bool hex = field->kind == SKEP_FIELD_KSYM || field->kind == SKEP_FIELD_USYM;

	if (field->kind == SKEP_FIELD_KSYM && r && r->ksym)
		r->ksym(r->data, value, false, out);
	else if (field->kind == SKEP_FIELD_USYM && r && r->usym)
		r->usym(r->data, value, tgid_of(field, p), false, out);
	else if (field->kind == SKEP_FIELD_PROBE && r && r->probe)
		r->probe(r->data, value, out);
	else if (field->kind == SKEP_FIELD_USERNAME && r && r->username)
		r->username(r->data, (uint32_t)value, out);
	else if (field->kind == SKEP_FIELD_TIMESTAMP && r && r->timestamp)
		r->timestamp(r->data, value, field->param, out);
	else if (field->kind == SKEP_FIELD_CGROUP_PATH && r && r->cgroup_path)
		add_cgroup(field, value, r, out);
	else
		skep_str_addf(out, hex ? "0x%" PRIx64 : "%" PRIu64, value);
}

static void add_int(const struct skep_schema_field *field, const void *payload,
		    struct skep_str *out)
{
	uint64_t value = skep_field_int(field, payload);

	if (field->kind == SKEP_FIELD_ENUM) {
		for (size_t i = 0; i < field->n_enum_names; i++) {
			if ((uint64_t)field->enum_names[i].value == value) {
				skep_str_add(out, field->enum_names[i].name);
				return;
			}
		}
	}
	if (field->is_signed)
		skep_str_addi(out, (int64_t)value);
	else
		skep_str_addu(out, value);
}

static void add_text(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, unsigned indent, unsigned depth,
		     struct skep_str *out);

/* STRUCT, TUPLE, ARRAY: "{ .a = 1, .b = 2 }", "(1, 2)", "[1,2]". */
static void add_nested(const struct skep_schema_field *field, const void *payload,
		       const struct skep_resolver *resolver, unsigned indent, unsigned depth,
		       struct skep_str *out)
{
	const uint8_t *base = (const uint8_t *)payload + field->offset;
	bool is_struct = field->kind == SKEP_FIELD_STRUCT;
	bool is_array = field->kind == SKEP_FIELD_ARRAY;
	size_t n = is_array ? field->count : field->n_children;

	if (depth >= SKEP_FIELD_DEPTH_MAX || (is_array && field->n_children == 0)) {
		skep_str_add(out, "...");
		return;
	}
	skep_str_add(out, is_struct ? (n ? "{ " : "{") : is_array ? "[" : "(");
	for (size_t i = 0; i < n; i++) {
		const struct skep_schema_field *child = &field->children[is_array ? 0 : i];

		if (i > 0)
			skep_str_add(out, is_array ? "," : ", ");
		if (is_struct)
			skep_str_addf(out, ".%s = ", child->name ? child->name : "");
		add_text(child, base + (is_array ? i * child->size : 0), resolver, indent,
			 depth + 1, out);
	}
	skep_str_add(out, is_struct ? (n ? " }" : "}") : is_array ? "]" : ")");
}

static void add_text(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, unsigned indent, unsigned depth,
		     struct skep_str *out)
{
	const uint8_t *bytes;
	size_t len;

	switch (field->kind) {
	case SKEP_FIELD_INT:
	case SKEP_FIELD_ENUM:
		add_int(field, payload, out);
		return;
	case SKEP_FIELD_BOOL:
		skep_str_add(out, skep_field_int(field, payload) ? "true" : "false");
		return;
	case SKEP_FIELD_PTR:
		skep_str_addf(out, "0x%" PRIx64, skep_field_int(field, payload));
		return;
	case SKEP_FIELD_STRING:
		len = skep_field_bytes(field, payload, &bytes);
		skep_str_addn(out, bytes, len);
		if (field->trailer && len + 1 >= field->size)
			skep_str_add(out, field->trailer);
		return;
	case SKEP_FIELD_BUFFER:
		len = skep_field_bytes(field, payload, &bytes);
		if (field->param == SKEP_BUFFER_HEX)
			add_digits(bytes, len, out);
		else
			skep_bytes_text(bytes, len, out);
		return;
	case SKEP_FIELD_KSTACK:
	case SKEP_FIELD_USTACK:
		skep_field_stack(field, payload, resolver, indent, out);
		return;
	case SKEP_FIELD_INET:
		add_inet(field, (const uint8_t *)payload + field->offset, out);
		return;
	case SKEP_FIELD_HOST:
		add_host(field, (const uint8_t *)payload + field->offset, resolver, out);
		return;
	case SKEP_FIELD_PROCESS:
		add_process(field, (const uint8_t *)payload + field->offset, resolver, out);
		return;
	case SKEP_FIELD_BYTES:
		add_digits((const uint8_t *)payload + field->offset, field->size, out);
		return;
	case SKEP_FIELD_MAC:
		bytes = (const uint8_t *)payload + field->offset;
		skep_str_addf(out, "%02X:%02X:%02X:%02X:%02X:%02X", bytes[0], bytes[1], bytes[2],
			      bytes[3], bytes[4], bytes[5]);
		return;
	case SKEP_FIELD_FLOAT:
		add_float(field, (const uint8_t *)payload + field->offset, out);
		return;
	case SKEP_FIELD_STRUCT:
	case SKEP_FIELD_TUPLE:
	case SKEP_FIELD_ARRAY:
		add_nested(field, payload, resolver, indent, depth, out);
		return;
	case SKEP_FIELD_KSYM:
	case SKEP_FIELD_USYM:
	case SKEP_FIELD_PROBE:
	case SKEP_FIELD_USERNAME:
	case SKEP_FIELD_TIMESTAMP:
	case SKEP_FIELD_CGROUP_PATH:
		add_named(field, payload, resolver, out);
		return;
	case SKEP_FIELD_KIND_MAX:
		return;
	}
}

void skep_field_text_indent(const struct skep_schema_field *field, const void *payload,
			    const struct skep_resolver *resolver, unsigned indent,
			    struct skep_str *out)
{
	add_text(field, payload, resolver, indent, 0, out);
}

void skep_field_text(const struct skep_schema_field *field, const void *payload,
		     const struct skep_resolver *resolver, struct skep_str *out)
{
	add_text(field, payload, resolver, SKEP_STACK_INDENT, 0, out);
}
