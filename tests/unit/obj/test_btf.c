/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BTF reader on blobs from the builder: what it answers, and that hostile bytes do no harm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "blobs.h"

struct fixture {
	struct skep_arena *arena;
	void *data;
	size_t size;
	struct skep_btf *btf;
};

static struct fixture make(void (*fill)(struct skep_btf_builder *b), const struct skep_btf *base)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(base);
	struct fixture f = { .arena = skep_arena_new() };

	fill(b);
	assert_int_equal(skep_btf_builder_finish(b, f.arena, &f.data, &f.size), 0);
	assert_int_equal(skep_btf_parse(f.data, f.size, base, NULL, NULL, &f.btf), 0);
	return f;
}

static void fini(struct fixture *f)
{
	skep_btf_free(f->btf);
	skep_arena_free(f->arena);
}

static void test_types(void **state)
{
	struct fixture f = make(make_kinds, NULL);
	struct skep_btf_type t = skep_btf_type(f.btf, ID_INT);

	assert_int_equal(skep_btf_n_types(f.btf), ID_END);
	assert_int_equal(skep_btf_first_id(f.btf), 1);
	assert_int_equal(t.kind, SKEP_BTF_INT);
	assert_string_equal(t.name, "int");
	assert_int_equal(t.size_bytes, 4);
	assert_int_equal(t.bits, 32);
	assert_true(t.is_signed && !t.is_char);
	t = skep_btf_type(f.btf, ID_COMM);
	assert_int_equal(t.type, ID_CHAR);
	assert_int_equal(t.n_elems, 16);
	t = skep_btf_type(f.btf, ID_DECL_TAG);
	assert_int_equal(t.component, -1);
	assert_int_equal(t.type, ID_FUNC);
	assert_int_equal(skep_btf_type(f.btf, 0).kind, SKEP_BTF_VOID);
	t = skep_btf_type(f.btf, ID_END + 5);
	assert_int_equal(t.id, 0);
	assert_string_equal(t.name, "");
	assert_string_equal(skep_btf_name(f.btf, ID_FUNC), "do_wake");
	assert_int_equal(skep_btf_type(f.btf, ID_FUNC).vlen, 1);
	fini(&f);
}

static void test_find(void **state)
{
	struct fixture f = make(make_kinds, NULL);
	uint32_t id = 77;

	assert_int_equal(skep_btf_find(f.btf, "task", SKEP_BTF_STRUCT, &id), 0);
	assert_int_equal(id, ID_TASK);
	assert_int_equal(skep_btf_find(f.btf, "task", SKEP_BTF_UNION, &id), -ENOENT);
	assert_int_equal(skep_btf_find(f.btf, "", SKEP_BTF_VOID, &id), -ENOENT);
	assert_int_equal(skep_btf_find(f.btf, "tas", SKEP_BTF_VOID, &id), -ENOENT);
	assert_int_equal(id, ID_TASK);
	/* The first few names are searched, later ones have an index: nobody can tell. */
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "nobody%d", i);
		assert_int_equal(skep_btf_find(f.btf, name, SKEP_BTF_VOID, &id), -ENOENT);
		assert_int_equal(skep_btf_find(f.btf, "task", SKEP_BTF_STRUCT, &id), 0);
		assert_int_equal(id, ID_TASK);
		assert_int_equal(skep_btf_find(f.btf, "task", SKEP_BTF_UNION, &id), -ENOENT);
	}
	assert_int_equal(skep_btf_find(f.btf, "do_wake", SKEP_BTF_VOID, &id), 0);
	assert_int_equal(id, ID_FUNC);
	id = 0;
	id = skep_btf_next(f.btf, id, SKEP_BTF_STRUCT);
	assert_int_equal(id, ID_TASK);
	id = skep_btf_next(f.btf, id, SKEP_BTF_STRUCT);
	assert_int_equal(id, ID_INNER2);
	id = skep_btf_next(f.btf, id, SKEP_BTF_STRUCT);
	assert_int_equal(id, ID_OPS);
	assert_int_equal(skep_btf_next(f.btf, id, SKEP_BTF_STRUCT), 0);
	assert_int_equal(skep_btf_next(f.btf, UINT32_MAX, SKEP_BTF_VOID), 0);
	assert_string_equal(skep_btf_nearest(f.btf, "tsk", SKEP_BTF_STRUCT), "task");
	assert_null(skep_btf_nearest(f.btf, "something_else", SKEP_BTF_STRUCT));
	fini(&f);
}

static void expect_c(const struct skep_btf *btf, const char *text, int r, uint32_t id,
		     unsigned pointers)
{
	uint32_t got_id = 0;
	unsigned got_pointers = 0;

	assert_int_equal(skep_btf_find_c(btf, text, &got_id, &got_pointers), r);
	assert_int_equal(got_id, r ? 0 : id);
	assert_int_equal(got_pointers, pointers);
}

