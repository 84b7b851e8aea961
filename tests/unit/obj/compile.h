/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects for tests: compiled when the test runs, by whatever clang is here, so that no binary is committed. Without a
 * compiler the tests that need one are skipped.
 */
#pragma once

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

/* The first of these compilers that is here, or NULL. */
static inline const char *find_clang(void)
{
	static const char *const names[] = { "clang", "clang-19", "clang-16", "clang-15",
					     "clang-14" };
	char command[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", names[i]);
		if (system(command) == 0)
			return names[i];
	}
	return NULL;
}

/* The object of tests/vectors/obj/NAME.bpf.c; 0: it cannot be compiled here. */
static inline size_t compile_with(const char *compiler, const char *name, const char *options,
				  struct skep_str *out)
{
	char command[1024], path[] = "/tmp/skep-obj-XXXXXX", bytes[4096];
	int fd = mkstemp(path);
	FILE *f;

	if (fd < 0)
		return 0;
	close(fd);
	snprintf(command, sizeof(command), "%s %s -c %s/obj/%s.bpf.c -o %s 2>/dev/null", compiler,
		 options, SKEP_VECTORS, name, path);
	skep_str_reset(out);
	f = system(command) == 0 ? fopen(path, "rb") : NULL;
	for (size_t n; f && (n = fread(bytes, 1, sizeof(bytes), f)) > 0;)
		skep_str_addn(out, bytes, n);
	if (f)
		fclose(f);
	unlink(path);
	return out->len;
}

static inline size_t compile_bpf(const char *name, const char *options, struct skep_str *out)
{
	const char *clang = find_clang();
	char all[256];

	snprintf(all, sizeof(all), "-target bpf -O2 %s", options);
	return clang ? compile_with(clang, name, all, out) : 0;
}
