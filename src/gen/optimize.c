/* SPDX-License-Identifier: Apache-2.0 */
/* The optional passes, until nothing changes. */
#include "gen/ir.h"

/* Each round is linear; what a fourth one would find is not worth its time. */
#define MAX_ROUNDS 4

void ir_optimize(struct skep_fn *fn)
{
	bool changed = true;

	if (!fn->gen->options.opt_level) {
		ir_expand(fn);
		return;
	}
	ir_fold(fn);
	ir_expand(fn);
	for (unsigned i = 0; i < MAX_ROUNDS && changed; i++) {
		changed = ir_fold(fn);
		changed |= ir_simplify(fn);
		ir_dominators(fn);
		changed |= ir_cse(fn);
		ir_dce(fn);
		changed |= ir_dse(fn);
	}
	ir_simplify(fn);
	ir_dce(fn);
}
