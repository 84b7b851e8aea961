/* SPDX-License-Identifier: Apache-2.0 */
/* Names of C++ and Rust; and which of them a pattern means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "who/demangle.h"

static void check(const char *name, const char *want)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_demangle(name, strlen(name), &out);
	assert_string_equal(skep_str_text(&out), want);
}

static void test_other_names(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	check("main", "main");
	check("", "");
	check("_Z", "_Z");
	check("_ZZZZZZZZZZ", "_ZZZZZZZZZZ");
	check("_Znot really", "_Znot really");
	skep_demangle("malloc@@GLIBC_2.2.5", 6, &out);
	assert_string_equal(skep_str_text(&out), "malloc");
}

/* Without the C++ library they stay as they are. */
static void test_mangled(void **state)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_demangle("_ZN4shop4sellEi", 15, &out);
	if (skep_streq(skep_str_text(&out), "_ZN4shop4sellEi"))
		skip();
	assert_string_equal(skep_str_text(&out), "shop::sell(int)");
	check("_ZN5store4find17h0123456789abcdefE", "store::find");
	check("_ZN5store4find17h0123456789abcdeXE", "store::find::h0123456789abcdeX");
}

/* What is longer than anybody writes is left alone: a demangler may take very long over it. */
static void test_long(void **state)
{
	char *name = calloc(1, 100001);

	memset(name, 'P', 100000);
	memcpy(name, "_Z1f", 4);
	check(name, name);
	free(name);
}

static void test_match(void **state)
{
	static const struct {
		const char *wanted, *name;
		bool match;
	} cases[] = {
		{ "shop::sell(int)", "shop::sell(int)", true },
		{ "shop::sell(int)", "shop::sell(long)", false },
		{ "shop::sell", "shop::sell(int)", true },
		{ "shop::sell", "shop::seller(int)", false },
		{ "shop::*", "shop::sell(int)", true },
		{ "*(int)", "shop::sell(int)", true },
		{ "*(long)", "shop::sell(int)", false },
		{ "main", "main", true },
		{ "f", "f(void (*)(int))", true },
		{ "X::operator()", "X::operator()(int)", true },
		{ "X::get", "X::get(int) const", true },
		{ "", "", true },
		{ "shop::make", "shop::make(int) [clone .cold]", false },
		{ "shop::make*", "shop::make(int) [clone .cold]", false },
		{ "shop::make(int) [clone .cold]", "shop::make(int) [clone .cold]", true },
		{ "f", ")", false },
		{ "f", "f(", false },
		{ "shop::*", "int shop::most<int>(int, int)", true },
		{ "shop::most", "int shop::most<int>(int, int)", true },
		{ "shop::most<int>", "int shop::most<int>(int, int)", true },
		{ "shop::most<int>(int, int)", "int shop::most<int>(int, int)", true },
		{ "int shop::most<int>(int, int)", "int shop::most<int>(int, int)", true },
		{ "shop::most<long>", "int shop::most<int>(int, int)", false },
		{ "shop::most", "unsigned long shop::most<unsigned long>(unsigned long)", true },
		{ "shop::most", "std::map<int, int> shop::most<std::map<int, int> >(int)", true },
		{ "std::*", "std::map<int, int> shop::most<int>(int)", true }, /* by its whole */
		{ "shop::Box::operator()", "void shop::Box::operator()<int>(int)", true },
		{ "Box<int>::get", "Box<int>::get() const", true },
		{ "Box<int>::put", "void Box<int>::put<long>(long)", true },
		{ "shop::sell", "non-virtual thunk to shop::sell(int)", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(skep_demangle_match(cases[i].wanted, cases[i].name),
				 cases[i].match);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_names),
		cmocka_unit_test(test_mangled),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
