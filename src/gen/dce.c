/* SPDX-License-Identifier: Apache-2.0 */
/* Dead values: what no effect depends on goes, phis that only feed each other included. */
#include "gen/ir.h"

static bool has_effect(const struct skep_val *v)
{
	if (ir_is_call(v))
		return !(v->flags & (SKEP_CALL_PURE | SKEP_CALL_NOEFFECT));
	return !ir_has_result(v);
}

bool ir_dce(struct skep_fn *fn)
{
	struct skep_val **work = skep_arena_calloc(fn->scratch, fn->n_vals, sizeof(*work)), *next;
	bool changed = false;
	unsigned n = 0;

	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = v->next) {
			v->mark = has_effect(v);
			if (v->mark)
				work[n++] = v;
		}
	while (n) {
		struct skep_val *v = work[--n];

		for (unsigned k = 0; k < v->n_args; k++) {
			struct skep_val *arg = v->args[k] = ir_real(v->args[k]);

			if (ir_floats(arg) || arg->mark)
				continue;
			arg->mark = true;
			work[n++] = arg;
		}
	}
	for (unsigned i = 0; i < fn->n_order; i++)
		for (struct skep_val *v = fn->order[i]->first; v; v = next) {
			next = v->next;
			if (v->mark)
				continue;
			ir_remove(v);
			changed = true;
		}
	return changed;
}
