/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page that Prometheus reads. libmicrohttpd speaks HTTP, in the session's own thread and without ever waiting: its
 * descriptor is one of those that the session waits for. What is on the page is read from the maps when it is asked for.
 *
 * While a page is made no row is read, so what readers can ask for is bounded: a page is made PAGE_MS after the one before at the
 * earliest, until then all readers share that; and it shows about KEYS_MAX keys. What it leaves out it tells.
 *
 * There are CONNECTIONS_MAX connections, each answers once and ends, at the latest after CONNECTION_MS, when it is silent
 * after SILENT_S, when there are many after CROWDED_MS. Pages that are on their way have at most ANSWERS_MAX bytes and one
 * page more; above that it is 503.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/level.h"
#include "record/prom.h"
#include "sink/address.h"
#include "sink/sink_priv.h"

#ifdef SKEP_HAVE_MICROHTTPD
#include <microhttpd.h>

#include "base/arena.h"
#include "base/dl.h"
#include "base/vec.h"

#define CONNECTIONS_MAX 32
#define CONNECTION_MS 30000
#define SILENT_S 10u
#define CROWDED_MS 1000 /* when more than half of all connections are there */
#define ANSWERS_MAX (64u << 20)
#define PAGE_MS 1000
#define KEYS_MAX 10000 /* on a page; those with histograms count more, see keys_worth() */
#define ROWS_MAX 64    /* kinds of rows that are counted by name */
#define LOST_MAX 256

/* In the order of the names below. */
static struct {
	struct MHD_Daemon *(*start_daemon)(unsigned flags, uint16_t port,
					   MHD_AcceptPolicyCallback accept, void *accept_data,
					   MHD_AccessHandlerCallback handler, void *data, ...);
	void (*stop_daemon)(struct MHD_Daemon *daemon);
	enum MHD_Result (*run)(struct MHD_Daemon *daemon);
	enum MHD_Result (*get_timeout)(struct MHD_Daemon *daemon, unsigned long long *ret_ms);
	const union MHD_DaemonInfo *(*get_daemon_info)(struct MHD_Daemon *daemon,
						       enum MHD_DaemonInfoType type, ...);
	const union MHD_ConnectionInfo *(*get_connection_info)(struct MHD_Connection *connection,
							       enum MHD_ConnectionInfoType type,
							       ...);
	struct MHD_Response *(*create_response)(size_t size, const void *bytes,
						MHD_ContentReaderFreeCallback free, void *data);
	enum MHD_Result (*add_header)(struct MHD_Response *response, const char *name,
				      const char *value);
	enum MHD_Result (*queue_response)(struct MHD_Connection *connection, unsigned status,
					  struct MHD_Response *response);
	void (*destroy_response)(struct MHD_Response *response);
	const char *(*lookup_value)(struct MHD_Connection *connection, enum MHD_ValueKind kind,
				    const char *key);
} mhd;
static const char *const mhd_names[] = {
	"MHD_start_daemon",
	"MHD_stop_daemon",
	"MHD_run",
	"MHD_get_timeout",
	"MHD_get_daemon_info",
	"MHD_get_connection_info",
	"MHD_create_response_from_buffer_with_free_callback_cls",
	"MHD_add_response_header",
	"MHD_queue_response",
	"MHD_destroy_response",
	"MHD_lookup_connection_value",
};
static struct skep_dl mhd_dl = SKEP_DL("libmicrohttpd.so.12", "libmicrohttpd12");

struct count {
	char *name, *more; /* a row's; or a loss's cause and probe, "" for none */
	uint64_t n;
};

struct connection {
	int fd; /* -1: free */
	uint64_t since_ns;
};

