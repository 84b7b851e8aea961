/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of ps as a table for people, with numbers that are easy to read and as many columns as there is room for; or as JSON
 * and CSV, with all fields and plain numbers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/table.h"
#include "workbench/ps_priv.h"

/* --- the fields, for programs that read --------------------------------------------------------- */

#define AT(member)                                      \
	.offset = offsetof(struct skep_ps_row, member), \
	.size = sizeof(((struct skep_ps_row *)NULL)->member)
#define ID(label, member)                                         \
	{                                                         \
		.name = label, .kind = SKEP_FIELD_INT, AT(member) \
	}
#define TEXT(label, member)                                          \
	{                                                            \
		.name = label, .kind = SKEP_FIELD_STRING, AT(member) \
	}
#define FLOAT(label, member, u)                                                \
	{                                                                      \
		.name = label, .kind = SKEP_FIELD_FLOAT, AT(member), .unit = u \
	}
#define INT(label, member, u)                                                                   \
	{                                                                                       \
		.name = label, .kind = SKEP_FIELD_INT, AT(member), .is_signed = true, .unit = u \
	}

#define OWNER_FIELDS                                                                              \
	ID("pid", pid), TEXT("owner", owner), ID("owners", owners), TEXT("container", container), \
		TEXT("pin", pin)

static const struct skep_schema_field prog_fields[] = {
	/* measured ones first, so that they can be left out */
	FLOAT("runs_per_s", runs_per_s, NULL),
	INT("per_run", ns_per_run, "ns"),
	FLOAT("cpu", cpu_percent, "%"),
	ID("id", id),
	TEXT("kind", kind),
	TEXT("name", name),
	OWNER_FIELDS,
	TEXT("place", place),
	ID("places", places),
	INT("memory", memory, "By"),
	INT("maps_memory", maps_memory, "By"),
	INT("full", full_percent, "%"),
	INT("misses", misses, NULL),
	TEXT("can", can),
	INT("runs_total", runs, NULL),
	INT("run_time", run_ns, "ns"),
	INT("loaded_at", loaded_s, "s"),
	INT("instructions", n_insns, NULL),
	ID("uid", uid),
	TEXT("tag", tag),
};
#define N_MEASURED 3

static const struct skep_schema_field link_fields[] = {
	ID("id", id),
	TEXT("kind", kind),
	ID("prog", prog),
	TEXT("name", name),
	OWNER_FIELDS,
	TEXT("place", place),
	INT("misses", misses, NULL),
};

static const struct skep_schema_field map_fields[] = {
	ID("id", id),
	TEXT("kind", kind),
	TEXT("name", name),
	OWNER_FIELDS,
	INT("key", key_size, "By"),
	INT("value", value_size, "By"),
	INT("max_entries", max_entries, NULL),
	INT("entries", entries, NULL),
	{ .name = "more", .kind = SKEP_FIELD_BOOL, AT(more) },
	INT("full", full_percent, "%"),
	INT("memory", memory, "By"),
	ID("prog", prog),
	ID("progs", places),
};

static struct skep_schema schema_of(const struct skep_ps_show *show)
{
	size_t skip = show->rates ? 0 : N_MEASURED;
	static const char *const names[] = { "program", "link", "map" };
	struct skep_schema schema = { .name = names[show->what],
				      .version = 1,
				      .size = sizeof(struct skep_ps_row) };

	switch (show->what) {
	case SKEP_PS_PROGS:
		schema.fields = prog_fields + skip;
		schema.n_fields = ARRAY_SIZE(prog_fields) - skip;
		break;
	case SKEP_PS_LINKS:
		schema.fields = link_fields;
		schema.n_fields = ARRAY_SIZE(link_fields);
		break;
	case SKEP_PS_MAPS:
		schema.fields = map_fields;
		schema.n_fields = ARRAY_SIZE(map_fields);
		break;
	}
	return schema;
}

static void show_json(struct skep_ps_show *show, const struct skep_ps_rows *rows,
		      struct skep_str *out)
{
	struct skep_schema schema = schema_of(show);

