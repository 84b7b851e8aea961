/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and maps as table, CSV and schema, against the files of the vector folder. SKEP_REGENERATE=1 writes those: read
 * what it wrote.
 */
#include "test.h"

#include <errno.h>

#include "record/csv.h"
#include "record/shape.h"
#include "record/table.h"

static void expect_file(const char *name, const struct skep_str *out)
{
	_cleanup_free_ char *path = NULL;
	bool write = getenv("SKEP_REGENERATE");
	char text[16384];
	size_t len = 0;
	FILE *f;

	assert_true(asprintf(&path, "%s/record/%s", SKEP_VECTORS, name) > 0);
	f = fopen(path, write ? "we" : "re");
	assert_non_null(f);
	if (write)
		assert_int_equal(fwrite(skep_str_text(out), 1, out->len, f), out->len);
	else
		len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	if (write)
		return;
	text[len] = '\0';
	assert_string_equal(skep_str_text(out), text);
}

struct exec {
	uint32_t pid, pad;
	char comm[16];
	char file[64];
	int64_t lat;
};

static const struct skep_schema_field exec_fields[] = {
	{ .name = "pid", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "comm", .kind = SKEP_FIELD_STRING, .offset = 8, .size = 16 },
	{ .name = "args.filename", .kind = SKEP_FIELD_STRING, .offset = 24, .size = 64 },
	{ .name = "lat",
	  .kind = SKEP_FIELD_INT,
	  .offset = 88,
	  .size = 8,
	  .is_signed = true,
	  .unit = "us" },
};
static const struct skep_schema exec_schema = {
	.name = "exec",
	.version = 1,
	.size = sizeof(struct exec),
	.fields = exec_fields,
	.n_fields = ARRAY_SIZE(exec_fields),
};

static const struct exec execs[] = {
	{ 1, 0, "systemd", "/sbin/init", 5 },
	{ 4194304, 0, "a,b \"c\"", "/usr/bin/with\nline", -40117 },
	{ 77, 0, "caf\xc3\xa9", "/a/path/of/more/than/forty/characters/is/shown", 12 },
	{ 78, 0, "\xff\x1b[31m", " spaces ", INT64_MIN },
	{ 79, 0, "", "", 0 },
};

static const struct skep_schema_field exit_fields[] = {
	{ .name = "pid", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "size", .kind = SKEP_FIELD_INT, .offset = 8, .size = 8, .unit = "By" },
	{ .name = "size_bytes", .kind = SKEP_FIELD_INT, .offset = 8, .size = 8, .unit = "By" },
	{ .name = "pid", .kind = SKEP_FIELD_INT, .size = 4, .unit = "%" },
	{ .name = "stack", .kind = SKEP_FIELD_KSTACK, .offset = 8, .size = 8 },
	{ .name = "ok", .kind = SKEP_FIELD_BOOL, .offset = 8, .size = 8 },
};
static const struct skep_schema exit_schema = {
	.name = "exit",
	.version = 3,
	.size = 16,
	.fields = exit_fields,
	.n_fields = ARRAY_SIZE(exit_fields),
};

static const uint64_t exit_row[] = { 77, 12 };

static void kstack(void *data, int64_t id, uint32_t param, unsigned indent, struct skep_str *out)
{
	skep_str_add(out, "schedule+12\ndo_exit+3\n");
}

static const struct skep_resolver resolver = { .kstack = kstack };

static void test_one_type(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_row_tables tables = {};

	for (size_t i = 0; i < ARRAY_SIZE(execs); i++) {
		skep_row_tables_add(&tables, &exec_schema, &execs[i], NULL, &out);
		if (i != 1) /* the second waits for the third */
			skep_row_tables_write(&tables, &out);
	}
	skep_row_tables_write(&tables, &out);
	skep_row_tables_fini(&tables);
	expect_file("rows.table", &out);
}

