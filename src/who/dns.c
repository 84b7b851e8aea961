/* SPDX-License-Identifier: Apache-2.0 */
#include "who/dns.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "who/dns_message.h"

#define TTL_MAX_S 86400 /* whoever owns a zone does not name an address for ever */
#define PORT 53
#define UDP 17
#define UDP_HEADER 8
#define WAYS 4 /* addresses that share a place in the table */

/* Who asked whom. Without gaps: it is compared as bytes. */
struct question {
	uint8_t client[16], server[16];
	uint16_t port, id, type, zero;
	uint64_t name; /* its hash */
};

struct waiting {
	struct question question;
	uint64_t asked_s;
	bool answered;
};

struct named {
	uint8_t address[16];
	char *name; /* NULL: nothing is here */
	uint64_t seen_s, until_s;
};

struct skep_dns {
	struct waiting waiting[SKEP_DNS_WAITING];
	size_t next; /* the oldest of them */
	struct named named[SKEP_DNS_ADDRESSES / WAYS][WAYS];
	struct skep_dns_counts counts;
};

struct skep_dns *skep_dns_new(void)
{
	struct skep_dns *dns = calloc(1, sizeof(*dns));

	if (!dns)
		skep_oom();
	return dns;
}

void skep_dns_free(struct skep_dns *dns)
{
	if (!dns)
		return;
	for (size_t i = 0; i < SKEP_DNS_ADDRESSES; i++)
		free(dns->named[i / WAYS][i % WAYS].name);
	free(dns);
}

const struct skep_dns_counts *skep_dns_counts(const struct skep_dns *dns)
{
	return &dns->counts;
}

/* Addresses */

static size_t place_of(const uint8_t *address)
{
	return skep_hash_bytes(address, 16) % (SKEP_DNS_ADDRESSES / WAYS);
}

const char *skep_dns_find(const struct skep_dns *dns, const uint8_t address[static 16],
			  uint64_t now_s)
{
	const struct named *set = dns->named[place_of(address)];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].name && memcmp(set[i].address, address, 16) == 0)
			return set[i].until_s >= now_s ? set[i].name : NULL;
	return NULL;
}

/* The same address, an empty place, or the one that was seen longest ago. */
static struct named *make_room(struct skep_dns *dns, const uint8_t *address, uint64_t now_s)
{
	struct named *set = dns->named[place_of(address)], *oldest = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (!set[i].name || memcmp(set[i].address, address, 16) == 0)
			return &set[i];
		if (set[i].seen_s < oldest->seen_s)
			oldest = &set[i];
	}
	dns->counts.forgotten += oldest->until_s >= now_s;
	return oldest;
}

struct learning {
	struct skep_dns *dns;
	const char *name;
	uint64_t now_s;
};

static void learn(void *data, const uint8_t address[static 16], uint32_t ttl_s)
{
	struct learning *l = data;
	struct named *named = make_room(l->dns, address, l->now_s);
	/* RFC 2181, 8: with the highest bit set it is none. */
	uint64_t holds_s = ttl_s > INT32_MAX ? 0 : MIN(ttl_s, TTL_MAX_S);
	char *name = strdup(l->name);

	if (!name)
		skep_oom();
	free(named->name);
	*named = (struct named){ .name = name,
				 .seen_s = l->now_s,
				 .until_s = l->now_s + MAX(holds_s, (uint64_t)SKEP_DNS_HOLD_S) };
	memcpy(named->address, address, 16);
}

/* Questions and answers */

static struct waiting *find_waiting(struct skep_dns *dns, const struct question *q, uint64_t now_s)
{
	for (size_t i = 0; i < SKEP_DNS_WAITING; i++) {
		struct waiting *w = &dns->waiting[i];

		if (w->asked_s && w->asked_s + SKEP_DNS_WAIT_S >= now_s &&
		    memcmp(&w->question, q, sizeof(*q)) == 0)
			return w;
	}
	return NULL;
}

