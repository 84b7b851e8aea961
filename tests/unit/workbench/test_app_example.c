/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of include/skep/skep.h, built and run as they are. For root, and where there is a compiler. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "workbench/build.h"

int example_main(int argc, char **argv);
#define main example_main
#include "../../../docs/examples/rows.c"
#undef main

#define PATH "docs/examples/rows.bpf.c"

/* Calls getppid again and again until it is killed. */
static pid_t start_caller(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "caller");
	for (;;) {
		syscall(SYS_getppid);
		usleep(1000);
	}
}

static bool build(char *object)
{
	struct skep_arena *arena = skep_arena_new();
	struct skep_build_options options = {};
	struct skep_str bytes = {};
	struct skep_diag diag = {};
	const char *path = PATH;
	int fd = mkstemp(object);
	int r = skep_build_object(&path, 1, &options, arena, &diag, &bytes);

	assert_true(fd >= 0);
	if (r == 0)
		assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	close(fd);
	skep_str_fini(&bytes);
	skep_diag_fini(&diag);
	skep_arena_free(arena);
	return r == 0;
}

static void the_example_shows_its_rows(void **state)
{
	char said[1024] = "", path[] = "/tmp/skep-rows-XXXXXX",
	     object[] = "/tmp/skep-object-XXXXXX";
	char pid[16], expected[512];
	char *argv[] = { "rows", object, pid, "3", NULL };
	int out, fd, r;
	pid_t caller;

	if (geteuid() != 0 || !build(object)) {
		unlink(object);
		skip();
	}
	caller = start_caller();
	assert_true(caller > 0);
	snprintf(pid, sizeof(pid), "%d", caller);
	out = dup(STDOUT_FILENO);
	fd = mkstemp(path);
	assert_true(out >= 0 && fd >= 0);
	unlink(path);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	r = example_main(4, argv);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	kill(caller, SIGKILL);
	waitpid(caller, NULL, 0);
	unlink(object);
	assert_int_equal(r, 0);
	assert_true(pread(fd, said, sizeof(said) - 1, 0) > 0);
	snprintf(expected, sizeof(expected),
		 "events: pid %d is caller\nevents: pid %d is caller\nevents: pid %d is caller\n",
		 caller, caller, caller);
	assert_int_equal(strncmp(said, expected, strlen(expected)), 0);
	assert_non_null(strstr(said, "\"name\": \"calls\""));
	close(fd);
	close(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_example_shows_its_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