	if (!show->told)
		skep_schema_json(&schema, NULL, out);
	show->told = true;
	skep_str_addf(out, "{\"type\": \"look\", \"rows\": %zu, \"took_ns\": %" PRIu64 "}\n",
		      rows->len, show->took_ns);
	for (size_t i = 0; i < rows->len; i++) {
		skep_str_addf(out, "{\"type\": \"%s\"", schema.name);
		for (size_t f = 0; f < schema.n_fields; f++) {
			const struct skep_schema_field *field = &schema.fields[f];

			skep_str_addf(out, ", \"%s\": ", field->name);
			if (field->is_signed && (int64_t)skep_field_int(field, &rows->data[i]) < 0)
				skep_str_add(out, "null"); /* not known */
			else
				skep_field_json(field, &rows->data[i], NULL, out);
		}
		skep_str_add(out, "}\n");
	}
}

static void show_csv(struct skep_ps_show *show, const struct skep_ps_rows *rows,
		     struct skep_str *out)
{
	struct skep_schema schema = schema_of(show);

	for (size_t i = 0; i < rows->len; i++)
		skep_csv_row(&show->csv, schema.name, &schema, &rows->data[i], NULL, out);
}

/* --- the table ---------------------------------------------------------------------------------- */

enum column {
	COL_ID,
	COL_KIND,
	COL_NAME,
	COL_PID,
	COL_OWNER,
	COL_CONTAINER,
	COL_PLACE,
	COL_WHAT, /* both in one, where room is short */
	COL_RUNS,
	COL_NS,
	COL_CPU,
	COL_MEMORY,
	COL_MAPS,
	COL_FULL,
	COL_MISSES,
	COL_CAN,
	COL_PROG,
	COL_KEY,
	COL_VALUE,
	COL_ENTRIES,
	COL_MAX,
	N_COLS,
};

static const struct skep_table_column columns[N_COLS] = {
	[COL_ID] = { "id", NULL, true, 0, 0 },
	[COL_KIND] = { "kind", NULL, false, 0, 0 },
	[COL_NAME] = { "name", NULL, false, 0, 0 },
	[COL_PID] = { "pid", NULL, true, 0, 0 },
	[COL_OWNER] = { "owner", NULL, false, 0, 0 },
	[COL_CONTAINER] = { "container", NULL, false, 0, 0 },
	[COL_PLACE] = { "where", NULL, false, 0, 0 },
	[COL_WHAT] = { "where", NULL, false, 0, 0 },
	[COL_RUNS] = { "runs/s", NULL, true, 0, 0 },
	[COL_NS] = { "ns", NULL, true, 0, 0 },
	[COL_CPU] = { "cpu%", NULL, true, 0, 0 },
	[COL_MEMORY] = { "mem", NULL, true, 0, 0 },
	[COL_MAPS] = { "maps", NULL, true, 0, 0 },
	[COL_FULL] = { "full%", NULL, true, 0, 0 },
	[COL_MISSES] = { "missed", NULL, true, 0, 0 },
	[COL_CAN] = { "can", NULL, false, 0, 0 },
	[COL_PROG] = { "prog", NULL, true, 0, 0 },
	[COL_KEY] = { "key", NULL, true, 0, 0 },
	[COL_VALUE] = { "value", NULL, true, 0, 0 },
	[COL_ENTRIES] = { "used", NULL, true, 0, 0 },
	[COL_MAX] = { "of", NULL, true, 0, 0 },
};

/* 1234567 becomes "1.2M". */
static void add_short(double n, double unit, struct skep_str *out)
{
	static const char suffixes[] = " KMGTPE";
	unsigned i = 0;

	for (; n >= unit * 0.9995 && suffixes[i + 1]; i++)
		n /= unit;
	if (!i)
		skep_str_addf(out, "%.*f", n > 0 && n < 9.95 && n != (double)(int)n ? 1 : 0, n);
	else
		skep_str_addf(out, "%.*f%c", n < 9.95 ? 1 : 0, n, suffixes[i]);
}

