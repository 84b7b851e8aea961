/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts in one style: `skep fmt`.
 *
 *	text ── fmt_scan.c ──► pieces ── fmt_roles.c ──► pieces with roles ── fmt.c ──► text
 *
 * Works on tokens and comments, not on the tree: nothing that a person wrote is lost. Lines of the preprocessor stay as
 * they are, #if to #endif as a whole. Guaranteed: the tree of the result is the tree of the text (it is parsed again and
 * compared), or there is an error and no result; formatting twice is formatting once.
 *
 *	_cleanup_(skep_str_fini) struct skep_str out = {};
 *	r = skep_fmt(text, len, &diag, &out);
 */
#pragma once

#include "base/diag.h"
#include "base/str.h"

#define SKEP_FMT_COLUMNS 100

/* -EINVAL: the text is no script, or one that cannot be formatted; @diag says why. Adds to @out on success only. */
int skep_fmt(const char *text, size_t len, struct skep_diag *diag,
	     struct skep_str *out) _must_check_;
