/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world from files: BTF from world.btf, tracepoints from events/CATEGORY/EVENT, functions from
 * the BTF, one program ("/bin/demo", also "libdemo") with a few functions. For tests that must be
 * the same on every machine.
 *
 *	struct world_file f = {};
 *	world_file_open(&f, SKEP_VECTORS "/lang/check/world");
 *	r = skep_compile(arena, &f.world, ...);
 *	world_file_close(&f);
 */
#pragma once

#include "lang/world.h"

struct world_file {
	struct skep_world world;
	const char *dir;
	struct skep_btf *btf;
	struct skep_arena *arena;
	uint32_t features; /* bit by enum skep_world_feature; all at first */
	bool no_tracepoints;
	int32_t no_helper; /* programs may not call this one */
};

void world_file_open(struct world_file *f, const char *dir);
void world_file_close(struct world_file *f);