static void add_known(int64_t n, double unit, struct skep_str *out)
{
	if (n < 0)
		skep_str_add(out, "-");
	else if (unit > 0)
		add_short((double)n, unit, out);
	else
		skep_str_addf(out, "%" PRId64, n);
}

static void add_owner(const struct skep_ps_row *row, struct skep_str *out)
{
	if (row->pid)
		skep_str_add(out, row->owner[0] ? row->owner : "(ended)");
	else
		skep_str_add(out, row->pin[0] ? row->pin : "-");
	if (row->owners > 1)
		skep_str_addf(out, " +%u", row->owners - 1);
}

static void add_number(uint32_t n, struct skep_str *out)
{
	if (n)
		skep_str_addf(out, "%u", n);
	else
		skep_str_add(out, "-");
}

static void add_cell(enum column column, const struct skep_ps_row *row, struct skep_str *out)
{
	switch (column) {
	case COL_ID:
		add_number(row->id, out);
		return;
	case COL_KIND:
		skep_str_add(out, row->kind);
		return;
	case COL_NAME:
		skep_str_add(out, row->name[0] ? row->name : "-");
		return;
	case COL_PID:
		add_number(row->pid, out);
		return;
	case COL_OWNER:
		add_owner(row, out);
		return;
	case COL_CONTAINER:
		skep_str_add(out, row->container[0] ? row->container : "-");
		return;
	case COL_PLACE:
		skep_str_add(out, row->place[0] ? row->place : "-");
		return;
	case COL_WHAT: /* a place says of which kind it is */
		if (row->place[0])
			skep_str_add(out, row->place);
		else
			skep_str_addf(out, "(%s)", row->kind);
		return;
	case COL_RUNS:
		if (row->rates)
			add_short(row->runs_per_s, 1000, out);
		else
			skep_str_add(out, "-");
		return;
	case COL_NS:
		add_known(row->ns_per_run, 0, out);
		return;
	case COL_CPU:
		if (row->rates)
			skep_str_addf(out, "%.2f", row->cpu_percent);
		else
			skep_str_add(out, "-");
		return;
	case COL_MEMORY:
		add_known(row->memory, 1024, out);
		return;
	case COL_MAPS:
		add_known(row->maps_memory, 1024, out);
		return;
	case COL_FULL:
		add_known(row->full_percent, 0, out);
		return;
	case COL_MISSES:
		add_known(row->misses, 0, out);
		return;
	case COL_CAN:
		skep_str_add(out, row->can[0] ? row->can : "-");
		return;
	case COL_PROG:
		add_number(row->prog, out);
		return;
	case COL_KEY:
		add_known(row->key_size, 0, out);
		return;
	case COL_VALUE:
		add_known(row->value_size, 0, out);
		return;
	case COL_ENTRIES:
		add_known(row->entries, 0, out);
		skep_str_add(out, row->more ? "+" : "");
		return;
	case COL_MAX:
		add_known(row->max_entries, 0, out);
		return;
	case N_COLS:
		return;
	}
}

/* What there is room for: on terminals of so many columns, 0: always; @below: up to so many. */
struct choice {
	enum column column;
	unsigned from, below;
};

#define SHORT 100