/* As the tools of BCC have them. */
static void test_bcc_rows(void **state)
{
	static const char *const bad[] = { "PID:x", "PID:6.2x",	   "A=@tim:4",	 "IP=pid@ipx",
					   "A:6/z", "SIG=@signal", "A=pid@exit", "A=pid@time" };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	_cleanup_(skep_shape_freep)
	struct skep_shape *shape = NULL;

	assert_int_equal(
		skep_shape_new("TIME=time:-8 PID:-7 PCOMM=comm:-6.6 -> LAT(ms)=lat:9.2/1000 "
			       "A:B=pid+comm:-12 IP=comm@ip:2 args.filename",
			       &shape),
		0);
	skep_shape_header(shape, &exec_schema, &out);
	for (size_t i = 0; i < ARRAY_SIZE(execs); i++)
		skep_shape_row(shape, &exec_schema, &execs[i], NULL, &out);
	expect_file("rows.bcc", &out);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct skep_shape *none = NULL;

		assert_int_equal(skep_shape_new(bad[i], &none), -EINVAL);
		assert_null(none);
	}
}

struct end {
	int32_t code;
	char signal[12];
};

/* How processes end, and signals by number, as BCC has them. */
static void test_bcc_ends(void **state)
{
	static const struct skep_schema_field fields[] = {
		{ .name = "code", .kind = SKEP_FIELD_INT, .size = 4, .is_signed = true },
		{ .name = "signal", .kind = SKEP_FIELD_STRING, .offset = 4, .size = 12 },
	};
	static const struct skep_schema schema = {
		.name = "end", .size = sizeof(struct end), .fields = fields, .n_fields = 2
	};
	static const struct end ends[] = {
		{ 0, "" }, { 3, "" }, { 0, "SIGKILL" }, { 0, "SIGRT2" }, { 0, "0" },
	};
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	_cleanup_(skep_shape_freep)
	struct skep_shape *shape = NULL;

	assert_int_equal(skep_shape_new("SIG=signal@signal:-4 EXIT_CODE=code+signal@exit", &shape),
			 0);
	skep_shape_header(shape, &schema, &out);
	for (size_t i = 0; i < 4; i++)
		skep_shape_row(shape, &schema, &ends[i], NULL, &out);
	assert_string_equal(skep_str_text(&out), "SIG  EXIT_CODE\n"
						 "0    0\n"
						 "0    code 3\n"
						 "9    signal 9 (KILL)\n"
						 "34   signal 34 (RT2)\n");
	skep_str_reset(&out);
	skep_shape_row(shape, &schema, &ends[4], NULL, &out);
	assert_memory_equal(skep_str_text(&out), "0    ", 5);
}

struct call {
	uint32_t depth;
	char flow[4], class[8], method[8];
};

/* Calls of methods, as deep as they are. */
static void test_bcc_flow(void **state)
{
	static const struct skep_schema_field fields[] = {
		{ .name = "depth", .kind = SKEP_FIELD_INT, .size = 4 },
		{ .name = "flow", .kind = SKEP_FIELD_STRING, .offset = 4, .size = 4 },
		{ .name = "class", .kind = SKEP_FIELD_STRING, .offset = 8, .size = 8 },
		{ .name = "method", .kind = SKEP_FIELD_STRING, .offset = 16, .size = 8 },
	};
	static const struct skep_schema schema = {
		.name = "call", .size = sizeof(struct call), .fields = fields, .n_fields = 4
	};
	static const struct call calls[] = {
		{ 1, "->", "Main", "run" },
		{ 3, "<-", "", "leaf" },
		{ 0, "->", "A", "b" },
	};
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	_cleanup_(skep_shape_freep)
	struct skep_shape *shape = NULL;

	(void)state;
	assert_int_equal(skep_shape_new("METHOD=class@flow", &shape), -EINVAL);
	assert_int_equal(skep_shape_new("METHOD=class+method@flow", &shape), 0);
	skep_shape_header(shape, &schema, &out);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		skep_shape_row(shape, &schema, &calls[i], NULL, &out);
	assert_string_equal(skep_str_text(&out), "METHOD\n-> Main.run\n    <- .leaf\n-> A.b\n");
}

