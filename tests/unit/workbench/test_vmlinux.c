/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmlinux.h: what a compiler makes of a header that was made from BTF has the layout that the BTF has, bit fields included. And
 * what is no kernel's: types that hold themselves, that overlap, that nest without end.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../obj/compile.h"
#include "obj/btf_build.h"
#include "obj/object.h"
#include "workbench/vmlinux.h"

/* The types of an object in bytes; in @arena. */
static struct skep_btf *types_of(const char *data, size_t size, struct skep_arena *arena)
{
	struct skep_object_file file = { "test", data, size };
	struct skep_spec spec;
	struct skep_btf *btf;

	assert_int_equal(skep_object_read(&file, 1, NULL, arena, NULL, &spec), 0);
	assert_non_null(spec.btf);
	assert_int_equal(skep_btf_parse(spec.btf, spec.btf_size, NULL, NULL, NULL, &btf), 0);
	return btf;
}

/* Each member of a record: its place and its bits. */
static void compare_members(const struct skep_btf *a, uint32_t a_id, const struct skep_btf *b,
			    uint32_t b_id, unsigned depth)
{
	struct skep_btf_type t = skep_btf_type(a, a_id);
	struct skep_btf_member m, other;

	for (uint32_t i = 0; i < t.vlen; i++) {
		assert_int_equal(skep_btf_member(a, a_id, i, &m), 0);
		if (!*m.name)
			continue;
		assert_int_equal(skep_btf_find_member(b, b_id, m.name, &other), 0);
		if (other.bit_offset != m.bit_offset || other.bit_size != m.bit_size)
			fail_msg("%s.%s: bit %llu, %u bits; was %llu, %u", t.name, m.name,
				 (unsigned long long)other.bit_offset, other.bit_size,
				 (unsigned long long)m.bit_offset, m.bit_size);
	}
}

static void compare(const struct skep_btf *a, const struct skep_btf *b, enum skep_btf_kind kind)
{
	uint32_t other, n = 0;

	for (uint32_t id = 0; (id = skep_btf_next(a, id, kind));) {
		struct skep_btf_type t = skep_btf_type(a, id);

		if (!*t.name)
			continue;
		if (skep_btf_find(b, t.name, kind, &other) < 0) {
			fail_msg("%s is gone", t.name);
			return;
		}
		assert_int_equal(skep_btf_type(b, other).size_bytes, t.size_bytes);
		compare_members(a, id, b, other, 0);
		n++;
	}
	assert_true(n > 0);
}

/* Compiles C text with a compiler; 0: it does not. */
static size_t compile_text(const char *compiler, const char *text, struct skep_str *out)
{
	char source[] = "/tmp/skep-vmlinux-XXXXXX.c", object[64], command[256], part[4096];
	int fd = mkstemps(source, 2);
	FILE *f;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	snprintf(object, sizeof(object), "%s.o", source);
	snprintf(command, sizeof(command),
		 "%s -target bpf -g -O2 -std=gnu11 -Wall -Werror -c %s -o %s", compiler, source,
		 object);
	skep_str_reset(out);
	f = system(command) == 0 ? fopen(object, "rb") : NULL;
	for (size_t n; f && (n = fread(part, 1, sizeof(part), f)) > 0;)
		skep_str_addn(out, part, n);
	if (f)
		fclose(f);
	unlink(source);
	unlink(object);
	return out->len;
}

static const char variables[] =
	"struct gaps gaps;\nstruct fields fields;\nstruct tight tight;\nstruct inside inside;\n"
	"union choice choice;\nstruct later later;\nenum small small;\nenum wide wide;\n";

static void test_layout(void **state)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str object = {}, text = {}, again = {};
	struct skep_btf *before, *after;

	if (!compile_bpf("layout", "-g", &object))
		skip();
	before = types_of(object.data, object.len, arena);
	assert_int_equal(skep_vmlinux_asserted(before, NULL, &text), 0);
	skep_str_add(&text, variables);
	assert_true(compile_text(find_clang(), skep_str_text(&text), &again) > 0);
	after = types_of(again.data, again.len, arena);
	compare(before, after, SKEP_BTF_STRUCT);
	compare(before, after, SKEP_BTF_UNION);
	skep_btf_free(before);
	skep_btf_free(after);
}

static bool has_line(const struct skep_str *text, const char *line)
{
	return strstr(skep_str_text(text), line);
}

/* Only what is used, and behind pointers only what is followed; what the program defines comes first. */
static void test_words(void **state)
{
	static const char program[] = "# 1 \"x.c\"\n"
				      "enum wide { SMALL_B };\n"
				      "int f(struct later *l) { return l->c->k + UNNAMED_B; }\n";
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_vmlinux_words_freep)
	struct skep_vmlinux_words *words = skep_vmlinux_words_new();
	_cleanup_(skep_str_fini)
	struct skep_str object = {}, text = {};
	struct skep_btf *btf;

	if (!compile_bpf("layout", "-g", &object))
		skip();
	btf = types_of(object.data, object.len, arena);
	skep_vmlinux_words_scan(words, program, sizeof(program) - 1);
	assert_int_equal(skep_vmlinux_header(btf, words, false, NULL, &text), 0);
	assert_true(has_line(&text, "\nstruct later {"));
	assert_true(has_line(&text, "\nstruct inside {")); /* behind c */
	assert_true(has_line(&text, "\nstruct gaps;"));	   /* behind i, which nobody follows */
	assert_false(has_line(&text, "\nstruct gaps {"));
	assert_true(has_line(&text, "\nenum wide___2 {"));
	assert_true(has_line(&text, "\tSMALL_B___2 = 1,"));
	skep_btf_free(btf);
}

