/* SPDX-License-Identifier: Apache-2.0 */
/* Names of addresses from questions and answers of DNS, as packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>

#include "who/dns.h"
#include "who/dns_message.h"

#define NOW 1000
#define QUESTION 12 /* where the first name of a message is */

static struct skep_dns *dns;

/* A message under construction, with room for the headers in front of it. */
static uint8_t packet[4096], *const message = packet + 28;
static size_t message_len;

static void add8(unsigned value)
{
	message[message_len++] = (uint8_t)value;
}

static void add16(unsigned value)
{
	add8(value >> 8);
	add8(value & 0xff);
}

static void add_name(const char *name)
{
	for (size_t n; *name; name += n + (name[n] == '.')) {
		n = strcspn(name, ".");
		add8((unsigned)n);
		memcpy(message + message_len, name, n);
		message_len += n;
	}
	add8(0);
}

static void begin(unsigned id, unsigned flags, const char *name, unsigned type)
{
	message_len = 0;
	add16(id);
	add16(flags);
	add16(1);
	add16(0);
	add16(0);
	add16(0);
	add_name(name);
	add16(type);
	add16(1);
}

/* @owner: a name, or NULL: the one that was asked for, by a pointer. */
static void add_record(const char *owner, unsigned type, unsigned len)
{
	if (owner)
		add_name(owner);
	else
		add16(0xc000 | QUESTION);
	add16(type);
	add16(1);
	add16(0);
	add16(60);
	add16(len);
	message[7]++;
}

static void add_address(const char *owner, const char *address)
{
	uint8_t bytes[16];
	bool is_6 = strchr(address, ':');

	assert_int_equal(inet_pton(is_6 ? AF_INET6 : AF_INET, address, bytes), 1);
	add_record(owner, is_6 ? SKEP_DNS_TYPE_AAAA : SKEP_DNS_TYPE_A, is_6 ? 16 : 4);
	for (unsigned i = 0; i < (is_6 ? 16u : 4u); i++)
		add8(bytes[i]);
}