struct prom_sink {
	struct skep_sink sink;
	struct MHD_Daemon *daemon;
	struct connection connections[CONNECTIONS_MAX];
	size_t n_open;
	size_t answers; /* bytes of pages that somebody reads or may yet ask for */
	struct count rows[ROWS_MAX], lost[LOST_MAX], cut[ROWS_MAX];
	size_t n_rows, n_lost, n_cut;
	struct {
		SKEP_VEC(struct skep_level);
	} levels; /* one for each kind of row: as many as the script has */
	const struct skep_resolver *resolver; /* of what they name */
	struct skep_prom prom;		      /* of the page that is being made, */
	struct skep_str text;
	size_t keys_left;
	/* The last one, as text and, once somebody has asked, as protobuf; readers hold it as well. */
	struct MHD_Response *page, *messages;
	uint64_t made_ns;
	uint64_t n_pages, n_refused;
};

/* The row with these names; the last one is for all that have no room. */
static uint64_t *counter(struct count *counts, size_t max, size_t *n, const char *name,
			 const char *more)
{
	size_t i = 0;

	while (i < *n && (!skep_streq(counts[i].name, name) || !skep_streq(counts[i].more, more)))
		i++;
	if (i == *n && *n == max)
		return &counts[max - 1].n;
	if (i == *n) {
		bool full = i + 1 == max;

		counts[i] = (struct count){ strdup(full ? "other" : name), strdup(more), 0 };
		if (!counts[i].name || !counts[i].more)
			skep_oom();
		(*n)++;
	}
	return &counts[i].n;
}

static void forget(struct count *counts, size_t *n)
{
	for (size_t i = 0; i < *n; i++) {
		free(counts[i].name);
		free(counts[i].more);
	}
	*n = 0;
}

/* What an interval tells, is what there is until the next. */
static void add_level(struct prom_sink *p, const struct skep_schema *schema, const void *payload,
		      const struct skep_resolver *resolver)
{
	size_t i = 0;

	while (i < p->levels.len && !skep_streq(p->levels.data[i].schema->name, schema->name))
		i++;
	if (i == p->levels.len)
		skep_vec_add(&p->levels, (struct skep_level){});
	p->resolver = resolver;
	skep_level_add(&p->levels.data[i], schema, payload, resolver);
}

static void add_row(struct skep_sink *base, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver, uint64_t time_ns)
{
	struct prom_sink *p = (struct prom_sink *)base;

	++*counter(p->rows, ROWS_MAX, &p->n_rows, schema->name, "");
	if (schema->is_level)
		add_level(p, schema, payload, resolver);
}

static void turn(struct skep_sink *base, size_t probe)
{
	struct prom_sink *p = (struct prom_sink *)base;

	for (size_t i = 0; i < p->levels.len; i++)
		skep_level_turn(&p->levels.data[i], probe);
}

/* So that no page takes longer because each of its keys has many numbers. */
static size_t keys_worth(const struct skep_snapshot *snapshot)
{
	return 1 + snapshot->n_numbers / 8;
}

static size_t room(const struct skep_sink *base)
{
	return ((const struct prom_sink *)base)->keys_left + 1;
}

/* A map that the script prints is on the page when somebody asks. */
static void add_snapshot(struct skep_sink *base, const struct skep_snapshot *snapshot,
			 const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns)
{
	struct prom_sink *p = (struct prom_sink *)base;

	struct skep_snapshot shown = *snapshot;

	if (!p->prom.scope)
		return;
	shown.n_entries = MIN(shown.n_entries, p->keys_left / keys_worth(snapshot));
	p->keys_left -= shown.n_entries * keys_worth(snapshot);
	if (shown.n_entries < snapshot->n_entries)
		++*counter(p->cut, ROWS_MAX, &p->n_cut, snapshot->name, "");
	skep_prom_snapshot(&p->prom, &shown, resolver, &p->text);
}

