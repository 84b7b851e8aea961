/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which variables of C the registers and stack slots of a BPF object hold, from its debugging information.
 *
 *	object's bytes ──libdw──► functions by name ──► location lists ──► places by instruction (obj/places.h)
 *
 * The bytes may be broken: what cannot be understood has no places, and nothing else happens. Relocations are not needed:
 * BPF objects hold the offsets inside of their sections in place, and functions are told apart by their names and sizes.
 *
 *	if (skep_dwarf_places(bytes, size, &spec, arena, &places) == 0)
 *		...
 *	skep_btf_free(places.btf);
 */
#pragma once

#include "base/arena.h"
#include "obj/places.h"
#include "obj/spec.h"

#define SKEP_DWARF_PLACES_MAX 65536

/* -ENOTSUP: no libdw; -ENOENT: the object has no debugging information. Names are in @arena. */
int skep_dwarf_places(const void *object, size_t size, const struct skep_spec *spec,
		      struct skep_arena *arena, struct skep_places *ret_places) _must_check_;