static void add_alias(const char *owner, const char *name)
{
	add_record(owner, SKEP_DNS_TYPE_CNAME, (unsigned)strlen(name) + 2);
	add_name(name);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void send_at(const char *from, unsigned from_port, const char *to, unsigned to_port,
		    uint64_t now_s)
{
	memset(packet, 0, 28);
	packet[0] = 0x45;
	packet[9] = 17;
	assert_int_equal(inet_pton(AF_INET, from, packet + 12), 1);
	assert_int_equal(inet_pton(AF_INET, to, packet + 16), 1);
	put16(packet + 20, from_port);
	put16(packet + 22, to_port);
	put16(packet + 24, (unsigned)message_len + 8);
	skep_dns_packet(dns, packet, 28 + message_len, now_s);
}

static void ask(unsigned id, const char *name, unsigned type)
{
	begin(id, 0x0100, name, type);
	send_at("10.0.0.1", 40000, "10.0.0.53", 53, NOW);
}

static void answer(void)
{
	send_at("10.0.0.53", 53, "10.0.0.1", 40000, NOW);
}

static const char *name_at(const char *text, uint64_t now_s)
{
	uint8_t address[16] = { [10] = 0xff, [11] = 0xff };

	if (strchr(text, ':'))
		assert_int_equal(inet_pton(AF_INET6, text, address), 1);
	else
		assert_int_equal(inet_pton(AF_INET, text, address + 12), 1);
	return skep_dns_find(dns, address, now_s);
}

static void expect(const char *address, const char *name)
{
	const char *got = name_at(address, NOW);

	if (name) {
		assert_non_null(got);
		assert_string_equal(got, name);
	} else {
		assert_null(got);
	}
}

static int setup(void **state)
{
	(void)state;
	dns = skep_dns_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	skep_dns_free(dns);
	return 0;
}

static void test_address(void **state)
{
	(void)state;
	ask(7, "Web.Example.org", SKEP_DNS_TYPE_A);
	begin(7, 0x8180, "wEB.example.ORG", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	add_address("web.example.org", "192.0.2.2");
	add_address("other.example.org", "192.0.2.3");
	answer();
	expect("192.0.2.1", "web.example.org");
	expect("192.0.2.2", "web.example.org");
	expect("192.0.2.3", NULL);
	expect("::ffff:192.0.2.1", "web.example.org");
	assert_int_equal(skep_dns_counts(dns)->answers, 1);
}

static void test_aliases(void **state)
{
	(void)state;
	ask(8, "www.example.org", SKEP_DNS_TYPE_AAAA);
	begin(8, 0x8180, "www.example.org", SKEP_DNS_TYPE_AAAA);
	add_address("c.example.net", "2001:db8::1"); /* in front of what leads to it */
	add_alias("b.example.net", "c.example.net");
	add_alias(NULL, "b.example.net");
	add_address("d.example.net", "2001:db8::2");
	answer();
	expect("2001:db8::1", "www.example.org");
	expect("2001:db8::2", NULL);
	/* in a circle */
	ask(9, "x.example.org", SKEP_DNS_TYPE_A);
	begin(9, 0x8180, "x.example.org", SKEP_DNS_TYPE_A);
	add_alias("x.example.org", "y.example.org");
	add_alias("y.example.org", "x.example.org");
	add_address("y.example.org", "192.0.2.4");
	answer();
	expect("192.0.2.4", "x.example.org");
}

/* Nobody asked for it, or somebody else did, or for something else. */
static void test_unasked(void **state)
{
	(void)state;
	begin(7, 0x8180, "a.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	answer();
	ask(7, "a.example", SKEP_DNS_TYPE_A);
	begin(8, 0x8180, "a.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	answer();
	begin(7, 0x8180, "b.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	answer();
	begin(7, 0x8180, "a.example", SKEP_DNS_TYPE_AAAA);
	add_address(NULL, "192.0.2.1");
	answer();
	begin(7, 0x8180, "a.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	send_at("10.0.0.53", 53, "10.0.0.1", 40001, NOW);
	send_at("10.0.0.54", 53, "10.0.0.1", 40000, NOW);
	assert_int_equal(skep_dns_counts(dns)->unasked, 6);
	send_at("10.0.0.53", 54, "10.0.0.1", 40000, NOW);
	assert_int_equal(skep_dns_counts(dns)->bad, 1);
	send_at("10.0.0.53", 53, "10.0.0.1", 40000, NOW + SKEP_DNS_WAIT_S + 1);
	assert_int_equal(skep_dns_counts(dns)->unasked, 7);
	expect("192.0.2.1", NULL);
}

/* The first answer counts; one that passes twice is one. */
static void test_twice(void **state)
{
	(void)state;
	ask(7, "a.example", SKEP_DNS_TYPE_A);
	ask(7, "a.example", SKEP_DNS_TYPE_A);
	begin(7, 0x8180, "a.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	answer();
	answer();
	begin(7, 0x8180, "a.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.66");
	answer();
	expect("192.0.2.1", "a.example");
	expect("192.0.2.66", NULL);
	assert_int_equal(skep_dns_counts(dns)->answers, 1);
	assert_int_equal(skep_dns_counts(dns)->unasked, 0);
}

/* What is not whole: cut for TCP, in pieces, shorter than it says. */
static void test_cut(void **state)
{
	(void)state;
	ask(7, "a.example", SKEP_DNS_TYPE_A);
	begin(7, 0x8380, "a.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	answer();
	assert_int_equal(skep_dns_counts(dns)->cut, 1);
	packet[6] = 0x20; /* more pieces follow */
	skep_dns_packet(dns, packet, 28 + message_len, NOW);
	assert_int_equal(skep_dns_counts(dns)->cut, 2);
	for (size_t len = 0; len < 28 + message_len; len++) {
		packet[6] = 0;
		skep_dns_packet(dns, packet, len, NOW);
	}
	expect("192.0.2.1", NULL);
	/* each length of an answer that ends too early */
	for (size_t len = 12; len < 60; len++) {
		ask((unsigned)len, "a.example", SKEP_DNS_TYPE_A);
		begin((unsigned)len, 0x8180, "a.example", SKEP_DNS_TYPE_A);
		add_address(NULL, "192.0.2.1");
		if (len >= message_len)
			break;
		message_len = len;
		answer();
		expect("192.0.2.1", NULL);
	}
}

static void expect_bad_name(const uint8_t *name, size_t len)
{
	struct skep_dns_message m;

	begin(7, 0, "", SKEP_DNS_TYPE_A);
	memcpy(message + QUESTION, name, len);
	message_len = QUESTION + len;
	add16(SKEP_DNS_TYPE_A);
	add16(1);
	assert_int_equal(skep_dns_parse(message, message_len, &m), -EBADMSG);
}

static void test_bad_names(void **state)
{
	static const uint8_t self[] = { 0xc0, QUESTION }, forwards[] = { 0xc0, 40 },
			     reserved[] = { 0x41, 'a', 0 }, open[] = { 3, 'a', 'b' },
			     back[] = { 1, 'a', 0xc0, QUESTION };
	uint8_t longest[300] = {};

	(void)state;
	expect_bad_name(self, sizeof(self));
	expect_bad_name(forwards, sizeof(forwards));
	expect_bad_name(reserved, sizeof(reserved));
	expect_bad_name(open, sizeof(open));
	expect_bad_name(back, sizeof(back));
	for (size_t i = 0; i < 255; i += 2)
		longest[i] = 1;
	expect_bad_name(longest, 257);
}

/* Bytes that are no letters cannot steer a terminal, nor look like another name. */
static void test_strange_names(void **state)
{
	struct skep_dns_message m;
	char text[SKEP_DNS_TEXT_MAX];

	(void)state;
	begin(7, 0, "a\x1b[1m\".b\xc3\xa4", SKEP_DNS_TYPE_A);
	message[QUESTION + 1] = '.';
	assert_int_equal(skep_dns_parse(message, message_len, &m), 0);
	assert_int_equal(skep_dns_name_text(&m, m.question, text), 0);
	assert_string_equal(text, "\\046\\027[1m\\034.b\\195\\164");
	begin(7, 0, "", SKEP_DNS_TYPE_A);
	assert_int_equal(skep_dns_parse(message, message_len, &m), 0);
	assert_int_equal(skep_dns_name_text(&m, m.question, text), 0);
	assert_string_equal(text, ".");
}

/* A name outlives the time to live, but not for good. */
static void test_time(void **state)
{
	(void)state;
	ask(7, "a.example", SKEP_DNS_TYPE_A);
	begin(7, 0x8180, "a.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	answer();
	assert_non_null(name_at("192.0.2.1", NOW + SKEP_DNS_HOLD_S));
	assert_null(name_at("192.0.2.1", NOW + SKEP_DNS_HOLD_S + 1));
}

/* More addresses than there is room for: none is lost without being counted. */
static void test_full(void **state)
{
	unsigned n = SKEP_DNS_ADDRESSES * 2, known = 0;
	char address[32];

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		snprintf(address, sizeof(address), "10.1.%u.%u", i >> 8, i & 0xff);
		ask(i & 0xffff, "a.example", SKEP_DNS_TYPE_A);
		begin(i & 0xffff, 0x8180, "a.example", SKEP_DNS_TYPE_A);
		add_address(NULL, address);
		answer();
	}
	for (unsigned i = 0; i < n; i++) {
		snprintf(address, sizeof(address), "10.1.%u.%u", i >> 8, i & 0xff);
		known += name_at(address, NOW) != NULL;
	}
	assert_true(known <= SKEP_DNS_ADDRESSES);
	assert_int_equal(known + skep_dns_counts(dns)->forgotten, n);
}

/* Questions that nobody answered yet make room as well. */
static void test_full_of_questions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SKEP_DNS_WAITING + 3; i++)
		ask(i, "a.example", SKEP_DNS_TYPE_A);
	assert_int_equal(skep_dns_counts(dns)->pushed_out, 3);
	begin(2, 0x8180, "a.example", SKEP_DNS_TYPE_A);
	add_address(NULL, "192.0.2.1");
	answer();
	assert_int_equal(skep_dns_counts(dns)->unasked, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_address),	  TEST(test_aliases),
		TEST(test_unasked),	  TEST(test_twice),
		TEST(test_cut),		  TEST(test_bad_names),
		TEST(test_strange_names), TEST(test_time),
		TEST(test_full),	  TEST(test_full_of_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