static void show_levels(struct prom_sink *p)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_snapshot snapshot;

	for (size_t i = 0; i < p->levels.len; i++) {
		const struct skep_level *l = &p->levels.data[i];

		if (skep_level_is_cut(l))
			++*counter(p->cut, ROWS_MAX, &p->n_cut, l->schema->name, "");
		for (enum skep_field_role role = 0; role < SKEP_N_ROLES; role++) {
			skep_level_snapshot(l, role, arena, &snapshot);
			if (snapshot.value_field.n_children)
				add_snapshot(&p->sink, &snapshot, p->resolver, 0, 0);
		}
	}
}

static void add_lost(struct skep_sink *base, const char *probe, const char *cause, uint64_t count)
{
	struct prom_sink *p = (struct prom_sink *)base;

	*counter(p->lost, LOST_MAX, &p->n_lost, cause, probe ? probe : "") += count;
}

static void add_counts(struct prom_sink *p)
{
	struct skep_prom_label labels[] = { { "row", NULL }, {} };

	for (size_t i = 0; i < p->n_rows; i++) {
		labels[0].value = p->rows[i].name;
		skep_prom_count(&p->prom, SKEP_PROM_ROWS, "rows that the script has made", labels,
				1, p->rows[i].n, &p->text);
	}
	labels[0].name = "map";
	for (size_t i = 0; i < p->n_cut; i++) {
		labels[0].value = p->cut[i].name;
		skep_prom_count(&p->prom, SKEP_PROM_CUT,
				"pages that left out keys of the map, as there are too many",
				labels, 1, p->cut[i].n, &p->text);
	}
	labels[0].name = "cause";
	labels[1].name = "probe";
	if (!p->n_lost) /* what can be asked for has to be there before it happens */
		skep_prom_count(&p->prom, SKEP_PROM_LOST, "what was not seen", NULL, 0, 0,
				&p->text);
	for (size_t i = 0; i < p->n_lost; i++) {
		labels[0].value = p->lost[i].name;
		labels[1].value = p->lost[i].more;
		skep_prom_count(&p->prom, SKEP_PROM_LOST, "what was not seen", labels,
				*p->lost[i].more ? 2 : 1, p->lost[i].n, &p->text);
	}
	skep_prom_count(&p->prom, SKEP_PROM_REFUSED,
			"requests that were refused, as too much was asked for", NULL, 0,
			p->n_refused, &p->text);
}

/*
 * Answers.
 */

struct answer {
	struct prom_sink *p;
	size_t size;
	char bytes[];
};

static void release(void *data)
{
	struct answer *a = data;

	a->p->answers -= a->size;
	free(a);
}

static struct MHD_Response *make_answer(struct prom_sink *p, const char *type, const char *text,
					size_t size)
{
	struct answer *a = malloc(sizeof(*a) + size);
	struct MHD_Response *response;

	if (!a)
		return NULL;
	*a = (struct answer){ p, size };
	memcpy(a->bytes, text, size);
	p->answers += size;
	response = mhd.create_response(size, a->bytes, release, a);
	if (!response) {
		release(a);
		return NULL;
	}
	mhd.add_header(response, "Content-Type", type);
	mhd.add_header(response, "Connection", "close");
	return response;
}

static enum MHD_Result answer_text(struct prom_sink *p, struct MHD_Connection *connection,
				   unsigned status, const char *text)
{
	struct MHD_Response *response =
		make_answer(p, "text/plain; charset=utf-8", text, strlen(text));
	enum MHD_Result r;

	if (!response)
		return MHD_NO;
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		mhd.add_header(response, "Allow", "GET, HEAD");
	r = mhd.queue_response(connection, status, response);
	mhd.destroy_response(response);
	return r;
}

/* Who reads it still goes on doing so. */
static void forget_page(struct prom_sink *p)
{
	if (p->page)
		mhd.destroy_response(p->page);
	if (p->messages)
		mhd.destroy_response(p->messages);
	p->page = p->messages = NULL;
}

