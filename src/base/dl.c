/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dl.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"

#ifndef SKEP_EDGE
#include <dlfcn.h>

static int open_library(const struct skep_dl *dl, const char *const *names, size_t n, void *table)
{
	void *handle = dlopen(dl->soname, RTLD_NOW | RTLD_LOCAL);
	_cleanup_free_ void **found = calloc(n, sizeof(*found));

	if (!handle)
		return -ENOENT;
	for (size_t i = 0; found && i < n; i++) {
		found[i] = dlsym(handle, names[i]);
		if (!found[i]) {
			dlclose(handle);
			return -ENOENT;
		}
	}
	if (!found)
		skep_oom();
	memcpy(table, found, n * sizeof(*found));
	return 1;
}
#else
static int open_library(const struct skep_dl *dl, const char *const *names, size_t n, void *table)
{
	return -ENOTSUP;
}
#endif

int skep_dl_open(struct skep_dl *dl, const char *const *names, size_t n, void *table)
{
	if (!dl->state)
		dl->state = open_library(dl, names, n, table);
	return MIN(dl->state, 0);
}
