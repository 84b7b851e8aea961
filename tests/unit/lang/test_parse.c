/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser where files do not reach: places of nodes, bounds, hostile bytes, and the scripts that a
 * distribution's package installs (only where they are).
 */
#include <errno.h>
#include <glob.h>
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

#define MEGABYTE (1u << 20)

struct fixture {
	struct skep_arena *arena;
	struct skep_diag diag;
	struct skep_script *script;
	int r;
};

static struct fixture parse(const char *text, size_t len)
{
	struct fixture f = { .arena = skep_arena_new() };

	f.diag.source_text = text;
	f.diag.source_len = len;
	f.r = skep_parse(f.arena, text, len, NULL, &f.diag, &f.script);
	return f;
}

static void fini(struct fixture *f)
{
	skep_diag_fini(&f->diag);
	skep_arena_free(f->arena);
}

static void assert_loc(struct skep_loc loc, uint32_t line, uint32_t col, uint32_t len)
{
	assert_int_equal(loc.line, line);
	assert_int_equal(loc.col, col);
	assert_int_equal(loc.len, len);
}

static void test_places(void **state)
{
	static const char text[] = "kprobe:f,\n  kprobe:gg /pid == 1/ {\n"
				   "\t@x[1] = str(arg0) == \"ab\";\n\t$y = $z->foo.bar + -5;\n}";
	struct fixture f = parse(text, sizeof(text) - 1);
	const struct skep_probe_node *probe;
	const struct skep_expr *e;

	assert_int_equal(f.r, 0);
	probe = f.script->probes[0];
	assert_loc(probe->points[0].loc, 1, 1, 8);
	assert_loc(probe->points[1].loc, 2, 3, 9);
	assert_loc(probe->predicate->loc, 2, 14, 8);
	assert_int_equal(probe->body.len, 2);
	e = probe->body.data[0]->expr;
	assert_loc(e->loc, 3, 2, 25);
	assert_loc(e->binary.left->loc, 3, 2, 5);
	assert_loc(e->binary.right->loc, 3, 10, 17);
	assert_loc(e->binary.right->binary.left->call.name_loc, 3, 10, 3);
	e = probe->body.data[1]->expr->binary.right;
	assert_loc(e->loc, 4, 7, 16);
	assert_loc(e->binary.left->field.name_loc, 4, 15, 3);
	assert_loc(e->binary.right->loc, 4, 21, 2);
	assert_int_equal(e->height, 4);
	fini(&f);
}

/* @head, then @piece again and again up to a megabyte. */
static char *flood(const char *head, const char *piece)
{
	struct skep_str s = {};

	skep_str_add(&s, head);
	while (s.len < MEGABYTE)
		skep_str_add(&s, piece);
	return s.data;
}

