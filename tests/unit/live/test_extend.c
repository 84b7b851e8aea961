/* SPDX-License-Identifier: Apache-2.0 */
/* What --with and --dns make of the schemas of a plan, and of its rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "live/extend.h"

static const struct skep_schema_field fields[] = {
	{ .name = "pid", .kind = SKEP_FIELD_INT, .size = 4 },
	{ .name = "daddr", .kind = SKEP_FIELD_INET, .offset = 8, .size = 20 },
	{ .name = "user", .kind = SKEP_FIELD_USERNAME, .offset = 32, .size = 4 },
};

static struct skep_plan_action actions[2];
static const struct skep_schema_field key = {
	.kind = SKEP_FIELD_TUPLE, .size = 20, .children = &fields[1], .n_children = 1
};
static struct skep_plan_map map;
static struct skep_plan plan = { .actions = actions, .maps = &map };
static struct skep_arena *arena;

/* @from: which of the fields are in the row; two rows of them when @rows is 2. */
static void make_plan(size_t from, size_t n, size_t rows)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		actions[i] = (struct skep_plan_action){
			.kind = SKEP_ACTION_ROW,
			.schema = { .name = "r",
				    .size = 36,
				    .fields = fields + from,
				    .n_fields = n },
		};
	plan.n_actions = rows;
	map = (struct skep_plan_map){ .shape = { .keys = &key, .n_keys = 1 } };
	plan.n_maps = 1;
}

static void expect_names(const char *wanted)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};

	for (size_t i = 0; i < actions[0].schema.n_fields; i++)
		skep_str_addf(&names, "%s%s", i ? " " : "", actions[0].schema.fields[i].name);
	assert_string_equal(skep_str_text(&names), wanted);
}

static struct skep_extend_idle extend(unsigned with, bool dns, bool for_people)
{
	return skep_extend(&plan, arena, &(struct skep_extend){ with, dns, for_people });
}

static void test_columns(void **state)
{
	unsigned with = 1 << SKEP_PROCESS_USER | 1 << SKEP_PROCESS_POD | 1 << SKEP_PROCESS_UNIT;

	(void)state;
	make_plan(0, 3, 1);
	extend(with, true, false);
	expect_names("pid daddr daddr_name user pod unit"); /* of two users it is the row's own */
	assert_int_equal(actions[0].row_size, 36);
	assert_int_equal(actions[0].process_at, 40);
	assert_int_equal(actions[0].schema.size, 40 + sizeof(struct skep_process));
	assert_ptr_equal(map.shape.keys, &key);
	make_plan(0, 3, 1);
	extend(0, true, true);
	expect_names("pid daddr user");
	assert_int_equal(actions[0].schema.fields[1].kind, SKEP_FIELD_HOST);
	assert_int_equal(actions[0].process_at, 0);
	assert_int_equal(map.shape.keys[0].children[0].kind, SKEP_FIELD_HOST);
	make_plan(0, 3, 1);
	extend(0, false, true);
	expect_names("pid daddr user");
	assert_ptr_equal(actions[0].schema.fields, fields);
}

/* What is asked for in vain is said. */
static void test_idle(void **state)
{
	unsigned with = 1 << SKEP_PROCESS_USER;
	struct skep_extend_idle idle;

	(void)state;
	make_plan(0, 3, 2);
	idle = extend(with, true, false);
	assert_false(idle.with || idle.dns);
	make_plan(1, 2, 1);
	idle = extend(with, true, false);
	assert_true(idle.with && !idle.dns);
	expect_names("daddr daddr_name user");
	make_plan(0, 1, 1);
	plan.n_maps = 0;
	idle = extend(with, true, true);
	assert_true(!idle.with && idle.dns);
	make_plan(0, 1, 0);
	idle = extend(with, true, true);
	assert_true(idle.with && !idle.dns);
	idle = extend(with, true, false);
	assert_true(idle.with && idle.dns);
}

/* The kernel knew the process that ran, which need not be the one that the row is of. */
static void test_rows(void **state)
{
	struct skep_row_who who = { .pid = 7 };
	struct skep_row_whose whose = { .group = 5,
					.group_v1 = 6,
					.level = 2,
					.uid = 8,
					.ppid = 9,
					.is_known = 1,
					.name = "box" };
	struct skep_process p;
	uint8_t payload[36] = { 7 };

	(void)state;
	make_plan(0, 3, 1);
	skep_extend_row(&actions[0], payload, &who, &whose, &p);
	assert_true(p.pid == 7 && p.group == 5 && p.uid == 8 && p.ppid == 9 && p.is_known);
	assert_string_equal(p.group_name, "box");
	whose.level = 0;
	skep_extend_row(&actions[0], payload, &who, &whose, &p);
	assert_true(p.group == (6 | UINT64_C(1) << 63));
	whose.group_v1 = 1;
	skep_extend_row(&actions[0], payload, &who, &whose, &p);
	assert_true(p.group == 0 && p.is_known);
	payload[0] = 8;
	skep_extend_row(&actions[0], payload, &who, &whose, &p);
	assert_true(p.pid == 8 && !p.is_known && !p.group && !p.uid);
	payload[0] = 7;
	skep_extend_row(&actions[0], payload, &who, NULL, &p);
	assert_true(p.pid == 7 && !p.is_known);
}

static int setup(void **state)
{
	(void)state;
	arena = skep_arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	skep_arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
