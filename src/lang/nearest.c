/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/nearest.h"

#include <string.h>

#include "base/str.h"

#define FAR 1000u
#define CONTAINED \
	10u /* a name that contains the wanted one comes behind those with a letter wrong */

static unsigned distance(const char *wanted, const char *name)
{
	unsigned limit = (unsigned)MIN(strlen(wanted) / 3 + 1, (size_t)4), d;

	d = skep_edit_distance(wanted, name, limit);
	if (d <= limit)
		return d;
	if (strlen(wanted) >= 3 && strstr(name, wanted))
		return CONTAINED + (unsigned)MIN(strlen(name) - strlen(wanted), (size_t)500);
	return FAR;
}

void skep_nearest_add(struct skep_nearest *near, const char *name)
{
	unsigned d = distance(near->wanted, name);
	size_t at = near->n;

	near->n_seen++;
	if (d >= FAR)
		return;
	for (size_t i = 0; i < near->n; i++)
		if (skep_streq(near->best[i].name, name))
			return;
	while (at && near->best[at - 1].distance > d)
		at--;
	if (at == SKEP_NEAREST_MAX)
		return;
	if (near->n == SKEP_NEAREST_MAX)
		free(near->best[--near->n].name);
	memmove(&near->best[at + 1], &near->best[at], (near->n - at) * sizeof(near->best[0]));
	near->best[at].name = strdup(name);
	if (!near->best[at].name)
		skep_oom();
	near->best[at].distance = d;
	near->n++;
}

char *skep_nearest_text(const struct skep_nearest *near, struct skep_arena *arena)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	for (size_t i = 0; i < near->n; i++)
		skep_str_addf(&out, "%s%s", i ? ", " : "", near->best[i].name);
	return skep_arena_strdup(arena, skep_str_text(&out));
}

void skep_nearest_fini(struct skep_nearest *near)
{
	for (size_t i = 0; i < near->n; i++)
		free(near->best[i].name);
	near->n = 0;
}
