/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts made from a grammar (grammar.txt says how it is written), the same ones for the same seed.
 *
 *	_cleanup_(grammar_fini) struct grammar g = {};
 *	r = grammar_read(&g, "tests/generate/grammar.txt");
 *	grammar_write(&g, seed, &text);		// a whole script
 *
 * One half of the scripts is as the grammar has it, which is well-typed for the most part. In a
 * quarter, values stand where values of other types are expected; in the last one a few bytes are
 * wrong.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct grammar_rule;

struct grammar {
	struct skep_arena *arena;
	struct {
		SKEP_VEC(struct grammar_rule *);
	} rules;
};

/* -errno, or -EINVAL for a file that is no grammar, which is told on stderr. */
int grammar_read(struct grammar *g, const char *path) _must_check_;
void grammar_fini(struct grammar *g);
void grammar_write(const struct grammar *g, uint64_t seed, struct skep_str *out);