/* Counts: the largest first, under the time; no more than were asked for. */
static void test_bcc_counts(void **state)
{
	static const struct skep_schema_field keys[] = {
		{ .name = "call", .kind = SKEP_FIELD_STRING, .size = 8 },
	};
	static const uint64_t few = 1, some = 20, many = 300;
	struct skep_snapshot_entry entries[] = {
		{ .key = "read\0\0\0", .numbers = &few },
		{ .key = "openat\0", .numbers = &some },
		{ .key = "futex\0\0", .numbers = &many },
	};
	struct skep_snapshot s = {
		.name = "@calls",
		.kind = SKEP_SNAPSHOT_COUNT,
		.key_size = 8,
		.keys = keys,
		.n_keys = 1,
		.n_numbers = 1,
		.entries = entries,
		.n_entries = 3,
	};
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	_cleanup_(skep_shape_freep)
	struct skep_shape *shape = NULL;

	assert_int_equal(skep_shape_new("counts=SYSCALL", &shape), 0);
	assert_true(skep_shape_map(shape, &s, 2, NULL, &out));
	assert_true(out.len > 11 && out.data[0] == '[' && out.data[9] == ']');
	assert_string_equal(out.data + 11, "SYSCALL                   COUNT\n"
					   "futex                       300\n"
					   "openat                       20\n\n");
	s.n_entries = 0;
	skep_str_reset(&out);
	assert_true(skep_shape_map(shape, &s, 2, NULL, &out));
	assert_int_equal(out.len, 0);

	/* As tools for languages have them: the largest last. */
	s.n_entries = 3;
	skep_shape_free(shape);
	assert_int_equal(skep_shape_new("counts=METHOD:10:CALLS", &shape), 0);
	assert_true(skep_shape_map(shape, &s, 2, NULL, &out));
	assert_string_equal(out.data, "\nMETHOD     # CALLS\n"
				      "openat           20\n"
				      "futex           300\n");
}

static void test_bcc_histograms(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	_cleanup_(skep_shape_freep)
	struct skep_shape *shape = NULL;
	uint64_t powers[66] = {}, wide[66] = {}, steps[7] = { 3, 1, 0, 8, 4, 0, 0 };
	uint64_t key = 77;
	struct skep_snapshot_entry entries[] = { { .key = &key, .numbers = powers },
						 { .key = &key, .numbers = wide } };
	struct skep_snapshot s = {
		.name = "@took",
		.kind = SKEP_SNAPSHOT_HIST,
		.key_size = 8,
		.keys = exit_fields,
		.n_keys = 1,
		.n_numbers = 66,
		.entries = entries,
		.n_entries = 2,
	};

	powers[skep_hist_bucket(0, 0, false)] = 2;
	powers[skep_hist_bucket(0, 1, false)] = 1;
	powers[skep_hist_bucket(0, 5, false)] = 40;
	powers[skep_hist_bucket(0, 100, false)] = 7;
	wide[skep_hist_bucket(0, UINT64_C(1) << 40, false)] = 1;
	assert_int_equal(skep_shape_new("PID:6", &shape), 0);
	assert_false(skep_shape_map(shape, &s, 0, NULL, &out));
	skep_shape_free(shape);
	assert_int_equal(skep_shape_new("hist=usecs", &shape), 0);
	assert_true(skep_shape_map(shape, &s, 0, NULL, &out));
	s.value_field.unit = "ms";
	s.n_keys = 0;
	s.n_entries = 1;
	assert_true(skep_shape_map(shape, &s, 0, NULL, &out));
	s.kind = SKEP_SNAPSHOT_LHIST;
	s.value_field.unit = NULL;
	s.n_numbers = ARRAY_SIZE(steps);
	s.lhist_step = 10;
	entries[0].numbers = steps;
	assert_true(skep_shape_map(shape, &s, 0, NULL, &out));
	s.kind = SKEP_SNAPSHOT_COUNT;
	assert_false(skep_shape_map(shape, &s, 0, NULL, &out));
	expect_file("histograms.bcc", &out);
}

static void test_screen(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	for (unsigned screen = 10; screen <= 70; screen += 20) {
		struct skep_row_tables tables = { .screen = screen, .height = 24 };

		skep_str_addf(
			&out, "%.*s\n", (int)screen,
			"---------+---------+---------+---------+---------+---------+---------+");
		for (size_t i = 0; i < ARRAY_SIZE(execs); i++)
			skep_row_tables_add(&tables, &exec_schema, &execs[i], NULL, &out);
		skep_row_tables_write(&tables, &out);
		skep_row_tables_fini(&tables);
	}
	expect_file("rows-screen.table", &out);
}