static void test_find_c(void **state)
{
	struct fixture f = make(make_kinds, NULL);

	expect_c(f.btf, "struct task", 0, ID_TASK, 0);
	expect_c(f.btf, "const struct task __rcu **", 0, ID_TASK, 2);
	expect_c(f.btf, "task_t*", 0, ID_TASK_T, 1);
	expect_c(f.btf, "task", 0, ID_TASK, 0);
	expect_c(f.btf, "unsigned long", 0, ID_ULONG, 0);
	expect_c(f.btf, "long unsigned int *", 0, ID_ULONG, 1);
	expect_c(f.btf, "int", 0, ID_INT, 0);
	expect_c(f.btf, "void *", 0, 0, 1);
	expect_c(f.btf, "enum wide", 0, ID_WIDE, 0);
	expect_c(f.btf, "char", 0, ID_CHAR, 0);
	expect_c(f.btf, "struct nothing", -ENOENT, 0, 0);
	expect_c(f.btf, "short", -ENOENT, 0, 0);
	expect_c(f.btf, "long long long", -EINVAL, 0, 0);
	expect_c(f.btf, "struct", -EINVAL, 0, 0);
	expect_c(f.btf, "", -EINVAL, 0, 0);
	expect_c(f.btf, "int[3]", -EINVAL, 0, 0);
	expect_c(f.btf, "task * const x", -EINVAL, 0, 0);
	fini(&f);
}

static void test_members(void **state)
{
	struct fixture f = make(make_kinds, NULL);
	struct skep_btf_member m;

	assert_int_equal(skep_btf_find_member(f.btf, ID_TASK_T, "b", &m), 0);
	assert_int_equal(m.bit_offset, 64 + 32);
	assert_int_equal(m.type, ID_INT);
	assert_int_equal(skep_btf_find_member(f.btf, ID_CONST_TASK, "flags", &m), 0);
	assert_int_equal(m.bit_offset, 64);
	assert_int_equal(skep_btf_find_member(f.btf, ID_TASK, "high", &m), 0);
	assert_int_equal(m.bit_offset, 323);
	assert_int_equal(m.bit_size, 5);
	assert_int_equal(skep_btf_find_member(f.btf, ID_TASK, "nope", &m), -ENOENT);
	assert_int_equal(skep_btf_find_member(f.btf, ID_TASK_PTR, "pid", &m), -EINVAL);
	assert_int_equal(skep_btf_member(f.btf, ID_TASK, 1, &m), 0);
	assert_string_equal(m.name, "");
	assert_int_equal(m.type, ID_INNER);
	assert_int_equal(skep_btf_member(f.btf, ID_TASK, 8, &m), -ENOENT);
	fini(&f);
}

static void test_shapes(void **state)
{
	struct fixture f = make(make_kinds, NULL);
	struct skep_btf_param p;
	uint32_t x, n;

	assert_int_equal(skep_btf_size(f.btf, ID_MATRIX, &x), 0);
	assert_int_equal(x, 24);
	assert_int_equal(skep_btf_size(f.btf, ID_CONST_TASK, &x), 0);
	assert_int_equal(x, 72);
	assert_int_equal(skep_btf_size(f.btf, ID_VAR, &x), 0);
	assert_int_equal(x, 4);
	assert_int_equal(skep_btf_size(f.btf, ID_RESTRICT, &x), 0);
	assert_int_equal(x, 8);
	assert_int_equal(skep_btf_size(f.btf, ID_FWD, &x), -EINVAL);
	assert_int_equal(skep_btf_size(f.btf, 0, &x), -EINVAL);
	assert_int_equal(skep_btf_pointee(f.btf, ID_CONST_TASK_PTR, &x), 0);
	assert_int_equal(x, ID_CONST_TASK);
	assert_int_equal(skep_btf_strip(f.btf, ID_CONST_TASK, false), ID_TASK);
	assert_int_equal(skep_btf_strip(f.btf, ID_TASK_T, false), ID_TASK_T);
	assert_int_equal(skep_btf_array(f.btf, ID_MATRIX, &x, &n), 0);
	assert_int_equal(x, ID_MATRIX_ROW);
	assert_int_equal(n, 2);
	assert_int_equal(skep_btf_proto(f.btf, ID_FN_PTR, &x), 0);
	assert_int_equal(x, ID_PROTO);
	assert_int_equal(skep_btf_proto(f.btf, ID_FUNC, &x), 0);
	assert_int_equal(skep_btf_proto(f.btf, ID_TASK_PTR, &x), -EINVAL);
	assert_int_equal(skep_btf_param(f.btf, ID_PROTO, 1, &p), 0);
	assert_string_equal(p.name, "flags");
	assert_int_equal(skep_btf_param(f.btf, ID_PROTO, 3, &p), -ENOENT);
	fini(&f);
}

