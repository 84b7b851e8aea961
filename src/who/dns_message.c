/* SPDX-License-Identifier: Apache-2.0 */
#include "who/dns_message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEADER 12
#define NAME_MAX_BYTES 255
#define CLASS_IN 1
#define FLAG_ANSWER 0x8000
#define FLAG_CUT 0x0200
#define OPCODE 0x7800

struct record {
	size_t owner, data;
	uint16_t type, len;
	uint32_t ttl_s;
};

static uint16_t get16(const struct skep_dns_message *m, size_t at)
{
	return (uint16_t)(m->data[at] << 8 | m->data[at + 1]);
}

/* A name on the way from label to label. */
struct walk {
	const struct skep_dns_message *m;
	size_t at;
	size_t lowest; /* pointers lead before this */
	size_t behind; /* of the name where it stands; 0: not there yet */
	size_t bytes;
};

static struct walk walk_from(const struct skep_dns_message *m, size_t at)
{
	return (struct walk){ .m = m, .at = at, .lowest = at };
}

/* The next label: its length, 0 at the end of the name, -EBADMSG. */
static int next_label(struct walk *w, const uint8_t **ret_label)
{
	const struct skep_dns_message *m = w->m;

	while (w->at < m->len) {
		uint8_t b = m->data[w->at];

		if (b < 0x40) {
			w->bytes += b + 1u;
			if (w->at + 1 + b > m->len || w->bytes > NAME_MAX_BYTES)
				return -EBADMSG;
			*ret_label = m->data + w->at + 1;
			w->at += b + 1u;
			if (!b && !w->behind)
				w->behind = w->at;
			return b;
		}
		if (b < 0xc0 || w->at + 2 > m->len)
			return -EBADMSG;
		if (!w->behind)
			w->behind = w->at + 2;
		w->at = get16(m, w->at) & 0x3fff;
		if (w->at >= w->lowest)
			return -EBADMSG;
		w->lowest = w->at;
	}
	return -EBADMSG;
}

static int skip_name(const struct skep_dns_message *m, size_t *at)
{
	struct walk w = walk_from(m, *at);
	const uint8_t *label;
	int n;

	do {
		n = next_label(&w, &label);
	} while (n > 0);
	*at = w.behind;
	return n;
}

static uint8_t small(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* Of names that were walked once: they are good. */
static bool same_name(const struct skep_dns_message *m, size_t a, size_t b)
{
	struct walk wa = walk_from(m, a), wb = walk_from(m, b);
	const uint8_t *la, *lb;
	int na, nb;

	do {
		na = next_label(&wa, &la);
		nb = next_label(&wb, &lb);
		if (na != nb)
			return false;
		for (int i = 0; i < na; i++)
			if (small(la[i]) != small(lb[i]))
				return false;
	} while (na > 0);
	return true;
}

int skep_dns_name_text(const struct skep_dns_message *m, size_t at,
		       char ret_text[static SKEP_DNS_TEXT_MAX])
{
	struct walk w = walk_from(m, at);
	const uint8_t *label;
	size_t len = 0;
	int n;

	while ((n = next_label(&w, &label)) > 0) {
		if (len)
			ret_text[len++] = '.';
		for (int i = 0; i < n; i++) {
			uint8_t c = small(label[i]);

			if (c > ' ' && c < 0x7f && c != '.' && c != '\\' && c != '"')
				ret_text[len++] = (char)c;
			else
				len += (size_t)snprintf(ret_text + len, 5, "\\%03u", c);
		}
	}
	if (!len)
		ret_text[len++] = '.';
	ret_text[len] = '\0';
	return n;
}

int skep_dns_parse(const void *data, size_t len, struct skep_dns_message *ret_message)
{
	struct skep_dns_message m = { .data = data, .len = len, .question = HEADER };
	size_t at = HEADER;
	uint16_t flags;

	if (len < HEADER)
		return -EBADMSG;
	flags = get16(&m, 2);
	if ((flags & OPCODE) || get16(&m, 4) != 1 || skip_name(&m, &at) < 0 || at + 4 > len ||
	    get16(&m, at + 2) != CLASS_IN)
		return -EBADMSG;
	m.id = get16(&m, 0);
	m.is_answer = flags & FLAG_ANSWER;
	m.is_cut = flags & FLAG_CUT;
	m.error = flags & 0xf;
	m.type = get16(&m, at);
	m.answers = at + 4;
	m.n_answers = get16(&m, 6);
	*ret_message = m;
	return 0;
}

static int read_record(const struct skep_dns_message *m, size_t *at, struct record *ret)
{
	struct record r = { .owner = *at };

	if (skip_name(m, at) < 0 || *at + 10 > m->len)
		return -EBADMSG;
	r.type = get16(m, *at);
	r.ttl_s = (uint32_t)get16(m, *at + 4) << 16 | get16(m, *at + 6);
	r.len = get16(m, *at + 8);
	if (get16(m, *at + 2) != CLASS_IN)
		r.type = 0;
	r.data = *at + 10;
	*at = r.data + r.len;
	if (*at > m->len)
		return -EBADMSG;
	*ret = r;
	return 0;
}

/* The records that matter; how many. */
static int read_records(const struct skep_dns_message *m, struct record *records)
{
	size_t at = m->answers, name;
	int n = 0;

	for (unsigned i = 0; i < MIN(m->n_answers, SKEP_DNS_RECORDS_MAX); i++) {
		struct record *r = &records[n];

		if (read_record(m, &at, r) < 0)
			return -EBADMSG;
		name = r->data;
		if (r->type == SKEP_DNS_TYPE_CNAME &&
		    (skip_name(m, &name) < 0 || name > r->data + r->len))
			return -EBADMSG;
		n += r->type == SKEP_DNS_TYPE_CNAME ||
		     (r->type == SKEP_DNS_TYPE_A && r->len == 4) ||
		     (r->type == SKEP_DNS_TYPE_AAAA && r->len == 16);
	}
	return n;
}

int skep_dns_addresses(const struct skep_dns_message *m, skep_dns_found_fn *found, void *data)
{
	struct record records[SKEP_DNS_RECORDS_MAX];
	size_t name = m->question, next;
	int n = read_records(m, records), n_found = 0;

	for (unsigned depth = 0; n > 0 && depth < SKEP_DNS_CHAIN_MAX && name; depth++) {
		next = 0;
		for (int i = 0; i < n; i++) {
			const struct record *r = &records[i];
			uint8_t address[16] = { [10] = 0xff, [11] = 0xff };

			if (!same_name(m, r->owner, name))
				continue;
			if (r->type == SKEP_DNS_TYPE_CNAME) {
				next = r->data;
				continue;
			}
			memcpy(address + 16 - r->len, m->data + r->data, r->len);
			found(data, address, r->ttl_s);
			n_found++;
		}
		name = next;
	}
	return n < 0 ? n : n_found;
}
