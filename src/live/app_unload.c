/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept: shown, and removed. */
#include <errno.h>

#include "isa/progkind.h"
#include "live/app_kept.h"
#include "record/table.h"
#include "sys/bpf.h"
#include "sys/explain.h"
#include "sys/inventory.h"

int skep_app_unload(struct skep_app *app, const char *dir)
{
	char path[SKEP_PINS_PATH_MAX];
	_cleanup_close_ int lock = -1;
	int r = app_kept_path(app, dir, true, path);

	if (r < 0)
		return r;
	lock = skep_pins_lock(path);
	if (lock < 0) {
		skep_diag_error(&app->diag, SKEP_NO_LOC, "somebody else is changing %s", path);
		return lock;
	}
	r = skep_pins_remove(path);
	if (r < 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC, "cannot remove all of %s: %s", path,
				skep_explain_errno(r));
	return r;
}

struct listing {
	struct skep_app *app;
	const char *path;
	enum skep_pin_kind kind;
	enum skep_app_format format;
	struct skep_table *table;
	const struct skep_inventory *inv; /* what links are attached to */
};

/* Where a link goes: "attaches program 7 to tracepoint sched/sched_switch". */
static void describe_link(const struct listing *l, const struct skep_bpf_link_info *link,
			  struct skep_str *out)
{
	const char *before = " to ";

	if (link->type == SKEP_BPF_LINK_STRUCT_OPS) {
		skep_str_addf(out, "registers map %u", link->map.map_id);
		return;
	}
	skep_str_addf(out, "attaches program %u", link->prog_id);
	for (size_t i = 0; i < l->inv->n_places; i++) {
		const struct skep_inventory_place *p = &l->inv->places[i];

		if (p->link != link->id)
			continue;
		skep_str_addf(out, "%s%s%s%s", before, p->kind, *p->text ? " " : "", p->text);
		before = ", ";
	}
}

/* Who has which number, and what it is. */
static int describe(const struct listing *l, int fd, uint32_t *ret_id, struct skep_str *out)
{
	struct skep_bpf_prog_info prog = {};
	struct skep_bpf_map_info map = {};
	struct skep_bpf_link_info link = {};
	const struct skep_map_kind *map_kind;
	const struct skep_prog_kind *prog_kind;
	uint32_t size;
	int r;

	switch (l->kind) {
	case SKEP_PIN_PROG:
		size = sizeof(prog);
		r = skep_bpf_obj_info(fd, &prog, &size);
		prog_kind = skep_prog_kind_find(prog.type);
		*ret_id = prog.id;
		skep_str_add(out, prog_kind ? prog_kind->name : "?");
		return r;
	case SKEP_PIN_MAP:
		size = sizeof(map);
		r = skep_bpf_obj_info(fd, &map, &size);
		map_kind = skep_map_kind_find(map.type);
		*ret_id = map.id;
		skep_str_addf(out, "%s, %u entries", map_kind ? map_kind->name : "?",
			      map.max_entries);
		return r;
	default:
		size = sizeof(link);
		r = skep_bpf_obj_info(fd, &link, &size);
		*ret_id = link.id;
		describe_link(l, &link, out);
		return r;
	}
}

static int list_one(void *data, const char *name)
{
	const struct listing *l = data;
	const char *kind = skep_pin_kinds[l->kind];
	_cleanup_close_ int fd = skep_pins_get(l->path, l->kind, name);
	_cleanup_(skep_str_fini)
	struct skep_str what = {}, number = {};
	uint32_t id = 0;

	/* It may be gone by now, or be nothing of bpf(2). */
	if (fd < 0 || describe(l, fd, &id, &what) < 0)
		return 0;
	if (l->format == SKEP_APP_JSON) {
		struct skep_str *out = &l->app->text;

		skep_str_addf(out, "{\"type\": \"kept\", \"kind\": \"%s\", \"name\": ", kind);
		skep_json_string(name, strlen(name), out);
		skep_str_addf(out, ", \"id\": %u, \"what\": ", id);
		skep_json_string(what.data, what.len, out);
		skep_str_add(out, "}\n");
		return 0;
	}
	skep_str_addf(&number, "%u", id);
	skep_table_cell(l->table, kind, strlen(kind));
	skep_table_cell(l->table, name, strlen(name));
	skep_table_cell(l->table, number.data, number.len);
	skep_table_cell(l->table, what.data, what.len);
	return 0;
}

const char *skep_app_kept_text(struct skep_app *app, const char *dir, enum skep_app_format format)
{
	static const struct skep_table_column columns[] = {
		{ .name = "kind" },
		{ .name = "name" },
		{ .name = "id", .is_number = true },
		{ .name = "what" },
	};
	_cleanup_(skep_table_freep)
	struct skep_table *table =
		skep_table_new(columns, ARRAY_SIZE(columns), app->options.columns);
	char path[SKEP_PINS_PATH_MAX];
	_cleanup_(skep_inventory_freep)
	struct skep_inventory *inv = NULL;
	struct listing l = { app, path, 0, format, table, NULL };

	skep_str_reset(&app->text);
	if (app_kept_path(app, dir, true, path) < 0)
		return NULL;
	if (skep_inventory_new(&inv) < 0)
		return NULL;
	/* Without it the list says less. */
	(void)!skep_inventory_take(inv, &(struct skep_inventory_options){}, NULL);
	l.inv = inv;
	for (int kind = 0; kind < SKEP_PIN_KINDS; kind++) {
		l.kind = (enum skep_pin_kind)kind;
		if (skep_pins_each(path, l.kind, list_one, &l) < 0)
			skep_diag_warn(&app->diag, SKEP_NO_LOC, "cannot read %s/%s", path,
				       skep_pin_kinds[kind]);
	}
	if (format != SKEP_APP_JSON)
		skep_table_write(table, true, &app->text);
	return skep_str_text(&app->text);
}
