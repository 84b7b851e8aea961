/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/scope.h"

#include "gen/scope.h"
#include "lang/lower_priv.h"

int skep_lower_scope(struct skep_lower *l)
{
	const struct skep_scope *scope = l->c->options->scope;
	struct skep_scope_kernel kernel = { .btf = l->c->world->btf };

	if (!scope || l->inst->user_run)
		return 0;
	kernel.typed_task = skep_lower_task(l);
	return skep_gen_scope(l->fn, scope, &kernel, l->done, l->c->diag);
}
