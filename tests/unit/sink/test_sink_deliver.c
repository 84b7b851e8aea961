/* SPDX-License-Identifier: Apache-2.0 */
/* The queue: every item is counted once, whatever the other side does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/deliver.h"

struct receiver {
	atomic_uint n; /* attempts */
	unsigned fail_first;
	uint64_t n_lost;
	int64_t pause_ms;
	atomic_bool hold; /* the first attempt waits until it is false */
};

static void attempt(void *data, const struct skep_payload *payload, struct skep_attempt *ret)
{
	struct receiver *r = data;
	unsigned n = atomic_fetch_add(&r->n, 1);

	(void)payload;
	while (atomic_load(&r->hold))
		;
	ret->again = n < r->fail_first;
	ret->pause_ms = r->pause_ms;
	ret->n_lost = r->n_lost;
	ret->loss = SKEP_DELIVER_REJECTED;
	strcpy(ret->why, ret->again ? "not yet" : "");
}

static void put(struct skep_deliver *d, size_t size, uint64_t n_items)
{
	struct skep_payload payload = { .bytes = malloc(size), .size = size, .n_items = n_items };

	skep_deliver_put(d, &payload);
	assert_null(payload.bytes);
}

static void test_delivered(void **state)
{
	struct receiver receiver = { .fail_first = 3, .n_lost = 1 };
	struct skep_deliver_counts counts;
	struct skep_deliver *d;

	(void)state;
	assert_int_equal(skep_deliver_open(attempt, &receiver, 1000, &d), 0);
	put(d, 10, 5);
	put(d, 10, 7);
	skep_deliver_close(d, 60000, &counts);
	assert_int_equal(counts.delivered, 10);
	assert_int_equal(counts.lost[SKEP_DELIVER_REJECTED], 2);
	assert_int_equal(counts.requests, 5);
	assert_int_equal(counts.retries, 3);
	assert_string_equal(counts.why, "not yet");
}

static void test_full(void **state)
{
	struct receiver receiver = { .hold = true };
	struct skep_deliver_counts counts;
	struct skep_deliver *d;

	(void)state;
	assert_int_equal(skep_deliver_open(attempt, &receiver, 100, &d), 0);
	put(d, 101, 3);
	for (unsigned i = 0; i < 20; i++)
		put(d, 10, 1);
	skep_deliver_counts(d, &counts);
	/* One may be on its way, ten wait. */
	assert_in_range(counts.lost[SKEP_DELIVER_FULL], 3 + 20 - 11, 3 + 20 - 10);
	atomic_store(&receiver.hold, false);
	skep_deliver_close(d, 60000, &counts);
	assert_int_equal(counts.delivered + counts.lost[SKEP_DELIVER_FULL], 23);
}

static void test_late(void **state)
{
	struct receiver receiver = { .fail_first = UINT32_MAX, .pause_ms = 3600000 };
	struct skep_deliver_counts counts;
	struct skep_deliver *d;

	(void)state;
	assert_int_equal(skep_deliver_open(attempt, &receiver, 1000, &d), 0);
	put(d, 10, 5);
	put(d, 10, 6);
	skep_deliver_close(d, 10, &counts);
	assert_int_equal(counts.delivered, 0);
	assert_int_equal(counts.lost[SKEP_DELIVER_LATE], 11);
	skep_deliver_close(NULL, 0, &counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivered),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