/* The page as it is now, when the last one is too old. */
static void make_page(struct prom_sink *p)
{
	if (p->page && skep_clock_ns(CLOCK_MONOTONIC) - p->made_ns < PAGE_MS * UINT64_C(1000000))
		return;
	forget_page(p);
	p->prom = (struct skep_prom){ .scope = p->sink.name, .breath = p->sink.breath };
	p->keys_left = KEYS_MAX;
	skep_str_reset(&p->text);
	forget(p->lost, &p->n_lost);
	if (p->sink.collect) {
		p->sink.collect(p->sink.collect_data, &p->sink);
		show_levels(p);
	}
	add_counts(p);
	skep_prom_fini(&p->prom);
	p->page = make_answer(p, SKEP_PROM_TEXT, p->text.data, p->text.len);
	p->made_ns = skep_clock_ns(CLOCK_MONOTONIC);
}

/* What Prometheus asks for when it wants native histograms: it names no other form of these messages. */
static bool wants_messages(struct MHD_Connection *connection)
{
	const char *accept = mhd.lookup_value(connection, MHD_HEADER_KIND, "Accept");

	return accept && strstr(accept, "proto=io.prometheus.client.MetricFamily") &&
	       strstr(accept, "encoding=delimited");
}

/* The page in the form that is wanted; NULL: no memory. */
static struct MHD_Response *page_for(struct prom_sink *p, struct MHD_Connection *connection)
{
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};

	make_page(p);
	if (!p->page || !wants_messages(connection))
		return p->page;
	if (!p->messages) {
		skep_prom_protobuf(skep_str_text(&p->text), p->sink.breath, &bytes);
		p->messages = make_answer(p, SKEP_PROM_PROTOBUF, skep_str_text(&bytes), bytes.len);
	}
	return p->messages;
}

static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	struct prom_sink *p = data;
	struct MHD_Response *page;

	if (!skep_streq(method, "GET") && !skep_streq(method, "HEAD"))
		return answer_text(p, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "there is nothing to change here\n");
	if (skep_streq(url, "/"))
		return answer_text(p, connection, MHD_HTTP_OK, "skep: see /metrics\n");
	if (!skep_streq(url, "/metrics"))
		return answer_text(p, connection, MHD_HTTP_NOT_FOUND, "see /metrics\n");
	page = page_for(p, connection);
	if (!page)
		return MHD_NO;
	if (p->answers > ANSWERS_MAX) {
		p->n_refused++;
		return answer_text(p, connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				   "too many readers are too slow\n");
	}
	p->n_pages++;
	return mhd.queue_response(connection, MHD_HTTP_OK, page);
}

static void watch(void *data, struct MHD_Connection *connection, void **socket,
		  enum MHD_ConnectionNotificationCode code)
{
	struct prom_sink *p = data;
	int fd = mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	int wanted = code == MHD_CONNECTION_NOTIFY_STARTED ? -1 : fd;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &p->connections[i];

		if (c->fd != wanted)
			continue;
		*c = (struct connection){ wanted < 0 ? fd : -1, skep_clock_ns(CLOCK_MONOTONIC) };
		p->n_open += wanted < 0 ? 1 : -1;
		return;
	}
}

/* Who has had enough time is cut off; milliseconds until the next is, -1: nobody is there. */
static int cut_off(struct prom_sink *p)
{
	uint64_t now = skep_clock_ns(CLOCK_MONOTONIC);
	int due_ms = -1, limit_ms;

	limit_ms = p->n_open > CONNECTIONS_MAX / 2 ? CROWDED_MS : CONNECTION_MS;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &p->connections[i];
		uint64_t age_ms = (now - c->since_ns) / 1000000;

		if (c->fd < 0)
			continue;
		if (age_ms >= (uint64_t)limit_ms) {
			shutdown(c->fd, SHUT_RDWR);
			due_ms = 0;
		} else if (due_ms < 0 || limit_ms - (int)age_ms < due_ms) {
			due_ms = limit_ms - (int)age_ms;
		}
	}
	return due_ms;
}

