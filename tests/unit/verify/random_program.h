/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs for the verifier: of all that programs do (arithmetic, branches, loops, the stack, maps, packets, calls),
 * mostly with the checks that make it safe, sometimes with one missing or a bound that is one off.
 *
 *	struct skep_spec spec;
 *	random_program(seed, arena, &spec);
 *
 * The same seed gives the same program. Its maps are always the same two (RANDOM_N_MAPS).
 */
#pragma once

#include "base/arena.h"
#include "obj/spec.h"

#define RANDOM_N_MAPS 2 /* table: array of 4 values of 64 bytes; counts: hash, 4 bytes to 16 */

void random_program(uint64_t seed, struct skep_arena *arena, struct skep_spec *ret_spec);
