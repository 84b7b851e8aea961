/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/explain.h"

#include <errno.h>
#include <string.h>

const char *skep_explain_errno(int error)
{
	return strerror(error < 0 ? -error : error);
}

void skep_explain_find(const char *log, struct skep_explain_end *ret_end)
{
	*ret_end = (struct skep_explain_end){ .insn = -1 };
}

void skep_explain_privilege(struct skep_diag *diag)
{
}

void skep_explain_map(const struct skep_spec_map *map, int error, struct skep_diag *diag)
{
	skep_diag_error(diag, SKEP_NO_LOC, "cannot make map '%s': %s", map->name,
			skep_explain_errno(error));
}

void skep_explain_prog(const struct skep_spec_prog *prog, const char *log, int error,
		       struct skep_diag *diag)
{
	skep_diag_error(diag, prog->loc, "the kernel refused program '%s': %s", prog->name,
			skep_explain_errno(error));
	if (log)
		skep_diag_set_log(diag, log);
}

void skep_explain_attach(enum skep_diag_level level, const struct skep_spec_attach *attach,
			 const char *what, int error, struct skep_diag *diag)
{
	skep_diag_add(diag, level, attach->loc, "cannot attach %s to %s: %s",
		      attach->probe ? attach->probe : "the probe", what ? what : "its event",
		      skep_explain_errno(error));
}