/* Once all connections are taken it looks for new ones only in the run after that in which one has ended. */
static void serve(struct skep_sink *base)
{
	struct prom_sink *p = (struct prom_sink *)base;
	size_t before;

	do {
		before = p->n_open;
		mhd.run(p->daemon);
	} while (p->n_open < before);
}

static int idle(struct skep_sink *base)
{
	struct prom_sink *p = (struct prom_sink *)base;
	unsigned long long ms;
	int due_ms = cut_off(p);

	if (due_ms < 0)
		return -1;
	if (mhd.get_timeout(p->daemon, &ms) == MHD_YES && ms < (unsigned)due_ms)
		due_ms = (int)ms;
	if (due_ms == 0) {
		serve(base);
		due_ms = 10;
	}
	return due_ms;
}

static int start(struct prom_sink *p, int fd, struct skep_diag *diag)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		p->connections[i].fd = -1;
	p->daemon =
		mhd.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, p, MHD_OPTION_LISTEN_SOCKET,
				 fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
				 MHD_OPTION_CONNECTION_TIMEOUT, SILENT_S,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16 * 1024,
				 MHD_OPTION_NOTIFY_CONNECTION, watch, p, MHD_OPTION_END);
	if (!p->daemon) {
		close(fd);
		skep_diag_error(diag, SKEP_NO_LOC, "libmicrohttpd does not start");
		return -ENOMEM;
	}
	p->sink.fd = mhd.get_daemon_info(p->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	return 0;
}

static int open_prom(struct skep_sink *base, const char *arg, struct skep_diag *diag)
{
	struct prom_sink *p = (struct prom_sink *)base;
	_cleanup_(skep_str_fini)
	struct skep_str at = {};
	bool beyond;
	int fd, r = skep_dl_open(&mhd_dl, mhd_names, ARRAY_SIZE(mhd_names), &mhd);

	if (r < 0)
		return skep_sink_library_missing(base, "libmicrohttpd", mhd_dl.package, r, diag);
	fd = skep_address_listen(arg, &at, &beyond, diag);
	if (fd < 0)
		return fd;
	r = start(p, fd, diag);
	if (r < 0)
		return r;
	if (asprintf(&base->place, "http://%s/metrics", at.data) < 0)
		skep_oom();
	if (beyond) {
		skep_diag_warn(diag, SKEP_NO_LOC, "--to prom: other machines can read %s",
			       base->place);
		skep_diag_hint(diag, "without an address only this machine can");
	}
	return 0;
}

static void close_prom(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
	struct prom_sink *p = (struct prom_sink *)base;

	if (p->daemon)
		mhd.stop_daemon(p->daemon);
	forget_page(p);
	ret_counts->requests = ret_counts->delivered = p->n_pages;
	for (size_t i = 0; i < p->levels.len; i++)
		skep_level_fini(&p->levels.data[i]);
	skep_vec_fini(&p->levels);
	forget(p->rows, &p->n_rows);
	forget(p->lost, &p->n_lost);
	forget(p->cut, &p->n_cut);
	skep_str_fini(&p->text);
}

const struct skep_sink_kind skep_sink_prom = {
	.name = "prom",
	.size = sizeof(struct prom_sink),
	.open = open_prom,
	.row = add_row,
	.turn = turn,
	.snapshot = add_snapshot,
	.room = room,
	.lost = add_lost,
	.serve = serve,
	.idle = idle,
	.close = close_prom,
};
#else
static int open_prom(struct skep_sink *base, const char *arg, struct skep_diag *diag)
{
	return skep_sink_library_missing(base, "libmicrohttpd", "libmicrohttpd12", -ENOTSUP, diag);
}

static void close_prom(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
}

const struct skep_sink_kind skep_sink_prom = {
	.name = "prom",
	.size = sizeof(struct skep_sink),
	.open = open_prom,
	.close = close_prom,
};
#endif
