/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus' text, against tests/vectors/record/maps.prom (SKEP_REGENERATE=1 writes it: read it), and promtool's
 * opinion of it when that is here.
 */
#include "test.h"

#include <limits.h>

#include "record/prom.h"

struct key {
	uint32_t uid;
	char comm[12];
};

static const struct key keys[] = { { 0, "cat" }, { 7, "a\"b\\c\nd" }, { 7, "\xff" } };

static const struct skep_schema_field key_fields[] = {
	{ .name = "uid", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "Comm", .kind = SKEP_FIELD_STRING, .offset = 4, .size = 12 },
};

struct value {
	uint64_t calls, lat;
	int64_t delta;
	char state[8];
	uint8_t ok;
	double load;
};

static const struct value values[] = {
	{ 3, 1500000000, -5, "run", 1, 0.5 },
	{ 0, 7, 0, "", 0, 1e300 },
	{ UINT64_MAX, 0, INT64_MIN, "run", 0, -__builtin_inf() },
};

static const struct skep_schema_field value_fields[] = {
	{ .name = "calls_total", .kind = SKEP_FIELD_INT, .size = 8 },
	{ .name = "lat_ns", .kind = SKEP_FIELD_INT, .offset = 8, .size = 8, .unit = "ns" },
	{ .name = "delta", .kind = SKEP_FIELD_INT, .offset = 16, .size = 8, .is_signed = true },
	{ .name = "state", .kind = SKEP_FIELD_STRING, .offset = 24, .size = 8 },
	{ .name = "isOk", .kind = SKEP_FIELD_BOOL, .offset = 32, .size = 1 },
	{ .name = "load", .kind = SKEP_FIELD_FLOAT, .offset = 40, .size = 8 },
};

static struct skep_snapshot base(const char *name, enum skep_snapshot_kind kind,
				 struct skep_snapshot_entry *entries, size_t n)
{
	return (struct skep_snapshot){
		.name = name,
		.kind = kind,
		.key_size = sizeof(struct key),
		.keys = key_fields,
		.n_keys = ARRAY_SIZE(key_fields),
		.entries = entries,
		.n_entries = n,
	};
}

static void write_all(struct skep_str *out)
{
	uint64_t numbers[3][66] = { { 3, 10 }, { 5, (uint64_t)-10, 0, 1 }, { 0 } };
	struct skep_snapshot_entry e[3];
	struct skep_prom prom = {};
	struct skep_snapshot s;

	for (size_t i = 0; i < 3; i++)
		e[i] = (struct skep_snapshot_entry){ &keys[i], &values[i], numbers[i] };
	s = base("@calls", SKEP_SNAPSHOT_COUNT, e, 3);
	skep_prom_snapshot(&prom, &s, NULL, out);
	s = base("@calls", SKEP_SNAPSHOT_SUM, e, 3); /* the name is taken */
	s.is_signed = true;
	skep_prom_snapshot(&prom, &s, NULL, out);
	s = base("@", SKEP_SNAPSHOT_STATS, e, 3);
	s.is_signed = true;
	skep_prom_snapshot(&prom, &s, NULL, out);
	s = base("@max", SKEP_SNAPSHOT_MAX, e, 1);
	s.n_keys = 0;
	skep_prom_snapshot(&prom, &s, NULL, out);
	s = base(".bss", SKEP_SNAPSHOT_VALUE, e, 3);
	s.value_columns = true;
	s.value_field = (struct skep_schema_field){ .kind = SKEP_FIELD_STRUCT,
						    .size = sizeof(struct value),
						    .children = value_fields,
						    .n_children = ARRAY_SIZE(value_fields) };
	skep_prom_snapshot(&prom, &s, NULL, out);
	s = base("@state", SKEP_SNAPSHOT_VALUE, e, 3);
	s.n_keys = 0; /* the same labels twice */
	s.value_field = value_fields[3];
	s.value_field.offset = 24;
	skep_prom_snapshot(&prom, &s, NULL, out);
	numbers[1][1] = 1;
	s = base("@lhist", SKEP_SNAPSHOT_LHIST, e, 2);
	s.lhist_max = 20;
	s.lhist_step = 10;
	s.n_numbers = 4;
	skep_prom_snapshot(&prom, &s, NULL, out);
	s = base("lat", SKEP_SNAPSHOT_HIST, e, 1);
	s.hist_low_zero = true;
	s.n_numbers = 10;
	numbers[0][0] = numbers[0][1] = 0;
	numbers[0][2] = 1;
	numbers[0][9] = 2;
	skep_prom_snapshot(&prom, &s, NULL, out);
	s = base("@hist", SKEP_SNAPSHOT_HIST, e, 1);
	s.n_numbers = 66;
	numbers[0][65] = 4;
	numbers[0][0] = 1;
	skep_prom_snapshot(&prom, &s, NULL, out);
	skep_prom_count(&prom, "rows", "rows by type", &(struct skep_prom_label){ "type", "exec" },
			1, 12, out);
	skep_prom_count(&prom, "rows", "rows by type", &(struct skep_prom_label){ "type", "exit" },
			1, 0, out);
	skep_prom_count(&prom, "lost", "rows lost", NULL, 0, 1, out);
	skep_prom_fini(&prom);
}

