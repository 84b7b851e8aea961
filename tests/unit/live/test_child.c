/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "live/child.h"

/* Words joined by '|', or NULL: refused. */
static void expect_words(const char *command, const char *expected)
{
	_cleanup_free_ char **words = NULL;
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	int r = skep_child_words(command, &words);

	if (!expected) {
		assert_int_equal(r, -EINVAL);
		return;
	}
	assert_int_equal(r, 0);
	for (size_t i = 0; words[i]; i++)
		skep_str_addf(&out, "%s%s", i ? "|" : "", words[i]);
	assert_string_equal(out.data, expected);
}

static void test_words(void **state)
{
	expect_words("ls", "ls");
	expect_words("  ls   -l\t/tmp ", "ls|-l|/tmp");
	expect_words("sh -c 'exit 7'", "sh|-c|exit 7");
	expect_words("sh -c \"echo \\\"a b\\\" \\x\"", "sh|-c|echo \"a b\" \\x");
	expect_words("a\\ b c", "a b|c");
	expect_words("a'b'\"c\"d ''", "abcd|");
	expect_words("a\\", "a\\");
	expect_words("a b c d e f g h", "a|b|c|d|e|f|g|h");
	expect_words("", NULL);
	expect_words("   ", NULL);
	expect_words("sh -c 'x", NULL);
	expect_words("\"", NULL);
}

static void wait_end(struct skep_child *child)
{
	struct pollfd p = { .fd = child->pidfd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 10000), 1);
	skep_child_reap(child);
	assert_true(child->ended);
}

static void run(const char *command, const char *failure)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_child child;

	assert_int_equal(skep_child_start(&child, command, false, NULL), 0);
	skep_child_reap(&child);
	assert_false(child.ended); /* it waits */
	assert_int_equal(skep_child_release(&child, NULL), 0);
	wait_end(&child);
	assert_int_equal(skep_child_failure(&child, &text), failure != NULL);
	assert_string_equal(skep_str_text(&text), failure ? failure : "");
	skep_child_fini(&child);
}

static void test_run(void **state)
{
	run("true", NULL);
	run("sh -c 'exit 7'", "the command 'sh' ended with exit status 7");
	run("sh -c 'kill -9 $$'", "the command 'sh' was ended by signal 9 (Killed)");
}

/* Ended by us, whether it has begun or not: no failure of its own. */
static void test_end(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_child child;

	assert_int_equal(skep_child_start(&child, "sleep 1000", false, NULL), 0);
	assert_int_equal(skep_child_release(&child, NULL), 0);
	skep_child_end(&child);
	assert_true(child.ended);
	assert_false(skep_child_failure(&child, &text));
	skep_child_fini(&child);

	assert_int_equal(skep_child_start(&child, "sleep 1000", false, NULL), 0);
	skep_child_end(&child);
	assert_true(child.ended);
	assert_false(skep_child_failure(&child, &text));
	skep_child_fini(&child);
}

/* Waits until it is held, and sees that /proc shows its memory. */
static void look(struct skep_child *child)
{
	char path[64], line[512];
	bool held = false;
	FILE *f;

	for (int i = 0; i < 1000 && !held; i++) {
		held = skep_child_reap(child);
		if (!held)
			usleep(10000);
	}
	assert_true(held);
	snprintf(path, sizeof(path), "/proc/%d/maps", child->pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
}

/* Held before its first instruction and behind its last one. */
static void test_hold(void **state)
{
	char name[] = "/tmp/skep-child-XXXXXX", command[64];
	int fd = mkostemp(name, O_CLOEXEC);
	struct skep_child child;
	struct stat st;

	assert_true(fd >= 0);
	snprintf(command, sizeof(command), "sh -c 'echo x >%s'", name);
	assert_int_equal(skep_child_start(&child, command, false, NULL), 0);
	child.hold = true;
	assert_int_equal(skep_child_release(&child, NULL), 0);
	if (child.hold) { /* or there is no ptrace here */
		look(&child);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_size, 0);
		skep_child_go_on(&child);
		look(&child);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_size, 2);
		skep_child_go_on(&child);
	}
	wait_end(&child);
	assert_int_equal(child.status, 0);
	skep_child_fini(&child);
	unlink(name);
	close(fd);
}

/* Ended by us while it is held. */
static void test_hold_end(void **state)
{
	struct skep_child child;

	assert_int_equal(skep_child_start(&child, "sleep 1000", false, NULL), 0);
	child.hold = true;
	assert_int_equal(skep_child_release(&child, NULL), 0);
	skep_child_end(&child);
	assert_true(child.ended);
	skep_child_fini(&child);
}

static void test_refused(void **state)
{
	struct skep_diag diag = {};
	struct skep_child child;

	assert_int_equal(skep_child_start(&child, "/nonexistent/program", false, &diag), -ENOENT);
	skep_child_fini(&child);
	assert_int_equal(skep_child_start(&child, "no-such-program-anywhere", false, &diag),
			 -ENOENT);
	skep_child_fini(&child);
	assert_int_equal(skep_child_start(&child, "/etc/passwd", false, &diag), -EACCES);
	skep_child_fini(&child);
	assert_int_equal(skep_child_start(&child, "'", false, &diag), -EINVAL);
	skep_child_fini(&child);
	assert_int_equal(diag.n_errors, 4);
	skep_diag_fini(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	 cmocka_unit_test(test_run),
		cmocka_unit_test(test_end),	 cmocka_unit_test(test_hold),
		cmocka_unit_test(test_hold_end), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
