/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of the parser: tests/vectors/lang/parse/NAME.bt is parsed with the parameters "vfs_read"
 * and "42"; its tree must be NAME.ast, or its messages NAME.err. With SKEP_REGENERATE=1 in the
 * environment the files are written anew; read the difference before you commit it.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "lang/ast.h"
#include "vectors.h"

#define DIR_NAME SKEP_VECTORS "/lang/parse"

/* The tree or the messages; true when it parsed. */
static bool parse(const char *name, const struct skep_str *text, struct skep_str *out)
{
	static const char *const params[] = { "vfs_read", "42" };
	static const struct skep_parse_options options = {
		.params = params,
		.n_params = 2,
		.kernel_version = 6 << 16 | 1 << 8,
	};
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {
		.source_name = name,
		.source_text = skep_str_text(text),
		.source_len = text->len,
	};
	struct skep_script *script = NULL;
	/* A copy without a terminator, so that ASan sees the parser look behind the end. */
	_cleanup_free_ char *bytes = malloc(text->len + !text->len);
	int r;

	assert_non_null(bytes);
	memcpy(bytes, skep_str_text(text), text->len);
	r = skep_parse(arena, bytes, text->len, &options, &diag, &script);
	if (r == 0) {
		assert_int_equal(diag.n_errors, 0);
		skep_ast_dump(script, false, out);
	} else {
		assert_int_equal(r, -EINVAL);
		assert_true(diag.n_errors > 0);
		assert_null(script);
		skep_diag_format(&diag, false, false, out);
		for (size_t i = 0; i < diag.n_items; i++)
			if (diag.items[i].level == SKEP_DIAG_ERROR &&
			    (!diag.items[i].hint || !diag.items[i].loc.line))
				skep_str_addf(out, "without a remedy or a place: %s\n",
					      diag.items[i].what);
	}
	return r == 0;
}

/* Returns whether it is as expected. */
static bool check(const char *file)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {}, got = {}, want = {};
	char path[PATH_MAX], other[PATH_MAX];
	size_t base = strlen(file) - strlen(".bt");
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", DIR_NAME, file);
	assert_true(vectors_read(path, &text));
	ok = parse(file, &text, &got);
	snprintf(path, sizeof(path), "%s/%.*s.%s", DIR_NAME, (int)base, file, ok ? "ast" : "err");
	snprintf(other, sizeof(other), "%s/%.*s.%s", DIR_NAME, (int)base, file, ok ? "err" : "ast");
	if (getenv("SKEP_REGENERATE")) {
		vectors_write(path, &got);
		remove(other);
		return true;
	}
	if (vectors_read(path, &want) && want.len == got.len &&
	    !memcmp(want.data, skep_str_text(&got), got.len))
		return true;
	print_error("%s: differs from %s; it gave:\n%s", file, path, skep_str_text(&got));
	return false;
}

static void test_vectors(void **state)
{
	vectors_check(DIR_NAME, check);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
