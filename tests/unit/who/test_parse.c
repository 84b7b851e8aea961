/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "who/cgroup.h"
#include "who/users.h"
#include "who/usyms.h"

static void test_mapping(void **state)
{
	char line[] =
		"7f0a1c000000-7f0a1c021000 r-xp 00028000 fd:01 1234567   /usr/lib/libc.so.6 (deleted)";
	char anon[] = "55d0-55d1 rw-p 00000000 00:00 0 ";
	char heap[] = "55d0-55d1 rwxp 00000000 00:00 0                          [heap]";
	struct skep_mapping m;

	assert_true(skep_mapping_parse(line, &m));
	assert_true(m.start == 0x7f0a1c000000 && m.end == 0x7f0a1c021000 && m.offset == 0x28000);
	assert_true(m.executable && m.inode == 1234567 && m.dev == ((uint64_t)0xfd << 32 | 1));
	assert_string_equal(m.path, "/usr/lib/libc.so.6 (deleted)");
	assert_true(skep_mapping_parse(anon, &m));
	assert_false(m.executable);
	assert_string_equal(m.path, "");
	assert_true(skep_mapping_parse(heap, &m));
	assert_true(m.executable && m.inode == 0);
	assert_string_equal(m.path, "[heap]");
}

static void test_mapping_bad(void **state)
{
	const char *const lines[] = {
		"",
		"-",
		"zz-55 r-xp 0 0:0 0",
		"55",
		"55-",
		"55-56",
		"55-56 r",
		"55-56 r-xp",
		"55-56 r-xp 0",
		"55-56 r-xp 0 0",
		"56-55 r-xp 00000000 00:00 0 x",
		"55-55 r-xp 00000000 00:00 0 x",
		"fffffffffffffffff-1 r-xp 0 0:0 0",
	};
	struct skep_mapping m;
	char line[128];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(line, sizeof(line), "%s", lines[i]);
		if (skep_mapping_parse(line, &m))
			fail_msg("taken as a mapping: %s", lines[i]);
	}
}

static void test_users(void **state)
{
	char good[] = "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin";
	const char *const bad[] = { "",		  "daemon",	     "daemon:x",
				    "daemon:x:",  "daemon:x:y:1",    ":x:1:1",
				    "daemon:x:1", "a:x:4294967296:1" };
	uint32_t uid = 99;
	char line[64];

	assert_string_equal(skep_user_parse(good, &uid), "daemon");
	assert_int_equal(uid, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "%s", bad[i]);
		assert_null(skep_user_parse(line, &uid));
	}
	assert_string_equal(skep_user_name(0), "root");
	assert_null(skep_user_name(UINT32_MAX - 7));
}

static void expect_mount(const char *mounts, const char *expected)
{
	char *path = skep_cgroup_find_mount(mounts);

	if (expected)
		assert_string_equal(path, expected);
	else
		assert_null(path);
	free(path);
}

static void test_cgroup_mounts(void **state)
{
	expect_mount("proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
		     "/sys/fs/cgroup");
	/* The hybrid layout: version 2 below version 1. */
	expect_mount("cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
		     "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
		     "/sys/fs/cgroup/unified");
	expect_mount("none /mnt/a\\040b\\134c cgroup2 rw 0 0\n", "/mnt/a b\\c");
	expect_mount("cgroup /sys/fs/cgroup cgroup rw 0 0\n", NULL);
	expect_mount("", NULL);
	expect_mount("cgroup2", NULL);
	expect_mount("cgroup2 /x", NULL);
	expect_mount("a b\ncgroup2 /c cgroup2 rw 0 0\n", "/c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_mapping_bad),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_cgroup_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
