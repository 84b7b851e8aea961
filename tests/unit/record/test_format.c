/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

/* What the conversions of the vector file may use, in this order from the argument named there. */
static struct {
	int64_t five, minus;
	int32_t minus32;
	uint64_t max, zero, huge;
	char abc[8];
	struct {
		uint32_t len;
		uint8_t bytes[8];
	} buf;
	uint8_t inet[20];
	uint64_t letter;
	int64_t width, minus_width;
} payload = {
	.five = 5,
	.minus = -1,
	.minus32 = -1,
	.max = UINT64_MAX,
	.huge = 5000000200,
	.abc = "abc",
	.buf = { 4, { 'a', 'b', 1, '"' } },
	.inet = { 2, 0, 0, 0, 127, 0, 0, 1 },
	.letter = 'A',
	.width = 6,
	.minus_width = -6,
};

#define FIELD(n, k, m, s)                                                                          \
	{                                                                                          \
		.name = n, .kind = k, .offset = (uint32_t)((char *)&payload.m - (char *)&payload), \
		.size = sizeof(payload.m), .is_signed = s                                          \
	}

static const struct skep_schema_field all[] = {
	FIELD("five", SKEP_FIELD_INT, five, true),
	FIELD("minus", SKEP_FIELD_INT, minus, true),
	FIELD("minus32", SKEP_FIELD_INT, minus32, true),
	FIELD("max", SKEP_FIELD_INT, max, false),
	FIELD("huge", SKEP_FIELD_INT, huge, false),
	FIELD("zero", SKEP_FIELD_INT, zero, false),
	FIELD("abc", SKEP_FIELD_STRING, abc, false),
	FIELD("buf", SKEP_FIELD_BUFFER, buf, false),
	FIELD("inet", SKEP_FIELD_INET, inet, false),
	FIELD("letter", SKEP_FIELD_INT, letter, false),
	FIELD("width", SKEP_FIELD_INT, width, true),
	FIELD("minus_width", SKEP_FIELD_INT, minus_width, true),
};

static const struct skep_schema_field *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	}
	fail_msg("the vector names an unknown value %s", name);
	return NULL;
}

/* "format<TAB>arg arg<TAB>expected", or "format<TAB>error<TAB>offset". */
static void run_line(char *line, unsigned number)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_schema_field fields[8];
	struct skep_format format;
	char *text, *args, *expected, *save;
	const char *why = NULL;
	size_t n = 0, at = 0;
	int r;

	text = strsep(&line, "\t");
	args = strsep(&line, "\t");
	expected = strsep(&line, "\t");
	assert_non_null(expected);
	r = skep_format_parse(text, strlen(text), &format, &at, &why);
	if (strcmp(args, "error") == 0) {
		assert_int_equal(r, -22);
		assert_non_null(why);
		assert_int_equal(at, atoi(expected));
		return;
	}
	assert_int_equal(r, 0);
	for (args = strtok_r(args, " ", &save); args; args = strtok_r(NULL, " ", &save))
		fields[n++] = *find(args);
	if (format.n_fields != n)
		fail_msg("line %u: the format takes %zu values", number, format.n_fields);
	skep_format_text(&format, fields, n, &payload, NULL, &out);
	skep_format_fini(&format);
	if (strcmp(skep_str_text(&out), expected) != 0)
		fail_msg("line %u: [%s] instead of [%s]", number, skep_str_text(&out), expected);
}

static void test_vectors(void **state)
{
	FILE *f = fopen(SKEP_VECTORS "/record/format.txt", "re");
	_cleanup_free_ char *line = NULL;
	unsigned number = 0, n = 0;
	size_t cap = 0;
	ssize_t len;

	assert_non_null(f);
	while ((len = getline(&line, &cap, f)) > 0) {
		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		line[len - 1] = '\0';
		run_line(line, number);
		n++;
	}
	fclose(f);
	assert_true(n > 40);
}

/* Fewer values than the format takes: harmless, and visible. */
static void test_too_few(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_format format;
	const char *why;
	size_t at;

	assert_int_equal(skep_format_parse("%d %s", 5, &format, &at, &why), 0);
	skep_format_text(&format, all, 1, &payload, NULL, &out);
	assert_string_equal(out.data, "5 ?");
	skep_format_fini(&format);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_too_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
