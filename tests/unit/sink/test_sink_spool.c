/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in files: who takes them over, what is damaged, how much there may be. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/spool.h"

static char dir[64], where[96];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/skep-spool.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct skep_spool *open_spool(const char *more, uint32_t form)
{
	struct skep_spool *spool;

	snprintf(where, sizeof(where), "%s%s", dir, more);
	assert_int_equal(skep_spool_open(where, "http://there", form, ~0u, NULL, &spool), 0);
	return spool;
}

static char *write_one(struct skep_spool *spool, const char *text, uint64_t n_items)
{
	struct skep_payload payload = {
		.bytes = (uint8_t *)text, .size = strlen(text), .signal = 1, .n_items = n_items
	};
	char *file;

	assert_int_equal(skep_spool_write(spool, &payload, &file), 0);
	return file;
}

static void test_kept(void **state)
{
	struct skep_spool *spool = open_spool("", 7), *other;
	char *file = write_one(spool, "honey", 3), *again;
	struct skep_payload payload;

	(void)state;
	assert_int_equal(skep_spool_read(spool, file, &payload), 0);
	assert_int_equal(payload.size, 5);
	assert_memory_equal(payload.bytes, "honey", 5);
	assert_int_equal(payload.n_items, 3);
	assert_int_equal(payload.signal, 1);
	free(payload.bytes);
	/* A second process has its own, and does not touch ours as long as we are there. */
	other = open_spool("", 7);
	assert_int_equal(skep_spool_left(other, &payload, &again), 0);
	skep_spool_close(spool);
	skep_spool_close(other);
	/* Of another form it is not ours to send. */
	other = open_spool("", 8);
	assert_int_equal(skep_spool_left(other, &payload, &again), 0);
	assert_int_equal(skep_spool_damaged(other), 0);
	skep_spool_close(other);
	other = open_spool("", 7);
	assert_int_equal(skep_spool_left(other, &payload, &again), 1);
	assert_string_equal(again, file);
	assert_int_equal(payload.n_items, 3);
	skep_spool_remove(other, again, payload.size);
	free(again);
	skep_spool_close(other);
	other = open_spool("", 7);
	assert_int_equal(skep_spool_left(other, &payload, &again), 0);
	skep_spool_close(other);
	free(file);
}

static void find_file(const char *file, char *path, size_t size)
{
	char pattern[256];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*/%s", dir, file);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	snprintf(path, size, "%s", found.gl_pathv[0]);
	globfree(&found);
}

/* Every byte of a file counts, and so does its length. */
static void test_damaged(void **state)
{
	char path[256], *file, *left;
	struct skep_payload payload;

	(void)state;
	for (long at = -1; at < 45; at++) {
		struct skep_spool *spool = open_spool("", 7);
		FILE *f;
		int c;

		file = write_one(spool, "honey", 3);
		find_file(file, path, sizeof(path));
		if (at < 0) {
			assert_int_equal(truncate(path, 44), 0);
		} else {
			f = fopen(path, "r+");
			assert_non_null(f);
			fseek(f, at, SEEK_SET);
			c = fgetc(f);
			fseek(f, at, SEEK_SET);
			fputc(c ^ 1, f);
			fclose(f);
		}
		assert_true(skep_spool_read(spool, file, &payload) < 0);
		skep_spool_close(spool);
		spool = open_spool("", 7);
		while (skep_spool_left(spool, &payload, &left) > 0) {
			assert_true(skep_spool_read(spool, left, &payload) < 0);
			skep_spool_remove(spool, left, payload.size);
			free(left);
		}
		skep_spool_close(spool);
		free(file);
	}
}

/* What a process is short of for a while is no reason to lose anything. */
static void test_short(void **state)
{
	struct skep_spool *spool = open_spool("", 7);
	char *file = write_one(spool, "honey", 3), *left;
	struct skep_payload payload;
	struct rlimit old, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ 0, old.rlim_max };
	skep_spool_close(spool);
	spool = open_spool("", 7);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(skep_spool_read(spool, file, &payload), -24); /* EMFILE */
	assert_int_equal(skep_spool_left(spool, &payload, &left), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(skep_spool_damaged(spool), 0);
	assert_int_equal(skep_spool_stay(spool), 1);
	skep_spool_close(spool);
	/* Encodings that may differ are given back. */
	assert_int_equal(skep_spool_open(dir, "http://there", 5, ~2u, NULL, &spool), 0);
	assert_int_equal(skep_spool_left(spool, &payload, &left), 1);
	assert_string_equal(left, file);
	assert_int_equal(payload.form, 7);
	assert_int_equal(skep_spool_read(spool, left, &payload), 0);
	assert_int_equal(payload.form, 7);
	free(payload.bytes);
	free(left);
	free(file);
	skep_spool_close(spool);
}

static void test_full(void **state)
{
	struct skep_spool *spool = open_spool(",bytes=10", 7);
	struct skep_payload payload = { .bytes = (uint8_t *)"123456", .size = 6, .n_items = 1 };
	char *file = write_one(spool, "12345", 1), *more = NULL;

	(void)state;
	assert_int_equal(skep_spool_write(spool, &payload, &more), -122); /* EDQUOT */
	assert_null(more);
	skep_spool_remove(spool, file, 5);
	assert_int_equal(skep_spool_write(spool, &payload, &more), 0);
	free(file);
	free(more);
	skep_spool_close(spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_damaged, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_short, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_full, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
