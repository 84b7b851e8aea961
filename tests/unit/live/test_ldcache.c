/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "live/binary.h"

#if defined(__x86_64__)
#define NATIVE 0x0303
#elif defined(__aarch64__)
#define NATIVE 0x0a03
#else
#define NATIVE 0x0003
#endif

struct entry {
	uint32_t flags, key, value, os;
	uint64_t hwcap;
};

struct cache {
	char magic[20];
	uint32_t n, strings_size;
	uint32_t rest[5];
	struct entry entries[4];
	char strings[128];
};

static void make(struct cache *c)
{
	const char *const names[4] = { "libcrypto.so.3", "libc.so.6", "libc.so.6", "libm.so.6" };
	const char *const paths[4] = { "/l/libcrypto.so.3", "/x32/libc.so.6", "/l/libc.so.6",
				       "/l/libm.so.6" };
	size_t at = 0;

	memset(c, 0, sizeof(*c));
	memcpy(c->magic, "glibc-ld.so.cache1.1", 20);
	c->n = 4;
	for (size_t i = 0; i < 4; i++) {
		c->entries[i].flags = i == 1 ? 0x0803 : NATIVE;
		c->entries[i].key = (uint32_t)(offsetof(struct cache, strings) + at);
		strcpy(c->strings + at, names[i]);
		at += strlen(names[i]) + 1;
		c->entries[i].value = (uint32_t)(offsetof(struct cache, strings) + at);
		strcpy(c->strings + at, paths[i]);
		at += strlen(paths[i]) + 1;
	}
}

static void test_find(void **state)
{
	struct cache c;

	make(&c);
	assert_string_equal(skep_ldcache_find(&c, sizeof(c), "libc"), "/l/libc.so.6");
	assert_string_equal(skep_ldcache_find(&c, sizeof(c), "libc.so.6"), "/l/libc.so.6");
	assert_string_equal(skep_ldcache_find(&c, sizeof(c), "libcrypto"), "/l/libcrypto.so.3");
	assert_null(skep_ldcache_find(&c, sizeof(c), "lib"));
	assert_null(skep_ldcache_find(&c, sizeof(c), "libz"));
}

/* Behind a table of the old kind, aligned to 8. */
static void test_old(void **state)
{
	_Alignas(8) char bytes[32 + sizeof(struct cache)] = "ld.so-1.7.0";
	struct cache c;

	make(&c);
	bytes[12] = 1;
	memcpy(bytes + 32, &c, sizeof(c));
	assert_string_equal(skep_ldcache_find(bytes, sizeof(bytes), "libc"), "/l/libc.so.6");
}

/* Every length, and every byte turned: an answer or none, never outside (the sanitizer watches). */
static void test_hostile(void **state)
{
	struct cache c;
	char *copy;

	make(&c);
	for (size_t size = 0; size <= sizeof(c); size++) {
		copy = malloc(size + 1);
		memcpy(copy, &c, size);
		(void)skep_ldcache_find(copy, size, "libc");
		free(copy);
	}
	copy = malloc(sizeof(c));
	for (size_t i = 0; i < sizeof(c); i++) {
		memcpy(copy, &c, sizeof(c));
		copy[i] = (char)~copy[i];
		(void)skep_ldcache_find(copy, sizeof(c), "libc");
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
