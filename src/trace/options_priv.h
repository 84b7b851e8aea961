/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read the command line share. */
#pragma once

#include <errno.h>

#include "trace/trace.h"

/* -EINVAL, with the hint behind what the diag says already. */
static inline int skep_usage_error(struct skep_diag *diag, const char *hint)
{
	skep_diag_hint(diag, "%s", hint);
	return -EINVAL;
}

/* options_to.c: the value of one --to. */
int skep_option_to(struct skep_trace_options *o, const char *to,
		   struct skep_diag *diag) _must_check_;
