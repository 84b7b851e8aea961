/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of OTLP: the keys of attributes, each of which comes once. */
#include "test.h"

#include "record/otlp.h"

static const struct skep_otlp_source source = { .scope = "tool" };

/* Calls @fields by these names and compares their keys, which are as many. */
static void check_keys(const char *const names[4], const char *const expected[4])
{
	struct skep_schema_field fields[4] = {};
	_cleanup_(skep_str_fini)
	struct skep_str room = {};
	size_t n = 0;

	for (; n < 4 && names[n]; n++)
		fields[n] = (struct skep_schema_field){ .name = names[n], .kind = SKEP_FIELD_INT };
	for (size_t i = 0; i < n; i++)
		assert_string_equal(skep_otlp_key(fields, n, i, &room), expected[i]);
}

static void test_keys(void **state)
{
	static const struct {
		const char *names[4], *keys[4];
	} cases[] = {
		{ { "pid", "comm", "x" }, { "process.pid", "thread.name", "x" } },
		{ { "pid", "tgid" }, { "process.pid", "tgid" } },
		{ { "path", "file" }, { "file.path", "file" } },
		{ { "curtask.pid", "curtask.real_parent.pid" },
		  { "process.pid", "curtask.real_parent.pid" } },
		{ { "pid", "pid", "pid" }, { "process.pid", "pid#2", "pid#3" } },
		{ { "a.x", "b.x", "x" }, { "x", "b.x", "x#3" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_keys(cases[i].names, cases[i].keys);
}

/* A stack called "user" is nobody. */
static void test_stack_keys(void **state)
{
	static const struct skep_schema_field fields[] = {
		{ .name = "user", .kind = SKEP_FIELD_USTACK },
		{ .name = "user", .kind = SKEP_FIELD_USERNAME },
	};
	_cleanup_(skep_str_fini)
	struct skep_str room = {};

	(void)state;
	assert_string_equal(skep_otlp_key(fields, 2, 0, &room), "user");
	assert_string_equal(skep_otlp_key(fields, 2, 1, &room), "process.owner");
}

/* How often @text has @word. */
static unsigned count(const struct skep_str *text, const char *word)
{
	unsigned n = 0;

	for (const char *at = skep_str_text(text); (at = strstr(at, word)); at++)
		n++;
	return n;
}

static const struct skep_schema_field two[] = {
	{ .name = "curtask.pid", .kind = SKEP_FIELD_INT, .size = 8 },
	{ .name = "curtask.real_parent.pid", .kind = SKEP_FIELD_INT, .offset = 8, .size = 8 },
};

static void test_row(void **state)
{
	struct skep_schema schema = { .name = "r", .fields = two, .n_fields = 2 };
	uint64_t payload[2] = { 7, 8 };
	struct skep_otlp otlp;
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	(void)state;
	skep_otlp_begin(&otlp, SKEP_OTLP_LOGS, SKEP_MESSAGE_JSON, &source, &out);
	skep_otlp_row(&otlp, &schema, payload, NULL, 1, 1);
	skep_otlp_end(&otlp);
	assert_int_equal(count(&out, "\"process.pid\""), 1);
	assert_int_equal(count(&out, "\"curtask.real_parent.pid\""), 1);
}

/* What has no value is no attribute; a 0 is one. */
static void test_blank(void **state)
{
	static const struct skep_schema_field fields[] = {
		{ .name = "signal", .kind = SKEP_FIELD_STRING, .size = 8 },
		{ .name = "n", .kind = SKEP_FIELD_INT, .offset = 8, .size = 8 },
	};
	struct skep_schema schema = { .name = "r", .fields = fields, .n_fields = 2 };
	uint8_t payload[16] = {};

	(void)state;
	for (unsigned killed = 0; killed < 2; killed++) {
		struct skep_otlp otlp;
		_cleanup_(skep_str_fini)
		struct skep_str out = {};

		memcpy(payload, killed ? "KILL" : "", killed ? 4 : 0);
		skep_otlp_begin(&otlp, SKEP_OTLP_LOGS, SKEP_MESSAGE_JSON, &source, &out);
		skep_otlp_row(&otlp, &schema, payload, NULL, 1, 1);
		skep_otlp_end(&otlp);
		assert_int_equal(count(&out, "\"key\":\"signal\""), killed);
		assert_int_equal(count(&out, "\"key\":\"n\""), 1);
	}
}

/* What an amount is counted in is part of its key, as nothing else says it. */
static void test_units(void **state)
{
	static const struct skep_schema_field fields[] = {
		{ .name = "lat", .unit = "us" },
		{ .name = "lat", .unit = "ms" },
		{ .name = "lat_us" },
		{ .name = "size", .unit = "By" },
		{ .name = "took_ms", .unit = "ms" },
		{ .name = "rate", .unit = "By/s" },
	};
	static const char *const keys[] = { "lat_us",	  "lat_ms",  "lat_us#3",
					    "size_bytes", "took_ms", "rate_bytes_per_s" };
	_cleanup_(skep_str_fini)
	struct skep_str room = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_string_equal(skep_otlp_key(fields, ARRAY_SIZE(fields), i, &room), keys[i]);
}

/* Both names, where there were others and they are asked for. */
static void test_old_names(void **state)
{
	static const struct skep_schema_field fields[] = {
		{ .name = "rport", .kind = SKEP_FIELD_INT, .size = 8 },
		{ .name = "n", .kind = SKEP_FIELD_INT, .size = 8 },
	};
	struct skep_schema schema = { .name = "r", .fields = fields, .n_fields = 2 };
	uint64_t payload = 7;

	(void)state;
	for (unsigned both = 0; both < 2; both++) {
		struct skep_otlp_source asked = { .scope = "tool", .old_names = both };
		struct skep_otlp otlp;
		_cleanup_(skep_str_fini)
		struct skep_str out = {};

		skep_otlp_begin(&otlp, SKEP_OTLP_LOGS, SKEP_MESSAGE_JSON, &asked, &out);
		skep_otlp_row(&otlp, &schema, &payload, NULL, 1, 1);
		skep_otlp_end(&otlp);
		assert_int_equal(count(&out, "\"network.peer.port\""), 1);
		assert_int_equal(count(&out, "\"net.sock.peer.port\""), both);
	}
}

static void test_point(void **state)
{
	uint64_t key[2] = { 7, 8 }, value = 3;
	struct skep_snapshot_entry entry = { .key = key, .numbers = &value };
	struct skep_snapshot s = { .name = "@n",
				   .kind = SKEP_SNAPSHOT_COUNT,
				   .key_size = sizeof(key),
				   .keys = two,
				   .n_keys = 2,
				   .entries = &entry,
				   .n_entries = 1 };
	struct skep_otlp otlp;
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	(void)state;
	skep_otlp_begin(&otlp, SKEP_OTLP_METRICS, SKEP_MESSAGE_JSON, &source, &out);
	skep_otlp_snapshot(&otlp, &s, NULL, 1, 2, 0);
	skep_otlp_end(&otlp);
	assert_int_equal(otlp.n_items, 1);
	assert_int_equal(count(&out, "\"process.pid\""), 1);
	assert_int_equal(count(&out, "\"curtask.real_parent.pid\""), 1);
}

/* The text that @numbers of a hist without a key become. */
static void check_powers(const uint64_t *numbers, bool low_zero, const char *expected)
{
	struct skep_snapshot_entry entry = { .key = "", .numbers = numbers };
	struct skep_snapshot s = { .name = "@h",
				   .kind = SKEP_SNAPSHOT_HIST,
				   .n_numbers = 66,
				   .hist_low_zero = low_zero,
				   .entries = &entry,
				   .n_entries = 1 };
	struct skep_otlp otlp;
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_otlp_begin(&otlp, SKEP_OTLP_METRICS, SKEP_MESSAGE_JSON, &source, &out);
	skep_otlp_snapshot(&otlp, &s, NULL, 1, 2, SKEP_OTLP_EXPONENTIAL);
	skep_otlp_end(&otlp);
	if (!strstr(skep_str_text(&out), expected))
		fail_msg("no %s in %s", expected, skep_str_text(&out));
}

static void test_powers(void **state)
{
	uint64_t none[66] = {}, ones[66] = { [2] = 3 }, zeros[66] = { [1] = 5 };
	uint64_t many[66] = { [1] = 5, [2] = 3, [4] = 7 }, high[66] = { [4] = 7, [65] = 1 };

	(void)state;
	check_powers(none, false, "\"scale\":0,\"zeroCount\":\"0\"}");
	check_powers(zeros, false, "\"zeroCount\":\"5\"}");
	/* 1 is the upper bound of bucket -1. */
	check_powers(ones, false, "\"positive\":{\"offset\":-1,\"bucketCounts\":[\"3\"]}");
	check_powers(many, false,
		     "\"zeroCount\":\"5\",\"positive\":{\"offset\":-1,"
		     "\"bucketCounts\":[\"3\",\"0\",\"0\",\"7\"]}");
	check_powers(high, false, "\"positive\":{\"offset\":2,\"bucketCounts\":[\"7\",");
	/* 0 and 1 are one bucket: what is no larger than 1 counts as zero. */
	check_powers(many, true,
		     "\"zeroCount\":\"8\",\"positive\":{\"offset\":2,"
		     "\"bucketCounts\":[\"7\"]},\"zeroThreshold\":1");
}

/* Of what was cut to whole units a bucket goes up to the next. */
static void test_bounds(void **state)
{
	uint64_t numbers[66] = { [3] = 2 };
	struct skep_snapshot_entry entry = { .key = "", .numbers = numbers };

	(void)state;
	for (unsigned exact = 0; exact < 2; exact++) {
		struct skep_snapshot s = { .name = "@h",
					   .kind = SKEP_SNAPSHOT_HIST,
					   .n_numbers = 66,
					   .value_field.unit = exact ? "ns" : "us",
					   .entries = &entry,
					   .n_entries = 1 };
		struct skep_otlp otlp;
		_cleanup_(skep_str_fini)
		struct skep_str out = {};

		skep_otlp_begin(&otlp, SKEP_OTLP_METRICS, SKEP_MESSAGE_JSON, &source, &out);
		skep_otlp_snapshot(&otlp, &s, NULL, 1, 2, 0);
		skep_otlp_end(&otlp);
		assert_non_null(strstr(skep_str_text(&out), exact ? "\"explicitBounds\":[1,3]"
								  : "\"explicitBounds\":[2,4]"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),   cmocka_unit_test(test_stack_keys),
		cmocka_unit_test(test_blank),  cmocka_unit_test(test_row),
		cmocka_unit_test(test_units),  cmocka_unit_test(test_old_names),
		cmocka_unit_test(test_point),  cmocka_unit_test(test_powers),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
