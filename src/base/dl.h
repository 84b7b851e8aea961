/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries that are opened on first use: whoever never needs one pays nothing for it, and a machine without it runs all
 * the rest.
 *
 *	static struct {
 *		char *(*demangle)(const char *, char *, size_t *, int *);
 *	} cxx;
 *	static struct skep_dl cxx_dl = SKEP_DL("libstdc++.so.6", "libstdc++6");
 *	static const char *const names[] = { "__cxa_demangle" };   // in the order of the members
 *
 *	r = skep_dl_open(&cxx_dl, names, ARRAY_SIZE(names), &cxx);
 *
 * The table is nothing but function pointers. All of its functions are there, or none: a library that is too old counts as
 * missing. A library stays until the process ends, and so does the answer that it is missing. Not for several threads at
 * once. A static program (the edge build) has no such libraries.
 */
#pragma once

#include "base/macros.h"

struct skep_dl {
	const char *soname;
	const char *package; /* in which a distribution has it, for messages */
	int state;	     /* 0: not tried; 1: there; -errno */
};
/* clang-format off */
#define SKEP_DL(soname, package) { soname, package, 0 }
/* clang-format on */

/*
 * Fills @table, n pointers. -ENOENT: there is no such library, or it lacks a function; -ENOTSUP: this program is static.
 * @table is untouched then.
 */
int skep_dl_open(struct skep_dl *dl, const char *const *names, size_t n, void *table) _must_check_;
