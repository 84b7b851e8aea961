/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearest: of many names those that somebody may have meant. Feed it every candidate, then ask
 * for the text.
 *
 *	struct skep_nearest near = { .wanted = "vfs_raed" };
 *	skep_nearest_add(&near, "vfs_read"); ...
 *	hint = skep_nearest_text(&near, arena);		// "vfs_read, vfs_readv", or "" when nothing is near
 *	skep_nearest_fini(&near);
 *
 * Near is: few letters differ, or one name contains the other.
 */
#pragma once

#include "base/arena.h"

#define SKEP_NEAREST_MAX 4

struct skep_nearest {
	const char *wanted;
	struct {
		char *name;
		unsigned distance;
	} best[SKEP_NEAREST_MAX];
	size_t n;
	size_t n_seen; /* names that were added */
};

void skep_nearest_add(struct skep_nearest *near, const char *name);
char *skep_nearest_text(const struct skep_nearest *near, struct skep_arena *arena);
void skep_nearest_fini(struct skep_nearest *near);
