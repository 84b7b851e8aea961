/* SPDX-License-Identifier: Apache-2.0 */
#include "live/feed_print.h"

#include <inttypes.h>
#include <string.h>

/* More than one type may come, so that lines say which they are. What is unknown is not expected. */
static bool is_tagged(const struct skep_feed *feed)
{
	return skep_feed_n_schemas(feed) > 2;
}

static void tell_row(struct skep_feed_printer *p, const struct skep_schema *schema)
{
	skep_csv_kind(&p->csv, schema->name, false, schema->fields, schema->n_fields);
}

/* Of one type alone lines are as its heading says, and what else comes is only counted. */
static void tell_unknown(struct skep_feed_printer *p)
{
	p->shows_unknown = true;
	tell_row(p, skep_feed_schema(p->feed, skep_feed_n_schemas(p->feed) - 1));
}

void skep_feed_print_tell(struct skep_feed_printer *p, const struct skep_feed_map *map,
			  const struct skep_feed_map_options *options)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_feed_set set;

	if (p->format != SKEP_FEED_CSV)
		return;
	set = skep_feed_map_shape(map, options, arena);
	for (size_t i = 0; i < set.n; i++)
		skep_csv_kind_map(&p->csv, &set.items[i]);
	if (set.n && skep_feed_has_rings(p->feed))
		tell_unknown(p);
}

void skep_feed_print_open(struct skep_feed *feed, enum skep_feed_format format, unsigned screen,
			  unsigned height, struct skep_str *out,
			  struct skep_feed_printer *ret_printer)
{
	bool tagged = is_tagged(feed);

	*ret_printer = (struct skep_feed_printer){
		.feed = feed,
		.format = format,
		.tables = { .screen = screen, .height = height, .tagged = tagged },
		.out = out,
	};
	for (size_t i = 0; format == SKEP_FEED_CSV && i + 1 < skep_feed_n_schemas(feed); i++)
		tell_row(ret_printer, skep_feed_schema(feed, i));
	if (format == SKEP_FEED_CSV && skep_feed_n_schemas(feed) != 2 && skep_feed_has_rings(feed))
		tell_unknown(ret_printer);
	for (size_t i = 0; format == SKEP_FEED_JSON && i < skep_feed_n_schemas(feed); i++)
		skep_schema_json(skep_feed_schema(feed, i), NULL, out);
}

static void add_json(struct skep_feed_printer *p, const struct skep_feed_row *row)
{
	const struct skep_schema *schema = row->schema;

	skep_str_add(p->out, "{\"type\": \"row\", \"map\": ");
	skep_json_string(row->map_name, strlen(row->map_name), p->out);
	skep_str_add(p->out, ", \"name\": ");
	skep_json_string(schema->name, strlen(schema->name), p->out);
	skep_str_addf(p->out, ", \"version\": %" PRIu32 ", \"fields\": {", schema->version);
	for (size_t i = 0; i < schema->n_fields; i++) {
		const struct skep_schema_field *f = &schema->fields[i];

		skep_str_add(p->out, i ? ", " : "");
		skep_json_string(f->name, strlen(f->name), p->out);
		skep_str_add(p->out, ": ");
		skep_field_json(f, row->payload, skep_feed_resolver(p->feed), p->out);
	}
	skep_str_add(p->out, "}}\n");
}

int skep_feed_print_row(void *data, const struct skep_feed_row *row)
{
	struct skep_feed_printer *p = data;
	const struct skep_resolver *resolver = skep_feed_resolver(p->feed);

	switch (p->format) {
	case SKEP_FEED_TABLE:
		skep_row_tables_add(&p->tables, row->schema, row->payload, resolver, p->out);
		return 0;
	case SKEP_FEED_CSV:
		if (row->is_unknown && !p->shows_unknown)
			return 0;
		skep_csv_row(&p->csv, row->schema->name, row->schema, row->payload, resolver,
			     p->out);
		return 0;
	case SKEP_FEED_JSON:
		add_json(p, row);
		return 0;
	case SKEP_FEED_PROM: /* has no rows; who reads it wants how many there were (skep_feed_counts) */
		return 0;
	}
	return 0;
}

void skep_feed_print_map(struct skep_feed_printer *p, const struct skep_snapshot *snapshot)
{
	const struct skep_resolver *resolver = skep_feed_resolver(p->feed);

	skep_feed_print_pause(p);
	switch (p->format) {
	case SKEP_FEED_TABLE:
		if (!snapshot->n_entries) {
			skep_str_addf(p->out, "%s: empty\n\n", snapshot->name);
			return;
		}
		skep_snapshot_table(snapshot, 0, 0, resolver, p->tables.screen, p->out);
		return;
	case SKEP_FEED_CSV:
		skep_snapshot_csv(&p->csv, snapshot, 0, 0, resolver, p->out);
		return;
	case SKEP_FEED_JSON:
		skep_snapshot_json(snapshot, 0, 0, false, resolver, p->out);
		return;
	case SKEP_FEED_PROM:
		skep_prom_snapshot(&p->prom, snapshot, resolver, p->out);
		return;
	}
}

void skep_feed_print_pause(struct skep_feed_printer *p)
{
	skep_row_tables_write(&p->tables, p->out);
}

void skep_feed_print_close(struct skep_feed_printer *p)
{
	skep_feed_print_pause(p);
	skep_csv_fini(&p->csv);
	skep_row_tables_fini(&p->tables);
	skep_prom_fini(&p->prom);
}
