/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the script declares in front of its probes.
 *
 * Types that the script defines itself: laid out as C does on this machine's kind of CPU (System V ABI), and known by
 * their names to casts, sizeof and let from then on.
 *
 *	struct foo { int a; char b[4]; };	skep_types.defs: "struct foo" ──► STRUCT with its fields
 *	enum e { A, B };			compiler.constants: "A" ──► 0
 *
 * What the script defines goes before what the kernel's BTF has of the same name.
 */
#pragma once

#include "lang/compiler.h"

/* -EINVAL: told, all mistakes of all definitions. */
int skep_define_types(struct skep_compiler *c) _must_check_;
/* The script's declarations of maps: their kinds and sizes. */
int skep_define_maps(struct skep_compiler *c) _must_check_;
/* Once the types of all maps are known: whether what is kept in them goes with their kinds. */
int skep_define_check_maps(struct skep_compiler *c) _must_check_;
