/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as the programmer wrote them: _ZN4shop4sellEi is shop::sell(int).
 *
 * The C++ library does it, opened when the first such name is met. Without it, and for names of other languages, names
 * stay as they are. A hash that Rust puts at the end (::h and 16 digits) is left out.
 *
 *	_cleanup_(skep_str_fini) struct skep_str text = {};
 *	skep_demangle(name, strlen(name), &text);
 */
#pragma once

#include "base/str.h"

/* Adds the first @len bytes of @name, demangled when they can be, to @out. */
void skep_demangle(const char *name, size_t len, struct skep_str *out);

/* Whether names can be demangled here at all. */
bool skep_demangle_works(void);

/*
 * Whether @demangled is what @wanted asks for: all of it, or, when @wanted says nothing of parameters, what stands in
 * front of them, and then of templates the arguments may be left out, too. What a template returns, which stands in front
 * of its name, may always be left out. '*' is any run. Copies that the compiler made, " [clone .cold]", want to be named.
 */
bool skep_demangle_match(const char *wanted, const char *demangled);
