/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of addresses: whatever stands on the wire. The bytes are packets, and once more a message whose question was asked,
 * so that its answers are looked at. What is learnt is a text that a terminal can be shown.
 */
#include <stdlib.h>
#include <string.h>

#include "who/dns.h"
#include "who/dns_message.h"

#define HEADERS 28 /* of IPv4 and UDP */
#define SIZE_MAX_FUZZED 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From the client to port 53 of the server, or back. */
static void pass(struct skep_dns *dns, const uint8_t *message, size_t len, bool back)
{
	static const uint8_t client[] = { 10, 0, 0, 1 }, server[] = { 10, 0, 0, 53 };
	uint8_t packet[HEADERS + SIZE_MAX_FUZZED] = { [0] = 0x45, [9] = 17 };

	memcpy(packet + 12, back ? server : client, 4);
	memcpy(packet + 16, back ? client : server, 4);
	packet[back ? 22 : 20] = 0x99;
	packet[back ? 21 : 23] = 53;
	packet[24] = (uint8_t)((len + 8) >> 8);
	packet[25] = (uint8_t)(len + 8);
	memcpy(packet + HEADERS, message, len);
	skep_dns_packet(dns, packet, HEADERS + len, 5);
}

static void check(void *data, const uint8_t address[static 16], uint32_t ttl_s)
{
	const char *name = skep_dns_find(data, address, 5);

	(void)ttl_s;
	if (!name || !*name)
		abort(); /* it was in the answer, so it has a name */
	for (; *name; name++)
		if (*name <= ' ' || *name >= 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t question[SIZE_MAX_FUZZED];
	struct skep_dns_message m;
	struct skep_dns *dns;

	if (size < 12 || size > SIZE_MAX_FUZZED)
		return 0;
	dns = skep_dns_new();
	skep_dns_packet(dns, data, size, 5);
	memcpy(question, data, size);
	question[2] &= 0x7f;
	pass(dns, question, size, false);
	question[2] |= 0x80;
	pass(dns, question, size, true);
	if (skep_dns_parse(question, size, &m) == 0 && skep_dns_counts(dns)->answers && !m.error)
		(void)!skep_dns_addresses(&m, check, dns);
	skep_dns_free(dns);
	return 0;
}
