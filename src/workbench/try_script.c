/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: what they print, their rows and their maps, as skep trace shows them. */
#include <errno.h>
#include <string.h>

#include "live/show.h"
#include "sys/cpus.h"
#include "workbench/try_priv.h"

void try_script_begin(struct try_job *j)
{
	const struct skep_plan *plan = j->input->plan;
	bool kernel = j->with->engine == SKEP_TRY_KERNEL;
	struct skep_spec_map *map;

	if (!plan || plan->globals_map < 0)
		return;
	skep_live_globals(plan, kernel ? skep_cpus_possible() : j->n_cpus, &j->globals);
	j->spec.maps =
		skep_arena_memdup(j->arena, j->spec.maps, j->spec.n_maps * sizeof(*j->spec.maps));
	map = &j->spec.maps[plan->globals_map];
	map->data = &j->globals;
	map->data_size = MIN(sizeof(j->globals), map->value_size);
}

int try_script_end(struct try_job *j)
{
	enum skep_live_format format = j->with->json ? SKEP_LIVE_JSON : SKEP_LIVE_TEXT;
	_cleanup_(skep_str_fini)
	struct skep_str text = {}, lost = {};
	struct skep_losses losses = {};
	int r = skep_live_show(j->input->plan, j->engine, j->loaded, format, j->diag, &losses,
			       &text);

	if (r < 0) {
		skep_diag_error(j->diag, SKEP_NO_LOC, "what the script shows cannot be read: %s",
				strerror(-r));
		return r;
	}
	if (text.len)
		j->result->shown = skep_arena_strdup(j->arena, skep_str_text(&text));
	if (skep_losses_any(&losses)) {
		skep_losses_text(&losses, false, &lost);
		while (lost.len && lost.data[lost.len - 1] == '\n')
			lost.data[--lost.len] = 0;
		try_note(j, skep_arena_strdup(j->arena, skep_str_text(&lost)));
	}
	skep_losses_fini(&losses);
	return 0;
}
