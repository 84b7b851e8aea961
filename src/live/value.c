/* SPDX-License-Identifier: Apache-2.0 */
#include "live/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 skep_wide;

struct parser {
	const struct skep_btf *btf;
	const char *what; /* for messages */
	const char *at;
	struct skep_diag *diag;
	unsigned depth;
};

/*
 * Where.
 */

static int no_member(const struct skep_btf *btf, uint32_t type, const char *name, const char *what,
		     struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};

	skep_diag_error(diag, SKEP_NO_LOC, "%s has no member '%s'", what, name);
	skep_btf_format_member_names(btf, type, name, 8, &names);
	if (names.len)
		skep_diag_hint(diag, "its members: %s", skep_str_text(&names));
	return -ENOENT;
}

static int step_member(const struct skep_btf *btf, const char *what, const char *name,
		       struct skep_diag *diag, struct skep_value_place *place)
{
	struct skep_btf_member m;
	uint64_t offset = 0;
	uint32_t size;
	int r = skep_btf_find_member(btf, place->type, name, &m);

	if (r == -EINVAL) {
		skep_diag_error(diag, SKEP_NO_LOC, "%s is no struct: it has no member '%s'", what,
				name);
		return r;
	}
	if (r < 0)
		return no_member(btf, place->type, name, what, diag);
	r = skep_btf_size(btf, m.type, &size);
	/* A bit field is in the integer that is aligned to its own size; compilers never let it cross that. */
	if (r == 0)
		offset = m.bit_size ? m.bit_offset / 8 / MAX(size, 1u) * size : m.bit_offset / 8;
	if (r < 0 || offset + size > place->size ||
	    (m.bit_size && (size > 8 || m.bit_offset - offset * 8 + m.bit_size > size * 8))) {
		skep_diag_error(diag, SKEP_NO_LOC, "member '%s' of %s has no size, or is packed",
				name, what);
		return -EINVAL;
	}
	place->type = m.type;
	place->size = size;
	place->bit_size = (uint8_t)m.bit_size;
	place->bit_offset = m.bit_size ? (uint8_t)(m.bit_offset - offset * 8) : 0;
	place->offset += (uint32_t)offset;
	return 0;
}

static int step_element(const struct skep_btf *btf, const char *what, uint64_t index,
			struct skep_diag *diag, struct skep_value_place *place)
{
	uint32_t elem, count, size;
	int r = skep_btf_array(btf, place->type, &elem, &count);

	if (r == 0)
		r = skep_btf_size(btf, elem, &size);
	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "%s is no array", what);
		return -EINVAL;
	}
	if (index >= count || (index + 1) * size > place->size) {
		skep_diag_error(diag, SKEP_NO_LOC, "%s has %u elements, [0] to [%u]", what, count,
				count ? count - 1 : 0);
		return -ERANGE;
	}
	place->type = elem;
	place->offset += (uint32_t)index * size;
	place->size = size;
	return 0;
}

int skep_value_find(const struct skep_btf *btf, uint32_t type, const char *what, const char *path,
		    struct skep_diag *diag, struct skep_value_place *ret_place)
{
	struct skep_value_place place = { .type = type };
	int r = skep_btf_size(btf, type, &place.size);

	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "%s has a type without a size", what);
		return r;
	}
	while (*path) {
		char name[128], *end;
		size_t len = strcspn(path + 1, ".[");

		if (*path == '[') {
			uint64_t index = strtoull(path + 1, &end, 0);

			if (!isdigit((unsigned char)path[1]) || *end != ']')
				goto bad;
			r = step_element(btf, what, index, diag, &place);
			path = end + 1;
		} else if (*path == '.' && len && len < sizeof(name)) {
			memcpy(name, path + 1, len);
			name[len] = '\0';
			r = step_member(btf, what, name, diag, &place);
			path += 1 + len;
		} else {
			goto bad;
		}
		if (r < 0)
			return r;
		if (place.bit_size && *path)
			goto bad;
	}
	*ret_place = place;
	return 0;
