/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dashboard: what Prometheus has from skep's pages (prom.h), as Grafana's dashboards (JSON) and as alert rules (YAML).
 *
 *	counter, sum	rate, at most SKEP_DASHBOARD_TOP lines		histogram	heat map, and quantiles beside it
 *	gauge		lines						summary		average, and rate
 *	_info		a table						rows		rate by kind
 *
 * Names of metrics are asked of prom.c, so they are those that the page has. Each panel takes the data source and the
 * instances from the dashboard's variables.
 *
 *	struct skep_dashboard d;
 *	skep_dashboard_begin(&d, "biolatency", summary, &out);
 *	skep_dashboard_map(&d, &plan->maps[i].shape);		// or _row(&d, &schema)
 *	skep_dashboard_end(&d);
 */
#pragma once

#include "record/prom.h"

#define SKEP_DASHBOARD_TOP 20

struct skep_dashboard {
	const char *scope;
	struct skep_str *out;
	unsigned n_panels, x, y; /* of the next, in units of Grafana's grid */
	struct skep_prom prom;
};

/* @summary: one line, or NULL. */
void skep_dashboard_begin(struct skep_dashboard *d, const char *scope, const char *summary,
			  struct skep_str *out);
/* The panels of a map; of its shape no entries are looked at. */
void skep_dashboard_map(struct skep_dashboard *d, const struct skep_snapshot *shape);
void skep_dashboard_row(struct skep_dashboard *d, const struct skep_schema *schema);
/* How skep itself is: what was lost and left out. */
void skep_dashboard_own(struct skep_dashboard *d);
void skep_dashboard_end(struct skep_dashboard *d);

/* Rules for Prometheus: something was lost, a page is cut, nobody is there. */
void skep_dashboard_alerts(struct skep_str *out);
