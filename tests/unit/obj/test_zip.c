/* SPDX-License-Identifier: Apache-2.0 */
/* Archives made here byte by byte: sound ones, and each way of being broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "obj/zip.h"

static void add(struct skep_str *s, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		skep_str_addc(s, i < 8 ? (char)(value >> i * 8) : 0);
}

static void add_local(struct skep_str *s, const char *name, const char *bytes, unsigned extra)
{
	add(s, 0x04034b50, 4);
	add(s, 0, 22);
	add(s, strlen(name), 2);
	add(s, extra, 2);
	skep_str_add(s, name);
	skep_str_pad(s, '\0', extra);
	skep_str_add(s, bytes);
}

static void add_entry(struct skep_str *s, const char *name, const char *bytes, unsigned method,
		      size_t local)
{
	add(s, 0x02014b50, 4);
	add(s, 0, 6);
	add(s, method, 2);
	add(s, 0, 8);
	add(s, strlen(bytes), 4);
	add(s, strlen(bytes), 4);
	add(s, strlen(name), 2);
	add(s, 0, 12);
	add(s, local, 4);
	skep_str_add(s, name);
}

static void add_end(struct skep_str *s, size_t directory, size_t base, const char *comment)
{
	size_t length = s->len - directory;

	add(s, 0x06054b50, 4);
	add(s, 0, 4);
	add(s, 2, 2);
	add(s, 2, 2);
	add(s, length, 4);
	add(s, directory - base, 4);
	add(s, strlen(comment), 2);
	skep_str_add(s, comment);
}

/* Members "a.so" (stored) and "b.so" (packed) behind @prefix. */
static void make(struct skep_str *s, const char *prefix, const char *comment)
{
	size_t base = strlen(prefix), second, directory;

	skep_str_add(s, prefix);
	add_local(s, "a.so", "first", 7);
	second = s->len;
	add_local(s, "b.so", "other", 0);
	directory = s->len;
	add_entry(s, "a.so", "first", 0, 0);
	add_entry(s, "b.so", "other", 8, second - base);
	add_end(s, directory, base, comment);
}

static void check(const char *prefix, const char *comment)
{
	_cleanup_(skep_str_fini)
	struct skep_str s = {};
	struct skep_zip_member m;
	struct skep_zip zip;
	size_t at = 0;

	make(&s, prefix, comment);
	assert_int_equal(skep_zip_open(s.data, s.len, &zip), 0);
	assert_int_equal(skep_zip_find(&zip, "a.so", &m), 0);
	assert_int_equal(m.size, 5);
	assert_memory_equal(s.data + m.offset, "first", 5);
	assert_false(m.compressed);
	assert_int_equal(skep_zip_find(&zip, "b.so", &m), 0);
	assert_memory_equal(s.data + m.offset, "other", 5);
	assert_true(m.compressed);
	assert_int_equal(skep_zip_find(&zip, "c.so", &m), -ENOENT);
	assert_int_equal(skep_zip_find(&zip, "a.s", &m), -ENOENT);
	assert_int_equal(skep_zip_next(&zip, &at, &m), 0);
	assert_int_equal(skep_zip_next(&zip, &at, &m), 0);
	assert_int_equal(skep_zip_next(&zip, &at, &m), -ENOENT);
}

static void test_sound(void **state)
{
	check("", "");
	check("", "a comment, PK and all");
	check("#!/bin/sh\nexec me\n", "");
}

/* Cut anywhere, it is no archive or its members are inside of what is left. */
static void test_cut(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str s = {};

	make(&s, "", "");
	for (size_t size = 0; size < s.len; size++) {
		struct skep_zip zip;
		char *copy = malloc(size + 1);

		memcpy(copy, s.data, size);
		assert_int_equal(skep_zip_open(copy, size, &zip), -EINVAL);
		free(copy);
	}
}

/* With any one byte changed nothing is read outside (the sanitizer looks on). */
static void test_bent(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str s = {};

	make(&s, "x", "");
	for (size_t i = 0; i < s.len; i++) {
		for (unsigned value = 0; value < 256; value += 51) {
			char *copy = malloc(s.len);
			struct skep_zip_member m;
			struct skep_zip zip;

			memcpy(copy, s.data, s.len);
			copy[i] = (char)value;
			if (skep_zip_open(copy, s.len, &zip) == 0)
				for (size_t at = 0; skep_zip_next(&zip, &at, &m) == 0;)
					assert_true(m.offset <= s.len &&
						    m.size <= s.len - m.offset);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
