/* SPDX-License-Identifier: Apache-2.0 */
#include "record/dashboard.h"

#include "record/level.h"

#include <string.h>

#include "record/record_priv.h"

#define GRID 24
#define HEIGHT 8
#define OF "{instance=~\"$instance\"}"
#define PER "[$__rate_interval]"
#define SOURCE "\"datasource\": {\"type\": \"prometheus\", \"uid\": \"${datasource}\"}"

static void add_quoted(const char *text, struct skep_str *out)
{
	skep_json_string(text, strlen(text), out);
}

/* Grafana's word for a unit of ours; @rate: of its number in a second. */
static const char *unit_of(const char *unit, bool rate)
{
	if (skep_streq(unit, "seconds"))
		return rate ? "none" : "s"; /* how many were at it at a time */
	if (skep_streq(unit, "bytes"))
		return rate ? "Bps" : "bytes";
	if (skep_streq(unit, "ratio"))
		return "percentunit";
	return rate ? "cps" : "short";
}

/* A panel up to its queries. */
static void begin_panel(struct skep_dashboard *d, const char *type, unsigned width,
			const char *title, const char *about, const char *unit)
{
	struct skep_str *out = d->out;

	if (d->x + width > GRID) {
		d->x = 0;
		d->y += HEIGHT;
	}
	skep_str_addf(out,
		      "%s\n    {\"id\": %u, \"type\": \"%s\", \"title\": ", d->n_panels ? "," : "",
		      d->n_panels + 1, type);
	add_quoted(title, out);
	skep_str_add(out, ", \"description\": ");
	add_quoted(about, out);
	skep_str_addf(
		out,
		",\n     \"gridPos\": {\"x\": %u, \"y\": %u, \"w\": %u, \"h\": %u}, " SOURCE
		",\n     \"fieldConfig\": {\"defaults\": {\"unit\": \"%s\"}, \"overrides\": []},"
		" \"options\": {",
		d->x, d->y, width, HEIGHT, unit);
	d->x += width;
	d->n_panels++;
}

/* @expr may hold %s for each of @n names of the metric. */
static void add_target(struct skep_dashboard *d, unsigned index, const char *format,
		       const char *legend, const struct skep_str *expr)
{
	skep_str_addf(d->out,
		      "%s\n       {\"refId\": \"%c\", " SOURCE
		      ", \"format\": \"%s\", \"legendFormat\": \"%s\"%s, \"expr\": ",
		      index ? "," : "", 'A' + (int)index, format, legend,
		      skep_streq(format, "table") ? ", \"instant\": true, \"range\": false" : "");
	add_quoted(skep_str_text(expr), d->out);
	skep_str_addc(d->out, '}');
}

static void begin_targets(struct skep_dashboard *d)
{
	skep_str_add(d->out, "},\n     \"targets\": [");
}

static void end_panel(struct skep_dashboard *d)
{
	skep_str_add(d->out, "]}");
}

/* One query, which the arguments of printf make. */
#define ONE_PANEL(d, type, width, title, about, unit, format, legend, ...) \
	do {                                                               \
		_cleanup_(skep_str_fini)                                   \
		struct skep_str expr_ = {};                                \
                                                                           \
		skep_str_addf(&expr_, __VA_ARGS__);                        \
		begin_panel(d, type, width, title, about, unit);           \
		begin_targets(d);                                          \
		add_target(d, 0, format, legend, &expr_);                  \
		end_panel(d);                                              \
	} while (0)

static void add_rate(struct skep_dashboard *d, const struct skep_prom_metric *m, const char *suffix,
		     const char *title)
{
	ONE_PANEL(d, "timeseries", 12, title, m->help, unit_of(*suffix ? NULL : m->unit, true),
		  "time_series", "__auto",
		  "topk(%d, sum without (instance, job) (rate(%s%s" OF PER ")))",
		  SKEP_DASHBOARD_TOP, m->name, suffix);
}

static void add_histogram(struct skep_dashboard *d, const struct skep_prom_metric *m,
			  const char *title)
{
	static const char *const quantiles[] = { "0.5", "0.9", "0.99" };
	static const char *const legends[] = { "p50", "p90", "p99" };
	struct skep_str expr = {};

	skep_str_addf(&expr, "sum by (le) (increase(%s_bucket" OF PER "))", m->name);
	begin_panel(d, "heatmap", 12, title, m->help, "short");
	skep_str_addf(d->out,
		      "\"calculate\": false, \"yAxis\": {\"unit\": \"%s\"}, \"color\": {\"mode\": "
		      "\"scheme\", \"scheme\": \"Oranges\"}, \"cellGap\": 1",
		      unit_of(m->unit, false));
	begin_targets(d);
	add_target(d, 0, "heatmap", "{{le}}", &expr);
	end_panel(d);
	begin_panel(d, "timeseries", 12, "half, 90 % and 99 % are below", m->help,
		    unit_of(m->unit, false));
	begin_targets(d);
	for (unsigned i = 0; i < ARRAY_SIZE(quantiles); i++) {
		skep_str_reset(&expr);
		skep_str_addf(&expr,
			      "histogram_quantile(%s, sum by (le) (rate(%s_bucket" OF PER ")))",
			      quantiles[i], m->name);
		add_target(d, i, "time_series", legends[i], &expr);
	}
	end_panel(d);
	skep_str_fini(&expr);
}

