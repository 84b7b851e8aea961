/* SPDX-License-Identifier: Apache-2.0 */
/* Links to debug files, as hostile as a binary may have them. And our own debugging information, read back. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "who/debugfile.h"
#include "who/dwarf.h"

static void test_link(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int want;
	} cases[] = {
		{ "a.debug\0\1\2\3\4", 12, 0 },
		{ "abc\0\1\2\3\4", 8, 0 },
		{ "ab\0\0\1\2\3\4", 8, 0 },
		{ "abc\0\1\2\3", 7, -EINVAL },
		{ "abc", 3, -EINVAL },
		{ "", 0, -EINVAL },
		{ "\0\0\0\0\1\2\3\4", 8, -EINVAL },
		{ "../x\0\0\0\0\1\2\3\4", 12, -EINVAL },
		{ "..\0\0\1\2\3\4", 8, -EINVAL },
		{ "/etc/shadow\0\1\2\3\4", 16, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t crc = 0;
		const char *name = NULL;
		char *copy = malloc(cases[i].size + !cases[i].size);

		memcpy(copy, cases[i].bytes, cases[i].size);
		assert_int_equal(skep_debuglink_parse(copy, cases[i].size, &name, &crc),
				 cases[i].want);
		if (!cases[i].want) {
			assert_string_equal(name, cases[i].bytes);
			assert_int_equal(crc, 0x04030201);
		}
		free(copy);
	}
}

struct inner {
	unsigned char low : 4, high : 4;
	union {
		long number;
		const char *text;
	};
};

struct outer {
	struct outer *next;
	struct inner inner[2][3];
	enum {
		NONE,
		SOME = 7
	} kind;
	double weight;
	void (*call)(int);
};

typedef const struct outer outer_t;

/* gcc makes copies that take other arguments; clang does not, and has no word against it. */
#if __has_attribute(noclone)
#define AS_WRITTEN __attribute__((noinline, noclone, used))
#else
#define AS_WRITTEN __attribute__((noinline, used))
#endif

/* What is looked for. */
static AS_WRITTEN int given(double skipped, outer_t *o, short n, bool yes)
{
#line 1000
	return (int)skipped + o->kind + n + yes;
}

static int first_address(void *data, uint64_t address)
{
	uint64_t *first = data;

	if (!*first)
		*first = address;
	return 0;
}

/* None moved: optimized or not, they are where C passes them, or it is told where. */
static void check_places(const struct skep_param_place *places)
{
	for (size_t i = 0; i < 4; i++)
		assert_true(places[i].in == SKEP_PARAM_UNTOLD || places[i].in == SKEP_PARAM_REG ||
			    places[i].in == SKEP_PARAM_PARTS);
}

static void check_types(const struct skep_btf *btf, uint32_t proto)
{
	struct skep_btf_param p;
	struct skep_btf_member m;
	uint32_t to;

	assert_int_equal(skep_btf_type(btf, proto).vlen, 4);
	assert_int_equal(skep_btf_param(btf, proto, 0, &p), 0);
	assert_string_equal(p.name, "skipped");
	assert_int_equal(skep_btf_param(btf, proto, 1, &p), 0);
	assert_string_equal(p.name, "o");
	assert_int_equal(skep_btf_pointee(btf, p.type, &to), 0);
	to = skep_btf_strip(btf, to, true);
	assert_string_equal(skep_btf_name(btf, to), "outer");
	assert_int_equal(skep_btf_type(btf, to).size_bytes, sizeof(struct outer));
	assert_int_equal(skep_btf_find_member(btf, to, "inner", &m), 0);
	assert_int_equal(m.bit_offset, offsetof(struct outer, inner) * 8);
	assert_int_equal(skep_btf_array(btf, m.type, &to, &proto), 0);
	assert_int_equal(proto, 2);
	assert_int_equal(skep_btf_array(btf, to, &to, &proto), 0);
	assert_int_equal(proto, 3);
	assert_int_equal(skep_btf_find_member(btf, to, "high", &m), 0);
	assert_int_equal(m.bit_offset, 4);
	assert_int_equal(m.bit_size, 4);
	assert_int_equal(skep_btf_find_member(btf, to, "text", &m), 0);
	assert_int_equal(m.bit_offset, offsetof(struct inner, text) * 8);
}

/* Without libdw or without debugging information there is nothing to be read. */
static void test_own(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct skep_dwarf *dwarf = NULL;
	struct skep_elf *elf;
	struct skep_btf *btf;
	struct stat st;
	uint64_t address = 0;
	struct skep_param_place places[SKEP_PARAMS_MAX];
	unsigned nearest;
	uint32_t proto;
	void *data;

	assert_int_equal(fstat(fd, &st), 0);
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_int_equal(skep_elf_parse(data, (size_t)st.st_size, "", NULL, &elf), 0);
	if (skep_dwarf_open(elf, "/proc/self/exe", &dwarf) == 0) {
		assert_int_equal(skep_dwarf_line(dwarf, "test_debugfile.c", 1000, 0, first_address,
						 &address, &nearest),
				 0);
		assert_int_equal(skep_dwarf_line(dwarf, "no_such_file.c", 1, 0, first_address,
						 &address, &nearest),
				 -ENOENT);
		assert_int_equal(nearest, 0);
		assert_int_equal(skep_dwarf_line(dwarf, "test_debugfile.c", 100000, 0,
						 first_address, &address, &nearest),
				 -ENOENT);
		assert_true(nearest > 1000 && nearest < 100000);
		assert_int_equal(skep_dwarf_function(dwarf, address, &btf, &proto, places), 0);
		check_types(btf, proto);
		check_places(places);
		skep_btf_free(btf);
		assert_int_equal(skep_dwarf_function(dwarf, UINT64_MAX / 2, &btf, &proto, places),
				 -ENOENT);
	}
	assert_int_equal(given(1.5, &(struct outer){ .kind = SOME }, 2, true), 11);
	skep_dwarf_close(dwarf);
	skep_elf_free(elf);
	munmap(data, (size_t)st.st_size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
