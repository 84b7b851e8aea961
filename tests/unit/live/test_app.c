/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are kept are replaced while events go on: what happened and what was seen are counted, and are the same.
 * For root, and where there is a compiler.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cmocka.h>
#include <skep/skep.h>

#include "../obj/compile.h"
#include "../sys/own_bpffs.h"

#define ROUNDS 24
#define KINDS 6
#define PACKET 4    /* of these there are as many as packets */
#define SLEEPABLE 5 /* cannot be replaced in one step: attached anew, then detached */

static struct skep_str objects[2];
static char dir[64];

/* What the uprobe is on. */
int skep_test_function(int n);
__attribute__((noinline, used)) int skep_test_function(int n)
{
	__asm__ volatile("");
	return n + 1;
}

static int up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &request);
}

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "skep-test-%d", getpid());
	for (int i = 0; i < 2; i++)
		if (!compile_bpf("../live/kept", i ? "-g -DVERSION=2" : "-g -DVERSION=1",
				 &objects[i]))
			return 0;
	/* A network of our own, for packets that nobody else sends. */
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || up() < 0 || !own_bpffs())
		skep_str_reset(&objects[0]);
	return 0;
}

static int teardown(void **state)
{
	skep_str_fini(&objects[0]);
	skep_str_fini(&objects[1]);
	return 0;
}

static void fine(struct skep_app *app, int r)
{
	if (r >= 0)
		return;
	fail_msg("%d: %s", r, skep_app_why(app));
}

static struct skep_app *open_version(int version)
{
	char pid[16];
	struct skep_app *app;

	snprintf(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(skep_app_new(NULL, &app), 0);
	fine(app, skep_app_open_bytes(app, "kept.bpf.o", objects[version - 1].data,
				      objects[version - 1].len));
	fine(app, skep_app_set(app, "target", pid));
	fine(app, skep_app_at(app, "function", "/proc/self/exe:skep_test_function"));
	fine(app, skep_app_at(app, "sleepable", "/proc/self/exe:skep_test_function"));
	fine(app, skep_app_at(app, "packet", "lo"));
	return app;
}

struct making {
	volatile bool stop;
	uint64_t calls, functions, packets;
};

static void *make_events(void *data)
{
	struct making *m = data;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	_cleanup_close_ int sink = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(sink, (struct sockaddr *)&to, sizeof(to)) < 0)
		return NULL;
	while (!m->stop) {
		char byte;

		syscall(SYS_getppid);
		m->calls++;
		skep_test_function(1);
		m->functions++;
		if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1)
			m->packets++;
		(void)!recv(sink, &byte, 1, MSG_DONTWAIT);
	}
	return NULL;
}

static uint64_t counted(struct skep_app *app, uint32_t key)
{
	uint64_t value = 0;

	fine(app, skep_app_map_get(app, "counts", &key, &value));
	return value;
}

static void need_objects(void)
{
	if (objects[0].len)
		return;
	print_message("skipped, because its programs could not be compiled here\n");
	skip();
}

static void test_replace(void **state)
{
	struct making m = {};
	struct skep_app *app;
	pthread_t thread;

	need_objects();
	app = open_version(1);
	fine(app, skep_app_keep(app, dir));
	fine(app, skep_app_attach(app));
	skep_app_close(app);
	assert_int_equal(pthread_create(&thread, NULL, make_events, &m), 0);
	for (int i = 1; i <= ROUNDS; i++) {
		app = open_version(1 + i % 2);
		fine(app, skep_app_replace(app, dir));
		fine(app, skep_app_attach(app));
		if (i < ROUNDS)
			skep_app_close(app);
		usleep(5000);
	}
	m.stop = true;
	pthread_join(thread, NULL);
	printf("%d exchanges under %llu calls, %llu functions, %llu packets\n", ROUNDS,
	       (unsigned long long)m.calls, (unsigned long long)m.functions,
	       (unsigned long long)m.packets);
	for (uint32_t kind = 0; kind < KINDS; kind++) {
		uint64_t made = kind == PACKET ? m.packets : kind >= 3 ? m.functions : m.calls;
		uint64_t old = counted(app, kind * 2), new = counted(app, kind * 2 + 1);

		assert_true(old > 0 && new > 0);
		if (kind == SLEEPABLE)
			assert_true(old + new >= made);
		else
			assert_int_equal(old + new, made);
	}
	fine(app, skep_app_unload(app, dir));
	skep_app_close(app);
}

static void expect_text(struct skep_app *app, const char *map, const char *text)
{
	const char *is = skep_app_map_text(app, map, SKEP_APP_TABLE);

	if (!is || !strstr(is, text))
		fail_msg("'%s' is not in: %s", text, is ? is : skep_app_why(app));
}

/* Variables keep their values when others come between them; one that is set with the exchange has that. */
static void test_variables(void **state)
{
	struct skep_app *app;

	need_objects();
	app = open_version(1);
	fine(app, skep_app_use(app, "*"));
	fine(app, skep_app_keep(app, dir));
	fine(app, skep_app_attach(app));
	fine(app, skep_app_set(app, "total", "4711"));
	skep_app_close(app);

	app = open_version(2);
	fine(app, skep_app_use(app, "*"));
	fine(app, skep_app_replace(app, dir));
	fine(app, skep_app_set(app, "in_between", "6"));
	fine(app, skep_app_attach(app));
	expect_text(app, ".data", "total: 4711");
	expect_text(app, ".data", "in_between: 6");
	skep_app_close(app);

	app = open_version(2);
	fine(app, skep_app_replace(app, dir));
	fine(app, skep_app_set(app, "total", "1"));
	fine(app, skep_app_attach(app));
	expect_text(app, ".data", "total: 1\n");
	expect_text(app, ".data", "in_between: 6");
	fine(app, skep_app_unload(app, dir));
	skep_app_close(app);
}

/* Nothing is left of what fails, and nothing is changed. */
static void test_failures(void **state)
{
	struct skep_app *app;

	need_objects();
	app = open_version(1);
	assert_int_equal(skep_app_replace(app, dir), -ENOENT);
	fine(app, skep_app_keep(app, dir));
	fine(app, skep_app_at(app, "raw", "no_such_tracepoint"));
	assert_true(skep_app_attach(app) < 0);
	assert_non_null(strstr(skep_app_why(app), "no_such_tracepoint"));
	skep_app_close(app);

	app = open_version(1);
	fine(app, skep_app_keep(app, dir)); /* would be -EEXIST */
	fine(app, skep_app_attach(app));
	skep_app_close(app);

	app = open_version(2);
	assert_int_equal(skep_app_keep(app, dir), -EEXIST);
	fine(app, skep_app_replace(app, dir));
	fine(app, skep_app_at(app, "raw", "no_such_tracepoint"));
	assert_true(skep_app_attach(app) < 0);
	skep_app_close(app);

	/* The old ones go on, and the place is free for the next. */
	app = open_version(1);
	fine(app, skep_app_replace(app, dir));
	fine(app, skep_app_attach(app));
	syscall(SYS_getppid);
	assert_true(counted(app, 0) >= 1);
	assert_int_equal(counted(app, 1), 0);
	fine(app, skep_app_unload(app, dir));
	assert_int_equal(skep_app_unload(app, dir), -ENOENT);
	skep_app_close(app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