/* Of what the words name; NULL: of all. */
static int header_for(const struct skep_btf_builder *b, const struct skep_vmlinux_words *words,
		      struct skep_str *text)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_btf *btf;
	size_t size;
	void *data;
	int r;

	assert_int_equal(skep_btf_builder_finish(b, arena, &data, &size), 0);
	assert_int_equal(skep_btf_parse(data, size, NULL, NULL, NULL, &btf), 0);
	skep_str_reset(text);
	r = skep_vmlinux_header(btf, words, !words, NULL, text);
	skep_btf_free(btf);
	return r;
}

static int header_of(const struct skep_btf_builder *b, struct skep_str *text)
{
	return header_for(b, NULL, text);
}

/* Two that hold each other, one that overlaps, a name that comes twice. */
static void test_hostile(void **state)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	struct skep_btf_member a = { "a", 2, 0, 0 }, c = { "c", 1, 0, 0 };
	struct skep_btf_member over[2] = { { "x", 3, 0, 0 }, { "y", 3, 8, 0 } };
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "one", 8, &a, 1);
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "two", 8, &c, 1);
	skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "over", 8, over, 2);
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "over", 4, over, 1);
	assert_int_equal(header_of(b, &text), 0);
	assert_true(has_line(&text, "struct over {\n\tunsigned char __bytes[8];\n}"));
	assert_true(has_line(&text, "struct over___2 {\n\tint x;\n}"));
}

/* Structs without names in each other, deeper than any kernel has them. */
static void test_deep(void **state)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	uint32_t inner = skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	for (unsigned i = 0; i < 1000; i++) {
		struct skep_btf_member m = { "m", inner, 0, 0 };

		inner = skep_btf_build_struct(b, SKEP_BTF_STRUCT, i < 999 ? "" : "top", 4, &m, 1);
	}
	assert_int_equal(header_of(b, &text), -ELOOP);
}

/* Each twice what is in it: a text that would never end. */
static void test_wide(void **state)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	uint32_t inner = skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	for (unsigned i = 0; i < 40; i++) {
		struct skep_btf_member m[2] = { { "", inner, 0, 0 }, { "n", inner, 0, 0 } };

		inner = skep_btf_build_struct(b, SKEP_BTF_UNION, i < 39 ? "" : "top", 4, m, 2);
	}
	assert_int_equal(header_of(b, &text), -E2BIG);
}

/* The same of nothing, with a member for which there is no room: what was written is thrown away, so that no text grows. */
static void test_thrown_away(void **state)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	uint32_t number = skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	uint32_t inner = skep_btf_build_struct(b, SKEP_BTF_STRUCT, "none", 0, NULL, 0);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	for (unsigned i = 0; i < 40; i++) {
		struct skep_btf_member m[3] = {
			{ "", inner, 0, 0 },
			{ "n", inner, 0, 0 },
			{ "z", number, 0, 0 },
		};

		inner = skep_btf_build_struct(b, SKEP_BTF_STRUCT, i < 39 ? "" : "top", 0, m, 3);
	}
	assert_int_equal(header_of(b, &text), -E2BIG);
}

/* Pointers to themselves, which a program follows. */
static void test_circle(void **state)
{
	static const char program[] = "int f(struct round *r) { return r->p; }\n";
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	_cleanup_(skep_vmlinux_words_freep)
	struct skep_vmlinux_words *words = skep_vmlinux_words_new();
	struct skep_btf_member p = { "p", skep_btf_builder_next_id(b), 0, 0 };
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_btf_build_ref(b, SKEP_BTF_PTR, NULL, p.type);
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "round", 8, &p, 1);
	skep_vmlinux_words_scan(words, program, sizeof(program) - 1);
	assert_int_equal(header_for(b, words, &text), -E2BIG);
}

/* Functions that take twice what takes twice. */
static void test_functions(void **state)
{
	_cleanup_(skep_btf_builder_freep)
	struct skep_btf_builder *b = skep_btf_builder_new(NULL);
	uint32_t number = skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	struct skep_btf_member f = { "f", number, 0, 0 };
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	for (unsigned i = 0; i < 40; i++) {
		struct skep_btf_param params[2] = { { "a", f.type }, { "b", f.type } };

		f.type = skep_btf_build_ref(b, SKEP_BTF_PTR, NULL,
					    skep_btf_build_proto(b, number, params, 2));
	}
	skep_btf_build_struct(b, SKEP_BTF_STRUCT, "calls", 8, &f, 1);
	assert_int_equal(header_of(b, &text), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),	cmocka_unit_test(test_words),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_deep),
		cmocka_unit_test(test_wide),	cmocka_unit_test(test_thrown_away),
		cmocka_unit_test(test_circle),	cmocka_unit_test(test_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
