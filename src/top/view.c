/* SPDX-License-Identifier: Apache-2.0 */
#include "top/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16
#define NEEDS(sensor) .needs = 1u << SKEP_TOP_##sensor

/* clang-format off */
#define COLUMN(row, heading, label, field_kind, member, field_unit, look, ...)                        \
	{ .title = heading, .name = label, .unit = field_unit, .offset = offsetof(struct row, member), \
	  .size = sizeof(((struct row *)NULL)->member), .kind = SKEP_FIELD_##field_kind,                \
	  .how = SKEP_TOP_##look, __VA_ARGS__ }

static const struct skep_top_column processes[] = {
#define P(...) COLUMN(skep_top_process, __VA_ARGS__)
	P("PID",	"pid",		INT, pid, NULL, ID, .width = 7),
	P("USER",	"user",		STRING, user, NULL, TEXT, .width = 8, .rank = 6),
	P("S",		"state",	STRING, state, NULL, TEXT, .width = 1, .rank = 4),
	P("CPU%",	"cpu",		FLOAT, cpu, "%", PERCENT, .width = 5),
	P("RUNQ%",	"runq",		FLOAT, runq, "%", PERCENT, .width = 5, .rank = 5),
	P("RSS",	"rss",		INT, rss, "By", BYTES, .width = 5, .rank = 1),
	P("FAULT/s",	"faults",	INT, faults, "1/s", COUNT, .width = 7, .rank = 9),
	P("READ/s",	"read",		INT, read, "By/s", BYTES, .width = 6, .rank = 2),
	P("WRITE/s",	"written",	INT, written, "By/s", BYTES, .width = 7, .rank = 2),
	P("NET/s",	"net",		INT, net, "By/s", BYTES, .width = 5, .rank = 3, NEEDS(NET)),
	P("THR",	"threads",	INT, threads, NULL, ID, .width = 4, .rank = 8),
	P("COMMAND",	"comm",		STRING, comm, NULL, TEXT, .width = 6, .max = 15),
	P("CONTAINER",	"container",	STRING, container, NULL, TEXT, .width = 12, .rank = 7, .is_wide = true),
	P(NULL,		"ppid",		INT, ppid, NULL, ID),
};

static const struct skep_top_column groups[] = {
#define G(...) COLUMN(skep_top_group, __VA_ARGS__)
	G("CONTAINER",	"container",	STRING, name, NULL, TEXT, .width = 8, .is_wide = true),
	G("PROCS",	"processes",	INT, processes, NULL, ID, .width = 5, .rank = 8),
	G("CPU%",	"cpu",		FLOAT, cpu, "%", PERCENT, .width = 6),
	G("RUNQ%",	"runq",		FLOAT, runq, "%", PERCENT, .width = 5, .rank = 3),
	G("THROT%",	"throttled",	FLOAT, throttled, "%", PERCENT, .width = 6, .rank = 4, NEEDS(GROUPS)),
	G("MEM",	"mem",		INT, mem, "By", BYTES, .width = 5, .rank = 1, NEEDS(GROUPS)),
	G("FAULT/s",	"faults",	INT, faults, "1/s", COUNT, .width = 7, .rank = 7),
	G("READ/s",	"read",		INT, read, "By/s", BYTES, .width = 6, .rank = 2),
	G("WRITE/s",	"written",	INT, written, "By/s", BYTES, .width = 7, .rank = 2),
	G("NET/s",	"net",		INT, net, "By/s", BYTES, .width = 5, .rank = 2, NEEDS(NET)),
	G("pCPU",	"pcpu",		FLOAT, pcpu, "%", PERCENT, .width = 5, .rank = 5, NEEDS(GROUPS)),
	G("pMEM",	"pmem",		FLOAT, pmem, "%", PERCENT, .width = 5, .rank = 5, NEEDS(GROUPS)),
	G("pIO",	"pio",		FLOAT, pio, "%", PERCENT, .width = 5, .rank = 5, NEEDS(GROUPS)),
};

static const struct skep_top_column files[] = {
#define F(...) COLUMN(skep_top_file, __VA_ARGS__)
	F("PID",	"pid",		INT, pid, NULL, ID, .width = 7, .rank = 2),
	F("COMMAND",	"comm",		STRING, comm, NULL, TEXT, .width = 6, .max = 15, .rank = 1),
	F("READS/s",	"reads",	INT, reads, "1/s", COUNT, .width = 7, .rank = 5, NEEDS(FILES)),
	F("WRITES/s",	"writes",	INT, writes, "1/s", COUNT, .width = 8, .rank = 5, NEEDS(FILES)),
	F("READ/s",	"read",		INT, read, "By/s", BYTES, .width = 6, .rank = 1, NEEDS(FILES)),
	F("WRITE/s",	"written",	INT, written, "By/s", BYTES, .width = 7, NEEDS(FILES)),
	F("LAT",	"latency",	INT, latency_us, "us", TIME_US, .width = 5, .rank = 3, NEEDS(FILES)),
	F("FILE",	"file",		STRING, name, NULL, TEXT, .width = 8, .is_wide = true, NEEDS(FILES)),
};

static const struct skep_top_column connections[] = {
#define C(...) COLUMN(skep_top_connection, __VA_ARGS__)
	C("PID",	"pid",		INT, pid, NULL, ID, .width = 7, .rank = 3),
	C("COMMAND",	"comm",		STRING, comm, NULL, TEXT, .width = 6, .max = 15, .rank = 1),
	C("LOCAL",	"local",	STRING, key.local, NULL, TEXT, .width = 12, .max = 21, .rank = 4),
	C("REMOTE",	"remote",	STRING, key.remote, NULL, TEXT, .width = 8, .is_wide = true),
	C("STATE",	"state",	STRING, state, NULL, TEXT, .width = 11, .rank = 6),
	C("IN/s",	"in",		INT, in, "By/s", BYTES, .width = 5, NEEDS(CONNECTIONS)),
	C("OUT/s",	"out",		INT, out, "By/s", BYTES, .width = 5, .rank = 1, NEEDS(CONNECTIONS)),
	C("RTT",	"rtt",		INT, rtt_us, "us", TIME_US, .width = 5, .rank = 2, NEEDS(CONNECTIONS)),
	C("RETR",	"retransmits",	INT, again, NULL, COUNT, .width = 4, .rank = 5, NEEDS(CONNECTIONS)),
};

#define BIT(sensor) (1u << SKEP_TOP_##sensor)
#define VIEW(rows, type, by, bits) \
	.columns = rows, .n_columns = ARRAY_SIZE(rows), .row_size = sizeof(struct type), .sort = by, .sensors = bits

const struct skep_top_view skep_top_views[SKEP_TOP_N_KINDS] = {
	{ "processes", "process", VIEW(processes, skep_top_process, 3, BIT(TASKS) | BIT(NET)) },
	{ "containers", "container", VIEW(groups, skep_top_group, 2, BIT(TASKS) | BIT(NET) | BIT(GROUPS)) },
	{ "files", "file", VIEW(files, skep_top_file, 5, BIT(TASKS) | BIT(NET) | BIT(FILES)) },
	{ "connections", "connection", VIEW(connections, skep_top_connection, 5, BIT(TASKS) | BIT(NET) | BIT(CONNECTIONS)) },
};
/* clang-format on */

/* --- cells ------------------------------------------------------------------------------------ */

bool skep_top_is_number(const struct skep_top_column *c)
{
	return c->how != SKEP_TOP_TEXT;
}

struct skep_schema_field skep_top_field(const struct skep_top_column *c)
{
	return (struct skep_schema_field){ .name = c->name,
					   .kind = (enum skep_field_kind)c->kind,
					   .offset = c->offset,
					   .size = c->size,
					   .unit = c->unit };
}

double skep_top_value(const struct skep_top_column *c, const void *row)
{
	double value;

	if (c->kind == SKEP_FIELD_INT) {
		struct skep_schema_field field = skep_top_field(c);

		return (double)skep_field_int(&field, row);
	}
	if (c->kind != SKEP_FIELD_FLOAT)
		return 0;
	memcpy(&value, (const char *)row + c->offset, sizeof(value));
	return value;
}

/* "999", "1.2K", "12.3K", "123K" */
static void add_scaled(double n, double step, const char *letters, struct skep_str *out)
{
	unsigned i = 0;

	while (n >= (i ? step * 0.9995 : 999.5) && letters[i]) {
		n /= step;
		i++;
	}
	if (!i)
		skep_str_addf(out, "%.0f", n);
	else
		skep_str_addf(out, n < 99.95 ? "%.1f%c" : "%.0f%c", n, letters[i - 1]);
}

void skep_top_bytes(double bytes, struct skep_str *out)
{
	add_scaled(bytes, 1024, "KMGTP", out);
}

static void add_time(double us, struct skep_str *out)
{
	if (us < 999.5)
		skep_str_addf(out, "%.0fus", us);
	else if (us < 999500)
		skep_str_addf(out, us < 9950 ? "%.1fms" : "%.0fms", us / 1000);
	else
		skep_str_addf(out, us < 9950000 ? "%.1fs" : "%.0fs", us / 1e6);
}

void skep_top_cell(const struct skep_top_column *c, const void *row, struct skep_str *out)
{
	struct skep_schema_field field = skep_top_field(c);
	double n = skep_top_value(c, row);

	switch ((enum skep_top_how)c->how) {
	case SKEP_TOP_TEXT:
		skep_field_cell(&field, row, NULL, out);
		return;
	case SKEP_TOP_ID:
		skep_str_addf(out, "%.0f", n);
		return;
	case SKEP_TOP_COUNT:
		add_scaled(n, 1000, "kMGTP", out);
		return;
	case SKEP_TOP_BYTES:
		skep_top_bytes(n, out);
		return;
	case SKEP_TOP_PERCENT:
		skep_str_addf(out, n < 0 ? "-" : n < 999.95 ? "%.1f" : "%.0f", n);
		return;
	case SKEP_TOP_TIME_US:
		add_time(n, out);
		return;
	}
}

int skep_top_column_find(const struct skep_top_view *view, const char *name, size_t *ret_column)
{
	for (size_t i = 0; i < view->n_columns; i++) {
		if (strcasecmp(view->columns[i].name, name) &&
		    strcasecmp(view->columns[i].title ? view->columns[i].title : "", name))
			continue;
		*ret_column = i;
		return 0;
	}
	return -ENOENT;
}

/* --- rows ------------------------------------------------------------------------------------- */

struct order {
	const struct skep_top_column *by, *columns;
	size_t n_columns;
	bool up;
};

static int compare_column(const struct skep_top_column *c, const void *a, const void *b)
{
	double x, y;

	if (c->kind == SKEP_FIELD_STRING)
		return strncasecmp((const char *)a + c->offset, (const char *)b + c->offset,
				   c->size);
	x = skep_top_value(c, a);
	y = skep_top_value(c, b);
	return x < y ? -1 : x > y;
}

/* Rows that are equal keep one order, whatever the sort: the screen is calm. */
static int compare(const void *a, const void *b, void *data)
{
	const struct order *o = data;
	const void *x = *(const void *const *)a, *y = *(const void *const *)b;
	int r = compare_column(o->by, x, y);

	if (r)
		return o->up ? r : -r;
	for (size_t i = 0; i < o->n_columns; i++) {
		const struct skep_top_column *c = &o->columns[i];

		if (c->how == SKEP_TOP_TEXT || c->how == SKEP_TOP_ID)
			r = compare_column(c, x, y);
		if (r)
			return r;
	}
	return x < y ? -1 : x > y;
}

void skep_top_sort(const struct skep_top_view *view, const struct skep_top_choice *choice,
		   const void **rows, size_t n)
{
	const struct skep_top_column *by = &view->columns[choice->sort];
	bool up = by->how == SKEP_TOP_TEXT || by->how == SKEP_TOP_ID;
	struct order order = { by, view->columns, view->n_columns, up != choice->reversed };

	if (n)
		qsort_r(rows, n, sizeof(*rows), compare, &order);
}

static const struct skep_top_table *table_of(const struct skep_top_watching *w,
					     enum skep_top_kind kind)
{
	switch (kind) {
	case SKEP_TOP_CONTAINERS:
		return &w->groups;
	case SKEP_TOP_FILE_ROWS:
		return &w->files;
	case SKEP_TOP_CONNECTION_ROWS:
		return &w->connections;
	default:
		return &w->processes;
	}
}

static bool is_in_scope(const struct skep_top_watching *w, enum skep_top_kind kind, const void *row,
			bool no_kernel)
{
	const struct skep_top_process *p = row;
	const struct skep_top_group *g = row;
	const struct skep_top_file *f = row;
	const struct skep_top_connection *c = row;

	switch (kind) {
	case SKEP_TOP_CONTAINERS:
		return g->seen;
	case SKEP_TOP_FILE_ROWS:
		return f->idle == 0 && skep_top_in_scope(w, f->pid);
	case SKEP_TOP_CONNECTION_ROWS:
		return skep_top_in_scope(w, c->pid);
	default:
		return !(no_kernel && p->kernel) && (!w->scope || p->in_scope);
	}
}

void skep_top_choose(struct skep_top_rows *rows, const struct skep_top_watching *w,
		     enum skep_top_kind kind, const struct skep_top_choice *choice)
{
	const struct skep_top_view *view = &skep_top_views[kind];
	const struct skep_top_table *table = table_of(w, kind);

	rows->len = rows->n_all = 0;
	for (size_t i = 0; i < table->rows.len; i++) {
		const void *row = table->rows.data[i];

		if (!is_in_scope(w, kind, row, choice->no_kernel))
			continue;
		rows->n_all++;
		if (skep_top_filter_holds(&choice->filter, view, row))
			skep_vec_add(rows, row);
	}
	skep_top_sort(view, choice, rows->data, rows->len);
}

const struct skep_schema *skep_top_schema(enum skep_top_kind kind,
					  const struct skep_top_sensors *sensors)
{
	static struct skep_schema_field fields[COLUMNS_MAX];
	static struct skep_schema schema;
	const struct skep_top_view *view = &skep_top_views[kind];

	schema = (struct skep_schema){
		.name = view->one, .version = 1, .size = (uint32_t)view->row_size, .fields = fields
	};
	for (size_t i = 0; i < view->n_columns && schema.n_fields < COLUMNS_MAX; i++) {
		const struct skep_top_column *c = &view->columns[i];
		bool there = true;

		for (unsigned s = 0; s < SKEP_TOP_N_SENSORS; s++)
			if (c->needs & 1u << s && !sensors->watch[s])
				there = false;
		if (there)
			fields[schema.n_fields++] = skep_top_field(c);
	}
	return &schema;
}
