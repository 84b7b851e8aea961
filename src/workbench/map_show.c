/* SPDX-License-Identifier: Apache-2.0 */
/* What maps hold, and which there are. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/mapkind.h"
#include "live/typed.h"
#include "sys/bpf.h"
#include "sys/explain.h"
#include "who/who.h"
#include "workbench/map_priv.h"

void map_print(struct map_printer *p, const struct skep_snapshot *s)
{
	switch (p->show->format) {
	case SKEP_MAP_TABLE:
		skep_snapshot_table(s, 0, 0, p->resolver, p->show->screen, p->out);
		return;
	case SKEP_MAP_JSON:
		skep_snapshot_json(s, 0, 0, false, p->resolver, p->out);
		return;
	case SKEP_MAP_CSV:
		skep_snapshot_csv(&p->csv, s, 0, 0, p->resolver, p->out);
		return;
	case SKEP_MAP_PROM:
		skep_prom_snapshot(&p->prom, s, p->resolver, p->out);
		return;
	}
}

void map_printer_fini(struct map_printer *p)
{
	skep_csv_fini(&p->csv);
	skep_prom_fini(&p->prom);
}

/* Names for numbers; nothing of a plan is there. */
static int open_names(struct skep_who **ret_who)
{
	static const char *const formats[] = {
		[SKEP_TYPED_TIME_BOOT] = "%Y-%m-%dT%H:%M:%S.%f%z",
		[SKEP_TYPED_TIME_MONOTONIC] = "%Y-%m-%dT%H:%M:%S.%f%z",
	};
	struct skep_who_options options = {
		.time_formats = formats,
		.n_time_formats = ARRAY_SIZE(formats),
		.monotonic_format = SKEP_TYPED_TIME_MONOTONIC,
	};

	return skep_who_new(&options, ret_who);
}

static int show_one(struct map_printer *p, const struct skep_feed_map *map,
		    struct skep_arena *arena, struct skep_diag *diag)
{
	struct skep_feed_set set = {};
	size_t n = 0;
	int r = skep_feed_map_read(map, &p->show->options, arena, diag, &set);

	if (r < 0)
		return r;
	for (size_t i = 0; i < set.n; i++) {
		set.items[i].time_ns = p->show->time_ns;
		map_print(p, &set.items[i]);
	}
	for (size_t i = 0; i < set.n; i++)
		n += set.items[i].n_entries;
	if (!n && p->show->format == SKEP_MAP_TABLE)
		skep_diag_add(diag, SKEP_DIAG_NOTE, SKEP_NO_LOC, "map '%s' is empty", map->name);
	if (n && (map->type == SKEP_MAP_QUEUE || map->type == SKEP_MAP_STACK))
		skep_diag_add(
			diag, SKEP_DIAG_NOTE, SKEP_NO_LOC,
			"of '%s' only what comes out next can be seen, and whether there is more cannot",
			map->name);
	if (set.n_more)
		skep_diag_warn(diag, SKEP_NO_LOC, "map '%s' has %zu entries more than are shown",
			       map->name, set.n_more);
	return 0;
}

/* Of several: rings have nothing to see, and constants of the compiler say nothing. */
static bool is_worth(const struct skep_feed_map *map)
{
	return skep_feed_map_has_values(map->type) && (map->name[0] != '.' || map->value_type);
}

static bool is_shown(const struct skep_maps *maps, size_t i)
{
	return maps->n == 1 || is_worth(&maps->items[i].map);
}

/* CSV is one table: its columns are those of all maps. */
static void tell_kinds(struct map_printer *p, const struct skep_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++) {
		_cleanup_(skep_arena_freep)
		struct skep_arena *arena = skep_arena_new();
		struct skep_feed_set set = {};

		if (is_shown(maps, i))
			set = skep_feed_map_shape(&maps->items[i].map, &p->show->options, arena);
		for (size_t k = 0; k < set.n; k++)
			skep_csv_kind_map(&p->csv, &set.items[k]);
	}
	p->csv.begun = p->show->again;
	skep_csv_heading(&p->csv, p->out);
}

