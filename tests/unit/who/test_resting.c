/* SPDX-License-Identifier: Apache-2.0 */
/* A large file that is read at length is not all in memory in the end, and reads the same. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "who/resting.h"

#define PAGE 4096
#define PAGES 6144 /* 24 MiB */

/* Pages of files in this process's memory. */
static size_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long shared = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %*u %lu", &shared), 1);
	fclose(file);
	return shared * (size_t)sysconf(_SC_PAGESIZE) / PAGE;
}

static int make_file(void)
{
	char path[] = "/tmp/skep-test-resting.XXXXXX";
	uint32_t page[PAGE / 4];
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	for (uint32_t i = 0; i < PAGES; i++) {
		for (size_t j = 0; j < PAGE / 4; j++)
			page[j] = i;
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	}
	return fd;
}

/* The most that was there above what there was before. @breathe: with turns, as the symbols of a file are read. */
static size_t read_all(int fd, bool breathe)
{
	struct skep_resting resting;
	const struct skep_breath *breath;
	size_t before = resident(), most = 0;
	void *data = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	assert_true(data != MAP_FAILED);
	breath = skep_resting_init(&resting, data, (size_t)PAGES * PAGE);
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < PAGES; i++) {
			assert_int_equal(((volatile uint32_t *)data)[(size_t)i * PAGE / 4], i);
			skep_breathe(breathe ? breath : NULL, i);
			if (resident() > before + most)
				most = resident() - before;
		}
	}
	munmap(data, (size_t)PAGES * PAGE);
	return most;
}

static void test_turns(void **state)
{
	int fd = make_file();
	size_t all = read_all(fd, false), some = read_all(fd, true);

	close(fd);
	if (all < PAGES - 64) /* a kernel that counts otherwise */
		skip();
	/* Sixteen faults bring up to 64 KiB each, 64 pages are a step; the rest is what may be there at all. */
	assert_true(some < SKEP_RESIDENT_MAX / PAGE + 512);
}

/* What stays although all was let go is no reason to let go again and again. */
static void test_floor(void **state)
{
	int fd = make_file();
	struct skep_resting_look look = {};
	struct skep_resting resting;
	size_t n_due = 0;
	void *stays =
		mmap(NULL, (size_t)PAGES / 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	void *data = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	assert_true(stays != MAP_FAILED && data != MAP_FAILED);
	skep_resting_init(&resting, data, (size_t)PAGES * PAGE);
	for (uint32_t i = 0; i < PAGES; i++) {
		assert_int_equal(((volatile uint32_t *)data)[(size_t)i * PAGE / 4], i);
		if (!skep_resting_due(&look))
			continue;
		n_due++;
		skep_resting_rest(&resting);
		skep_resting_done(&look);
	}
	munmap(stays, (size_t)PAGES / 2 * PAGE);
	munmap(data, (size_t)PAGES * PAGE);
	close(fd);
	/* 24 MiB in pieces of SKEP_RESIDENT_MORE and some faults; the first comes at once. */
	assert_true(n_due >= 1);
	assert_true(n_due <= 1 + (size_t)PAGES * PAGE / SKEP_RESIDENT_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