/* Headers come once, and again when they have scrolled away. */
static void test_two_types(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_row_tables tables = { .tagged = true, .height = 6 };

	for (unsigned i = 0; i < 3; i++) {
		skep_row_tables_add(&tables, &exec_schema, &execs[0], NULL, &out);
		skep_row_tables_add(&tables, &exit_schema, exit_row, &resolver, &out);
		skep_row_tables_add(&tables, &exit_schema, exit_row, &resolver, &out);
	}
	skep_row_tables_write(&tables, &out);
	skep_row_tables_fini(&tables);
	expect_file("rows-two.table", &out);
}

/* Lines wait for others, but not for ever. */
static void test_pending(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_row_tables tables = {};

	for (unsigned i = 0; i < 63; i++)
		skep_row_tables_add(&tables, &exec_schema, &execs[0], NULL, &out);
	assert_int_equal(out.len, 0);
	skep_row_tables_add(&tables, &exec_schema, &execs[0], NULL, &out);
	assert_true(out.len > 0);
	skep_str_reset(&out);
	skep_row_tables_write(&tables, &out);
	assert_int_equal(out.len, 0);
	skep_row_tables_fini(&tables);
}

/* A text in a column that others fill with numbers, numbers where they have texts, and what lines begin with. */
static const struct skep_schema_field odd[] = {
	{ .name = "row", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "comm", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "pid", .kind = SKEP_FIELD_PTR, .size = 4 },
	{ .name = "ok", .kind = SKEP_FIELD_BOOL, .size = 1 },
};
static const struct skep_schema odd_schema = {
	.name = "odd", .size = 4, .fields = odd, .n_fields = ARRAY_SIZE(odd)
};

static void test_csv(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_csv csv = {};

	for (size_t i = 0; i < ARRAY_SIZE(execs); i++)
		skep_csv_row(&csv, "exec", &exec_schema, &execs[i], NULL, &out);
	skep_csv_fini(&csv);
	skep_csv_kind(&csv, "exit", false, exit_schema.fields, exit_schema.n_fields);
	skep_csv_kind(&csv, "exec", false, exec_schema.fields, exec_schema.n_fields);
	skep_csv_kind_text(&csv, "time");
	skep_csv_kind(&csv, "odd", false, odd, ARRAY_SIZE(odd));
	for (unsigned i = 0; i < 2; i++) {
		skep_csv_row(&csv, "exit", &exit_schema, exit_row, &resolver, &out);
		skep_csv_row(&csv, "exec", &exec_schema, &execs[1], NULL, &out);
		skep_csv_text(&csv, "time", "12:00", 5, &out);
		skep_csv_row(&csv, "odd", &odd_schema, &execs[i], NULL, &out);
	}
	skep_csv_fini(&csv);
	skep_csv_text(&csv, "text", "", 0, &out);
	/* Told too late: the heading comes again. */
	skep_csv_row(&csv, "odd", &odd_schema, &execs[0], NULL, &out);
	skep_csv_text(&csv, "text", "", 0, &out);
	skep_csv_fini(&csv);
	expect_file("rows.csv", &out);
}

static const struct skep_schema_field pair[] = {
	{ .name = "pid", .kind = SKEP_FIELD_INT, .size = 8 },
	{ .name = "comm", .kind = SKEP_FIELD_STRING, .offset = 8, .size = 16 },
};
static const struct skep_schema_field tuple = {
	.kind = SKEP_FIELD_TUPLE, .size = 24, .children = pair, .n_children = 2
};

static const struct {
	uint64_t pid;
	char comm[16];
} keys[] = { { 7, "bash" }, { 10, "sh" } };

struct maps {
	struct skep_snapshot all[8];
	size_t n;
	struct skep_str table, schema, csv;
};