static void test_text(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	static char text[65536];
	bool write = getenv("SKEP_REGENERATE");
	char path[PATH_MAX];
	size_t len = 0;
	FILE *f;

	write_all(&out);
	snprintf(path, sizeof(path), "%s/record/maps.prom", SKEP_VECTORS);
	f = fopen(path, write ? "we" : "re");
	assert_non_null(f);
	if (write)
		fwrite(out.data, 1, out.len, f);
	else
		len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	if (!write)
		assert_string_equal(skep_str_text(&out), text);
}

/* What no number was below has no bucket below zero; as soon as one was, it has. */
static void test_below_zero(void **state)
{
	uint64_t numbers[66] = { [3] = 2 };
	struct skep_snapshot_entry e = { &keys[0], &values[0], numbers };

	for (int below = 0; below < 2; below++) {
		_cleanup_(skep_str_fini)
		struct skep_str out = {};
		struct skep_prom prom = {};
		struct skep_snapshot s = base("@took", SKEP_SNAPSHOT_HIST, &e, 1);

		s.n_numbers = ARRAY_SIZE(numbers);
		s.value_field.unit = "us";
		numbers[0] = (uint64_t)below;
		skep_prom_snapshot(&prom, &s, NULL, &out);
		assert_int_equal(!!strstr(skep_str_text(&out), "le=\"-0.000001\""), below);
		assert_non_null(strstr(skep_str_text(&out), "le=\"0.000001\""));
		skep_prom_fini(&prom);
	}
}

/* What was cut to whole microseconds is anywhere below the next: 3.9 of them are no 3. A count of nanoseconds or bytes is exact. */
static void test_bounds(void **state)
{
	static const struct {
		const char *unit, *in, *below, *never;
	} cases[] = {
		{ "us", "le=\"0.000004\"} 2\n", "le=\"0.000002\"} 0\n", "le=\"0\"" },
		{ "KiBy", "le=\"4096\"} 2\n", "le=\"2048\"} 0\n", "le=\"0\"" },
		{ "ns", "le=\"0.000000003\"} 2\n", "le=\"0\"} 0\n", "le=\"0.000000004\"" },
		{ "By", "le=\"3\"} 2\n", "le=\"0\"} 0\n", "le=\"4\"" },
	};
	uint64_t numbers[66] = { [3] = 2 };
	struct skep_snapshot_entry e = { &keys[0], &values[0], numbers };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(skep_str_fini)
		struct skep_str out = {};
		struct skep_prom prom = {};
		struct skep_snapshot s = base("@took", SKEP_SNAPSHOT_HIST, &e, 1);

		s.n_numbers = ARRAY_SIZE(numbers);
		s.value_field.unit = cases[i].unit;
		skep_prom_snapshot(&prom, &s, NULL, &out);
		assert_non_null(strstr(skep_str_text(&out), cases[i].in));
		assert_non_null(strstr(skep_str_text(&out), cases[i].below));
		assert_null(strstr(skep_str_text(&out), cases[i].never));
		skep_prom_fini(&prom);
	}
}

static void test_promtool(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	FILE *f;

	if (system("command -v promtool >/dev/null 2>&1") != 0)
		skip();
	write_all(&out);
	f = popen("promtool check metrics", "w");
	assert_non_null(f);
	fwrite(out.data, 1, out.len, f);
	assert_int_equal(pclose(f), 0);
}

/* One message for each metric of the text, none longer or shorter than it says. */
static void test_messages(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {}, out = {};
	size_t n_metrics = 0, n = 0, at = 0;

	write_all(&text);
	for (const char *p = text.data; (p = strstr(p, "# HELP ")); p++)
		n_metrics++;
	skep_prom_protobuf(text.data, NULL, &out);
	for (; at < out.len; n++) {
		size_t len = 0;
		unsigned shift = 0;

		for (bool more = true; more; shift += 7) {
			more = out.data[at] & 0x80;
			len |= (size_t)(out.data[at++] & 0x7f) << shift;
		}
		/* The first field is the name. */
		assert_int_equal(out.data[at], 1 << 3 | 2);
		assert_memory_equal(out.data + at + 2, "skep_", 5);
		at += len;
	}
	assert_int_equal(at, out.len);
	assert_int_equal(n, n_metrics);
	skep_str_reset(&out);
	skep_prom_protobuf("", NULL, &out);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	 cmocka_unit_test(test_below_zero),
		cmocka_unit_test(test_bounds),	 cmocka_unit_test(test_promtool),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