static void test_enums(void **state)
{
	struct fixture f = make(make_kinds, NULL);
	struct skep_btf_enumerator e;
	uint32_t id;

	assert_int_equal(skep_btf_find_enumerator(f.btf, "DEAD", &id, &e), 0);
	assert_int_equal(id, ID_STATE);
	assert_true(e.value == ~0ull);
	assert_int_equal(skep_btf_find_enumerator(f.btf, "HUGE_ONE", &id, &e), 0);
	assert_true(e.value == 0x123456789abcdef0);
	assert_int_equal(skep_btf_find_enumerator(f.btf, "HUGE", &id, &e), -ENOENT);
	assert_string_equal(skep_btf_enum_name(f.btf, ID_STATE, ~0ull), "DEAD");
	assert_string_equal(skep_btf_enum_name(f.btf, ID_WIDE, ~0ull), "MINUS");
	assert_null(skep_btf_enum_name(f.btf, ID_STATE, 7));
	assert_null(skep_btf_enum_name(f.btf, ID_INT, 0));
	fini(&f);
}

static void fill_module(struct skep_btf_builder *b)
{
	struct skep_btf_member members[] = { { "pid", ID_TASK, 0, 0 }, { "own", ID_END, 576, 0 } };

	skep_btf_build_ref(b, SKEP_BTF_TYPEDEF, "mine", ID_ULONG);
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "holder", 80, members, ARRAY_SIZE(members));
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "task", 80, members, ARRAY_SIZE(members));
}

static void test_split(void **state)
{
	struct fixture base = make(make_kinds, NULL), f = make(fill_module, base.btf);
	struct skep_btf_member m;
	uint32_t id, next;

	assert_int_equal(skep_btf_first_id(f.btf), ID_END);
	assert_int_equal(skep_btf_n_types(f.btf), ID_END + 3);
	assert_int_equal(skep_btf_find(f.btf, "do_wake", SKEP_BTF_FUNC, &id), 0);
	assert_int_equal(id, ID_FUNC);
	assert_int_equal(skep_btf_find(f.btf, "task", SKEP_BTF_STRUCT, &id), 0);
	assert_int_equal(id, ID_END + 2);
	assert_int_equal(skep_btf_find_next(f.btf, id, SKEP_BTF_STRUCT, &next), 0);
	assert_int_equal(next, ID_TASK);
	assert_int_equal(skep_btf_find_next(f.btf, next, SKEP_BTF_STRUCT, &next), -ENOENT);
	assert_int_equal(skep_btf_find_member(f.btf, ID_END + 1, "own", &m), 0);
	assert_int_equal(m.type, ID_END);
	assert_string_equal(skep_btf_name(f.btf, skep_btf_strip(f.btf, m.type, true)),
			    "long unsigned int");
	walk_btf(f.btf, true);
	fini(&f);
	fini(&base);
}

/*
 * References in circles, and structs that hold two of the next: 2^20 members if it were walked to
 * the end.
 */
static void fill_cycles(struct skep_btf_builder *b)
{
	skep_btf_build_ref(b, SKEP_BTF_TYPEDEF, "loop", 1);
	skep_btf_build_ref(b, SKEP_BTF_PTR, NULL, 2);
	skep_btf_build_array(b, 3, 3, 2);
	skep_btf_build_ref(b, SKEP_BTF_CONST, NULL, 5);
	skep_btf_build_ref(b, SKEP_BTF_VOLATILE, NULL, 4);
	for (unsigned i = 0; i < 20; i++) {
		struct skep_btf_member two[] = { { "", 7 + i, 0, 0 }, { "", 7 + i, 8, 0 } };

		skep_btf_build_struct(b, SKEP_BTF_STRUCT, "", 8, two, 2);
	}
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "end", 8, NULL, 0);
	for (unsigned i = 0; i < 12; i++) {
		uint32_t next = skep_btf_builder_next_id(b);
		struct skep_btf_param p[] = {
			{ "a", next }, { "b", next }, { "c", next }, { "d", next }
		};

		skep_btf_build_proto(b, next, p, ARRAY_SIZE(p));
	}
}

