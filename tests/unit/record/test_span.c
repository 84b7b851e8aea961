/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as spans: which ids they have, when they begin, what a traceparent says. */
#include "test.h"

#include "record/span.h"

struct row {
	uint32_t pid, small;
	uint64_t start, lat;
	char why[8];
	uint64_t parent[2];
	uint32_t id[2];
};

static const struct skep_schema_field wide[] = {
	{ .name = "0", .kind = SKEP_FIELD_INT, .size = 8 },
	{ .name = "1", .kind = SKEP_FIELD_INT, .offset = 8, .size = 8 },
};
static const struct skep_schema_field narrow[] = {
	{ .name = "0", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "1", .kind = SKEP_FIELD_INT, .offset = 4, .size = 4 },
};
static const struct skep_schema_field hidden[] = {
	{ .name = "start",
	  .kind = SKEP_FIELD_INT,
	  .offset = offsetof(struct row, start),
	  .size = 8 },
	{ .name = "parent",
	  .kind = SKEP_FIELD_TUPLE,
	  .offset = offsetof(struct row, parent),
	  .size = 16,
	  .children = wide,
	  .n_children = 2 },
	{ .name = "id",
	  .kind = SKEP_FIELD_TUPLE,
	  .offset = offsetof(struct row, id),
	  .size = 8,
	  .children = narrow,
	  .n_children = 2 },
};
static const struct skep_schema_field fields[] = {
	{ .name = "pid", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "lat",
	  .kind = SKEP_FIELD_INT,
	  .offset = offsetof(struct row, lat),
	  .size = 8,
	  .unit = "ms",
	  .is_signed = true },
	{ .name = "why",
	  .kind = SKEP_FIELD_STRING,
	  .offset = offsetof(struct row, why),
	  .size = 8 },
};
#define SCHEMA(...)                                                                        \
	{                                                                                  \
		.name = "row", .version = 1, .size = sizeof(struct row), .fields = fields, \
		.n_fields = ARRAY_SIZE(fields), .span = {                                  \
			.kind = SKEP_SPAN_CLIENT,                                          \
			.hidden = hidden,                                                  \
			.n_hidden = 3,                                                     \
			.at = { __VA_ARGS__ }                                              \
		}                                                                          \
	}
static const struct skep_schema
	lasting = SCHEMA([SKEP_SPAN_DURATION] = 2, [SKEP_SPAN_FAILED] = 3, [SKEP_SPAN_NAME] = 3),
	tree = SCHEMA([SKEP_SPAN_START] = 4, [SKEP_SPAN_PARENT] = 5, [SKEP_SPAN_ID] = 6);

static const uint64_t seed[2] = { 1, 2 };
static const struct skep_span_time when = { .end_ns = 1000000000000, .offset_ns = 900000000000 };

static struct skep_span make(struct skep_traces *traces, const struct skep_schema *schema,
			     const struct row *row)
{
	struct skep_span span;

	skep_span_make(traces, schema, row, NULL, &when, &span);
	return span;
}

static void test_times(void **state)
{
	static const struct {
		int64_t lat;
		uint64_t start;
	} cases[] = {
		{ 3, 1000000000000 - 3000000 }, { 0, 1000000000000 }, { -1, 1000000000000 },
		{ INT64_MAX, 1000000000000 }, /* more nanoseconds than there are */
		{ INT64_MAX / 1000000, 0 },
	};
	struct skep_traces traces;
	struct row row = { .why = "wax" };
	struct skep_span span;

	skep_traces_init(&traces, seed);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		row.lat = (uint64_t)cases[i].lat;
		span = make(&traces, &lasting, &row);
		assert_int_equal(span.start_ns, cases[i].start);
		assert_int_equal(span.end_ns, when.end_ns);
		assert_true(span.failed);
		assert_string_equal(skep_str_text(&span.why), "wax");
		assert_string_equal(skep_str_text(&span.name), "wax");
		skep_span_fini(&span);
	}
	for (uint64_t boot_s = 0; boot_s <= 200; boot_s += 50) {
		row.start = boot_s * 1000000000;
		span = make(&traces, &tree, &row);
		assert_int_equal(span.start_ns, MIN(900 + boot_s, 1000) * 1000000000);
		assert_false(span.failed);
		assert_string_equal(skep_str_text(&span.name), "row");
		skep_span_fini(&span);
	}
}

/* A child names its parent by the same numbers, whatever their size; zeroes name nobody. */
static void test_tree(void **state)
{
	struct skep_traces traces, others;
	struct row parent = { .id = { 7, 11 } }, child = { .id = { 8, 12 }, .parent = { 7, 11 } };
	struct skep_span one, two, three;

	skep_traces_init(&traces, seed);
	skep_traces_init(&others, (const uint64_t[]){ 3, 4 });
	one = make(&traces, &tree, &parent);
	two = make(&traces, &tree, &child);
	three = make(&others, &tree, &parent);
	assert_memory_equal(one.trace_id, two.trace_id, 16);
	assert_memory_equal(two.parent_id, one.span_id, 8);
	assert_true(two.has_parent && !one.has_parent && !two.parent_is_remote);
	assert_memory_not_equal(one.span_id, two.span_id, 8);
	assert_memory_not_equal(one.span_id, three.span_id, 8);
	assert_memory_not_equal(one.trace_id, three.trace_id, 16);
	skep_span_fini(&one);
	skep_span_fini(&two);
	skep_span_fini(&three);
	child.id[0] = child.id[1] = 0; /* beside the tree: whatever it says of a parent */
	one = make(&traces, &tree, &child);
	two = make(&traces, &tree, &child);
	assert_false(one.has_parent || two.has_parent);
	assert_memory_not_equal(one.trace_id, traces.trace_id, 16);
	assert_memory_not_equal(one.trace_id, two.trace_id, 16);
	assert_memory_not_equal(one.span_id, two.span_id, 8);
	skep_span_fini(&one);
	skep_span_fini(&two);
}

