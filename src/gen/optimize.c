/* SPDX-License-Identifier: Apache-2.0 */
#include "gen/ir.h"

void ir_optimize(struct skep_fn *fn)
{
	ir_expand(fn);
}

void ir_fuse(struct skep_fn *fn)
{
}
