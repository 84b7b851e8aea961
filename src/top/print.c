/* SPDX-License-Identifier: Apache-2.0 */
#include "top/print.h"

#include <inttypes.h>

#include "base/clock.h"
#include "record/table.h"

static void add_json(const struct skep_schema *schema, const void *row, uint64_t now_ns,
		     double seconds, struct skep_str *out)
{
	skep_str_add(out, "{\"type\": \"row\", \"time\": ");
	skep_json_time(now_ns, out);
	skep_str_addf(out, ", \"seconds\": %.6f", seconds);
	skep_str_addf(out, ", \"name\": \"%s\", \"version\": %" PRIu32 ", \"fields\": {",
		      schema->name, schema->version);
	for (size_t i = 0; i < schema->n_fields; i++) {
		skep_str_addf(out, "%s\"%s\": ", i ? ", " : "", schema->fields[i].name);
		if (skep_field_is_none(&schema->fields[i], row))
			skep_str_add(out, "null");
		else
			skep_field_json(&schema->fields[i], row, NULL, out);
	}
	skep_str_add(out, "}}\n");
}

/* A table of its own for each look, with its head: columns fit what is in them. */
static void add_table(const struct skep_top_printer *p, const struct skep_schema *schema,
		      const struct skep_top_rows *rows, struct skep_str *out)
{
	struct skep_row_tables tables = { .screen = p->screen };

	for (size_t i = 0; i < rows->len; i++)
		skep_row_tables_add(&tables, schema, rows->data[i], NULL, out);
	skep_row_tables_write(&tables, out);
	skep_row_tables_fini(&tables);
}

void skep_top_print(struct skep_top_printer *p, const struct skep_top_watching *w,
		    enum skep_top_kind kind, const struct skep_top_rows *rows, struct skep_str *out)
{
	const struct skep_schema *schema = skep_top_schema(kind, &w->sensors);
	uint64_t now = skep_clock_ns(CLOCK_REALTIME);

	if (p->format == SKEP_TOP_JSON && !p->began)
		skep_schema_json(schema, NULL, out);
	if (p->format == SKEP_TOP_TABLE_FORMAT && p->began)
		skep_str_addc(out, '\n');
	p->began = true;
	if (p->format == SKEP_TOP_TABLE_FORMAT) {
		add_table(p, schema, rows, out);
		return;
	}
	for (size_t i = 0; i < rows->len; i++)
		if (p->format == SKEP_TOP_JSON)
			add_json(schema, rows->data[i], now, w->passed_s, out);
		else
			skep_csv_row(&p->csv, schema->name, schema, rows->data[i], NULL, out);
}

void skep_top_print_end(struct skep_top_printer *p, const struct skep_top_watching *w,
			struct skep_str *out)
{
	if (p->format == SKEP_TOP_JSON)
		skep_losses_json(&w->losses, out);
}

void skep_top_print_fini(struct skep_top_printer *p)
{
	skep_csv_fini(&p->csv);
}