static void test_floods(void **state)
{
	static const char *const floods[][2] = {
		{ "BEGIN { @ = ", "(" },
		{ "BEGIN ", "{" },
		{ "BEGIN { @ = 1", "+1" },
		{ "BEGIN { @ = ", "-" },
		{ "BEGIN { @ = ", "@[" },
		{ "BEGIN { ", "if(1){}else " },
		{ "BEGIN { @ = a", ".b" },
		{ "BEGIN { ", "@=1 2;" },
		{ "BEGIN { @ = ", "1?" },
		{ "BEGIN { @ = ", "(uint8)" },
		{ "kprobe:", "a" },
		{ "kprobe:f", ":" },
		{ "", "#if 1\n" },
		{ "", "#define A\n" },
		{ "kprobe:f /1", "/1" },
		{ "", "}" },
		{ "BEGIN { $a", "=$a" },
		{ "BEGIN { @ = ", "{" },
		{ "BEGIN { @ = (uint8", "*" },
		{ "", "x " },
		{ "", "(" },
		{ "", "\"" },
		{ "BEGIN { @ = \"", "\\" },
		{ "BEGIN { /", "*" },
		{ "BEGIN { @ = 1", "0" },
		{ "BEGIN { ", "$" },
		{ "BEGIN { f(1", ",f(1" },
		{ "BEGIN { @ = (typeof(1", ")1" },
		{ "BEGIN { @ = sizeof(", "sizeof(" },
		{ "BEGIN { @ = 1;\n", "if 1 then {\n" },
		{ "BEGIN { ", "\x80 " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(floods); i++) {
		_cleanup_free_ char *text = flood(floods[i][0], floods[i][1]);
		struct fixture f = parse(text, strlen(text));

		assert_int_equal(f.r, -EINVAL);
		assert_true(f.diag.n_items > 0 && f.diag.n_items <= SKEP_DIAG_MAX);
		assert_int_equal(f.diag.n_errors, f.diag.n_items + f.diag.dropped);
		fini(&f);
	}
}

/* Names that stand for two of the next: 2^60 nodes, if nobody counted. */
static void test_define_bomb(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct fixture f;

	for (unsigned i = 0; i < 60; i++)
		skep_str_addf(&text, "#define A%u A%u+A%u\n", i, i + 1, i + 1);
	skep_str_add(&text, "BEGIN { @ = A0; }");
	f = parse(text.data, text.len);
	assert_int_equal(f.r, -EINVAL);
	fini(&f);
}

static void test_junk(void **state)
{
	_cleanup_free_ char *junk = malloc(MEGABYTE);
	uint64_t seed = 42;

	assert_non_null(junk);
	for (size_t i = 0; i < MEGABYTE; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		junk[i] = (char)(seed >> 56);
	}
	for (size_t len = MEGABYTE; len > 16; len /= 2) {
		struct fixture f = parse(junk, len);

		assert_int_equal(f.r, -EINVAL);
		fini(&f);
	}
}

static void test_null_diag(void **state)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_script *script = NULL;

	assert_int_equal(skep_parse(arena, "BEGIN { 1 2", 11, NULL, NULL, &script), -EINVAL);
	assert_int_equal(skep_parse(arena, "", 0, NULL, NULL, &script), -EINVAL);
	assert_null(script);
}

/* Every prefix of a script ends in a message or a tree, never beyond its last byte. */
static void test_prefixes(void **state)
{
	static const char text[] =
		"#define A 1\n#ifdef B\n#else\n#endif\nconfig = { a = 1 }\n"
		"uprobe:/bin/x:\"f\", kprobe:g+4 /pid == (A / 2)/ { $a = (struct s *)arg0; /* c */ }\n"
		"END { for $i : 0..3 { @[1, \"\\x41\"] = hist(1e3); } if 1 { } else { let $x : string[4]; } }";

	for (size_t len = 0; len < sizeof(text); len++) {
		_cleanup_free_ char *copy = malloc(len + !len);
		struct fixture f;

		assert_non_null(copy);
		memcpy(copy, text, len);
		f = parse(copy, len);
		assert_true(f.r == 0 || (f.r == -EINVAL && f.diag.n_errors));
		fini(&f);
	}
}

static void parse_file(const char *path)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {}, why = {};
	char buf[4096];
	struct fixture f;
	FILE *file = fopen(path, "re");
	size_t n;

	assert_non_null(file);
	while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
		skep_str_addn(&text, buf, n);
	fclose(file);
	f = parse(skep_str_text(&text), text.len);
	skep_diag_format(&f.diag, false, false, &why);
	if (f.r)
		print_error("%s:\n%s", path, skep_str_text(&why));
	assert_int_equal(f.r, 0);
	fini(&f);
}

static void test_stock(void **state)
{
	glob_t list = {};

	if (glob("/usr/sbin/*.bt", 0, NULL, &list)) {
		print_message("skipped, because no scripts are installed in /usr/sbin\n");
		skip();
	}
	for (size_t i = 0; i < list.gl_pathc; i++)
		parse_file(list.gl_pathv[i]);
	globfree(&list);
}

/* ---- imports */

struct fake_file {
	const char *path, *text;
};

static const struct fake_file fake_files[] = {
	{ "lib.bt", "import \"other.bt\";\nimport \"lib.bt\";\nmacro lib() { 1 }\nEND { }\n" },
	{ "other.bt", "#define OTHER 7\n#include \"types.h\"\nconfig = { max_map_keys = 5 }" },
	{ "types.h",
	  "typedef struct { int a; } in_t;\nint f(int);\nstatic int g(void) { return 1; }\n"
	  "BEGIN { }\nint h[2] = { 1, 2 };\n" },
	{ "wrong.bt", "\n\nBEGIN { 1 + }\n" },
};

