/* SPDX-License-Identifier: Apache-2.0 */
/* Users, parents and places of processes, in a small machine made of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <ftw.h>

#include "who/process.h"

#define ID "abcd56789012345678901234567890123456789012345678901234567890abcd"

static char root[] = "/tmp/skep-test-process.XXXXXX";

static void make_file(const char *path, const char *content)
{
	char text[512];
	FILE *f;

	snprintf(text, sizeof(text), "%s%s", root, path);
	for (char *p = text + strlen(root) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)!mkdir(text, 0755);
		*p = '/';
	}
	f = fopen(text, "we");
	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static void make_process(unsigned pid, unsigned ppid, const char *comm, const char *cgroup)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	snprintf(text, sizeof(text), "Name:\t%s\nState:\tS\nPPid:\t%u\nUid:\t0\t0\t0\t0\n", comm,
		 ppid);
	make_file(path, text);
	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	make_file(path, cgroup);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	make_process(1, 0, "init", "0::/init.scope\n");
	make_process(10, 1, "shell \"\xff\"", "0::/user.slice/session-1.scope\n");
	make_process(20, 10, "inner", "4:memory:/docker/" ID "\n0::/\n");
	make_file("/var/lib/docker/containers/" ID "/config.v2.json",
		  "{\"Config\":{\"Image\":\"nginx:1\"},\"Name\":\"/web\"}");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void expect(struct skep_processes *ps, struct skep_process p, enum skep_process_what what,
		   const char *wanted)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_process_add(ps, root, &p, what, &out);
	assert_string_equal(skep_str_text(&out), wanted);
}

static void test_all(void **state)
{
	struct skep_processes ps = { .own_ns = -1 };
	struct skep_process inner = { .pid = 20 }, other = { .pid = 77 };

	(void)state;
	expect(&ps, inner, SKEP_PROCESS_USER, "root");
	expect(&ps, inner, SKEP_PROCESS_PARENTS, "shell \"\xff\" 10, init 1");
	expect(&ps, inner, SKEP_PROCESS_CONTAINER, "web");
	expect(&ps, inner, SKEP_PROCESS_CONTAINER_ID, ID);
	expect(&ps, inner, SKEP_PROCESS_IMAGE, "nginx:1");
	expect(&ps, inner, SKEP_PROCESS_POD, "");
	expect(&ps, inner, SKEP_PROCESS_UNIT, "");
	expect(&ps, (struct skep_process){ .pid = 10 }, SKEP_PROCESS_CONTAINER, "");
	expect(&ps, (struct skep_process){ .pid = 10 }, SKEP_PROCESS_UNIT, "session-1.scope");
	for (int what = 0; what < SKEP_N_PROCESS_WHATS; what++)
		expect(&ps, other, (enum skep_process_what)what, "");
	expect(&ps, (struct skep_process){}, SKEP_PROCESS_PARENTS, "");
	skep_processes_fini(&ps);
}

/* What the kernel told goes before /proc, and works for who has ended. */
static void test_known(void **state)
{
	struct skep_processes ps = { .own_ns = -1 };
	struct skep_process p = { .pid = 99, .uid = 4294967294u, .ppid = 10, .is_known = 1 };

	(void)state;
	expect(&ps, p, SKEP_PROCESS_USER, "4294967294");
	expect(&ps, p, SKEP_PROCESS_PARENTS, "shell \"\xff\" 10, init 1");
	p.ppid = 98;
	expect(&ps, p, SKEP_PROCESS_PARENTS, "? 98");
	p.group = UINT64_C(0xffffffffff);
	expect(&ps, p, SKEP_PROCESS_CONTAINER, "gone (cgroup 1099511627775)");
	expect(&ps, p, SKEP_PROCESS_IMAGE, "");
	snprintf(p.group_name, sizeof(p.group_name), "box");
	expect(&ps, p, SKEP_PROCESS_CONTAINER, "gone (box)");
	snprintf(p.group_name, sizeof(p.group_name), "docker-" ID ".scope");
	expect(&ps, p, SKEP_PROCESS_CONTAINER, "web");
	expect(&ps, p, SKEP_PROCESS_IMAGE, "nginx:1");
	memset(p.group_name, 'x', sizeof(p.group_name));
	expect(&ps, p, SKEP_PROCESS_IMAGE, "");
	/* /proc shows another one who has the number now, or a zombie, which is in the root */
	p.group_name[0] = '\0';
	p.pid = 10;
	expect(&ps, p, SKEP_PROCESS_UNIT, "");
	expect(&ps, p, SKEP_PROCESS_CONTAINER, "gone (cgroup 1099511627775)");
	snprintf(p.group_name, sizeof(p.group_name), "session-1.scope");
	expect(&ps, p, SKEP_PROCESS_UNIT, "session-1.scope");
	/* in a namespace of its own the kernel's numbers are of no use */
	ps.own_ns = 1;
	p = (struct skep_process){ .pid = 20, .ppid = 1, .is_known = 1 };
	expect(&ps, p, SKEP_PROCESS_PARENTS, "shell \"\xff\" 10, init 1");
	skep_processes_fini(&ps);
}