static void show_map(struct maps *maps, const struct skep_snapshot *s)
{
	skep_snapshot_table(s, 0, 0, NULL, 0, &maps->table);
	skep_snapshot_schema_json(s, &maps->schema);
	maps->all[maps->n++] = *s;
}

/* One table of all of them. */
static void show_csv(struct maps *maps)
{
	struct skep_csv csv = {};

	for (size_t i = 0; i < maps->n; i++)
		skep_csv_kind_map(&csv, &maps->all[i]);
	for (size_t i = 0; i < maps->n; i++)
		skep_snapshot_csv(&csv, &maps->all[i], 0, 0, NULL, &maps->csv);
	skep_csv_fini(&csv);
}

static void test_maps(void **state)
{
	struct maps maps = {};
	uint64_t numbers[2][4] = { { 3, 0, 2, 1 }, { 5, (uint64_t)-10, 0, 1 } };
	uint64_t buckets[2][4] = { { 3, 0, 2, 1 }, { 5, 1, 0, 1 } };
	struct skep_snapshot_entry e[2] = { { &keys[0], "x\0", numbers[0] },
					    { &keys[1], "y, z", numbers[1] } };
	struct skep_snapshot_entry h[2] = { { &keys[0], NULL, buckets[0] },
					    { &keys[1], NULL, buckets[1] } };
	struct skep_snapshot s = { .name = "@count",
				   .kind = SKEP_SNAPSHOT_COUNT,
				   .key_size = 24,
				   .keys = pair,
				   .n_keys = 2,
				   .entries = e,
				   .n_entries = 2 };

	show_map(&maps, &s);
	s.name = "@stats";
	s.kind = SKEP_SNAPSHOT_STATS;
	s.is_signed = true;
	s.keys = &tuple;
	s.n_keys = 1;
	show_map(&maps, &s);
	s.name = "@value";
	s.kind = SKEP_SNAPSHOT_VALUE;
	s.value_field = (struct skep_schema_field){ .kind = SKEP_FIELD_STRING, .size = 5 };
	show_map(&maps, &s);
	s.name = "@hist";
	s.kind = SKEP_SNAPSHOT_LHIST;
	s.lhist_max = 20;
	s.lhist_step = 10;
	s.n_numbers = 4;
	s.entries = h;
	show_map(&maps, &s);
	s.name = "@scalar";
	s.kind = SKEP_SNAPSHOT_MAX;
	s.keys = NULL;
	s.n_keys = 0;
	s.n_entries = 1;
	show_map(&maps, &s);
	s.name = "@empty";
	s.n_entries = 0;
	show_map(&maps, &s);
	show_csv(&maps);
	expect_file("maps.table", &maps.table);
	expect_file("maps.csv", &maps.csv);
	expect_file("maps.schema", &maps.schema);
	skep_str_fini(&maps.table);
	skep_str_fini(&maps.csv);
	skep_str_fini(&maps.schema);
}

static void test_schema(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_schema_field nested[] = {
		{ .name = "both", .kind = SKEP_FIELD_STRUCT, .children = pair, .n_children = 2 },
		{ .name = "many",
		  .kind = SKEP_FIELD_ARRAY,
		  .count = 4,
		  .children = pair,
		  .n_children = 1 },
		{ .name = "bits", .kind = SKEP_FIELD_INT, .size = 4, .bit_size = 3 },
	};
	struct skep_schema s = { .name = "a\"b", .version = 2, .fields = nested, .n_fields = 3 };

	skep_schema_json(&exec_schema, NULL, &out);
	skep_schema_json(&exit_schema, NULL, &out);
	skep_schema_json(&s, NULL, &out);
	expect_file("rows.schema", &out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_type),  cmocka_unit_test(test_screen),
		cmocka_unit_test(test_two_types), cmocka_unit_test(test_pending),
		cmocka_unit_test(test_csv),	  cmocka_unit_test(test_maps),
		cmocka_unit_test(test_schema),	  cmocka_unit_test(test_bcc_rows),
		cmocka_unit_test(test_bcc_ends),  cmocka_unit_test(test_bcc_counts),
		cmocka_unit_test(test_bcc_flow),  cmocka_unit_test(test_bcc_histograms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