static void test_cycles(void **state)
{
	struct fixture f = make(fill_cycles, NULL);
	struct skep_btf_member m;
	uint32_t size;

	assert_int_equal(skep_btf_strip(f.btf, 1, true), 0);
	assert_int_equal(skep_btf_strip(f.btf, 4, true), 0);
	assert_int_equal(skep_btf_size(f.btf, 3, &size), -EINVAL);
	assert_int_equal(skep_btf_find_member(f.btf, 6, "x", &m), -ELOOP);
	walk_btf(f.btf, true);
	fini(&f);
}

static void expect_refused(const void *data, size_t size, int r)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_btf *btf = NULL;

	assert_int_equal(skep_btf_parse(data, size, NULL, NULL, &diag, &btf), r);
	assert_null(btf);
	assert_int_equal(diag.n_errors, 1);
}

static void test_refused(void **state)
{
	struct fixture f = make(make_kinds, NULL);
	struct skep_btf_header *h = f.data;
	uint32_t *first = (uint32_t *)(h + 1), kept;

	expect_refused("", 0, -EINVAL);
	expect_refused("not BTF at all, just some text", 30, -EINVAL);
	for (size_t n = 0; n < f.size; n++) {
		/* A copy of the exact size, so that a read beyond the end is seen. */
		_cleanup_free_ void *cut = malloc(n);

		memcpy(cut, f.data, n);
		expect_refused(cut, n, -EINVAL);
	}
	kept = first[1];
	first[1] = SKEP_BTF_INFO(SKEP_N_BTF_KINDS, 0, 0);
	expect_refused(f.data, f.size, -EOPNOTSUPP);
	first[1] = kept | 1u << 20;
	expect_refused(f.data, f.size, -EOPNOTSUPP);
	first[1] = kept;
	first[0] = h->strings_len;
	expect_refused(f.data, f.size, -EINVAL);
	first[0] = 0;
	h->magic = 0x9feb;
	expect_refused(f.data, f.size, -EOPNOTSUPP);
	h->magic = SKEP_BTF_MAGIC;
	h->header_len = UINT32_MAX;
	expect_refused(f.data, f.size, -EINVAL);
	fini(&f);
}

#define TYPES_END 1200 /* bytes that hold one type of each kind: here two flips */

/* Every byte of 16 KB flipped in turn: refused or walked, never a crash. */
static void test_flips(void **state)
{
	struct fixture f = make(make_large, NULL);
	unsigned accepted = 0, refused = 0;
	_cleanup_free_ uint8_t *copy = malloc(f.size);

	assert_in_range(f.size, 16 * 1024, 24 * 1024);
	memcpy(copy, f.data, f.size);
	for (size_t i = 0; i < f.size; i++) {
		static const uint8_t flips[] = { 0xff, 0x01 };
		struct skep_btf *btf;

		for (size_t k = 0; k < (i < TYPES_END ? 2 : 1); k++) {
			copy[i] ^= flips[k];
			if (skep_btf_parse(copy, f.size, NULL, NULL, NULL, &btf) == 0) {
				/* Text takes by far the longest: only now and then. */
				walk_btf(btf, !k && i % 61 == 0);
				skep_btf_free(btf);
				accepted++;
			} else {
				refused++;
			}
			copy[i] ^= flips[k];
		}
	}
	assert_true(accepted && refused);
	fini(&f);
}

static unsigned released;

static void count_release(void *data, size_t size)
{
	released += (unsigned)size;
	free(data);
}

static void test_owned(void **state)
{
	struct fixture f = make(make_kinds, NULL);
	void *copy = malloc(f.size);
	struct skep_btf *btf;

	memcpy(copy, f.data, f.size);
	assert_int_equal(skep_btf_parse(copy, 10, NULL, count_release, NULL, &btf), -EINVAL);
	assert_int_equal(released, 0);
	assert_int_equal(skep_btf_parse(copy, f.size, NULL, count_release, NULL, &btf), 0);
	skep_btf_free(btf);
	assert_int_equal(released, f.size);
	skep_btf_free(NULL);
	fini(&f);
}

static void test_builder_limits(void **state)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_btf_param *params = calloc(65536, sizeof(*params));
	size_t size;
	void *data;

	assert_int_equal(skep_btf_build_string(b, "same"), skep_btf_build_string(b, "same"));
	skep_btf_build_proto(b, 0, params, 65535);
	assert_int_equal(skep_btf_builder_finish(b, arena, &data, &size), 0);
	skep_btf_build_proto(b, 0, params, 65536);
	assert_int_equal(skep_btf_builder_finish(b, arena, &data, &size), -E2BIG);
	free(params);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),	cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_c),	cmocka_unit_test(test_members),
		cmocka_unit_test(test_shapes),	cmocka_unit_test(test_enums),
		cmocka_unit_test(test_split),	cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_owned),
		cmocka_unit_test(test_flips),	cmocka_unit_test(test_builder_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