/* A runtime makes the group first, runs something in it, and then writes down that it is a container. */
static void test_late(void **state)
{
	struct skep_places places = {};
	const struct skep_place *place = skep_places_by_path(&places, root, "/late");

	(void)state;
	assert_string_equal(place->container, "");
	assert_string_equal(place->label, "/late");
	make_file("/run/runc/late/state.json", "{}");
	for (int i = 0; i < 1000 && !*place->container; i++) {
		usleep(10000);
		place = skep_places_by_path(&places, root, "/late");
	}
	assert_string_equal(place->container, "late");
	assert_int_equal(place->again_ns, 0);
	skep_places_fini(&places);
}

/* Parents in a circle, as only a forged /proc has them, end. */
static void test_circle(void **state)
{
	struct skep_processes ps = { .own_ns = -1 };
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	(void)state;
	make_process(30, 31, "a", "");
	make_process(31, 30, "b", "");
	skep_process_add(&ps, root, &(struct skep_process){ .pid = 30 }, SKEP_PROCESS_PARENTS,
			 &out);
	assert_int_equal(out.len, SKEP_PARENTS_MAX * strlen("b 31, ") - 2);
	expect(&ps, (struct skep_process){ .pid = 30 }, SKEP_PROCESS_CONTAINER, "");
	skep_processes_fini(&ps);
}

#define GONE(n) (UINT64_C(0xfffffffff0) + (n)) /* numbers that no group of this machine has */

static void catch_up(void *data)
{
	skep_places_learn(data, root, GONE(9), "/ctr/told", "runc:[1:CHILD]");
}

static void expect_learnt(struct skep_places *places, uint64_t id, const char *container,
			  const char *label)
{
	const struct skep_place *place = skep_places_by_id(places, root, id);

	assert_non_null(place);
	assert_string_equal(place->container, container);
	assert_string_equal(place->label, label);
	usleep(2000); /* it is looked for again by now */
	place = skep_places_by_id(places, root, id);
	assert_non_null(place);
	assert_string_equal(place->label, label);
}

/* What was told when a group was made, or removed, is known when it is gone; who has made it says whether it is a container. */
static void test_learnt(void **state)
{
	struct skep_places places = {};

	(void)state;
	assert_null(skep_places_by_id(&places, root, GONE(1)));
	skep_places_learn(&places, root, GONE(1), "/default/box", "runc");
	skep_places_learn(&places, root, GONE(1), "/default/box", "systemd");
	skep_places_learn(&places, root, GONE(2), "/crun-web.scope", "systemd");
	skep_places_learn(&places, root, GONE(3), "/user.slice/job", "bash");
	skep_places_learn(&places, root, GONE(4), "/system.slice/a.service", "systemd");
	skep_places_learn(&places, root, GONE(5) | SKEP_PLACE_V1, "/x/docker-" ID ".scope", "runc");
	skep_places_learn(&places, root, GONE(6), "/runcible", "runcible");
	/* as of a group that was there before, and of one that was made anew in its place */
	skep_places_learn(&places, root, GONE(7), "/twice", "sh");
	skep_places_learn(&places, root, GONE(8), "/twice", "crun");
	skep_places_learn(&places, root, GONE(10), "/copied", "memfd:crun_clon");
	expect_learnt(&places, GONE(1), "box", "box");
	expect_learnt(&places, GONE(2), "web", "web");
	expect_learnt(&places, GONE(3), "", "/user.slice/job");
	expect_learnt(&places, GONE(4), "", "a.service");
	expect_learnt(&places, GONE(5) | SKEP_PLACE_V1, "web", "web");
	expect_learnt(&places, GONE(6), "", "/runcible");
	expect_learnt(&places, GONE(8), "twice", "twice");
	expect_learnt(&places, GONE(10), "copied", "copied");
	assert_null(skep_places_by_id(&places, root, GONE(9)));
	places.catch_up = catch_up;
	places.data = &places;
	expect_learnt(&places, GONE(9), "told", "told");
	assert_null(skep_places_by_id(&places, root, GONE(5)));
	/* It begins anew, and is told all the same. */
	for (uint64_t i = 0; i < SKEP_PLACES_MAX; i++)
		skep_places_learn(&places, root, GONE(16) + i, "/many", "sh");
	expect_learnt(&places, GONE(9), "told", "told");
	skep_places_fini(&places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),    cmocka_unit_test(test_known),
		cmocka_unit_test(test_late),   cmocka_unit_test(test_circle),
		cmocka_unit_test(test_learnt),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
