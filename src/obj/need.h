/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Needs of a spec that was made on another machine (spec.h), once it is known what they are on this one: the instructions
 * get the difference.
 *
 *	r = skep_need_apply(prog, &prog->relocs[i], here - need->value);	// -ERANGE: the instruction has no room
 *	skep_need_drop(prog);							// when all are done
 */
#pragma once

#include "obj/spec.h"

/*
 * Adds @delta to the offset of the load or store, or to the immediate. -EINVAL: there is no such instruction; -ERANGE: the
 * sum does not fit.
 */
int skep_need_apply(struct skep_spec_prog *prog, const struct skep_reloc *reloc,
		    uint64_t delta) _must_check_;
/* Takes the relocations of needs out of the program's list. */
void skep_need_drop(struct skep_spec_prog *prog);
