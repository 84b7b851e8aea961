/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/env.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

char *skep_env_copy(const char *text, size_t len)
{
	char *s = strndup(text, len);

	if (!s)
		skep_oom();
	return s;
}

bool skep_env_has(struct skep_env *env, const char *name)
{
	snprintf(env->name, sizeof(env->name), "%s", name);
	env->value = env->get(env->name);
	if (env->value && !*env->value)
		env->value = NULL;
	return env->value;
}

int skep_env_wrong(const struct skep_env *env, const char *value, const char *hint)
{
	skep_diag_error(env->diag, SKEP_NO_LOC, "%s is '%s'", env->name, value);
	skep_diag_hint(env->diag, "%s", hint);
	return -EINVAL;
}

void skep_env_warn(const struct skep_env *env, const char *taken, const char *hint)
{
	skep_diag_warn(env->diag, SKEP_NO_LOC, "%s is '%s'; %s is taken instead", env->name,
		       env->value, taken);
	skep_diag_hint(env->diag, "%s", hint);
}

int skep_env_one_of(const struct skep_env *env, const char *const *words, int n, int otherwise)
{
	_cleanup_(skep_str_fini)
	struct skep_str hint = {};

	for (int i = 0; i < n; i++)
		if (strcasecmp(env->value, words[i]) == 0)
			return i;
	skep_str_add(&hint, "it is ");
	for (int i = 0; i < n; i++)
		skep_str_addf(&hint, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
	skep_env_warn(env, otherwise < 0 ? "what the port says" : words[otherwise], hint.data);
	return otherwise;
}

bool skep_env_truth(const struct skep_env *env)
{
	static const char *const words[] = { "false", "true" };

	return skep_env_one_of(env, words, ARRAY_SIZE(words), 0) > 0;
}

void skep_env_ms(const struct skep_env *env, uint64_t *ms)
{
	unsigned long long value;
	char *end, taken[24];

	value = strtoull(env->value, &end, 10);
	if (end > env->value && !*end && value && value <= INT32_MAX && env->value[0] != '-') {
		*ms = value;
		return;
	}
	snprintf(taken, sizeof(taken), "%llu", (unsigned long long)*ms);
	skep_env_warn(env, taken, "it is milliseconds: 10000");
}

/* %41 is A. */
static char *decoded(const char *text, size_t len)
{
	char *s = skep_env_copy(text, len), *to = s;

	for (const char *from = s; *from; from++) {
		if (from[0] == '%' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2])) {
			char digits[] = { from[1], from[2], '\0' };

			*to++ = (char)strtoul(digits, NULL, 16);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return s;
}

bool skep_env_lists(const struct skep_env *env, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = env->value; *at;) {
		size_t n, item = strcspn(at, ",");
		const char *begin = at + strspn(at, " \t");

		n = begin < at + item ? (size_t)(at + item - begin) : 0;
		while (n && isblank(begin[n - 1]))
			n--;
		if (n == len && strncasecmp(begin, word, len) == 0)
			return true;
		at += item + (at[item] == ',');
	}
	return false;
}

bool skep_env_each_pair(const struct skep_env *env, skep_env_pair_fn *take, void *data)
{
	const char *at = env->value;

	while (*at) {
		size_t len = strcspn(at, ","), key_len;
		const char *equals = memchr(at, '=', len), *value;

		if (strspn(at, " \t") < len) {
			at += strspn(at, " \t");
			if (!equals || equals == at)
				return false;
			for (key_len = (size_t)(equals - at); key_len && isblank(at[key_len - 1]);)
				key_len--;
			value = equals + 1 + strspn(equals + 1, " \t");
			len = strcspn(value, ",");
			while (len && isblank(value[len - 1]))
				len--;
			if (take(data, decoded(at, key_len), decoded(value, len)) < 0)
				return false;
			at = value;
			len = strcspn(at, ",");
		}
		at += len + (at[len] == ',');
	}
	return true;
}
