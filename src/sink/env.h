/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables of the environment and what their values say. An empty variable is one that is not set. A value that is none is
 * warned of by name, with what is taken instead.
 *
 *	struct skep_env env = { .get = getenv, .diag = diag };
 *	if (skep_env_has(&env, "OTEL_SDK_DISABLED"))
 *		disabled = skep_env_truth(&env);	// of the variable that was asked for last
 */
#pragma once

#include "base/diag.h"

struct skep_env {
	char *(*get)(const char *name);
	struct skep_diag *diag;
	/* Of the variable that was asked for last: */
	char name[80];
	const char *value; /* NULL: not set, or empty */
};

bool skep_env_has(struct skep_env *env, const char *name);
/* Error and hint; -EINVAL. @value: what of it is wrong. */
int skep_env_wrong(const struct skep_env *env, const char *value, const char *hint) _must_check_;
/* The value is none; what would hold without it is taken. */
void skep_env_warn(const struct skep_env *env, const char *taken, const char *hint);
/* The number of the value in @words, or @otherwise (-1: what the port says) with a warning. */
int skep_env_one_of(const struct skep_env *env, const char *const *words, int n, int otherwise);
bool skep_env_truth(const struct skep_env *env);
void skep_env_ms(const struct skep_env *env, uint64_t *ms);
/* Whether @word is one of the value's, which has commas between them. */
bool skep_env_lists(const struct skep_env *env, const char *word);
/* @key and @value are the callee's to free; negative: it is none. */
typedef int skep_env_pair_fn(void *data, char *key, char *value);
/* "a=b,c=d", as W3C baggage: blanks around the parts do not count, %41 is A. False: it is none, or has too much. */
bool skep_env_each_pair(const struct skep_env *env, skep_env_pair_fn *take,
			void *data) _must_check_;
/* A text of its own. */
char *skep_env_copy(const char *text, size_t len);
