/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ELF reader: on this test's own file, on a small file made by hand in both word sizes, on cut
 * and broken ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tiny_elf.h"

/* A function to look for, with its own place in the file. */
__attribute__((noinline, used)) static int skep_test_marker(int x)
{
	return x * 3 + 1;
}

static void *read_file(const char *path, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	*ret_size = (size_t)st.st_size;
	return data;
}

static void test_self(void **state)
{
	size_t size, n;
	_cleanup_free_ uint8_t *data = read_file("/proc/self/exe", &size);
	struct skep_elf_sym sym, found;
	struct skep_elf *elf;
	uint64_t offset, vaddr, last = 0;

	assert_int_equal(skep_elf_parse(data, size, "self", NULL, &elf), 0);
	assert_true(skep_elf_is_64(elf) == (sizeof(void *) == 8));
	assert_true(skep_elf_has_symbols(elf));
	assert_int_equal(skep_elf_find(elf, "skep_test_marker", SKEP_ELF_FUNC, &sym), 0);
	assert_int_equal(skep_elf_find(elf, "skep_test_marker", SKEP_ELF_OBJECT, &found), -ENOENT);
	assert_int_equal(skep_elf_file_offset(elf, sym.value, &offset), 0);
	/* The file's bytes there are the function's code. */
	assert_memory_equal(data + offset, (const void *)(uintptr_t)skep_test_marker, 4);
	assert_int_equal(skep_elf_vaddr(elf, offset, &vaddr), 0);
	assert_int_equal(vaddr, sym.value);
	assert_int_equal(skep_elf_find_addr(elf, sym.value + sym.size - 1, &found), 0);
	assert_string_equal(found.name, "skep_test_marker");
	assert_string_equal(skep_elf_nearest(elf, "skep_test_markr"), "skep_test_marker");
	assert_int_equal(skep_elf_n_funcs(elf, &n), 0);
	assert_true(n > 10);
	for (size_t i = 0; i < n; i++) {
		assert_true(skep_elf_func(elf, i).value >= last);
		last = skep_elf_func(elf, i).value;
	}
	skep_elf_free(elf);
}

