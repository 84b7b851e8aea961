/* SPDX-License-Identifier: Apache-2.0 */
#include "live/watch.h"

#include <errno.h>
#include <string.h>

#include "live/show.h"
#include "live/snapshot.h"
#include "record/row.h"

struct skep_watch {
	struct skep_arena *arena; /* of the plan */
	struct skep_plan *plan;
	const struct skep_engine *engine;
	struct skep_loaded *loaded;
	uint8_t *row;
	skep_watch_row_fn take;
	void *data;
	uint64_t n_bad; /* rows that make no sense */
};

/* --- opening ---------------------------------------------------------------------------------- */

static int compile(struct skep_watch *w, const struct skep_watch_options *o, struct skep_diag *diag)
{
	struct skep_compile_options options = { .source_name = o->name, .scope = o->scope };

	diag->source_name = o->name;
	diag->source_text = o->text;
	diag->source_len = strlen(o->text);
	return skep_compile(w->arena, o->world, o->text, diag->source_len, &options, diag,
			    &w->plan);
}

static int load(struct skep_watch *w, struct skep_diag *diag)
{
	struct skep_load_options options = {};
	struct skep_plan_globals globals;
	struct skep_spec_map *map = NULL;
	int r;

	skep_live_globals(w->plan, w->engine->n_cpus(w->engine), &globals);
	if (w->plan->globals_map >= 0) {
		map = &w->plan->spec->maps[w->plan->globals_map];
		map->data = &globals;
		map->data_size = MIN(sizeof(globals), map->value_size);
	}
	r = w->engine->load(w->engine, w->plan->spec, &options, diag, &w->loaded);
	if (map)
		map->data = NULL;
	return r;
}

static int attach(struct skep_watch *w, struct skep_diag *diag)
{
	const struct skep_spec *spec = w->plan->spec;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < spec->n_attaches; i++)
		if (spec->attaches[i].kind != SKEP_ATTACH_USER)
			r = w->engine->attach(w->loaded, i, diag);
	return MIN(r, 0);
}

static void make_room(struct skep_watch *w)
{
	size_t size = 1;

	for (size_t i = 0; i < w->plan->n_actions; i++)
		size = MAX(size, w->plan->actions[i].schema.size);
	w->row = skep_arena_alloc(w->arena, size);
}

int skep_watch_open(const struct skep_watch_options *options, struct skep_diag *diag,
		    struct skep_watch **ret_watch)
{
	_cleanup_(skep_watch_closep)
	struct skep_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->engine = options->engine;
	w->arena = skep_arena_new();
	r = compile(w, options, diag);
	if (r >= 0)
		r = load(w, diag);
	if (r >= 0)
		r = attach(w, diag);
	if (r < 0)
		return r;
	make_room(w);
	*ret_watch = TAKE_PTR(w);
	return 0;
}

void skep_watch_close(struct skep_watch *w)
{
	if (!w)
		return;
	w->engine->close(w->loaded);
	skep_arena_free(w->arena);
	free(w);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* A row may end behind its last text: zeroes follow. */
static int take_record(void *data, const void *bytes, size_t len)
{
	struct skep_watch *w = data;
	struct skep_row_head head;
	const struct skep_plan_action *action;
	size_t skip = sizeof(head);

	if (len >= skip)
		memcpy(&head, bytes, skip);
	if (len < skip || head.action >= w->plan->n_actions || (head.flags & SKEP_ROW_LONG)) {
		w->n_bad++;
		return 0;
	}
	action = &w->plan->actions[head.action];
	if (action->kind != SKEP_ACTION_ROW)
		return 0;
	len = MIN(len - skip, (size_t)action->schema.size);
	memcpy(w->row, (const uint8_t *)bytes + skip, len);
	memset(w->row + len, 0, action->schema.size - len);
	w->take(w->data, &action->schema, w->row);
	return 0;
}

static int drain(struct skep_watch *w)
{
	struct skep_ring_sink sink = { take_record, w };

	return w->plan->ring_map < 0
		       ? 0
		       : w->engine->ring_drain(w->loaded, (size_t)w->plan->ring_map, &sink);
}

int skep_watch_drain(struct skep_watch *w, skep_watch_row_fn row, void *data)
{
	w->take = row;
	w->data = data;
	return MIN(drain(w), 0);
}

int skep_watch_visit(struct skep_watch *w, skep_watch_row_fn row, void *data)
{
	int r = skep_watch_drain(w, row, data); /* what has come meanwhile is older */

	for (size_t i = 0; r >= 0 && i < w->plan->n_user_probes; i++) {
		if (w->plan->user_probes[i].kind != SKEP_USER_ITER)
			continue;
		do {
			r = w->engine->iter_step(w->loaded, w->plan->user_probes[i].prog);
			if (r >= 0 && drain(w) < 0)
				w->n_bad++;
		} while (r > 0);
	}
	return MIN(r, 0);
}

/* --- maps, and what it costs ------------------------------------------------------------------ */

static size_t find_map(const struct skep_watch *w, const char *name)
{
	size_t i = 0;

	while (i < w->plan->n_maps && !skep_streq(w->plan->maps[i].name, name))
		i++;
	return i;
}

int skep_watch_read(struct skep_watch *w, const char *map, struct skep_arena *arena,
		    struct skep_snapshot *ret_snapshot)
{
	size_t index = find_map(w, map);

	return index == w->plan->n_maps ? -ENOENT
					: skep_map_read(arena, w->plan, w->engine, w->loaded, index,
							NULL, SIZE_MAX, NULL, ret_snapshot);
}

void skep_watch_delete(struct skep_watch *w, const char *map, const void *key)
{
	size_t index = find_map(w, map);
	int r = 0;

	if (index < w->plan->n_maps)
		r = w->engine->map_delete(w->loaded, w->plan->maps[index].spec_map, key);
	(void)r;
}

void skep_watch_losses(struct skep_watch *w, struct skep_losses *losses)
{
	struct skep_losses own = { .session[SKEP_LOSS_BAD_ROW] = w->n_bad };

	if (skep_losses_collect(&own, w->plan, w->engine, w->loaded) == 0)
		for (size_t i = 0; i < own.n_items; i++)
			skep_losses_add(losses, own.items[i].cause, own.items[i].what,
					own.items[i].hint, own.items[i].count);
	losses->n_uncounted += own.n_uncounted;
	skep_losses_fini(&own);
}

uint64_t skep_watch_run_ns(struct skep_watch *w)
{
	uint64_t all = 0, runs, ns;

	for (size_t i = 0; i < w->plan->spec->n_progs; i++)
		if (w->engine->prog_stats(w->loaded, i, &runs, &ns) == 0)
			all += ns;
	return all;
}
