/* SPDX-License-Identifier: Apache-2.0 */
/* Files of vectors: a script NAME.bt and what shall come of it. With SKEP_REGENERATE set the latter is written anew. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"

static inline bool vectors_read(const char *path, struct skep_str *out)
{
	char buf[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		skep_str_addn(out, buf, n);
	fclose(f);
	return true;
}

static inline void vectors_write(const char *path, const struct skep_str *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(skep_str_text(text), 1, text->len, f), text->len);
	assert_int_equal(fclose(f), 0);
}

static inline int vectors_is_script(const struct dirent *d)
{
	return skep_has_suffix(d->d_name, ".bt");
}

/* Calls @check for each script of the folder, in order, by its name; all of them must give true. */
static inline void vectors_check(const char *dir, bool (*check)(const char *file))
{
	struct dirent **list;
	int n = scandir(dir, &list, vectors_is_script, alphasort), bad = 0;

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		bad += !check(list[i]->d_name);
		free(list[i]);
	}
	free(list);
	assert_int_equal(bad, 0);
}
