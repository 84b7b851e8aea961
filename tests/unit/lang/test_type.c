/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lang/tracepoint.h"
#include "world_file.h"

static struct world_file file;
static struct skep_types types;

static int setup(void **state)
{
	world_file_open(&file, SKEP_VECTORS "/lang/check/world");
	types = (struct skep_types){
		.arena = skep_arena_new(),
		.btf = file.btf,
		.max_strlen = 1024,
	};
	return 0;
}

static int teardown(void **state)
{
	skep_arena_free(types.arena);
	world_file_close(&file);
	return 0;
}

static void assert_text(const struct skep_type *type, const char *text)
{
	assert_non_null(type);
	assert_string_equal(skep_type_text(&types, type), text);
}

static struct skep_field field(const char *of, const char *name, enum skep_space space)
{
	const struct skep_type *type = skep_type_by_name(&types, of);
	struct skep_field f;

	assert_non_null(type);
	assert_true(skep_type_field(&types, type, name, space, &f));
	return f;
}

static void test_ints(void **state)
{
	static const unsigned sizes[] = { 1, 2, 4, 8 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(skep_type_int(sizes[i], true)->size, sizes[i]);
		assert_true(skep_type_int(sizes[i], true)->is_signed);
		assert_false(skep_type_equal(skep_type_int(sizes[i], true),
					     skep_type_int(sizes[i], false)));
	}
	assert_false(skep_type_equal(skep_type_bool(), skep_type_int(1, false)));
	assert_text(skep_type_bool(), "bool");
	assert_text(skep_type_int(4, false), "uint32");
}