static const struct choice prog_columns[] = {
	{ COL_ID, 0, 0 },	{ COL_KIND, SHORT, 0 },	 { COL_NAME, 0, 0 },
	{ COL_PID, 110, 0 },	{ COL_OWNER, 0, 0 },	 { COL_CONTAINER, 0, 0 },
	{ COL_WHAT, 1, SHORT }, { COL_PLACE, SHORT, 0 }, { COL_RUNS, 0, 0 },
	{ COL_NS, 0, 0 },	{ COL_CPU, 0, 0 },	 { COL_MEMORY, 130, 0 },
	{ COL_MAPS, 130, 0 },	{ COL_FULL, 150, 0 },	 { COL_MISSES, 150, 0 },
	{ COL_CAN, 0, 0 },	{ N_COLS, 0, 0 },
};
static const struct choice link_columns[] = {
	{ COL_ID, 0, 0 },	 { COL_KIND, SHORT, 0 }, { COL_PROG, 0, 0 },
	{ COL_NAME, 0, 0 },	 { COL_PID, SHORT, 0 },	 { COL_OWNER, 0, 0 },
	{ COL_CONTAINER, 0, 0 }, { COL_WHAT, 1, SHORT }, { COL_PLACE, SHORT, 0 },
	{ COL_MISSES, 120, 0 },	 { N_COLS, 0, 0 },
};
static const struct choice map_columns[] = {
	{ COL_ID, 0, 0 },      { COL_KIND, 0, 0 },	{ COL_NAME, 0, 0 },  { COL_PID, 110, 0 },
	{ COL_OWNER, 0, 0 },   { COL_CONTAINER, 0, 0 }, { COL_KEY, 110, 0 }, { COL_VALUE, 110, 0 },
	{ COL_ENTRIES, 0, 0 }, { COL_MAX, 0, 0 },	{ COL_FULL, 0, 0 },  { COL_MEMORY, 0, 0 },
	{ COL_PROG, 120, 0 },  { N_COLS, 0, 0 },
};

/* Without a screen there is room for everything. */
static bool fits(const struct choice *choice, unsigned screen)
{
	return !screen ? !choice->below
		       : screen >= choice->from && (!choice->below || screen < choice->below);
}

static bool any_container(const struct skep_ps_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		if (rows->data[i].container[0])
			return true;
	return false;
}

static bool is_sorted_by(const struct skep_ps_show *show, enum column column)
{
	switch (column) {
	case COL_CPU:
		return show->sort == SKEP_PS_CPU;
	case COL_RUNS:
		return show->sort == SKEP_PS_RUNS;
	case COL_MEMORY:
		return show->sort == SKEP_PS_MEM;
	default:
		return false;
	}
}

static size_t choose(const struct skep_ps_show *show, const struct skep_ps_rows *rows,
		     enum column *ret_columns)
{
	const struct choice *all = show->what == SKEP_PS_PROGS	 ? prog_columns
				   : show->what == SKEP_PS_LINKS ? link_columns
								 : map_columns;
	bool containers = any_container(rows);
	size_t n = 0;

	for (; all->column != N_COLS; all++) {
		bool measured =
			all->column == COL_RUNS || all->column == COL_NS || all->column == COL_CPU;

		if ((!fits(all, show->screen) && !is_sorted_by(show, all->column)) ||
		    (measured && !show->rates) || (all->column == COL_CONTAINER && !containers))
			continue;
		ret_columns[n++] = all->column;
	}
	return n;
}

static void show_table(const struct skep_ps_show *show, const struct skep_ps_rows *rows,
		       size_t limit, struct skep_str *out)
{
	struct skep_table_column heads[N_COLS] = {};
	enum column chosen[N_COLS];
	size_t n = choose(show, rows, chosen), n_rows = limit ? MIN(limit, rows->len) : rows->len;
	_cleanup_(skep_str_fini)
	struct skep_str cell = {};
	struct skep_table *table;

	for (size_t i = 0; i < n; i++)
		heads[i] = columns[chosen[i]];
	table = skep_table_new(heads, n, show->screen);
	for (size_t i = 0; i < n_rows * n; i++) {
		skep_str_reset(&cell);
		add_cell(chosen[i % n], &rows->data[i / n], &cell);
		skep_table_cell(table, skep_str_text(&cell), cell.len);
	}
	skep_table_write(table, true, out);
	skep_table_free(table);
}

void skep_ps_show_rows(struct skep_ps_show *show, const struct skep_ps_rows *rows, size_t limit,
		       struct skep_str *out)
{
	switch (show->format) {
	case SKEP_PS_TABLE:
		show_table(show, rows, limit, out);
		return;
	case SKEP_PS_JSON:
		show_json(show, rows, out);
		return;
	case SKEP_PS_CSV:
		show_csv(show, rows, out);
		return;
	}
}
