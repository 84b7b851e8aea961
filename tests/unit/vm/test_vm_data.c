/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conformance cases: those in tests/vectors/vm/data, and in the folder that SKEP_CONFORMANCE names (a suite from
 * elsewhere). Every one through every engine.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "data_file.h"
#include "engines.h"

static struct data_case c;
static unsigned n_run, n_wrong, n_dropped;

static void complain(const char *name, const char *who, const char *format, ...) _printf_(3, 4);
static void complain(const char *name, const char *who, const char *format, ...)
{
	va_list ap;

	n_wrong++;
	printf("%s, %s: ", name, who);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
}

static void check(const char *name, unsigned engine)
{
	struct answer a;

	if (IS_UNCHECKED(engine) && c.has_error)
		return;
	engine_run(engine, c.insns, c.n_insns, c.mem, c.mem_size, &a);
	if (c.has_error && !c.has_result ? a.r == 0 : a.r != 0 || a.value != c.result)
		complain(name, engine_names[engine], "%d 0x%" PRIx64 " instead of 0x%" PRIx64 " %s",
			 a.r, a.value, c.result, a.text);
}

static void run_file(const char *path, const char *name)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	char bytes[4096];
	FILE *f = fopen(path, "re");
	int r;

	assert_non_null(f);
	for (size_t n; (n = fread(bytes, 1, sizeof(bytes), f)) > 0;)
		skep_str_addn(&text, bytes, n);
	fclose(f);
	r = data_read(skep_str_text(&text), text.len, &c);
	if (r == -EOPNOTSUPP || (r == 0 && !c.has_result && !c.error[0])) {
		n_dropped++;
		return;
	}
	if (r < 0) {
		complain(name, "the reader", "%s", c.why);
		return;
	}
	n_run++;
	for (unsigned engine = 0; engine < N_ENGINES; engine++)
		check(name, engine);
}

static void run_folder(const char *folder)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	n_run = n_wrong = n_dropped = 0;
	if (!dir)
		fail_msg("cannot open %s", folder);
	while ((entry = readdir(dir))) {
		char path[1024];

		if (!skep_has_suffix(entry->d_name, ".data"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		run_file(path, entry->d_name);
	}
	closedir(dir);
	printf("%u cases, %u wrong, %u dropped\n", n_run, n_wrong, n_dropped);
	assert_int_equal(n_wrong, 0);
	assert_true(n_run > 0);
}

static void our_own(void **state)
{
	run_folder(SKEP_VECTORS "/vm/data");
}

static void from_elsewhere(void **state)
{
	const char *folder = getenv("SKEP_CONFORMANCE");

	if (!folder) {
		printf("skipped, because SKEP_CONFORMANCE names no folder with a suite\n");
		skip();
	}
	run_folder(folder);
}

static void broken_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"mov %r0, 1\n",
		"-- asm\n",
		"-- asm\nmov %r11, 1\nexit\n",
		"-- asm\nfly %r0\n",
		"-- asm\nja nowhere\nexit\n",
		"-- asm\nldxw %r0, [%r1+4\nexit\n",
		"-- asm\nexit\n-- mem\nzz\n",
		"-- asm\nexit\n-- result\nxyz\n",
		"-- raw\n0x95 nine\n",
		"-- asm\nlock fly [%r1], %r2\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(data_read(texts[i], strlen(texts[i]), &c), -EINVAL);
		assert_true(c.why[0]);
	}
	assert_int_equal(data_read("-- strange\n", 11, &c), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own),
		cmocka_unit_test(from_elsewhere),
		cmocka_unit_test(broken_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