bad:
	skep_diag_error(diag, SKEP_NO_LOC, "'%s' behind %s is no place in it", path, what);
	skep_diag_hint(diag, "members are named .NAME, elements [NUMBER]");
	return -EINVAL;
}

/*
 * What.
 */

static void blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static bool take(struct parser *p, char c)
{
	blanks(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

/* A word of letters and digits; "" when there is none. */
static void take_word(struct parser *p, char *word, size_t size)
{
	size_t len = 0;

	blanks(p);
	while (isalnum((unsigned char)p->at[len]) || p->at[len] == '_')
		len++;
	if (len >= size)
		len = 0;
	memcpy(word, p->at, len);
	word[len] = '\0';
	p->at += len;
}

static int not_a(struct parser *p, const char *kind)
{
	skep_diag_error(p->diag, SKEP_NO_LOC, "%s is %s: '%.40s' is none", p->what, kind, p->at);
	return -EINVAL;
}

static int escape(struct parser *p, char *ret)
{
	static const char from[] = "ntr0\\\"'", to[] = "\n\t\r\0\\\"'";
	const char *found;

	if (*p->at != '\\') {
		*ret = *p->at++;
		return 0;
	}
	found = p->at[1] ? strchr(from, p->at[1]) : NULL;
	if (found) {
		*ret = to[found - from];
		p->at += 2;
		return 0;
	}
	if (p->at[1] == 'x' && isxdigit((unsigned char)p->at[2]) &&
	    isxdigit((unsigned char)p->at[3])) {
		char digits[3] = { p->at[2], p->at[3] };

		*ret = (char)strtoul(digits, NULL, 16);
		p->at += 4;
		return 0;
	}
	return not_a(p, "text with the escapes of C");
}

/* Digits as C has them, up to 128 bits; -ERANGE beyond. */
static int digits(struct parser *p, skep_wide *ret)
{
	unsigned base = 10;
	skep_wide n = 0;
	const char *s = p->at;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isxdigit((unsigned char)s[2]))
		base = 16, s += 2;
	else if (s[0] == '0' && (s[1] == 'b' || s[1] == 'B') && (s[2] == '0' || s[2] == '1'))
		base = 2, s += 2;
	if (!isdigit((unsigned char)*s) && base == 10)
		return -EINVAL;
	for (; isxdigit((unsigned char)*s); s++) {
		unsigned d = isdigit((unsigned char)*s)
				     ? (unsigned)(*s - '0')
				     : (unsigned)(tolower((unsigned char)*s) - 'a') + 10;

		if (d >= base)
			return -EINVAL;
		if (n > ((skep_wide)-1 - d) / base)
			return -ERANGE;
		n = n * base + d;
	}
	/* As in C, a size may be said behind it; it means nothing here. */
	while (*s == 'u' || *s == 'U' || *s == 'l' || *s == 'L')
		s++;
	if (isalnum((unsigned char)*s) || *s == '_' || *s == '.')
		return -EINVAL;
	p->at = s;
	*ret = n;
	return 0;
}

static int does_not_fit(struct parser *p, unsigned bits, bool is_signed)
{
	if (is_signed && bits <= 64)
		skep_diag_error(p->diag, SKEP_NO_LOC,
				"%s has %u bits, from %lld to %lld: that does not fit", p->what,
				bits, (long long)(-1ull << (bits - 1)),
				(long long)(~0ull >> (64 - bits + 1)));
	else if (bits <= 64)
		skep_diag_error(p->diag, SKEP_NO_LOC,
				"%s has %u bits, from 0 to %llu: that does not fit", p->what, bits,
				~0ull >> (64 - bits));
	else
		skep_diag_error(p->diag, SKEP_NO_LOC, "%s has %u bits: that does not fit", p->what,
				bits);
	return -ERANGE;
}

static int number(struct parser *p, unsigned bits, bool is_signed, skep_wide *ret)
{
	const char *start = p->at;
	skep_wide limit, n = 0;
	bool minus = false;
	char c;
	int r;

	if (*p->at == '\'') {
		p->at++;
		r = escape(p, &c);
		if (r == 0 && *p->at++ == '\'') {
			*ret = (skep_wide)(unsigned char)c;
			return 0;
		}
		p->at = start;
		return not_a(p, "a number");
	}
	if (*p->at == '-' || *p->at == '+')
		minus = *p->at++ == '-';
	r = digits(p, &n);
	if (r == -EINVAL) {
		p->at = start;
		return not_a(p, is_signed ? "a number" : "a number from 0 on");
	}
	limit = (skep_wide)-1 >> (128 - bits);
	if (is_signed)
		limit = minus ? (limit >> 1) + 1 : limit >> 1;
	if (r < 0 || n > limit || (minus && n && !is_signed))
		return does_not_fit(p, bits, is_signed);
	*ret = minus ? -n : n;
	return 0;
}

/* Types of the network's byte order, by the kernel's own names for them. */
static bool is_big_endian(const struct skep_btf *btf, uint32_t id)
{
	for (unsigned i = 0; i < SKEP_VALUE_DEPTH_MAX; i++) {
		struct skep_btf_type t = skep_btf_type(btf, skep_btf_strip(btf, id, false));

		if (t.kind != SKEP_BTF_TYPEDEF)
			return false;
		if (skep_streq(t.name, "__be16") || skep_streq(t.name, "__be32") ||
		    skep_streq(t.name, "__be64") || skep_streq(t.name, "skep_ipv4_t") ||
		    skep_streq(t.name, "skep_port_t") || skep_streq(t.name, "in_addr_t") ||
		    skep_streq(t.name, "in_port_t"))
			return true;
		id = t.type;
	}
	return false;
}

/* An address in the usual notation; 1, or 0 when it is none. */
static int address(struct parser *p, int family, void *bytes)
{
	char text[64];
	size_t len;

	blanks(p);
	len = strspn(p->at, "0123456789abcdefABCDEF:.");
	if (len >= sizeof(text))
		return 0;
	memcpy(text, p->at, len);
	text[len] = '\0';
	if (!strchr(text, family == AF_INET ? '.' : ':') || inet_pton(family, text, bytes) != 1)
		return 0;
	p->at += len;
	return 1;
}

static void put_bits(const struct skep_value_place *place, skep_wide n, uint8_t *bytes)
{
	unsigned bits = place->bit_size ? place->bit_size : place->size * 8;
	uint64_t word = 0, mask;

	if (!place->bit_size) {
		memcpy(bytes, &n, place->size);
		return;
	}
	mask = (bits < 64 ? (1ull << bits) - 1 : ~0ull) << place->bit_offset;
	memcpy(&word, bytes, place->size);
	word = (word & ~mask) | ((uint64_t)n << place->bit_offset & mask);
	memcpy(bytes, &word, place->size);
}

static int enumerator(struct parser *p, uint32_t id, skep_wide *ret)
{
	struct skep_btf_enumerator e;
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	char word[128];
	uint32_t i;

	take_word(p, word, sizeof(word));
	for (i = 0; skep_btf_enumerator(p->btf, id, i, &e) == 0; i++) {
		if (skep_streq(e.name, word)) {
			*ret = (skep_wide)(__int128)(int64_t)e.value;
			return 0;
		}
		if (i < 12)
			skep_str_addf(&names, "%s%s", i ? ", " : "", e.name);
	}
	skep_diag_error(p->diag, SKEP_NO_LOC, "%s has no value called '%s'", p->what, word);
	skep_diag_hint(p->diag, "its values: %s%s", skep_str_text(&names), i > 12 ? ", ..." : "");
	return -ENOENT;
}

static int parse_int(struct parser *p, const struct skep_value_place *place,
		     const struct skep_btf_type *t, uint8_t *bytes)
{
	unsigned bits = place->bit_size ? place->bit_size : place->size * 8;
	skep_wide n;
	char word[8];
	int r;

	if (place->size > 16 || bits > 128)
		return not_a(p, "wider than 128 bits");
	if (t->kind == SKEP_BTF_INT && (t->is_bool || skep_streq(t->name, "_Bool"))) {
		take_word(p, word, sizeof(word));
		if (!skep_streq(word, "true") && !skep_streq(word, "1") &&
		    !skep_streq(word, "false") && !skep_streq(word, "0"))
			return not_a(p, "true or false");
		n = skep_streq(word, "true") || skep_streq(word, "1");
	} else if (t->kind != SKEP_BTF_INT && (isalpha((unsigned char)*p->at) || *p->at == '_')) {
		r = enumerator(p, t->id, &n);
		if (r < 0)
			return r;
	} else {
		bool turned = is_big_endian(p->btf, place->type);

		n = 0;
		if (turned && place->size == 4 && address(p, AF_INET, bytes))
			return 0;
		r = number(p, bits, t->is_signed, &n);
		if (r < 0)
			return r;
		if (turned && place->size == 2)
			n = htons((uint16_t)n);
		else if (turned && place->size == 4)
			n = htonl((uint32_t)n);
		else if (turned && place->size == 8)
			n = __builtin_bswap64((uint64_t)n);
	}
	put_bits(place, n, bytes);
	return 0;
}

static int parse_float(struct parser *p, const struct skep_value_place *place, uint8_t *bytes)
{
	char *end;
	long double n = strtold(p->at, &end);
	double d = (double)n;
	float f = (float)n;

	if (end == p->at)
		return not_a(p, "a number");
	if (isfinite(n) &&
	    ((place->size == 4 && !isfinite(f)) || (place->size == 8 && !isfinite(d)))) {
		skep_diag_error(p->diag, SKEP_NO_LOC, "%s cannot hold a number that large",
				p->what);
		return -ERANGE;
	}
	p->at = end;
	if (place->size == sizeof(f))
		memcpy(bytes, &f, sizeof(f));
	else if (place->size == sizeof(d))
		memcpy(bytes, &d, sizeof(d));
	else if (place->size == sizeof(n))
		memcpy(bytes, &n, sizeof(n));
	else
		return not_a(p, "a float of a size that is not known");
	return 0;
}

static bool is_char(const struct skep_btf *btf, uint32_t id)
{
	struct skep_btf_type t = skep_btf_type(btf, skep_btf_strip(btf, id, true));

	return t.kind == SKEP_BTF_INT && t.size_bytes == 1 &&
	       (t.is_char || skep_streq(t.name, "char"));
}

static int parse_text(struct parser *p, const struct skep_value_place *place, uint8_t *bytes)
{
	bool quoted = *p->at == '"';
	const char *start = p->at;
	size_t n = 0;
	char c;

	p->at += quoted;
	while (*p->at && !(quoted && *p->at == '"')) {
		if (quoted) {
			int r = escape(p, &c);

			if (r < 0)
				return r;
		} else {
			c = *p->at++;
		}
		if (n < place->size)
			bytes[n] = (uint8_t)c;
		n++;
	}
	if (quoted && *p->at != '"') {
		p->at = start;
		return not_a(p, "text, which ends with a quote when it begins with one");
	}
	p->at += quoted;
	if (n < place->size)
		return 0;
	skep_diag_error(p->diag, SKEP_NO_LOC,
			"%s has room for %u bytes, its end included: the text has %zu", p->what,
			place->size, n);
	return -ERANGE;
}

static int parse_any(struct parser *p, const struct skep_value_place *place, uint8_t *bytes);

static int parse_array(struct parser *p, const struct skep_value_place *place, uint8_t *bytes)
{
	struct skep_value_place whole = { place->type, 0, place->size, 0, 0 };
	struct skep_value_place element;
	int r = 0;

	if (!take(p, '{'))
		return not_a(p, "an array: values between { and }");
	for (uint64_t i = 0; !take(p, '}'); i++) {
		element = whole;
		r = step_element(p->btf, p->what, i, p->diag, &element);
		if (r == 0)
			r = parse_any(p, &element, bytes + element.offset);
		if (r < 0)
			return r;
		if (!take(p, ',') && *p->at != '}')
			return not_a(p, "an array: a ',' or a '}' follows a value");
	}
	return 0;
}

/* ".name =", "name:", or nothing: then the member at @index. */
static int which_member(struct parser *p, const struct skep_value_place *whole, uint32_t index,
			struct skep_value_place *member)
{
	const char *start;
	char name[128];
	struct skep_btf_member m;

	blanks(p);
	start = p->at;
	if (take(p, '.')) {
		take_word(p, name, sizeof(name));
		if (*name && take(p, '='))
			return step_member(p->btf, p->what, name, p->diag, member);
	} else {
		take_word(p, name, sizeof(name));
		if (*name && take(p, ':') && *p->at != ':')
			return step_member(p->btf, p->what, name, p->diag, member);
	}
	p->at = start;
	if (skep_btf_member(p->btf, whole->type, index, &m) < 0)
		return not_a(p, "a struct with fewer members");
	if (!*m.name)
		return not_a(p, "a struct with members without a name: name those inside");
	return step_member(p->btf, p->what, m.name, p->diag, member);
}

static int parse_struct(struct parser *p, const struct skep_value_place *place, uint8_t *bytes)
{
	struct skep_value_place whole = { place->type, 0, place->size, 0, 0 };
	struct skep_value_place member;
	int r;

	if (!take(p, '{'))
		return not_a(p, "a struct: {.member = value, ...}");
	for (uint32_t i = 0; !take(p, '}'); i++) {
		member = whole;
		r = which_member(p, &whole, i, &member);
		if (r == 0)
			r = parse_any(p, &member, bytes + member.offset);
		if (r < 0)
			return r;
		if (!take(p, ',') && *p->at != '}')
			return not_a(p, "a struct: a ',' or a '}' follows a value");
	}
	return 0;
}

static bool is_address(const struct skep_btf *btf, uint32_t id, int *ret_family)
{
	const char *name = skep_btf_name(btf, id);

	*ret_family = skep_streq(name, "in6_addr") ? AF_INET6 : AF_INET;
	return skep_streq(name, "in6_addr") || skep_streq(name, "in_addr");
}

static int parse_any(struct parser *p, const struct skep_value_place *place, uint8_t *bytes)
{
	uint32_t id = skep_btf_strip(p->btf, place->type, true), elem, count;
	struct skep_btf_type t = skep_btf_type(p->btf, id);
	int r, family;

	if (p->depth >= SKEP_VALUE_DEPTH_MAX)
		return not_a(p, "nested too deep");
	p->depth++;
	blanks(p);
	switch (t.kind) {
	case SKEP_BTF_INT:
	case SKEP_BTF_ENUM:
	case SKEP_BTF_ENUM64:
		r = parse_int(p, place, &t, bytes);
		break;
	case SKEP_BTF_FLOAT:
		r = parse_float(p, place, bytes);
		break;
	case SKEP_BTF_ARRAY:
		r = skep_btf_array(p->btf, id, &elem, &count);
		if (r == 0)
			r = is_char(p->btf, elem) && *p->at != '{' &&
					    (p->depth == 1 || *p->at == '"')
				    ? parse_text(p, place, bytes)
				    : parse_array(p, place, bytes);
		break;
	case SKEP_BTF_STRUCT:
	case SKEP_BTF_UNION:
		if (is_address(p->btf, id, &family) &&
		    place->size == (family == AF_INET ? 4u : 16u) && address(p, family, bytes))
			r = 0;
		else
			r = parse_struct(p, place, bytes);
		break;
	case SKEP_BTF_PTR:
		r = not_a(p, "an address, which cannot be given: a number");
		break;
	default:
		r = not_a(p, "of a type without values");
	}
	p->depth--;
	return r;
}

int skep_value_parse(const struct skep_btf *btf, const struct skep_value_place *place,
		     const char *what, const char *text, void *bytes, struct skep_diag *diag)
{
	struct parser p = { .btf = btf, .what = what, .at = text, .diag = diag };
	_cleanup_free_ uint8_t *copy = calloc(1, MAX(place->size, 1u));
	int r;

	if (!copy)
		return -ENOMEM;
	if (place->bit_size)
		memcpy(copy, bytes, place->size);
	r = parse_any(&p, place, copy);
	if (r < 0)
		return r;
	blanks(&p);
	if (*p.at) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%.40s' is left over behind the value of %s",
				p.at, what);
		return -EINVAL;
	}
	memcpy(bytes, copy, place->size);
	return 0;
}
