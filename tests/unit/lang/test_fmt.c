/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting. Vectors: tests/vectors/lang/fmt/NAME.bt becomes NAME.out (SKEP_REGENERATE=1 writes those anew; read the
 * difference before you commit it). And of every script in the other vectors that parses: the tree and the number of
 * comments stay, a second time changes nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "lang/ast.h"
#include "lang/fmt.h"
#include "vectors.h"

static const char *const dirs[] = { SKEP_VECTORS "/lang/fmt", SKEP_VECTORS "/lang/parse",
				    SKEP_VECTORS "/lang/check" };

static bool tree(const struct skep_str *text, struct skep_str *out)
{
	static const char *const params[] = { "vfs_read", "42", "3" };
	const struct skep_parse_options options = { .params = params, .n_params = 3 };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_script *script;

	if (skep_parse(arena, skep_str_text(text), text->len, &options, &diag, &script) < 0)
		return false;
	skep_ast_dump(script, false, out);
	return true;
}

static int format(const struct skep_str *text, struct skep_str *out)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};

	return skep_fmt(skep_str_text(text), text->len, &diag, out);
}

static size_t count(const struct skep_str *text, const char *what)
{
	size_t n = 0;

	for (const char *p = skep_str_text(text); (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

/* 1 when the script was formatted. */
static int check_script(const char *dir, const char *name)
{
	struct skep_str path = {}, text = {}, before = {}, after = {}, once = {}, twice = {};
	int formatted;
	bool refused = skep_streq(name, "define.bt"); /* it turns code with its blanks into text */

	skep_str_addf(&path, "%s/%s", dir, name);
	assert_true(vectors_read(skep_str_text(&path), &text));
	if (tree(&text, &before)) {
		int r = format(&text, &once);

		if (refused ? r != -EINVAL : r != 0)
			fail_msg("%s: %d", skep_str_text(&path), r);
		if (r == 0) {
			assert_true(tree(&once, &after));
			assert_string_equal(skep_str_text(&before), skep_str_text(&after));
			assert_int_equal(format(&once, &twice), 0);
			assert_string_equal(skep_str_text(&once), skep_str_text(&twice));
			assert_int_equal(count(&text, "//"), count(&once, "//"));
			assert_int_equal(count(&text, "/*"), count(&once, "/*"));
		}
	}
	formatted = once.len > 0;
	skep_str_fini(&path);
	skep_str_fini(&text);
	skep_str_fini(&before);
	skep_str_fini(&after);
	skep_str_fini(&once);
	skep_str_fini(&twice);
	return formatted;
}

static void test_all(void **state)
{
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		DIR *d = opendir(dirs[i]);

		assert_non_null(d);
		for (struct dirent *e; (e = readdir(d));)
			if (skep_has_suffix(e->d_name, ".bt"))
				n += check_script(dirs[i], e->d_name);
		closedir(d);
	}
	assert_true(n > 100);
}

static void check_vector(const char *name)
{
	char path[4096], result[4096];
	struct skep_str text = {}, out = {}, expected = {};

	snprintf(path, sizeof(path), "%s/%s.bt", dirs[0], name);
	snprintf(result, sizeof(result), "%s/%s.out", dirs[0], name);
	assert_true(vectors_read(path, &text));
	assert_int_equal(format(&text, &out), 0);
	if (getenv("SKEP_REGENERATE"))
		vectors_write(result, &out);
	assert_true(vectors_read(result, &expected));
	assert_string_equal(skep_str_text(&out), skep_str_text(&expected));
	skep_str_fini(&text);
	skep_str_fini(&out);
	skep_str_fini(&expected);
}

static void test_vectors(void **state)
{
	check_vector("all");
	check_vector("heads");
	check_vector("preprocessor");
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"BEGIN {",
		"BEGIN { @x = }",
		"#define OPEN {\nBEGIN OPEN @ = 1; }",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(skep_diag_fini)
		struct skep_diag diag = {};
		struct skep_str out = {};

		assert_true(skep_fmt(texts[i], strlen(texts[i]), &diag, &out) < 0);
		assert_true(diag.n_errors > 0);
		assert_int_equal(out.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
