/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of the running kernel: what lang/world.h asks, answered from this machine.
 *
 * Nothing is read before it is asked for, but for the kernel's types. They are given back with the world.
 *
 *	r = skep_world_new(diag, &world);
 *	r = skep_compile(arena, skep_world_get(world), ...);
 *	skep_world_free(world);		// once the programs are loaded
 */
#pragma once

#include "lang/world.h"

struct skep_kernel_world;

/* @diag: a warning when the kernel has no types; the rest works without. */
int skep_world_new(struct skep_diag *diag, struct skep_kernel_world **ret_world) _must_check_;
void skep_world_free(struct skep_kernel_world *world);
SKEP_DEFINE_CLEANUP(struct skep_kernel_world, skep_world_free)
/*
 * From here on events that tracefs does not show are taken from the types: of @btf, which is another kernel's and in place of
 * this one's, or NULL. @diag is told, and borrowed until @world is freed.
 */
void skep_world_read_types(struct skep_kernel_world *world, const struct skep_btf *btf,
			   struct skep_diag *diag);
const struct skep_world *skep_world_get(const struct skep_kernel_world *world);