static void test_by_name(void **state)
{
	static const struct {
		const char *name, *text;
	} names[] = {
		{ "uint32_t", "uint32" },
		{ "int8", "int8" },
		{ "unsigned long", "uint64" },
		{ "char *", "int8 *" },
		{ "void *", "void *" },
		{ "string[16]", "string[16]" },
		{ "string", "string[1024]" },
		{ "buffer[8]", "buffer[8]" },
		{ "uint8[4]", "uint8[4]" },
		{ "struct file", "struct file" },
		{ "struct file *", "struct file *" },
		{ "struct file **", "struct file **" },
		{ "task_struct", "struct task_struct" },
		{ "enum tcp_state", "enum tcp_state" },
		{ "pid_t", "int32" },
		{ "umode_t", "uint16" },
		{ "kstack", "kstack" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_text(skep_type_by_name(&types, names[i].name), names[i].text);
	assert_null(skep_type_by_name(&types, "struct nothing"));
	assert_null(skep_type_by_name(&types, "uint7"));
	assert_null(skep_type_by_name(&types, "uint8[x]"));
	assert_null(skep_type_by_name(&types, "uint8[-1]"));
	assert_null(skep_type_by_name(&types, "string[0]"));
	assert_null(skep_type_by_name(&types, ""));
	assert_null(skep_type_by_name(&types, "]"));
	assert_null(skep_type_by_name(&types, "int **********"));
}

static void test_fields(void **state)
{
	struct skep_field f = field("task_struct", "comm", SKEP_SPACE_BTF);

	assert_text(f.type, "string[16]");
	f = field("task_struct", "numbers", SKEP_SPACE_BTF);
	assert_text(f.type, "uint32[4]");
	f = field("task_struct", "state", SKEP_SPACE_BTF);
	assert_text(f.type, "enum tcp_state");
	f = field("task_struct", "names", SKEP_SPACE_USER);
	assert_text(f.type, "int8 **");
	assert_int_equal(f.type->space, SKEP_SPACE_USER);
	assert_int_equal(f.type->elem->space, SKEP_SPACE_USER);
	/* Through an anonymous struct and a union in it: offsets add up. */
	f = field("mm_struct", "mm_users", SKEP_SPACE_KERNEL);
	assert_int_equal(f.offset, 8);
	f = field("mm_struct", "owner_ptr", SKEP_SPACE_KERNEL);
	assert_int_equal(f.offset, 16);
	assert_false(skep_type_field(&types, skep_type_by_name(&types, "struct file"), "nothing",
				     SKEP_SPACE_KERNEL, &f));
	assert_false(skep_type_field(&types, skep_type_by_name(&types, "struct file"), "",
				     SKEP_SPACE_KERNEL, &f));
	assert_false(skep_type_field(&types, skep_type_int(4, true), "x", SKEP_SPACE_KERNEL, &f));
}

/* Typed pointers stay typed to structs only; what is read of others comes through a helper. */
static void test_spaces(void **state)
{
	struct skep_field f = field("task_struct", "real_parent", SKEP_SPACE_BTF);

	assert_int_equal(f.type->space, SKEP_SPACE_BTF);
	assert_int_equal(f.type->elem->kind, SKEP_TYPE_STRUCT);
	f = field("task_struct", "label", SKEP_SPACE_BTF);
	assert_int_equal(f.type->space, SKEP_SPACE_KERNEL);
	f = field("task_struct", "real_parent", SKEP_SPACE_BPF);
	assert_int_equal(f.type->space, SKEP_SPACE_KERNEL);
	f = field("task_struct", "real_parent", SKEP_SPACE_USER);
	assert_int_equal(f.type->space, SKEP_SPACE_USER);
}

static void test_bit_fields(void **state)
{
	struct skep_field f = field("bits", "one", SKEP_SPACE_KERNEL);

	assert_int_equal(f.offset, 0);
	assert_int_equal(f.bit_off, 0);
	assert_int_equal(f.bit_size, 1);
	assert_false(f.type->is_signed);
	f = field("bits", "three", SKEP_SPACE_KERNEL);
	assert_int_equal(f.bit_off, 1);
	assert_int_equal(f.bit_size, 3);
	f = field("bits", "rest", SKEP_SPACE_KERNEL);
	assert_int_equal(f.offset * 8 + f.bit_off, 4);
	assert_int_equal(f.bit_size, 12);
	assert_true(f.type->is_signed);
}

static void test_tuple(void **state)
{
	const struct skep_type *elems[] = {
		skep_type_int(1, false),
		skep_type_string(&types, 5),
		skep_type_int(4, true),
	};
	const struct skep_type *t = skep_type_tuple(&types, elems, 3);

	assert_int_equal(t->fields[0].offset, 0);
	assert_int_equal(t->fields[1].offset, 8);
	assert_int_equal(t->fields[2].offset, 16);
	assert_int_equal(t->size, 24);
	assert_string_equal(t->fields[2].name, "2");
	assert_text(t, "(uint8,string[5],int32)");
	assert_true(skep_type_equal(t, skep_type_tuple(&types, elems, 3)));
	assert_false(skep_type_equal(t, skep_type_tuple(&types, elems, 2)));
}

static void test_kinds(void **state)
{
	for (int kind = 0; kind < SKEP_TYPE_KIND_MAX; kind++) {
		struct skep_type type = { .kind = (enum skep_type_kind)kind };

		assert_false(skep_type_is_scalar(&type) && skep_type_is_agg(&type));
	}
	assert_true(skep_type_is_scalar(skep_type_simple(&types, SKEP_TYPE_KSYM)));
	assert_false(skep_type_is_scalar(skep_type_simple(&types, SKEP_TYPE_USYM)));
	assert_int_equal(skep_type_simple(&types, SKEP_TYPE_INET)->size, 20);
	assert_true(skep_type_is_agg(skep_type_agg(&types, SKEP_TYPE_SUM, skep_type_int(8, true))));
}

static void test_field_names(void **state)
{
	const struct skep_type *task = skep_type_by_name(&types, "task_struct");

	assert_true(skep_has_prefix(skep_type_field_names(&types, task, "tgdi", 3), "tgid, "));
	assert_string_equal(skep_type_field_names(&types, skep_type_int(4, true), "x", 3), "");
}

static const struct skep_struct *parse(const char *text)
{
	const struct skep_struct *s;

	if (skep_tracepoint_parse(&types, "event", text, SKEP_SPACE_USER, NULL, &s) < 0)
		return NULL;
	return s;
}

static struct skep_field find(const struct skep_struct *s, const char *name)
{
	struct skep_type type = { .kind = SKEP_TYPE_STRUCT, .str = s };
	struct skep_field f;

	assert_non_null(s);
	assert_true(skep_type_field(&types, &type, name, SKEP_SPACE_USER, &f));
	return f;
}

static void test_format(void **state)
{
	const struct skep_struct *s =
		parse("name: x\nID: 1\nformat:\n"
		      "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		      "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		      "\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
		      "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
		      "\tfield:char comm[16];\toffset:32;\tsize:16;\tsigned:0;\n"
		      "\tfield:__data_loc char[] path;\toffset:48;\tsize:4;\tsigned:0;\n"
		      "\tfield:__rel_loc u32[] words;\toffset:52;\tsize:4;\tsigned:0;\n"
		      "\tfield:struct file * file;\toffset:56;\tsize:8;\tsigned:0;\n"
		      "\tfield:unsigned long args[6];\toffset:64;\tsize:48;\tsigned:0;\n"
		      "\tfield:char name[NAME_LEN];\toffset:112;\tsize:12;\tsigned:0;\n"
		      "\tfield:enum tcp_state st;\toffset:124;\tsize:4;\tsigned:0;\n"
		      "\tfield:bool flag;\toffset:128;\tsize:1;\tsigned:0;\n"
		      "\tfield:struct unknown blob;\toffset:129;\tsize:3;\tsigned:0;\n");

	/* The width of the record, not that of int. */
	assert_text(find(s, "dfd").type, "int32");
	assert_text(find(s, "filename").type, "int8 *");
	assert_int_equal(find(s, "filename").type->space, SKEP_SPACE_USER);
	assert_text(find(s, "comm").type, "string[16]");
	assert_true(find(s, "path").data_loc);
	assert_text(find(s, "path").type, "string[1024]");
	assert_true(find(s, "words").rel_loc);
	assert_text(find(s, "words").type, "uint32 *");
	assert_int_equal(find(s, "words").type->space, SKEP_SPACE_KERNEL);
	assert_text(find(s, "file").type, "struct file *");
	assert_text(find(s, "args").type, "uint64[6]");
	assert_text(find(s, "name").type, "string[12]");
	assert_text(find(s, "st").type, "enum tcp_state");
	assert_text(find(s, "flag").type, "bool");
	assert_text(find(s, "blob").type, "uint8[3]");
	assert_int_equal(s->size, 132);
	/* The kernel keeps the head of the record to itself. */
	assert_string_equal(s->fields[0].name, "common_pid");
}

/* Broken lines are left out; nothing but broken lines is an error. */
static void test_format_broken(void **state)
{
	assert_null(parse(""));
	assert_null(parse("field:"));
	assert_null(parse("\tfield:int x;\toffset:9999999999999;\tsize:4;\tsigned:0;\n"));
	assert_null(parse("\tfield:int x;\toffset:-1;\tsize:4;\tsigned:0;\n"));
	assert_null(parse("\tfield:;\toffset:0;\tsize:4;\tsigned:0;\n"));
	assert_null(parse("\tfield:int ];\toffset:0;\tsize:4;\tsigned:0;\n"));
	assert_null(parse("\tfield:__data_loc char[] x;\toffset:0;\tsize:8;\tsigned:0;\n"));
	assert_non_null(parse("\tfield:int x;\toffset:0;\tsize:4;\tsigned:1;"));
	assert_non_null(parse("junk\n\tfield:int x;\toffset:0;\tsize:4;\n\tfield:int y"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ints),	   cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_fields),	   cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_bit_fields), cmocka_unit_test(test_tuple),
		cmocka_unit_test(test_kinds),	   cmocka_unit_test(test_field_names),
		cmocka_unit_test(test_format),	   cmocka_unit_test(test_format_broken),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
