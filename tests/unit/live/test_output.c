/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "live/output.h"

static size_t readable(int fd)
{
	char buffer[4096];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	return n < 0 ? 0 : (size_t)n;
}

static void test_buffering(void **state)
{
	enum skep_buffering kinds[] = { SKEP_BUFFER_NONE, SKEP_BUFFER_LINE, SKEP_BUFFER_FULL };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fds[2];

		assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
		struct skep_output out = { .fd = fds[1], .own_fd = true, .buffering = kinds[i] };

		skep_str_add(skep_output_text(&out), "hello\n");
		skep_output_record_done(&out);
		assert_int_equal(readable(fds[0]), kinds[i] == SKEP_BUFFER_NONE ? 6 : 0);
		skep_output_idle(&out);
		assert_int_equal(readable(fds[0]), kinds[i] == SKEP_BUFFER_LINE ? 6 : 0);
		assert_int_equal(skep_output_close(&out), 0);
		assert_int_equal(readable(fds[0]), kinds[i] == SKEP_BUFFER_FULL ? 6 : 0);
		close(fds[0]);
	}
}

static void test_closed_pipe(void **state)
{
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	struct skep_output out = { .fd = fds[1], .own_fd = true };

	close(fds[0]);
	skep_str_add(skep_output_text(&out), "x");
	skep_output_idle(&out);
	assert_int_equal(out.error, -EPIPE);
	assert_int_equal(skep_output_close(&out), -EPIPE);
	assert_int_equal(skep_output_close(&out), -EPIPE);
}

static void test_open(void **state)
{
	struct skep_output out;

	assert_int_equal(skep_output_open(&out, "/nonexistent/x", SKEP_BUFFER_LINE), -ENOENT);
	assert_int_equal(skep_output_open(&out, "/dev/full", SKEP_BUFFER_LINE), 0);
	skep_str_add(skep_output_text(&out), "x");
	assert_int_equal(skep_output_close(&out), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffering),
		cmocka_unit_test(test_closed_pipe),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
