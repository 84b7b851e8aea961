/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -l: what can be probed. A pattern with a kind of probe asks that kind; any other is held against
 * whole names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/vec.h"
#include "lang/match.h"

#define PARTS_MAX 6

/* The pattern split at ':'; the last part keeps what is left. */
static void split(struct skep_arena *arena, const char *pattern, struct skep_attach_point *ret)
{
	const char **parts = skep_arena_calloc(arena, PARTS_MAX, sizeof(*parts));
	char *text = skep_arena_strdup(arena, pattern);
	size_t n = 0;

	while (n < PARTS_MAX) {
		char *colon = n + 1 < PARTS_MAX ? strchr(text, ':') : NULL;

		if (colon)
			*colon = '\0';
		parts[n++] = text;
		if (!colon)
			break;
		text = colon + 1;
	}
	if (n > 1 && !parts[n - 1][0])
		parts[n - 1] = "*";
	*ret = (struct skep_attach_point){ .text = pattern, .parts = parts, .n_parts = n };
}

/* Keeps the lines whose name matches, with the argument lines (indented) behind them. */
static void filter(const struct skep_str *all, const char *glob, struct skep_str *out)
{
	const char *line = skep_str_text(all);
	bool keep = false;

	while (*line) {
		size_t len = strcspn(line, "\n");

		if (*line != ' ') {
			_cleanup_free_ char *name = strndup(line, len);

			if (!name)
				skep_oom();
			keep = skep_glob_match(glob, name);
		}
		if (keep) {
			skep_str_addn(out, line, len);
			skep_str_addc(out, '\n');
		}
		line += len + (line[len] != '\0');
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void skep_list_sort(struct skep_str *out, size_t from)
{
	_cleanup_free_ char *copy = NULL;
	struct {
		SKEP_VEC(char *);
	} entries = {};

	if (out->len == from)
		return;
	copy = strndup(out->data + from, out->len - from);
	if (!copy)
		skep_oom();
	for (char *line = copy, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		while (next && next[1] == ' ') /* details of this entry */
			next = strchr(next + 1, '\n');
		if (next)
			*next++ = '\0';
		skep_vec_add(&entries, line);
	}
	qsort(entries.data, entries.len, sizeof(*entries.data), by_text);
	out->len = from;
	out->data[from] = '\0';
	for (size_t i = 0; i < entries.len; i++)
		if (i == 0 || strcmp(entries.data[i], entries.data[i - 1]) != 0)
			skep_str_addf(out, "%s\n", entries.data[i]);
	skep_vec_fini(&entries);
}

static int list_one(const struct skep_provider *p, const struct skep_world *world,
		    const struct skep_attach_point *pattern, bool verbose, int pid,
		    struct skep_diag *diag, struct skep_str *out)
{
	return p->list ? p->list(world, pattern, verbose, pid, diag, out) : 0;
}

static bool kind_matches(const struct skep_provider *p, const char *glob)
{
	if (skep_glob_match(glob, p->name) || strcasecmp(glob, p->name) == 0)
		return true;
	return skep_provider_find(glob) == p;
}

static int unknown_kind(struct skep_diag *diag, const char *kind)
{
	_cleanup_(skep_str_fini)
	struct skep_str all = {};

	for (size_t i = 0; skep_providers[i]; i++)
		skep_str_addf(&all, "%s%s", i ? ", " : "", skep_providers[i]->name);
	skep_diag_error(diag, SKEP_NO_LOC, "there is no kind of probe called '%s'", kind);
	skep_diag_hint(diag, "the kinds are %s", skep_str_text(&all));
	return -EINVAL;
}

int skep_list_probes(const struct skep_world *world, const char *pattern, bool verbose, int pid,
		     struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str all = {};
	bool whole = !pattern || (!strchr(pattern, ':') && !skep_provider_find(pattern));
	struct skep_attach_point point;
	bool known = false;
	int r = 0;

	if (pattern && skep_list_is_types(pattern))
		return skep_list_types(world->btf, pattern, verbose, diag, out);
	split(arena, whole ? "*" : pattern, &point);
	for (size_t i = 0; skep_providers[i] && r >= 0; i++) {
		if (!kind_matches(skep_providers[i], point.parts[0]))
			continue;
		known = true;
		r = list_one(skep_providers[i], world, &point, verbose, pid, diag,
			     whole && pattern ? &all : out);
	}
	if (r < 0)
		return r;
	if (!known)
		return unknown_kind(diag, point.parts[0]);
	if (whole && pattern)
		filter(&all,
		       strchr(pattern, '*') ? pattern : skep_arena_printf(arena, "*%s*", pattern),
		       out);
	if (whole && pattern && !out->len && strchr(pattern, '*') && pattern[0] != '*') {
		skep_diag_error(diag, SKEP_NO_LOC, "no probe is called '%s'", pattern);
		skep_diag_hint(diag, "names begin with the kind of probe: '*:%s'", pattern);
		return -ENOENT;
	}
	return 0;
}
