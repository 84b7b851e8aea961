/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places. The section of a program says how it is attached, and often where; skep_app_at says it for the others, and
 * otherwise for these. What a place is, and how its text becomes one, is in obj/aim.h.
 */
#include <errno.h>

#include "live/app_priv.h"
#include "obj/aim.h"

static struct skep_spec_attach *record_of(struct skep_app *app, size_t prog)
{
	for (size_t i = 0; i < app->spec.n_attaches; i++)
		if (app->spec.attaches[i].prog == prog)
			return &app->spec.attaches[i];
	return NULL;
}

/* Elements of a map of programs are called from there, and need no place. */
static bool is_called(const struct skep_app *app, size_t prog)
{
	for (size_t i = 0; i < app->spec.n_maps; i++) {
		const struct skep_spec_map *m = &app->spec.maps[i];

		for (size_t k = 0; k < m->n_slots && !m->inner; k++)
			if (m->slots[k].index == prog)
				return true;
	}
	return false;
}

/* Programs that are met by the places of nobody in particular: those whose section does not say where. */
static bool is_open(struct skep_app *app, size_t prog)
{
	const struct skep_spec_prog *p = &app->spec.progs[prog];
	const struct skep_section_row *row;
	const char *target = NULL;

	if (record_of(app, prog) || is_called(app, prog) || !p->section)
		return false;
	row = skep_section_find(p->section + (*p->section == '?'), &target);
	return row && !target && skep_aim_wants(row->attach);
}

static int place_one(struct skep_app *app, size_t prog, bool is_open)
{
	struct skep_spec_prog *p = &app->spec.progs[prog];
	const char **places = skep_arena_calloc(app->arena, app->places.len + 1, sizeof(*places));
	size_t n = 0;

	for (size_t i = 0; i < app->places.len; i++) {
		struct app_place *said = &app->places.data[i];

		if (said->prog ? !skep_streq(said->prog, p->name) : !is_open)
			continue;
		said->used = true;
		places[n++] = said->place;
	}
	if (!n && (record_of(app, prog) || is_called(app, prog)))
		return 0;
	return skep_spec_aim(&app->spec, (uint32_t)prog, places, n, app->arena, &app->diag);
}

/* Hooks with room for one program. */
static bool is_exclusive(const struct skep_spec_prog *p)
{
	return p->type == SKEP_PROG_XDP || p->type == SKEP_PROG_FLOW_DISSECTOR ||
	       p->type == SKEP_PROG_SK_MSG || p->type == SKEP_PROG_SK_SKB;
}

static int refuse_twice(struct skep_app *app, const struct skep_spec_attach *a,
			const struct skep_spec_attach *b, const char *place)
{
	const struct skep_spec_prog *progs = app->spec.progs;

	skep_diag_error(&app->diag, SKEP_NO_LOC,
			"'%s' and '%s' (%s) are both to be attached to %s, which has room for one",
			progs[a->prog].name, progs[b->prog].name, progs[b->prog].section, place);
	skep_diag_hint(&app->diag, "choose with --prog, or give each its own place: --at %s=PLACE",
		       progs[b->prog].name);
	return -EBUSY;
}

/* Whether two records, which may be the same, want the same hook. */
static const char *meet(const struct skep_spec_attach *a, const struct skep_spec_attach *b)
{
	for (size_t i = 0; i < a->n_targets; i++)
		for (size_t k = a == b ? i + 1 : 0; k < b->n_targets; k++)
			if (skep_streq(a->targets[i].name, b->targets[k].name))
				return a->targets[i].name ? a->targets[i].name : "the same place";
	return NULL;
}

static int check_exclusive(struct skep_app *app)
{
	const struct skep_spec *spec = &app->spec;

	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];
		const struct skep_spec_prog *p = &spec->progs[a->prog];

		if (!is_exclusive(p) || !app_prog_is_on(app, a->prog))
			continue;
		for (size_t j = i; j < spec->n_attaches; j++) {
			const struct skep_spec_attach *b = &spec->attaches[j];
			const struct skep_spec_prog *q = &spec->progs[b->prog];
			const char *place;

			if (!app_prog_is_on(app, b->prog) || a->kind != b->kind ||
			    p->type != q->type || p->attach_type != q->attach_type)
				continue;
			place = meet(a, b);
			if (place)
				return refuse_twice(app, a, b, place);
		}
	}
	return 0;
}

static int refuse_unused(struct skep_app *app, const struct app_place *said)
{
	if (said->prog) {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"program '%s' is not loaded, and not attached to %s", said->prog,
				said->place);
		return -EINVAL;
	}
	skep_diag_error(&app->diag, SKEP_NO_LOC,
			"every program says itself where it is attached: none is to %s",
			said->place);
	skep_diag_hint(&app->diag, "to attach one there instead: --at PROGRAM=%s", said->place);
	return -EINVAL;
}

int app_place_all(struct skep_app *app)
{
	bool *open = skep_arena_calloc(app->arena, app->spec.n_progs + 1, sizeof(*open));
	int r = 0;

	/* Before any is placed, so that the order of programs does not matter. */
	for (size_t i = 0; i < app->spec.n_progs; i++)
		open[i] = app_prog_is_on(app, i) && is_open(app, i);
	for (size_t i = 0; i < app->spec.n_progs && r == 0; i++)
		if (app_prog_is_on(app, i))
			r = place_one(app, i, open[i]);
	for (size_t i = 0; i < app->places.len && r == 0; i++)
		if (!app->places.data[i].used)
			r = refuse_unused(app, &app->places.data[i]);
	/* Of what was said, not of the programs. */
	return r == -EINVAL ? -EDESTADDRREQ : r < 0 ? r : check_exclusive(app);
}
