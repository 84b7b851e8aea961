/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config block of a script: names, ranges and defaults as one table.
 */
#pragma once

#include "lang/ast.h"
#include "lang/plan.h"

extern const struct skep_plan_config skep_config_defaults;

/*
 * Applies config = { ... }. Unknown names and values out of range are errors; names that mean nothing here are accepted.
 * A name may be written as in the environment: BPFTRACE_MAX_STRLEN is max_strlen.
 */
int skep_config_apply(struct skep_arena *arena, struct skep_plan_config *config,
		      const struct skep_script *script, struct skep_diag *diag) _must_check_;
/*
 * The same from variables of the environment, "BPFTRACE_NAME=value", NULL at the end; others are passed over. What stands
 * there goes before what a script says.
 */
int skep_config_environment(struct skep_arena *arena, struct skep_plan_config *config,
			    const char *const *environment, struct skep_diag *diag) _must_check_;
