/* SPDX-License-Identifier: Apache-2.0 */
/* Static probes of binaries, for the world. */
#pragma once

#include "live/binary.h"

/* Those of one file whose names match. Everything given to @fn lives as long as @arena and @file. */
int skep_usdt_each_in(struct skep_arena *arena, const struct skep_binary_file *file,
		      const char *provider_glob, const char *glob, skep_world_usdt_fn fn,
		      void *data) _must_check_;
/* Each file that a process has mapped as code, once. -ESRCH, -EACCES. */
int skep_usdt_each_mapped(struct skep_arena *arena, int pid,
			  int (*fn)(void *data, const char *path), void *data) _must_check_;
