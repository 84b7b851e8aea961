/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global variables by name: `skep run --set` and `skep try --set` mean the same by them.
 *
 *	var = skep_var_find(&spec, "config.ports[1]", &path);
 *	r = skep_var_place(&spec, btf, var, name, path, diag, &place);
 *	r = skep_var_set(&spec, btf, var, &place, name, "80", arena, diag);	// not loaded yet
 *	r = skep_var_change(&spec, "config.ports[1]", "80", arena, diag);	// all of that, with the types of the spec
 */
#pragma once

#include "base/arena.h"
#include "live/value.h"
#include "obj/spec.h"

/* @name: of a variable, and what of it, which is *ret_path. NULL: there is none. */
const struct skep_spec_var *skep_var_find(const struct skep_spec *spec, const char *name,
					  const char **ret_path);
/* Names that there are, for the newest message. */
void skep_var_hint(const struct skep_spec *spec, const char *name, struct skep_diag *diag);
/* Where in the variable that is. -EINVAL, -ENOENT. */
int skep_var_place(const struct skep_spec *spec, const struct skep_btf *btf,
		   const struct skep_spec_var *var, const char *name, const char *path,
		   struct skep_diag *diag, struct skep_value_place *ret_place) _must_check_;
/* Changes what it begins with, in @arena; the spec's maps are written to. */
int skep_var_set(struct skep_spec *spec, const struct skep_btf *btf,
		 const struct skep_spec_var *var, const struct skep_value_place *place,
		 const char *name, const char *value, struct skep_arena *arena,
		 struct skep_diag *diag) _must_check_;
/* The spec's maps become copies in @arena. -ENOENT, without a message: there is no such variable. -EINVAL. */
int skep_var_change(struct skep_spec *spec, const char *name, const char *value,
		    struct skep_arena *arena, struct skep_diag *diag) _must_check_;
