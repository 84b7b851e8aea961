/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Match: which rows are shown, by regular expressions on their columns. What does not match is nobody's: no table, no sink
 * has it. The expressions are those of PCRE2, which is opened when one has more than letters; without the library plain
 * texts are found all the same.
 *
 *	r = skep_match_new("comm,args=^git|make", diag, &match);	// found in one of these columns
 *	if (skep_match_takes(match, schema, payload, resolver))
 *		...
 *
 * A row without any of the columns is taken: the expression says nothing of it.
 */
#pragma once

#include "base/diag.h"
#include "record/schema.h"

struct skep_match;

/* @text is borrowed and must outlive it. -EINVAL, -ENOTSUP: there is no PCRE2. */
int skep_match_new(const char *text, struct skep_diag *diag,
		   struct skep_match **ret_match) _must_check_;
void skep_match_free(struct skep_match *match);

/* Whether it has anything to say of such rows. */
bool skep_match_knows(const struct skep_match *match, const struct skep_schema *schema);
bool skep_match_takes(struct skep_match *match, const struct skep_schema *schema,
		      const void *payload, const struct skep_resolver *resolver);