/* Without an id each is a trace of its own, the same for everyone who has the seed. */
static void test_alone(void **state)
{
	static const uint8_t zeroes[16];
	struct skep_traces traces, same;
	struct row row = {};
	uint8_t last[8] = {};

	skep_traces_init(&traces, seed);
	skep_traces_init(&same, seed);
	for (int i = 0; i < 100; i++) {
		struct skep_span one = make(&traces, &lasting, &row),
				 two = make(&same, &lasting, &row);

		assert_memory_equal(one.trace_id, two.trace_id, 16);
		assert_memory_equal(one.span_id, two.span_id, 8);
		assert_memory_not_equal(one.trace_id, traces.trace_id, 16);
		assert_memory_not_equal(one.trace_id, zeroes, 8);
		assert_memory_not_equal(one.span_id, last, 8);
		assert_false(one.has_parent || one.failed);
		memcpy(last, one.span_id, 8);
		skep_span_fini(&one);
		skep_span_fini(&two);
	}
}

#define ID "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"

static void test_traceparent(void **state)
{
	static const struct {
		const char *text;
		int sampled; /* -1: it is none */
	} cases[] = {
		{ "00-" ID "-01", 1 },
		{ "00-" ID "-00", 0 },
		{ "00-" ID "-03", 1 },
		{ "00-" ID "-02", 0 },
		{ "01-" ID "-01", 1 },
		{ "cc-" ID "-01-what-comes-later", 1 },
		{ "00-" ID "-01-what-comes-later", -1 },
		{ "cc-" ID "-01what", -1 },
		{ "ff-" ID "-01", -1 },
		{ "0-" ID "-01", -1 },
		{ "00-" ID "-1", -1 },
		{ "00-" ID "-0x", -1 },
		{ "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", -1 },
		{ "00-00000000000000000000000000000000-b7ad6b7169203331-01", -1 },
		{ "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", -1 },
		{ "00_" ID "-01", -1 },
		{ "xy-" ID "-01", -1 },
		{ "", -1 },
	};
	static const uint8_t trace_id[] = { 0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
					    0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c },
			     parent_id[] = { 0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct skep_traces traces;
		struct row row = { .id = { 1, 1 } };
		struct skep_span span;
		bool sampled = false, is = false;

		skep_traces_init(&traces, seed);
		is = skep_traces_parent(&traces, cases[i].text, &sampled);
		if (is != (cases[i].sampled >= 0) || sampled != (cases[i].sampled > 0))
			fail_msg("'%s': %d, %d", cases[i].text, is, sampled);
		span = make(&traces, &tree, &row);
		assert_int_equal(span.has_parent, is);
		assert_int_equal(span.parent_is_remote, is);
		if (is) {
			assert_memory_equal(span.trace_id, trace_id, 16);
			assert_memory_equal(span.parent_id, parent_id, 8);
		}
		skep_span_fini(&span);
	}
}

static void test_zipkin(void **state)
{
	struct skep_traces traces;
	struct row row = { .pid = 5, .lat = 2, .why = "Wax\xff", .id = { 1, 1 } };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_span span;
	bool sampled;

	skep_traces_init(&traces, seed);
	assert_true(skep_traces_parent(&traces, "00-" ID "-01", &sampled));
	span = make(&traces, &lasting, &row);
	memset(span.span_id, 0x1f, sizeof(span.span_id));
	skep_zipkin_span(&span, &lasting, &row, NULL, "hive", "tool", &out);
	assert_string_equal(
		skep_str_text(&out),
		"{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\","
		"\"id\":\"1f1f1f1f1f1f1f1f\",\"parentId\":\"b7ad6b7169203331\","
		"\"kind\":\"CLIENT\",\"name\":\"wax\\ufffd\",\"timestamp\":999998000,"
		"\"duration\":2000,\"localEndpoint\":{\"serviceName\":\"hive\"},"
		"\"tags\":{\"process.pid\":\"5\",\"lat_ms\":\"2\",\"why\":\"Wax\\ufffd\","
		"\"otel.scope.name\":\"tool\",\"otel.status_code\":\"ERROR\","
		"\"error\":\"Wax\\ufffd\"}}");
	skep_span_fini(&span);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),  cmocka_unit_test(test_tree),
		cmocka_unit_test(test_alone),  cmocka_unit_test(test_traceparent),
		cmocka_unit_test(test_zipkin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
