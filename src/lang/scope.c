/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/scope.h"

#include <errno.h>

#include "gen/scope.h"
#include "lang/hook.h"
#include "lang/lower_priv.h"

int skep_lower_scope(struct skep_lower *l)
{
	const struct skep_scope *scope = l->c->options->scope;
	struct skep_scope_kernel kernel = { .btf = l->c->world->btf };

	if (!scope || l->inst->user_run)
		return 0;
	if (!skep_hook_has_task(l->inst)) {
		skep_diag_error(l->c->diag, l->inst->point->loc,
				"packets belong to no process: %s cannot be narrowed to some",
				l->inst->hook->name);
		skep_diag_hint(l->c->diag, "leave --pid, --comm, --user, --cgroup and --container "
					   "away; cgroup:PATH:ingress and egress see the packets "
					   "of a cgroup");
		return -EINVAL;
	}
	kernel.typed_task = skep_lower_task(l);
	return skep_gen_scope(l->fn, scope, &kernel, l->done, l->c->diag);
}