static void add_summary(struct skep_dashboard *d, const struct skep_prom_metric *m,
			const char *title)
{
	ONE_PANEL(d, "timeseries", 12, title, m->help, unit_of(m->unit, false), "time_series",
		  "__auto",
		  "topk(%d, sum without (instance, job) (rate(%s_sum" OF PER
		  ")) / sum without (instance, job) (rate(%s_count" OF PER ")))",
		  SKEP_DASHBOARD_TOP, m->name, m->name);
	add_rate(d, m, "_count", "how often");
}

/* What is summed up grows, though its numbers have a sign. */
static bool grows(const struct skep_prom_metric *m)
{
	return m->type == SKEP_PROM_COUNTER ||
	       (m->snapshot && m->snapshot->kind == SKEP_SNAPSHOT_SUM && !m->snapshot->n_summed &&
		!m->snapshot->is_level);
}

static void add_metric(void *data, const struct skep_prom_metric *m)
{
	struct skep_dashboard *d = data;
	_cleanup_(skep_str_fini)
	struct skep_str title = {};

	if (m->snapshot &&
	    m->snapshot->name[0] != '@') /* a row: "cpu of container, by container" */
		skep_str_addf(&title, "%.*s%s", (int)strcspn(m->help, ","), m->help,
			      grows(m) ? " per second" : "");
	else
		skep_str_addf(&title, "%s%s",
			      m->snapshot ? m->snapshot->name + strspn(m->snapshot->name, "@")
					  : m->help,
			      grows(m) ? " per second" : "");
	if (m->snapshot && title.len == 0)
		skep_str_add(&title, d->scope);
	if (m->type == SKEP_PROM_HISTOGRAM)
		add_histogram(d, m, skep_str_text(&title));
	else if (m->type == SKEP_PROM_SUMMARY)
		add_summary(d, m, skep_str_text(&title));
	else if (grows(m))
		add_rate(d, m, "", skep_str_text(&title));
	else if (skep_has_suffix(m->name, "_info"))
		ONE_PANEL(d, "table", 24, skep_str_text(&title), m->help, "short", "table",
			  "__auto", "%s" OF, m->name);
	else
		ONE_PANEL(d, "timeseries", 12, skep_str_text(&title), m->help,
			  unit_of(m->unit, false), "time_series", "__auto",
			  "topk(%d, max without (instance, job) (%s" OF "))", SKEP_DASHBOARD_TOP,
			  m->name);
}

void skep_dashboard_map(struct skep_dashboard *d, const struct skep_snapshot *shape)
{
	skep_prom_snapshot(&d->prom, shape, NULL, NULL);
}

/* The whole name of one of skep's own counts. */
static void take_name(void *data, const struct skep_prom_metric *m)
{
	skep_str_add(data, m->name);
}

static void own_name(const char *count, struct skep_str *out)
{
	struct skep_prom prom = { .tell = take_name, .tell_data = out };

	skep_prom_count(&prom, count, "", NULL, 0, 0, NULL);
	skep_prom_fini(&prom);
}

void skep_dashboard_row(struct skep_dashboard *d, const struct skep_schema *schema)
{
	_cleanup_(skep_str_fini)
	struct skep_str title = {}, about = {}, name = {};
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	bool any = false;

	for (enum skep_field_role role = 0; schema->is_level && role < SKEP_N_ROLES; role++) {
		struct skep_snapshot shape = skep_level_shape(schema, role, arena);

		if (!shape.value_field.n_children)
			continue;
		skep_dashboard_map(d, &shape);
		any = true;
	}
	if (any)
		return;
	skep_str_addf(&title, "%s per second", schema->name);
	skep_str_add(&about, "rows with");
	for (size_t i = 0; i < schema->n_fields; i++)
		skep_str_addf(&about, "%s %s", i ? "," : "", schema->fields[i].name);
	own_name(SKEP_PROM_ROWS, &name);
	ONE_PANEL(d, "timeseries", 12, skep_str_text(&title), skep_str_text(&about), "cps",
		  "time_series", "__auto",
		  "sum by (row) (rate(%s{row=\"%s\",instance=~\"$instance\"}" PER "))",
		  skep_str_text(&name), schema->name);
}

static const struct {
	const char *count, *by, *title, *about;
} own[] = {
	{ SKEP_PROM_LOST, "cause, probe", "lost",
	  "what should have been seen and was not, by cause and probe" },
	{ SKEP_PROM_ROWS, "row", "rows", "rows that tools and scripts have made, by name" },
	{ SKEP_PROM_CUT, "map", "pages cut", "pages that left out keys, as there were too many" },
	{ SKEP_PROM_REFUSED, "instance", "pages refused",
	  "requests that were refused, as too much was asked for" },
};

