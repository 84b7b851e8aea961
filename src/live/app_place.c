/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places. The section of a program says how it is attached, and often where; skep_app_at says it for the others, and
 * otherwise for these.
 */
#include <ctype.h>
#include <errno.h>

#include "isa/mapkind.h"
#include "live/app_priv.h"
#include "obj/section.h"

/* What a place is, for messages: by how the program is attached. */
static const char *place_is(enum skep_attach_kind kind)
{
	switch (kind) {
	case SKEP_ATTACH_XDP:
	case SKEP_ATTACH_TC_INGRESS:
	case SKEP_ATTACH_TC_EGRESS:
		return "INTERFACE";
	case SKEP_ATTACH_CGROUP:
		return "DIRECTORY-OF-A-CGROUP";
	case SKEP_ATTACH_KPROBE:
	case SKEP_ATTACH_KRETPROBE:
		return "FUNCTION";
	case SKEP_ATTACH_UPROBE:
	case SKEP_ATTACH_URETPROBE:
		return "FILE:FUNCTION";
	case SKEP_ATTACH_TP:
		return "CATEGORY/EVENT";
	case SKEP_ATTACH_RAW_TP:
		return "TRACEPOINT";
	default:
		return "PLACE";
	}
}

static const struct skep_section_row *row_of(const struct skep_spec_prog *p,
					     const char **ret_target)
{
	const char *name = p->section;

	*ret_target = NULL;
	return name ? skep_section_find(name + (*name == '?'), ret_target) : NULL;
}

/* What the table of sections leaves open. */
static enum skep_attach_kind kind_by_type(const struct skep_spec_prog *p)
{
	if (p->type == SKEP_PROG_XDP && p->attach_type == SKEP_AT_XDP)
		return SKEP_ATTACH_XDP;
	if (p->type == SKEP_PROG_SCHED_CLS)
		return p->attach_type == SKEP_AT_TCX_EGRESS ? SKEP_ATTACH_TC_EGRESS
							    : SKEP_ATTACH_TC_INGRESS;
	if (p->section && skep_has_prefix(p->section, "cgroup"))
		return SKEP_ATTACH_CGROUP;
	return SKEP_ATTACH_USER;
}

/* How a program is attached when its section leaves out where. */
static enum skep_attach_kind kind_of(const struct skep_spec_prog *p)
{
	const char *target;
	const struct skep_section_row *row = row_of(p, &target);

	if (row && row->attach != SKEP_ATTACH_USER)
		return row->attach;
	return kind_by_type(p);
}

/* "vfs_read+0x10" */
static int split_offset(struct skep_app *app, const char *text, const char **ret_name,
			uint64_t *ret_offset)
{
	const char *plus = strrchr(text, '+');
	char *end;

	*ret_name = text;
	*ret_offset = 0;
	if (!plus || !isdigit((unsigned char)plus[1]))
		return 0;
	errno = 0;
	*ret_offset = strtoull(plus + 1, &end, 0);
	if (errno || *end) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "the offset of '%s' is not a number",
				text);
		return -EINVAL;
	}
	*ret_name = skep_arena_strndup(app->arena, text, (size_t)(plus - text));
	return 0;
}

/* "/usr/bin/bash:readline+4", or "/usr/bin/bash:0x1234", an offset in the file. */
static int uprobe_target(struct skep_app *app, const char *text, struct skep_attach_target *target)
{
	const char *colon = strrchr(text, ':');
	char *end;

	if (!colon || colon == text || !colon[1]) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "'%s' is no place of a uprobe", text);
		skep_diag_hint(&app->diag,
			       "it is FILE:FUNCTION, FILE:FUNCTION+OFFSET or FILE:OFFSET");
		return -EINVAL;
	}
	target->name = skep_arena_strndup(app->arena, text, (size_t)(colon - text));
	if (isdigit((unsigned char)colon[1])) {
		target->offset = strtoull(colon + 1, &end, 0);
		if (!*end)
			return 0;
	}
	target->by_symbol = true;
	return split_offset(app, colon + 1, &target->symbol, &target->offset);
}

static int make_target(struct skep_app *app, enum skep_attach_kind kind, const char *text,
		       struct skep_attach_target *ret_target)
{
	struct skep_attach_target target = { .name = text };
	int r = 0;

	if (kind == SKEP_ATTACH_UPROBE || kind == SKEP_ATTACH_URETPROBE)
		r = uprobe_target(app, text, &target);
	else if (kind == SKEP_ATTACH_KPROBE || kind == SKEP_ATTACH_KRETPROBE)
		r = split_offset(app, text, &target.name, &target.offset);
	*ret_target = target;
	return r;
}

static struct skep_spec_attach *record_of(struct skep_app *app, size_t prog)
{
	for (size_t i = 0; i < app->spec.n_attaches; i++)
		if (app->spec.attaches[i].prog == prog)
			return &app->spec.attaches[i];
	return NULL;
}

