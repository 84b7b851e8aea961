/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "who/usyms.h"

__attribute__((noinline)) static void known_function(void)
{
	__asm__ volatile("nop\n\tnop");
}

static uint64_t address_of(void (*fn)(void))
{
	return (uint64_t)(uintptr_t)fn;
}

static void test_self(void **state)
{
	struct skep_usyms *u;
	struct skep_usym sym;

	assert_int_equal(skep_usyms_new(4, &u), 0);
	assert_true(skep_usyms_find(u, (uint32_t)getpid(), address_of(known_function) + 1, &sym));
	assert_string_equal(sym.name, "known_function");
	assert_int_equal(sym.offset, 1);
	assert_non_null(strstr(sym.binary, "test_who_usyms"));
	assert_false(skep_usyms_find(u, (uint32_t)getpid(), 1, &sym));
	assert_string_equal(sym.binary, "");
	skep_usyms_free(u);
}

/* What was seen while it lived has a name afterwards; what was not has none. */
static void test_gone(void **state)
{
	struct skep_usyms *u, *late;
	struct skep_usym sym;
	int go[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		_exit(read(go[0], &c, 1) < 0);
	}
	close(go[0]);
	assert_int_equal(skep_usyms_new(4, &u), 0);
	skep_usyms_observe(u, (uint32_t)pid);
	close(go[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(skep_usyms_find(u, (uint32_t)pid, address_of(known_function), &sym));
	assert_string_equal(sym.name, "known_function");
	/* Observing it again when it is gone takes nothing away. */
	skep_usyms_observe(u, (uint32_t)pid);
	assert_true(skep_usyms_find(u, (uint32_t)pid, address_of(known_function), &sym));
	skep_usyms_free(u);

	assert_int_equal(skep_usyms_new(4, &late), 0);
	assert_false(skep_usyms_find(late, (uint32_t)pid, address_of(known_function), &sym));
	skep_usyms_free(late);
}

/* More processes than there is room for: the oldest leaves. */
static void test_room(void **state)
{
	struct skep_usyms *u;
	struct skep_usym sym;

	assert_int_equal(skep_usyms_new(1, &u), 0);
	for (uint32_t pid = 4000000; pid < 4000010; pid++)
		assert_false(skep_usyms_find(u, pid, 0x1000, &sym));
	assert_true(skep_usyms_find(u, (uint32_t)getpid(), address_of(known_function), &sym));
	skep_usyms_free(u);
}

static void test_perf_map(void **state)
{
	char path[64];
	struct skep_usyms *u;
	struct skep_usym sym;
	uint64_t base;
	void *code;
	FILE *f;

	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(code, MAP_FAILED);
	base = (uint64_t)(uintptr_t)code;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "junk\n%llx\n%llx 10 first one\n%llx zz\n", (unsigned long long)base,
		(unsigned long long)base, (unsigned long long)base);
	fclose(f);

	assert_int_equal(skep_usyms_new(4, &u), 0);
	assert_true(skep_usyms_find(u, (uint32_t)getpid(), base + 4, &sym));
	assert_string_equal(sym.name, "first one");
	assert_int_equal(sym.offset, 4);
	assert_false(skep_usyms_find(u, (uint32_t)getpid(), base + 0x10, &sym));
	/* The compiler goes on: the file is looked at again. */
	f = fopen(path, "ae");
	assert_non_null(f);
	fprintf(f, "%llx 8 second\n", (unsigned long long)base + 0x10);
	fclose(f);
	assert_true(skep_usyms_find(u, (uint32_t)getpid(), base + 0x10, &sym));
	assert_string_equal(sym.name, "second");
	/* Memory that has gone still has its names. */
	munmap(code, 4096);
	skep_usyms_observe(u, (uint32_t)getpid());
	assert_true(skep_usyms_find(u, (uint32_t)getpid(), base + 4, &sym));
	assert_string_equal(sym.name, "first one");
	skep_usyms_free(u);
	unlink(path);
}

/* This program's file, mapped once more: its names outlive the mapping, until another file is there. */
static void test_unmapped(void **state)
{
	uint32_t self = (uint32_t)getpid();
	struct skep_usyms *u;
	struct skep_usym sym;
	struct stat st;
	uint64_t offset, base;
	void *again, *other;
	size_t size;
	int fd;

	assert_int_equal(skep_usyms_new(4, &u), 0);
	assert_true(skep_usyms_find(u, self, address_of(known_function), &sym));
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	size = (size_t)st.st_size;
	again = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(again, MAP_FAILED);
	close(fd);
	base = (uint64_t)(uintptr_t)again;
	offset = 0; /* of the function in the file: found by its bytes */
	while (offset < size - 16 &&
	       memcmp((char *)again + offset, (void *)(uintptr_t)address_of(known_function), 16))
		offset++;
	skep_usyms_observe(u, self);
	munmap(again, size);
	skep_usyms_observe(u, self);
	assert_true(skep_usyms_find(u, self, base + offset, &sym));
	assert_string_equal(sym.name, "known_function");
	other = mmap(again, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0);
	assert_ptr_equal(other, again);
	skep_usyms_observe(u, self);
	assert_false(skep_usyms_find(u, self, base + offset, &sym));
	munmap(other, size);
	skep_usyms_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),	 cmocka_unit_test(test_gone),
		cmocka_unit_test(test_room),	 cmocka_unit_test(test_perf_map),
		cmocka_unit_test(test_unmapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
