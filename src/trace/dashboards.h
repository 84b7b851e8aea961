/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dashboards of tools and scripts: each is compiled for this kernel, which knows its maps and rows, and record/dashboard.h
 * draws them. Nothing is run.
 *
 *	r = skep_dashboards_one("biolatency", world, arena, &diag, &out);	// or "skep", or FILE.bt
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"
#include "lang/world.h"

/* Dashboard of a tool, of a script's file, or of skep itself, whose name is "skep". -ENOENT: no such tool; else with the diag. */
int skep_dashboards_one(const char *name, const struct skep_world *world, struct skep_arena *arena,
			struct skep_diag *diag, struct skep_str *out) _must_check_;
/* What its file is called, without an ending: of a script that is the file's own name. In @arena. */
const char *skep_dashboards_name(const char *name, struct skep_arena *arena);