static struct skep_spec_attach *add_record(struct skep_app *app, size_t prog,
					   enum skep_attach_kind kind)
{
	struct skep_spec *spec = &app->spec;
	struct skep_spec_attach *all =
		skep_arena_calloc(app->arena, spec->n_attaches + 1, sizeof(*all));

	if (spec->n_attaches)
		memcpy(all, spec->attaches, spec->n_attaches * sizeof(*all));
	all[spec->n_attaches] = (struct skep_spec_attach){
		.kind = kind,
		.prog = (uint32_t)prog,
		.probe = spec->progs[prog].section,
	};
	spec->attaches = all;
	return &all[spec->n_attaches++];
}

/* Those verified against one function or tracepoint are so against the place that is said. */
static void aim(struct skep_app *app, struct skep_spec_prog *p, const char *place)
{
	const char *target;
	const struct skep_section_row *row = row_of(p, &target);
	unsigned kind;

	if (!row || !(row->traits & SKEP_SECTION_TYPED))
		return;
	p->attach_btf_id = 0;
	p->attach_btf_name = skep_arena_printf(
		app->arena, "%s%s", skep_section_btf_prefix(row->attach_type, &kind), place);
}

static int place_prog(struct skep_app *app, size_t prog, struct app_place *said,
		      struct skep_attach_target **targets, size_t *n)
{
	struct skep_spec_prog *p = &app->spec.progs[prog];
	enum skep_attach_kind kind = kind_of(p);

	said->used = true;
	if (kind == SKEP_ATTACH_USER) {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"program '%s' (%s) is not attached anywhere: %s is no place for it",
				p->name, p->section, said->place);
		return -EOPNOTSUPP;
	}
	aim(app, p, said->place);
	return make_target(app, kind, said->place, &(*targets)[(*n)++]);
}

/* Elements of a map of programs are called from there. */
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

static int place_missing(struct skep_app *app, size_t prog)
{
	const struct skep_spec_prog *p = &app->spec.progs[prog];
	enum skep_attach_kind kind = kind_of(p);

	if (kind == SKEP_ATTACH_USER || is_called(app, prog))
		return 0;
	skep_diag_error(&app->diag, SKEP_NO_LOC,
			"program '%s' (%s) does not say where it is attached", p->name, p->section);
	skep_diag_hint(&app->diag,
		       "say it: --at %s=%s; or leave the program out: --prog NAME of the others",
		       p->name, place_is(kind));
	return -EDESTADDRREQ;
}

static int place_one(struct skep_app *app, size_t prog)
{
	struct skep_spec_prog *p = &app->spec.progs[prog];
	struct skep_spec_attach *record = record_of(app, prog);
	struct skep_attach_target *targets =
		skep_arena_calloc(app->arena, app->places.len + 1, sizeof(*targets));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < app->places.len && r == 0; i++) {
		struct app_place *said = &app->places.data[i];
		bool meant = said->prog ? skep_streq(said->prog, p->name)
					: !record && kind_of(p) != SKEP_ATTACH_USER;

		if (meant)
			r = place_prog(app, prog, said, &targets, &n);
	}
	if (r < 0)
		return r;
	if (!n)
		return record ? 0 : place_missing(app, prog);
	if (!record)
		record = add_record(app, prog, kind_of(p));
	record->targets = targets;
	record->n_targets = n;
	return 0;
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

static int check_exclusive(struct skep_app *app)
{
	const struct skep_spec *spec = &app->spec;

	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];

		if (!is_exclusive(&spec->progs[a->prog]) || !app_prog_is_on(app, a->prog))
			continue;
		for (size_t j = i; j < spec->n_attaches; j++) {
			const struct skep_spec_attach *b = &spec->attaches[j];

			if (!app_prog_is_on(app, b->prog) ||
			    spec->progs[a->prog].type != spec->progs[b->prog].type ||
			    spec->progs[a->prog].attach_type != spec->progs[b->prog].attach_type)
				continue;
			for (size_t k = 0; k < a->n_targets; k++)
				for (size_t m = i == j ? k + 1 : 0; m < b->n_targets; m++)
					if (skep_streq(a->targets[k].name, b->targets[m].name))
						return refuse_twice(app, a, b, a->targets[k].name);
		}
	}
	return 0;
}

int app_place_all(struct skep_app *app)
{
	for (size_t i = 0; i < app->spec.n_progs; i++) {
		int r = app_prog_is_on(app, i) ? place_one(app, i) : 0;

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < app->places.len; i++) {
		const struct app_place *said = &app->places.data[i];

		if (said->used)
			continue;
		if (said->prog)
			skep_diag_error(&app->diag, SKEP_NO_LOC,
					"program '%s' is not loaded, and not attached to %s",
					said->prog, said->place);
		else
			skep_diag_error(
				&app->diag, SKEP_NO_LOC,
				"every program says itself where it is attached: none is to %s",
				said->place);
		if (!said->prog)
			skep_diag_hint(&app->diag, "to attach one there instead: --at PROGRAM=%s",
				       said->place);
		return -EINVAL;
	}
	return check_exclusive(app);
}
