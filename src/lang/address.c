/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lang/check_priv.h"
#include "lang/lower_priv.h"

#define INET_SIZE 20 /* family, 4 or 16 bytes of address */
#define MAC_SIZE 6
#define TEXT_MAX 64

struct pattern {
	uint32_t size;
	uint8_t bytes[INET_SIZE], mask[INET_SIZE];
};

static bool is_address(const struct skep_expr *expr)
{
	return expr->type &&
	       (expr->type->kind == SKEP_TYPE_INET || expr->type->kind == SKEP_TYPE_MAC);
}

static bool is_text(const struct skep_expr *expr)
{
	return expr->kind == SKEP_EXPR_STRING || expr->kind == SKEP_EXPR_PARAM;
}

bool skep_address_compares(const struct skep_expr *a, const struct skep_expr *b)
{
	return (is_address(a) && is_text(b)) || (is_text(a) && is_address(b));
}

static bool parse_mac(const char *text, struct pattern *p)
{
	unsigned n = 0;

	for (; n < MAC_SIZE; n++) {
		char *end;
		unsigned long byte = strtoul(text, &end, 16);

		if (!isxdigit((unsigned char)text[0]) || end == text || end > text + 2 ||
		    *end != (n + 1 < MAC_SIZE ? ':' : '\0'))
			return false;
		p->bytes[n] = (uint8_t)byte;
		p->mask[n] = 0xff;
		text = end + 1;
	}
	p->size = MAC_SIZE;
	return true;
}

/* The bits behind "/", or all of them. */
static bool parse_bits(const char *text, unsigned most, unsigned *ret_bits)
{
	char *end;
	unsigned long bits;

	if (!text) {
		*ret_bits = most;
		return true;
	}
	if (!isdigit((unsigned char)text[0]))
		return false;
	bits = strtoul(text, &end, 10);
	*ret_bits = (unsigned)bits;
	return !*end && bits <= most;
}

static bool parse_inet(const char *text, struct pattern *p)
{
	char address[TEXT_MAX] = {};
	const char *slash = strchr(text, '/');
	bool is_v6 = strchr(text, ':');
	uint32_t family = is_v6 ? AF_INET6 : AF_INET;
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned bits;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	if (inet_pton((int)family, address, p->bytes + 4) != 1 ||
	    !parse_bits(slash ? slash + 1 : NULL, is_v6 ? 128 : 32, &bits))
		return false;
	memcpy(p->bytes, &family, 4);
	memset(p->mask, 0xff, 4);
	for (unsigned i = 0; i < bits; i++)
		p->mask[4 + i / 8] |= (uint8_t)(0x80 >> i % 8);
	p->size = INET_SIZE;
	return true;
}

static bool parse(const struct skep_type *type, const char *text, struct pattern *ret_pattern)
{
	struct pattern p = {};

	if (!(type->kind == SKEP_TYPE_MAC ? parse_mac(text, &p) : parse_inet(text, &p)))
		return false;
	for (unsigned i = 0; i < p.size; i++)
		p.bytes[i] &= p.mask[i];
	*ret_pattern = p;
	return true;
}

int skep_address_check(struct skep_check *k, const struct skep_expr *a, const struct skep_expr *b)
{
	const struct skep_expr *address = is_address(a) ? a : b, *other = address == a ? b : a;
	const char *text = skep_check_literal(k, other);
	struct pattern p;
	int r;

	if (text && parse(address->type, text, &p))
		return 0;
	r = skep_check_error(k, other->loc, "\"%s\" is no %s", text ? text : "",
			     address->type->kind == SKEP_TYPE_MAC ? "hardware address"
								  : "IP address or network");
	skep_diag_hint(k->c->diag, address->type->kind == SKEP_TYPE_MAC
					   ? "they look like \"02:00:5e:10:00:01\""
					   : "they look like \"192.0.2.1\", \"2001:db8::1\" and "
					     "\"192.0.2.0/24\"");
	return r;
}

/* The first @size bytes at @at of the mask and of the pattern, as the program loads them. */
static uint64_t word(const uint8_t *bytes, uint32_t at, unsigned size)
{
	uint64_t n = 0;

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		memcpy((uint8_t *)&n + 8 - size, bytes + at, size);
	else
		memcpy(&n, bytes + at, size);
	return n;
}

static void compare(struct skep_lower *l, const struct skep_value *v, const struct pattern *p,
		    struct skep_block *equal, struct skep_block *different)
{
	unsigned step;

	for (uint32_t at = 0; at < p->size; at += step) {
		struct skep_block *next = skep_ir_block(l->fn);
		uint64_t mask, all;
		struct skep_val *w;

		for (step = 8; step > p->size - at;)
			step /= 2;
		mask = word(p->mask, at, step);
		all = step == 8 ? UINT64_MAX : (UINT64_C(1) << step * 8) - 1;
		if (!mask)
			continue;
		w = skep_ir_load(l->fn, v->val, v->off + (int)at, step, 0);
		if (mask != all)
			w = skep_ir_op(l->fn, SKEP_OP_AND, w, skep_ir_const(l->fn, mask));
		skep_ir_branch(l->fn, SKEP_CC_EQ, w, skep_ir_const(l->fn, word(p->bytes, at, step)),
			       next, different);
		skep_ir_at(l->fn, next);
	}
	skep_ir_jump(l->fn, equal);
}

bool skep_address_is_network(const char *text)
{
	struct pattern p = {};

	return parse_inet(text, &p);
}

void skep_address_match(struct skep_lower *l, const struct skep_value *value, const char *network,
			struct skep_block *equal, struct skep_block *different)
{
	static const struct skep_type inet = { .kind = SKEP_TYPE_INET };
	struct pattern p;

	if (parse(&inet, network, &p))
		compare(l, value, &p, equal, different);
	else
		skep_ir_jump(l->fn, different);
}

int skep_address_lower(struct skep_lower *l, const struct skep_expr *a, const struct skep_expr *b,
		       struct skep_block *equal, struct skep_block *different)
{
	const struct skep_expr *address = is_address(a) ? a : b, *other = address == a ? b : a;
	struct skep_check k = { .c = l->c };
	const char *text = skep_check_literal(&k, other);
	struct skep_value value;
	struct pattern p;
	int r;

	if (!text || !parse(address->type, text, &p))
		return skep_lower_bug(l, other->loc, "this address");
	r = skep_lower_expr(l, address, &value);
	if (r == 0)
		r = skep_lower_bytes(l, &value);
	if (r == 0)
		compare(l, &value, &p, equal, different);
	return r;
}