void skep_dashboard_own(struct skep_dashboard *d)
{
	ONE_PANEL(d, "stat", 12, "there", "instances that answer", "short", "time_series", "__auto",
		  "sum by (job) (up" OF ")");
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		_cleanup_(skep_str_fini)
		struct skep_str name = {};

		own_name(own[i].count, &name);
		ONE_PANEL(d, "timeseries", 12, own[i].title, own[i].about, "cps", "time_series",
			  "__auto", "sum by (%s) (rate(%s" OF PER "))", own[i].by,
			  skep_str_text(&name));
	}
}

void skep_dashboard_begin(struct skep_dashboard *d, const char *scope, const char *summary,
			  struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str title = {}, lost = {};

	*d = (struct skep_dashboard){ .scope = scope, .out = out };
	d->prom = (struct skep_prom){ .scope = scope, .tell = add_metric, .tell_data = d };
	skep_str_addf(&title, "skep%s%s", skep_streq(scope, "skep") ? "" : " ",
		      skep_streq(scope, "skep") ? "" : scope);
	own_name(SKEP_PROM_LOST, &lost);
	skep_str_add(out, "{\n  \"uid\": ");
	add_quoted(title.data, out);
	for (char *p = out->data + out->len; p[-1] != ':'; p--)
		if (*p == ' ' && p[1] != '"')
			*p = '-';
	skep_str_add(out, ", \"title\": ");
	add_quoted(title.data, out);
	skep_str_add(out, ", \"description\": ");
	add_quoted(summary ? summary : "", out);
	skep_str_addf(
		out,
		",\n  \"tags\": [\"skep\"], \"schemaVersion\": 39, \"version\": 1, \"editable\": true,\n"
		"  \"timezone\": \"browser\", \"refresh\": \"30s\", \"time\": {\"from\": \"now-1h\", "
		"\"to\": \"now\"},\n"
		"  \"templating\": {\"list\": [\n"
		"    {\"name\": \"datasource\", \"label\": \"Prometheus\", \"type\": \"datasource\", "
		"\"query\": \"prometheus\"},\n"
		"    {\"name\": \"instance\", \"label\": \"instance\", \"type\": \"query\", " SOURCE
		",\n"
		"     \"query\": \"label_values(%s, instance)\", \"refresh\": 2, \"multi\": true, "
		"\"includeAll\": true, \"allValue\": \".*\",\n"
		"     \"current\": {\"text\": \"All\", \"value\": \"$__all\"}}\n"
		"  ]},\n"
		"  \"panels\": [",
		skep_str_text(&lost));
}

void skep_dashboard_end(struct skep_dashboard *d)
{
	skep_str_add(d->out, "\n  ]\n}\n");
	skep_prom_fini(&d->prom);
}

/* An alert: @expr has one %s, the name of the count. */
static void add_alert(const char *alert, const char *count, const char *before, const char *after,
		      const char *hold, const char *summary, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {};

	if (count)
		own_name(count, &name);
	skep_str_addf(out,
		      "      - alert: %s\n"
		      "        expr: %s%s%s\n"
		      "        for: %s\n"
		      "        labels:\n"
		      "          severity: warning\n"
		      "        annotations:\n"
		      "          summary: \"%s\"\n",
		      alert, before, skep_str_text(&name), after, hold, summary);
}

/* A series that is born with its first loss has not increased: it was not there at the beginning of the window. */
static void add_growth(const char *alert, const char *count, const char *by, const char *window,
		       const char *hold, const char *summary, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {}, before = {}, after = {};

	own_name(count, &name);
	skep_str_addf(&before, "sum by (job, instance%s) (increase(", by);
	skep_str_addf(&after, "[%s])) > 0 or sum by (job, instance%s) (%s unless %s offset %s) > 0",
		      window, by, skep_str_text(&name), skep_str_text(&name), window);
	add_alert(alert, count, skep_str_text(&before), skep_str_text(&after), hold, summary, out);
}

void skep_dashboard_alerts(struct skep_str *out)
{
	skep_str_add(out, "groups:\n  - name: skep\n    rules:\n");
	add_alert("SkepDown", NULL, "up{job=~\"skep.*\"} == 0", "", "2m",
		  "skep at {{ $labels.instance }} does not answer", out);
	add_alert("SkepAbsent", SKEP_PROM_LOST, "absent(", ")", "5m", "no skep is scraped at all",
		  out);
	add_growth("SkepLosesEvents", SKEP_PROM_LOST, ", cause", "10m", "0m",
		   "skep at {{ $labels.instance }} loses events: {{ $labels.cause }}", out);
	add_growth("SkepPageCut", SKEP_PROM_CUT, ", map", "15m", "15m",
		   "the page of {{ $labels.instance }} leaves out keys of {{ $labels.map }}", out);
	add_growth("SkepPageRefused", SKEP_PROM_REFUSED, "", "15m", "15m",
		   "skep at {{ $labels.instance }} refuses requests: too much is asked for", out);
}