static void check_tiny(bool is_64)
{
	struct tiny_elf t = make_tiny_elf(is_64);
	struct skep_elf_sym sym;
	struct skep_elf *elf;
	const uint8_t *id;
	const void *bytes;
	uint64_t x;
	size_t n, index = 0;

	assert_int_equal(skep_elf_parse(t.data, t.size, "tiny", NULL, &elf), 0);
	assert_true(skep_elf_is_64(elf) == is_64);
	assert_true(skep_elf_is_dyn(elf));
	assert_int_equal(skep_elf_machine(elf), is_64 ? 62 : 3);
	assert_int_equal(skep_elf_entry(elf), TINY_VADDR + 0x10);
	assert_int_equal(skep_elf_build_id(elf, &id, &n), 0);
	assert_int_equal(n, 4);
	assert_memory_equal(id, "\xde\xad\xbe\xef", 4);
	assert_int_equal(skep_elf_section(elf, ".note", &bytes, &n), 0);
	assert_int_equal(n, 20);
	assert_int_equal(skep_elf_section(elf, ".nothing", &bytes, &n), -ENOENT);

	/* alpha and its version in .dynsym are one; undefined and data symbols are no functions. */
	assert_int_equal(skep_elf_n_funcs(elf, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(skep_elf_find(elf, "alpha", SKEP_ELF_FUNC, &sym), 0);
	assert_int_equal(sym.value, TINY_VADDR + 0x10);
	assert_int_equal(skep_elf_find(elf, "alph", SKEP_ELF_ANY, &sym), -ENOENT);
	assert_int_equal(skep_elf_find(elf, "missing", SKEP_ELF_ANY, &sym), -ENOENT);
	assert_int_equal(skep_elf_find(elf, "table", SKEP_ELF_OBJECT, &sym), 0);
	assert_int_equal(skep_elf_find(elf, "chooser", SKEP_ELF_FUNC, &sym), 0);
	assert_int_equal(sym.kind, SKEP_ELF_IFUNC);

	assert_int_equal(skep_elf_next_func(elf, "*a*", &index, &sym), 0);
	assert_string_equal(sym.name, "alpha");
	assert_int_equal(skep_elf_next_func(elf, "*a*", &index, &sym), 0);
	assert_string_equal(sym.name, "beta");
	assert_int_equal(skep_elf_next_func(elf, "*a*", &index, &sym), -ENOENT);

	/*
	 * alpha 0x10-0x1f, beta 0x20-0x23, chooser at 0x30 without a size, and a local one within
	 * beta.
	 */
	assert_int_equal(skep_elf_find_addr(elf, TINY_VADDR + 0x1f, &sym), 0);
	assert_string_equal(sym.name, "alpha");
	assert_int_equal(skep_elf_find_addr(elf, TINY_VADDR + 0x21, &sym), 0);
	assert_string_equal(sym.name, "beta");
	assert_int_equal(skep_elf_find_addr(elf, TINY_VADDR + 0x24, &sym), -ENOENT);
	assert_int_equal(skep_elf_find_addr(elf, TINY_VADDR + 0x38, &sym), 0);
	assert_string_equal(sym.name, "chooser");
	assert_int_equal(skep_elf_find_addr(elf, 0, &sym), -ENOENT);

	assert_int_equal(skep_elf_file_offset(elf, TINY_VADDR + 0x10, &x), 0);
	assert_int_equal(x, TINY_TEXT + 0x10);
	assert_int_equal(skep_elf_file_offset(elf, TINY_VADDR + TINY_TEXT_SIZE, &x), -ENOENT);
	assert_int_equal(skep_elf_vaddr(elf, TINY_TEXT + 0x20, &x), 0);
	assert_int_equal(x, TINY_VADDR + 0x20);
	skep_elf_free(elf);
	free(t.data);
}

static void test_tiny(void **state)
{
	check_tiny(true);
	check_tiny(false);
}

static void expect_refused(const void *data, size_t size, int r, const char *word)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_elf *elf = NULL;

	assert_int_equal(skep_elf_parse(data, size, "/bin/x", &diag, &elf), r);
	assert_null(elf);
	assert_int_equal(diag.n_errors, 1);
	assert_non_null(strstr(diag.items[0].what, "/bin/x"));
	assert_non_null(strstr(diag.items[0].what, word));
}

static void test_refused(void **state)
{
	struct tiny_elf t = make_tiny_elf(true);

	expect_refused("", 0, -EINVAL, "not an ELF");
	expect_refused("#!/bin/sh\n", 10, -EINVAL, "not an ELF");
	expect_refused("\177ELF\2\2\1............................................................",
		       70, -EOPNOTSUPP, "big endian");
	/* Cut anywhere: the section headers are at the end, so all of it is refused. */
	for (size_t n = 0; n < t.size; n++) {
		_cleanup_free_ void *cut = malloc(n);

		memcpy(cut, t.data, n);
		expect_refused(cut, n, -EINVAL, n < 4 ? "not an ELF" : "ends");
	}
	free(t.data);
}

static void test_flips(void **state)
{
	for (unsigned is_64 = 0; is_64 < 2; is_64++) {
		struct tiny_elf t = make_tiny_elf(is_64);

		for (size_t i = 0; i < t.size; i++) {
			for (unsigned bit = 0; bit < 9; bit++) {
				uint8_t flip = bit == 8 ? 0xff : (uint8_t)(1u << bit);
				struct skep_elf *elf;

				t.data[i] ^= flip;
				if (skep_elf_parse(t.data, t.size, "x", NULL, &elf) == 0) {
					walk_elf(elf);
					skep_elf_free(elf);
				}
				t.data[i] ^= flip;
			}
		}
		free(t.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_tiny),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
