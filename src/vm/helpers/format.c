/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting as the kernel's helpers do it: %d %i %u %x %X %o with l, ll, h, hh, z, width, flags 0, -, +, space and #;
 * %c, %s, %%; %p, %px, %pK and its kin as addresses; %pks and %pus strings of kernel and user, %pi4 and %pI4, %pi6 and
 * %pI6 addresses of networks. Anything else is -EINVAL.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vm/helpers/helpers.h"

#define STRING_MAX 512

struct formatter {
	struct skep_vm_run *run;
	char *out;
	size_t size, len; /* room, what has been made so far */
	const char *at, *end;
	const uint64_t *args;
	unsigned n_args, used;
};

/* What goes between '%' and the letter. */
struct spec {
	char text[16]; /* flags and width, for snprintf */
	unsigned n_text;
	unsigned longs, shorts;
};

static void put(struct formatter *f, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++, f->len++)
		if (f->len + 1 < f->size)
			f->out[f->len] = text[i];
}

static bool next_arg(struct formatter *f, uint64_t *ret)
{
	if (f->used >= f->n_args)
		return false;
	*ret = f->args[f->used++];
	return true;
}

static void read_spec(struct formatter *f, struct spec *s)
{
	memset(s, 0, sizeof(*s));
	while (f->at < f->end && strchr("-+ #0123456789.", *f->at) && *f->at) {
		if (s->n_text + 1 < sizeof(s->text) - 6)
			s->text[s->n_text++] = *f->at;
		f->at++;
	}
	for (; f->at < f->end && (*f->at == 'l' || *f->at == 'h' || *f->at == 'z'); f->at++) {
		s->longs += *f->at != 'h';
		s->shorts += *f->at == 'h';
	}
}

static int put_number(struct formatter *f, const struct spec *s, char letter)
{
	bool is_signed = letter == 'd' || letter == 'i';
	char format[sizeof(s->text) + 8], text[128];
	uint64_t value;

	if (!next_arg(f, &value))
		return -EINVAL;
	if (s->longs == 0)
		value = is_signed ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value;
	if (s->shorts == 1)
		value = is_signed ? (uint64_t)(int64_t)(int16_t)value : (uint16_t)value;
	if (s->shorts == 2)
		value = is_signed ? (uint64_t)(int64_t)(int8_t)value : (uint8_t)value;
	snprintf(format, sizeof(format), "%%%sll%c", s->text, letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), format, (unsigned long long)value);
#pragma GCC diagnostic pop
	put(f, text, strlen(text));
	return 0;
}

/* A string at an address; what cannot be read is said in its place. */
static int put_string(struct formatter *f, const struct spec *s, bool user)
{
	unsigned width = (unsigned)strtoul(s->text + strspn(s->text, "-+ #0"), NULL, 10);
	char text[STRING_MAX];
	uint64_t address;
	size_t n = 0;

	if (!next_arg(f, &address))
		return -EINVAL;
	if (address == 0) {
		put(f, "(null)", 6);
		return 0;
	}
	while (n < sizeof(text) - 1) {
		if (vm_read(f->run, text + n, 1, address + n, user) < 0) {
			n = 0;
			break;
		}
		if (!text[n])
			break;
		n++;
	}
	if (strchr(s->text, '-'))
		put(f, text, n);
	for (size_t i = n; i < width && i < STRING_MAX; i++)
		put(f, " ", 1);
	if (!strchr(s->text, '-'))
		put(f, text, n);
	return 0;
}

static int put_net(struct formatter *f, bool v6)
{
	uint8_t bytes[16];
	uint64_t address;
	char text[64];
	int n = 0;

	if (!next_arg(f, &address))
		return -EINVAL;
	if (vm_read(f->run, bytes, v6 ? 16 : 4, address, false) < 0)
		return -EFAULT;
	if (!v6)
		n = snprintf(text, sizeof(text), "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2],
			     bytes[3]);
	for (unsigned i = 0; v6 && i < 16; i += 2)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%02x%02x", i ? ":" : "",
			      bytes[i], bytes[i + 1]);
	put(f, text, (size_t)n);
	return 0;
}

/* %p: what follows tells what is meant. */
static int put_pointer(struct formatter *f, struct spec *s)
{
	char kind = f->at < f->end ? *f->at : 0;
	uint64_t value;
	char text[32];

	if ((kind == 'k' || kind == 'u') && f->at + 1 < f->end && f->at[1] == 's') {
		f->at += 2;
		return put_string(f, s, kind == 'u');
	}
	if ((kind == 'i' || kind == 'I') && f->at + 1 < f->end &&
	    (f->at[1] == '4' || f->at[1] == '6')) {
		f->at += 2;
		return put_net(f, f->at[-1] == '6');
	}
	if (kind && strchr("xKsSB", kind))
		f->at++;
	if (!next_arg(f, &value))
		return -EINVAL;
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)value);
	put(f, text, strlen(text));
	return 0;
}

static int put_one(struct formatter *f)
{
	struct spec s;
	uint64_t value;
	char c;

	read_spec(f, &s);
	if (f->at >= f->end)
		return -EINVAL;
	c = *f->at++;
	switch (c) {
	case '%':
		put(f, "%", 1);
		return 0;
	case 'd':
	case 'i':
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		return put_number(f, &s, c);
	case 'c':
		if (!next_arg(f, &value))
			return -EINVAL;
		c = (char)value;
		put(f, &c, 1);
		return 0;
	case 's':
		return put_string(f, &s, false);
	case 'p':
		return put_pointer(f, &s);
	default:
		return -EINVAL;
	}
}

int vm_format(struct skep_vm_run *run, char *out, size_t size, const char *format,
	      size_t format_len, const uint64_t *args, unsigned n_args)
{
	struct formatter f = { run, out, size, 0, format, format + format_len, args, n_args, 0 };
	int r;

	if (size)
		out[0] = 0;
	while (f.at < f.end && *f.at) {
		const char *percent = memchr(f.at, '%', (size_t)(f.end - f.at));

		if (!percent)
			percent = f.end;
		put(&f, f.at, strnlen(f.at, (size_t)(percent - f.at)));
		if (strnlen(f.at, (size_t)(percent - f.at)) < (size_t)(percent - f.at))
			break; /* the string ends before the next '%' */
		f.at = percent;
		if (f.at == f.end)
			break;
		f.at++;
		r = put_one(&f);
		if (r < 0)
			return r;
	}
	if (size)
		out[MIN(f.len, size - 1)] = 0;
	return (int)f.len + 1;
}
