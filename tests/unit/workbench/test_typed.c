/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as their types say them, and R0 as kinds of programs mean it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "isa/progkind.h"
#include "obj/btf_build.h"
#include "workbench/typed.h"

struct key {
	int32_t pid;
	char name[8];
	uint32_t op;
	uint64_t slots[8];
	uint32_t low : 3, high : 29;
	uint32_t flag;
};

struct types {
	struct skep_arena *arena;
	struct skep_btf *btf;
	uint32_t s32, key, section, nested;
};

static struct types make_types(void)
{
	static const struct skep_btf_enumerator ops[] = { { "OPEN", 1 }, { "CLOSE", 2 } };
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	struct types t = { .arena = skep_arena_new() };
	uint32_t u32 = skep_btf_build_int(b, "unsigned int", 4, 0);
	uint32_t u64 = skep_btf_build_int(b, "unsigned long", 8, 0);
	uint32_t letter = skep_btf_build_int(b, "char", 1, SKEP_BTF_INT_SIGNED);
	uint32_t op = skep_btf_build_enum(b, SKEP_BTF_ENUM, "op", 4, false, ops, 2);
	void *blob;
	size_t size;

	t.s32 = skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	t.key = skep_btf_build_struct(
		b, SKEP_BTF_STRUCT, "key", sizeof(struct key),
		(struct skep_btf_member[]){
			{ "pid", t.s32, 0, 0 },
			{ "name", skep_btf_build_array(b, letter, u32, 8), 32, 0 },
			{ "op", op, 96, 0 },
			{ "slots", skep_btf_build_array(b, u64, u32, 8), 128, 0 },
			{ "low", u32, 640, 3 },
			{ "high", u32, 643, 29 },
			{ "flag", u32, 672, 0 },
		},
		7);
	t.section =
		skep_btf_build_datasec(b, ".data", 4, &(struct skep_btf_secvar){ t.s32, 0, 4 }, 1);
	t.nested = t.s32;
	for (unsigned i = 0; i < 2 * SKEP_TYPED_DEPTH_MAX; i++)
		t.nested =
			skep_btf_build_struct(b, SKEP_BTF_STRUCT, "n", 4,
					      &(struct skep_btf_member){ "n", t.nested, 0, 0 }, 1);
	assert_int_equal(skep_btf_builder_finish(b, t.arena, &blob, &size), 0);
	assert_int_equal(skep_btf_parse(blob, size, NULL, NULL, NULL, &t.btf), 0);
	return t;
}

static void free_types(struct types *t)
{
	skep_btf_free(t->btf);
	skep_arena_free(t->arena);
}

static void test_members(void **state)
{
	struct types t = make_types();
	struct key key = { .pid = -7,
			   .name = "s\"h",
			   .op = 2,
			   .slots = { 0, 3 },
			   .low = 5,
			   .high = 9,
			   .flag = 1 };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	(void)state;
	assert_int_equal(skep_typed_text(t.btf, t.key, (void *)&key, sizeof(key), &out), 0);
	assert_string_equal(skep_str_text(&out),
			    "{ .pid = -7, .name = \"s\\\"h\", .op = CLOSE, "
			    ".slots = [0, 3 and 6 zeroes], .low = 5, .high = 9, .flag = 1 }");
	skep_str_reset(&out);
	memcpy(key.name, "abcdefgh", 8);
	key.op = 9;
	memset(key.slots, 0, sizeof(key.slots));
	assert_int_equal(skep_typed_text(t.btf, t.key, (void *)&key, sizeof(key), &out), 0);
	assert_string_equal(skep_str_text(&out),
			    "{ .pid = -7, .name = \"abcdefgh\", .op = 9, "
			    ".slots = [8 zeroes], .low = 5, .high = 9, .flag = 1 }");
	free_types(&t);
}

static void test_others(void **state)
{
	struct types t = make_types();
	const uint8_t bytes[8] = { 1 };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	(void)state;
	assert_true(skep_typed_text(t.btf, t.s32, bytes, 8, &out) < 0);
	assert_true(skep_typed_text(t.btf, t.section, bytes, 4, &out) < 0);
	assert_true(skep_typed_text(t.btf, 0, bytes, 4, &out) < 0);
	assert_true(skep_typed_text(NULL, 1, bytes, 4, &out) < 0);
	assert_true(skep_typed_text(t.btf, 12345, bytes, 4, &out) < 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(skep_typed_text(t.btf, t.nested, bytes, 4, &out), 0);
	assert_non_null(strstr(skep_str_text(&out), ".n = ... }"));
	free_types(&t);
}

static void test_verdicts(void **state)
{
	(void)state;
	assert_string_equal(skep_prog_kind_verdict(SKEP_PROG_XDP, 2), "XDP_PASS");
	assert_null(skep_prog_kind_verdict(SKEP_PROG_XDP, 5));
	assert_string_equal(skep_prog_kind_verdict(SKEP_PROG_SCHED_CLS, 2), "TC_ACT_SHOT");
	assert_string_equal(skep_prog_kind_verdict(SKEP_PROG_SCHED_ACT, UINT32_MAX),
			    "TC_ACT_UNSPEC");
	assert_null(skep_prog_kind_verdict(SKEP_PROG_SCHED_CLS, 9));
	assert_null(skep_prog_kind_verdict(SKEP_PROG_KPROBE, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
