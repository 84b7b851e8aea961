/* SPDX-License-Identifier: Apache-2.0 */
/* The example of include/skep/vm.h, compiled and run as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

int example_main(void);
#define main example_main
#include "../../../docs/examples/embed.c"
#undef main

static void the_example_says_what_it_should(void **state)
{
	static const char expected[] =
		"event 0: pass\nevent 1: pass\nevent 2: pass\nevent 3: drop\n"
		"2 began with 'a'\nan empty event is a fault\n";
	char said[512] = "", path[] = "/tmp/skep-embed-XXXXXX";
	int out = dup(STDOUT_FILENO), fd = mkstemp(path), r;

	assert_true(out >= 0 && fd >= 0);
	unlink(path);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	r = example_main();
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	assert_int_equal(r, 0);
	assert_true(pread(fd, said, sizeof(said) - 1, 0) > 0);
	assert_string_equal(said, expected);
	close(fd);
	close(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_example_says_what_it_should) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