/* "all" is a folder of the first two files. */
static int fake_import(void *data, struct skep_arena *arena, const char *path, const char *from,
		       struct skep_import_file **ret_files, size_t *ret_n, const char **ret_why)
{
	size_t n = 0;

	(void)data;
	assert_string_equal(from ? from : "main.bt", from);
	*ret_files = skep_arena_calloc(arena, ARRAY_SIZE(fake_files), sizeof(**ret_files));
	for (size_t i = 0; i < ARRAY_SIZE(fake_files); i++)
		if (skep_streq(fake_files[i].path, path) || (skep_streq(path, "all") && i < 2))
			(*ret_files)[n++] =
				(struct skep_import_file){ fake_files[i].path, fake_files[i].path,
							   fake_files[i].text,
							   strlen(fake_files[i].text) };
	*ret_n = n;
	*ret_why = "no such file";
	return n ? 0 : -ENOENT;
}

static struct fixture parse_importing(const char *text)
{
	static const struct skep_parse_options options = { .name = "main.bt",
							   .import = fake_import };
	struct fixture f = { .arena = skep_arena_new() };

	f.diag.source_name = "main.bt";
	f.diag.source_text = text;
	f.diag.source_len = strlen(text);
	f.r = skep_parse(f.arena, text, strlen(text), &options, &f.diag, &f.script);
	return f;
}

static void test_import(void **state)
{
	struct fixture f = parse_importing("import \"lib.bt\";\nimport \"all\";\n"
					   "BEGIN { $a = (in_t *)OTHER; lib; }");

	assert_int_equal(f.r, 0);
	assert_int_equal(f.script->n_probes, 2);
	assert_string_equal(f.script->probes[0]->points[0].text, "END");
	assert_int_equal(f.script->n_macros, 1);
	assert_int_equal(f.script->n_configs, 1);
	assert_int_equal(f.script->n_defs, 2);
	assert_int_equal(f.script->n_lines, 3);
	/* lib.bt begins in line 4 of the whole. */
	assert_int_equal(f.script->macros[0]->name_loc.line, 6);
	fini(&f);
}

static void test_import_wrong(void **state)
{
	struct fixture f = parse_importing("import \"wrong.bt\"; import \"nowhere.bt\";\n"
					   "#include \"nowhere.h\"\nBEGIN { 2 + }");
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	assert_int_equal(f.r, -EINVAL);
	skep_diag_format(&f.diag, false, false, &out);
	assert_string_equal(
		skep_str_text(&out),
		"wrong.bt:3:13: error: expected a value, found '}'\n"
		"     3 | BEGIN { 1 + }\n"
		"       |             ^\n"
		"       = a value is a number, \"text\", $variable, @map, a word such as pid, or a call "
		"such as str(...)\n"
		"main.bt:1:27: error: cannot import 'nowhere.bt': no such file\n"
		"     1 | import \"wrong.bt\"; import \"nowhere.bt\";\n"
		"       |                           ^~~~~~~~~~~~\n"
		"       = the path begins at the folder of the file that names it; nobody else "
		"may be allowed to write there\n"
		"main.bt:2:10: error: cannot import 'nowhere.h': no such file\n"
		"     2 | #include \"nowhere.h\"\n"
		"       |          ^~~~~~~~~~~\n"
		"       = the path begins at the folder of the file that names it; nobody else "
		"may be allowed to write there\n"
		"main.bt:3:13: error: expected a value, found '}'\n"
		"     3 | BEGIN { 2 + }\n"
		"       |             ^\n"
		"       = a value is a number, \"text\", $variable, @map, a word such as pid, or a call "
		"such as str(...)\n");
	fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	     cmocka_unit_test(test_floods),
		cmocka_unit_test(test_define_bomb),  cmocka_unit_test(test_junk),
		cmocka_unit_test(test_null_diag),    cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_stock),	     cmocka_unit_test(test_import),
		cmocka_unit_test(test_import_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
