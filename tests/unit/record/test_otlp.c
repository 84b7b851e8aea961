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
	skep_otlp_snapshot(&otlp, &s, NULL, 1, 2, false);
	skep_otlp_end(&otlp);
	assert_int_equal(otlp.n_items, 1);
	assert_int_equal(count(&out, "\"process.pid\""), 1);
	assert_int_equal(count(&out, "\"curtask.real_parent.pid\""), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
