/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a script: from -e, a file, or stdin. */
#pragma once

#include "base/arena.h"
#include "lang/ast.h"
#include "live/import.h"
#include "trace/trace.h"

/* The name and text live in @arena. -ENOENT..., with the diag. */
int skep_trace_source(struct skep_arena *arena, const struct skep_trace_options *options,
		      struct skep_diag *diag, const char **ret_name, const char **ret_text,
		      size_t *ret_len) _must_check_;