/* One packet is seen on each interface that it passes. */
static void take_question(struct skep_dns *dns, const struct question *q, uint64_t now_s)
{
	struct waiting *w = find_waiting(dns, q, now_s);

	if (!w) {
		w = &dns->waiting[dns->next++ % SKEP_DNS_WAITING];
		dns->counts.pushed_out +=
			w->asked_s && !w->answered && w->asked_s + SKEP_DNS_WAIT_S >= now_s;
		w->question = *q;
		w->answered = false;
	}
	w->asked_s = MAX(now_s, (uint64_t)1);
}

static void take_answer(struct skep_dns *dns, const struct question *q,
			const struct skep_dns_message *m, const char *name, uint64_t now_s)
{
	struct learning l = { dns, name, now_s };
	struct waiting *w = find_waiting(dns, q, now_s);

	if (!w) {
		dns->counts.unasked++;
	} else if (!w->answered) {
		w->answered = true;
		if (m->is_cut)
			dns->counts.cut++;
		else if (!m->error && skep_dns_addresses(m, learn, &l) < 0)
			dns->counts.bad++;
		else
			dns->counts.answers++;
	}
}

static void take_message(struct skep_dns *dns, const uint8_t *data, size_t len,
			 struct question *from, uint64_t now_s)
{
	char name[SKEP_DNS_TEXT_MAX];
	struct skep_dns_message m;

	if (skep_dns_parse(data, len, &m) < 0 || skep_dns_name_text(&m, m.question, name) < 0) {
		dns->counts.bad++;
		return;
	}
	if (m.type != SKEP_DNS_TYPE_A && m.type != SKEP_DNS_TYPE_AAAA)
		return;
	from->id = m.id;
	from->type = m.type;
	from->name = skep_hash_bytes(name, strlen(name));
	if (m.is_answer)
		take_answer(dns, from, &m, name, now_s);
	else
		take_question(dns, from, now_s);
}

/* Packets */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Where UDP begins, and both addresses; 0: it is something else. */
static size_t read_ip(struct skep_dns *dns, const uint8_t *p, size_t len, uint8_t from[16],
		      uint8_t to[16])
{
	size_t header = len ? (p[0] & 0xfu) * 4 : 0;

	if (len >= 40 && p[0] >> 4 == 6 && p[6] == UDP) {
		memcpy(from, p + 8, 16);
		memcpy(to, p + 24, 16);
		return 40;
	}
	if (len < 20 || p[0] >> 4 != 4 || header < 20 || p[9] != UDP)
		return 0;
	if (get16(p + 6) & 0x3fff) { /* a piece */
		dns->counts.cut++;
		return 0;
	}
	from[10] = from[11] = to[10] = to[11] = 0xff;
	memcpy(from + 12, p + 12, 4);
	memcpy(to + 12, p + 16, 4);
	return header;
}

void skep_dns_packet(struct skep_dns *dns, const uint8_t *packet, size_t len, uint64_t now_s)
{
	uint8_t from[16] = {}, to[16] = {};
	size_t at = read_ip(dns, packet, len, from, to), size;
	const uint8_t *udp = packet + at;
	struct question q = {};
	bool is_answer;

	if (!at || len < at + UDP_HEADER)
		return;
	size = get16(udp + 4);
	is_answer = size > UDP_HEADER + 2 && at + size <= len && udp[UDP_HEADER + 2] & 0x80;
	if (size < UDP_HEADER || at + size > len || get16(udp + (is_answer ? 0 : 2)) != PORT) {
		dns->counts.bad++;
		return;
	}
	memcpy(q.client, is_answer ? to : from, 16);
	memcpy(q.server, is_answer ? from : to, 16);
	q.port = get16(udp + (is_answer ? 2 : 0));
	take_message(dns, udp + UDP_HEADER, size - UDP_HEADER, &q, now_s);
}