int skep_maps_show(const struct skep_maps *maps, const struct skep_map_show *show,
		   struct skep_str *out, struct skep_diag *diag)
{
	_cleanup_(skep_who_freep)
	struct skep_who *who = NULL;
	struct map_printer p = { .show = show, .out = out };
	int r = open_names(&who);

	if (r < 0)
		return r;
	p.resolver = skep_who_resolver(who);
	if (show->format == SKEP_MAP_CSV)
		tell_kinds(&p, maps);
	for (size_t i = 0; i < maps->n && r == 0; i++) {
		_cleanup_(skep_arena_freep)
		struct skep_arena *arena = skep_arena_new();

		if (!is_shown(maps, i))
			continue;
		r = show_one(&p, &maps->items[i].map, arena, diag);
	}
	map_printer_fini(&p);
	return r;
}

int map_show_entry(const struct skep_feed_map *map, const void *key, const void *value,
		   const struct skep_map_show *show, struct skep_arena *arena, struct skep_str *out)
{
	_cleanup_(skep_who_freep)
	struct skep_who *who = NULL;
	struct map_printer p = { .show = show, .out = out };
	struct skep_feed_set set;
	int r = open_names(&who);

	if (r < 0)
		return r;
	p.resolver = skep_who_resolver(who);
	set = skep_feed_map_entry(map, &show->options, key, value, arena);
	for (size_t i = 0; i < set.n; i++)
		map_print(&p, &set.items[i]);
	map_printer_fini(&p);
	return 0;
}

/*
 * The list.
 */

struct line {
	uint32_t id;
	char name[64];
	char kind[24];
	char key[64], value[64];
	uint32_t max_entries;
	char flags[64];
};

#define FIELD(member, k)                                                               \
	{                                                                              \
		.name = #member, .kind = (k), .offset = offsetof(struct line, member), \
		.size = sizeof(((struct line *)0)->member)                             \
	}

static const struct skep_schema_field line_fields[] = {
	FIELD(id, SKEP_FIELD_INT),	 FIELD(name, SKEP_FIELD_STRING),
	FIELD(kind, SKEP_FIELD_STRING),	 FIELD(key, SKEP_FIELD_STRING),
	FIELD(value, SKEP_FIELD_STRING), FIELD(max_entries, SKEP_FIELD_INT),
	FIELD(flags, SKEP_FIELD_STRING),
};

static const struct skep_schema line_schema = {
	.name = "map",
	.version = 1,
	.size = sizeof(struct line),
	.fields = line_fields,
	.n_fields = ARRAY_SIZE(line_fields),
};

/* Of an object, which is not in the kernel. */
static const struct skep_schema object_schema = {
	.name = "map",
	.version = 1,
	.size = sizeof(struct line),
	.fields = line_fields + 1,
	.n_fields = ARRAY_SIZE(line_fields) - 1,
};

static void copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

/* As C has it, or how many bytes. */
static void tell_type(const struct skep_btf *btf, uint32_t type, uint32_t size, char to[64])
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (!size)
		return;
	if (btf && type && skep_btf_kind(btf, type) != SKEP_BTF_DATASEC) {
		skep_btf_format(btf, type, &text);
		copy(to, 64, skep_str_text(&text));
	}
	if (!to[0] || skep_streq(to, "void"))
		snprintf(to, 64, "%u bytes", size);
}

static void tell_flags(uint32_t flags, bool frozen, char to[64])
{
	static const char *const names[] = { "no_prealloc", "no_common_lru", "numa",
					     "rdonly",	    "wronly",	     "build_id",
					     "zero_seed",   "rdonly_prog",   "wronly_prog",
					     "clone",	    "mmapable",	     "preserve_elems",
					     "inner_map",   "link" };
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && len < 64; i++)
		if (flags >> i & 1)
			len += (size_t)snprintf(to + len, 64 - len, "%s%s", len ? "," : "",
						names[i]);
	if (frozen && len < 64)
		snprintf(to + len, 64 - len, "%sfrozen", len ? "," : "");
}

