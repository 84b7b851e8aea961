/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: what TCP counts of each, and whose it is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "top/watching.h"

/* The kernel's numbers. */
static const char *const states[] = {
	"?",	      "established", "syn-sent",     "syn-received", "fin-wait-1",
	"fin-wait-2", "time-wait",   "closed",	     "close-wait",   "last-ack",
	"listening",  "closing",     "syn-received",
};

static void address(const struct skep_schema *schema, const void *row, const char *name,
		    uint64_t port, char *ret_text, size_t size)
{
	char text[48];

	if (!port) {
		snprintf(ret_text, size, "*");
		return;
	}
	skep_top_text(schema, row, name, text, sizeof(text));
	if (skep_has_prefix(text, "::ffff:") && strchr(text, '.')) /* IPv4 in a socket of IPv6 */
		memmove(text, text + strlen("::ffff:"), strlen(text + strlen("::ffff:")) + 1);
	snprintf(ret_text, size, strchr(text, ':') ? "[%s]:%" PRIu64 : "%s:%" PRIu64, text, port);
}

static uint64_t grow(uint64_t *total, uint64_t now, bool known)
{
	uint64_t d = known && now > *total ? now - *total : 0;

	*total = now;
	return d;
}

/* One that was never seen has begun since the last look, if there was one: then all of it counts. */
static void take(void *data, const struct skep_schema *schema, const void *row)
{
	struct skep_top_watching *w = data;
	struct skep_top_connection_key key = { .id = skep_top_number(schema, row, "id") };
	uint64_t state = skep_top_number(schema, row, "state");
	bool last = skep_top_number(schema, row, "last"), is_new;
	bool known = w->before & 1u << SKEP_TOP_CONNECTIONS;
	struct skep_top_connection *c;

	address(schema, row, "laddr", skep_top_number(schema, row, "lport"), key.local,
		sizeof(key.local));
	address(schema, row, "raddr", skep_top_number(schema, row, "rport"), key.remote,
		sizeof(key.remote));
	c = skep_top_table_get(&w->connections, &key, &is_new);
	if (!c || (c->seen && !last)) /* another process has it, too */
		return;
	c->got_sum += grow(&c->got_total, skep_top_number(schema, row, "got"), known);
	c->sent_sum += grow(&c->sent_total, skep_top_number(schema, row, "sent"), known);
	c->again_sum += grow(&c->again_total, skep_top_number(schema, row, "again"), known);
	c->rtt_us = skep_top_number(schema, row, "rtt");
	if (!last || is_new || c->ended)
		c->pid = (uint32_t)skep_top_number(schema, row, "pid");
	c->seen = true;
	c->ended = last;
	if (last)
		c->got_total = c->sent_total = c->again_total = 0;
	snprintf(c->state, sizeof(c->state), "%s",
		 last ? "closed" : states[state < ARRAY_SIZE(states) ? state : 0]);
}

static bool is_there(void *row, void *data)
{
	(void)data;
	return ((struct skep_top_connection *)row)->seen;
}

void skep_top_look_connections(struct skep_top_watching *w)
{
	struct skep_watch *watch = w->sensors.watch[SKEP_TOP_CONNECTIONS];

	if (!watch)
		return;
	if (skep_watch_visit(watch, take, w) < 0)
		skep_top_sensor_close(&w->sensors, SKEP_TOP_CONNECTIONS, "its iterator ended");
	skep_top_table_sweep(&w->connections, is_there, NULL);
	for (size_t i = 0; i < w->connections.rows.len; i++) {
		struct skep_top_connection *c = w->connections.rows.data[i];
		const struct skep_top_process *p = c->pid ? skep_top_process_of(w, c->pid) : NULL;

		c->in = skep_top_rate(w, c->got_sum);
		c->out = skep_top_rate(w, c->sent_sum);
		c->again = c->again_sum;
		/* From here on it is of the next look. */
		c->got_sum = c->sent_sum = c->again_sum = 0;
		c->seen = false;
		snprintf(c->comm, sizeof(c->comm), "%s", p ? p->comm : "");
	}
}

void skep_top_drain_connections(struct skep_top_watching *w)
{
	struct skep_watch *watch = w->sensors.watch[SKEP_TOP_CONNECTIONS];

	if (watch && skep_watch_drain(watch, take, w) < 0)
		return; /* the next look tells */
}
