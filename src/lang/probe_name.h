/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe name: probe and func compared with a text.
 *
 *	probe == "kprobe:vfs_read"	func != "vfs_read"
 *
 * Both are numbers of the plan's names when the program runs, so the text is held against the names of the probe's targets
 * when the script is compiled. A program with one target has a constant then, and the other branch costs nothing.
 */
#pragma once

#include "lang/check.h"
#include "lang/lower.h"

/* Whether == goes between these: probe or func itself, and a text that is known. */
bool skep_probe_name_compares(const struct skep_expr *a, const struct skep_expr *b);
/* Warns when nothing that the script probes has that name. */
void skep_probe_name_check(struct skep_check *k, const struct skep_expr *expr);
int skep_probe_name_lower(struct skep_lower *l, const struct skep_expr *a,
			  const struct skep_expr *b, struct skep_block *equal,
			  struct skep_block *different) _must_check_;
