/* SPDX-License-Identifier: Apache-2.0 */
/* Records that were put aside come back whole, once and in their order, before those that stayed in the ring; there is a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "live/session.h"

/* A ring that has records number first to last - 1: each begins with its number and has number % 100 bytes more. */
static struct {
	uint64_t first, last;
} ring;

static size_t make(uint64_t number, uint8_t *bytes)
{
	size_t more = number % 100;

	memcpy(bytes, &number, sizeof(number));
	memset(bytes + sizeof(number), (int)number, more);
	return sizeof(number) + more;
}

static int fake_drain(struct skep_loaded *loaded, size_t map, const struct skep_ring_sink *sink)
{
	int n = 0, r = 0;

	for (; r >= 0 && ring.first < ring.last; n++) {
		uint8_t bytes[128];
		size_t len = make(ring.first++, bytes);

		r = sink->record(sink->data, bytes, len);
	}
	return r < 0 ? r : n;
}

static int expect(void *data, const void *bytes, size_t len)
{
	uint64_t *next = data;
	uint8_t wanted[128];

	assert_int_equal((uintptr_t)bytes % 8, 0);
	assert_int_equal(len, make((*next)++, wanted));
	assert_memory_equal(bytes, wanted, len);
	return 0;
}

static void test_order(void **state)
{
	static const struct skep_engine engine = { .ring_drain = fake_drain };
	struct skep_plan plan = { .ring_map = 0 };
	struct skep_session s = { .plan = &plan, .engine = &engine };
	uint64_t next = 0;
	struct skep_ring_sink sink = { expect, &next };

	(void)state;
	for (int round = 0; round < 3; round++) {
		ring.last += 500;
		skep_backlog_fill(&s);
		ring.last += 1;
		skep_backlog_fill(&s);
		assert_int_equal(skep_backlog_drain(&s, &sink), 501);
		assert_int_equal(next, ring.last);
	}
	assert_int_equal(skep_backlog_drain(&s, &sink), 0);
}

/* Whoever does something with a record is inside of a drain. */
static void test_inside(void **state)
{
	static const struct skep_engine engine = { .ring_drain = fake_drain };
	struct skep_plan plan = { .ring_map = 0 };
	struct skep_session s = { .plan = &plan, .engine = &engine, .in_record = true };
	uint64_t before = ring.first;

	(void)state;
	ring.last += 10;
	skep_backlog_fill(&s);
	assert_int_equal(ring.first, before);
	assert_int_equal(s.backlog.len, 0);
	ring.last -= 10;
}

static void test_bound(void **state)
{
	static const struct skep_engine engine = { .ring_drain = fake_drain };
	struct skep_plan plan = { .ring_map = 0 };
	struct skep_session s = { .plan = &plan, .engine = &engine };
	uint64_t next = ring.first, before;
	struct skep_ring_sink sink = { expect, &next };

	(void)state;
	ring.last += 1000000;
	skep_backlog_fill(&s);
	before = ring.first;
	assert_true(before < ring.last);
	assert_true(s.backlog.len > SKEP_BACKLOG_MAX && s.backlog.len < SKEP_BACKLOG_MAX + 256);
	skep_backlog_fill(&s);
	assert_int_equal(ring.first, before);
	assert_int_equal(skep_backlog_drain(&s, &sink), before - 1503);
	assert_true(fake_drain(NULL, 0, &sink) > 0); /* the rest, from the ring */
	assert_int_equal(next, ring.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
