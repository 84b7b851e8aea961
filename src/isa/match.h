/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The assembler's matcher: which row of the instruction table a statement is, and its fields. For
 * use in this folder.
 *
 * Every row's text is tried; the rows are written so that at most one fits. When none does, the
 * attempts that came farthest tell what was expected there.
 *
 *	struct skep_match_failure failure = {};
 *	r = skep_match(tokens, hooks, &match, &failure);
 */
#pragma once

#include "isa/asm.h"
#include "isa/lex.h"

struct skep_match {
	const struct skep_isa_row *row;
	struct skep_insn insn[2];
	const struct skep_token *label;	 /* NULL, or the word in place of a distance */
	const struct skep_token *helper; /* NULL, or the word that was found to name a helper */
};

#define SKEP_MATCH_EXPECTED_MAX 8

struct skep_match_failure {
	size_t token; /* how far the best attempts came */
	/*
	 * A statement of the right shape with a wrong value: what about it, and what to do. NULL:
	 * the shape.
	 */
	const char *what, *hint;
	bool only_value; /* all else of the statement was right */
	/* What the attempts wanted there. */
	struct {
		const char *text;
		size_t len;
		bool literal;
	} expected[SKEP_MATCH_EXPECTED_MAX];
	size_t n_expected;
	bool more; /* than fit */
};

/*
 * @tokens end with SKEP_TOKEN_END. Returns 0, or -EINVAL with @failure (zero-initialized) filled
 * in.
 */
_must_check_ int skep_match(const struct skep_token *tokens, const struct skep_asm_hooks *hooks,
			    struct skep_match *ret_match, struct skep_match_failure *failure);

/* One row against the statement, as far as it has been read. */
struct skep_attempt {
	const struct skep_token *tokens;
	size_t at;
	const struct skep_asm_hooks *hooks;
	struct skep_match m;
	bool have_dst, have_src;
	const char *expected; /* what the operand that did not match wants to be */
	/*
	 * The first operand of the right shape with a wrong value: where it begins, what about it.
	 */
	size_t wrong_at;
	const char *what, *hint;
};

/*
 * Reads the operand that the letter of a row's text stands for: 0, -ENOENT with `expected` when
 * there is something else,
 * -ERANGE with `what` when it has been read but cannot be.
 */
_must_check_ int skep_match_operand(struct skep_attempt *a, char letter);