static struct line describe(const struct skep_open_map *m)
{
	const struct skep_map_kind *kind = skep_map_kind_find(m->map.type);
	struct line line = { .id = m->info.id, .max_entries = m->map.max_entries };

	copy(line.name, sizeof(line.name), m->map.name);
	if (kind)
		copy(line.kind, sizeof(line.kind), kind->name);
	else
		snprintf(line.kind, sizeof(line.kind), "kind %u", m->map.type);
	tell_type(m->map.btf, m->map.key_type, m->map.key_size, line.key);
	tell_type(m->map.btf, m->map.value_type, m->map.value_size, line.value);
	tell_flags(m->map.flags, m->info.is_frozen, line.flags);
	return line;
}

struct list {
	enum skep_map_format format;
	struct skep_csv csv;
	struct skep_row_tables tables;
	uint64_t n; /* PROM */
	struct skep_str *out;
};

static void add_json(const struct line *line, struct skep_str *out)
{
	skep_str_add(out, "{\"type\": \"row\", \"name\": \"map\", \"version\": 1, \"fields\": {");
	for (size_t i = 0; i < ARRAY_SIZE(line_fields); i++) {
		skep_str_addf(out, "%s\"%s\": ", i ? ", " : "", line_fields[i].name);
		skep_field_json(&line_fields[i], line, NULL, out);
	}
	skep_str_add(out, "}}\n");
}

static void add_line(struct list *list, const struct skep_open_map *m)
{
	struct line line = describe(m);

	list->n++;
	if (list->format == SKEP_MAP_TABLE)
		skep_row_tables_add(&list->tables, line.id ? &line_schema : &object_schema, &line,
				    NULL, list->out);
	else if (list->format == SKEP_MAP_CSV)
		skep_csv_row(&list->csv, "map", &line_schema, &line, NULL, list->out);
	else if (list->format == SKEP_MAP_JSON)
		add_json(&line, list->out);
}

static int list_kernel(struct list *list, struct skep_diag *diag)
{
	uint32_t id = 0;
	int r;

	while ((r = skep_bpf_next_id(SKEP_BPF_MAP_NEXT_ID, id, &id)) == 0) {
		int fd = skep_bpf_fd_by_id(SKEP_BPF_MAP_FD_BY_ID, id);
		struct skep_open_map m;

		if (fd == -ENOENT) /* gone meanwhile */
			continue;
		r = fd < 0 ? fd : map_of_fd(fd, &m);
		if (r < 0)
			break;
		add_line(list, &m);
		map_fini(&m);
	}
	if (r == -ENOENT)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "cannot list the maps of the kernel: %s",
			skep_explain_errno(r));
	if (r == -EPERM || r == -EACCES)
		skep_explain_privilege(SKEP_TAKES_OTHERS, diag);
	return r;
}

int skep_maps_list(const char *name, enum skep_map_format format, unsigned screen,
		   struct skep_str *out, struct skep_diag *diag)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct list list = { .format = format, .tables.screen = screen, .out = out };
	struct skep_maps maps = {};
	int r = name ? skep_maps_open(name, arena, diag, &maps) : list_kernel(&list, diag);

	for (size_t i = 0; i < maps.n; i++)
		add_line(&list, &maps.items[i]);
	if (r == 0 && format == SKEP_MAP_PROM)
		skep_diag_error(diag, SKEP_NO_LOC,
				"a list is no metric: it has table, json and csv");
	skep_row_tables_write(&list.tables, out);
	skep_row_tables_fini(&list.tables);
	skep_csv_fini(&list.csv);
	skep_maps_close(&maps);
	return r == 0 && format == SKEP_MAP_PROM ? -EINVAL : r;
}
