/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expansion: tokens in which the names from #define have been replaced, as C does it.
 *
 *	source ── lexer ──► name? ──no──────────────────► token ──► parser, #if
 *	                     └─yes─► level: the tokens it stands for, looked at again
 *
 * A token out of a #define lies where the name was used, so that messages point at the line which somebody wrote;
 * `from` says which #define it was. A name is not replaced inside its own tokens, so every expansion ends; a budget of
 * tokens bounds how long that takes.
 *
 *	struct skep_expand x = { .env = &env, .lx = &lx };
 *	struct skep_tok t = skep_expand_next(&x);
 *	skep_expand_fini(&x);
 */
#pragma once

#include "lang/lex.h"

#define SKEP_EXPAND_TOKENS_MAX (1u << 20) /* tokens that one script's names may stand for */
#define SKEP_EXPAND_DEPTH_MAX 64	  /* uses inside the arguments of uses */

struct skep_expand_level {
	const struct skep_tok *toks;
	size_t len, pos;
	size_t define; /* 1 + index in env->defines; 0: tokens put back */
};

struct skep_expand {
	struct skep_lex_env *env;
	struct skep_lex *lx; /* NULL: the levels are all there is */
	bool raw;	     /* hand tokens out as they stand */
	unsigned depth;
	struct {
		SKEP_VEC(struct skep_expand_level);
	} levels; /* innermost last */
};

struct skep_tok skep_expand_next(struct skep_expand *x);
/* Forgets what is left of names that were begun. */
void skep_expand_drop(struct skep_expand *x);
void skep_expand_fini(struct skep_expand *x);
/* What the #define that a token comes from says, for messages: "X, which stands for '1 +'". */
const char *skep_expand_origin(struct skep_lex_env *env, size_t from);
