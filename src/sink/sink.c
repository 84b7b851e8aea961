/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sinks, and what all of them have in common. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/sink_priv.h"

static const struct skep_sink_kind *const kinds[] = {
	&skep_sink_otlp,
	&skep_sink_prom,
	&skep_sink_syslog,
	&skep_sink_zipkin,
};

int skep_sink_library_missing(const struct skep_sink *sink, const char *library,
			      const char *package, int r, struct skep_diag *diag)
{
	skep_diag_error(diag, SKEP_NO_LOC, "--to %s needs %s, which is not %s", sink->kind->name,
			library, r == -ENOTSUP ? "part of this program" : "there");
	if (r == -ENOTSUP)
		skep_diag_hint(diag, "skep version tells what is built in");
	else
		skep_diag_hint(diag, "Debian has it in the package %s", package);
	return r;
}

void skep_sink_disabled(const struct skep_sink *sink, struct skep_diag *diag)
{
	skep_diag_warn(diag, SKEP_NO_LOC, "OTEL_SDK_DISABLED is true: --to %s sends nothing",
		       sink->kind->name);
}

static const struct skep_sink_kind *find_kind(const char *to, const char **ret_arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i]->name);

		if (strncmp(to, kinds[i]->name, len) != 0 || (to[len] && to[len] != '='))
			continue;
		*ret_arg = to[len] && to[len + 1] ? to + len + 1 : NULL;
		return kinds[i];
	}
	return NULL;
}

int skep_sink_open(const char *to, const char *name, struct skep_diag *diag,
		   struct skep_sink **ret_sink)
{
	const char *arg;
	const struct skep_sink_kind *kind = find_kind(to, &arg);
	struct skep_deliver_counts nothing;
	struct skep_sink *sink;
	int r = -ENOMEM;

	if (!kind) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is no place that output could go to", to);
		skep_diag_hint(diag, "--to takes otlp[=URL], prom[=ADDRESS:PORT], zipkin[=URL], "
				     "syslog[=udp://HOST:PORT]; for scripts and tools also a "
				     "file: ./FILE");
		return -EINVAL;
	}
	sink = calloc(1, kind->size);
	if (!sink)
		return -ENOMEM;
	sink->kind = kind;
	sink->fd = -1;
	sink->name = strdup(name);
	if (sink->name)
		r = kind->open(sink, arg, diag);
	if (r < 0) {
		skep_sink_close(sink, &nothing);
		return r;
	}
	*ret_sink = sink;
	return 0;
}

int skep_sink_spool(struct skep_sink *sink, const char *where, struct skep_diag *diag)
{
	int r = sink->kind->spool ? sink->kind->spool(sink, where, diag) : 0;

	return r < 0 ? r : !!sink->kind->spool;
}

void skep_sink_row(struct skep_sink *sink, const struct skep_schema *schema, const void *payload,
		   const struct skep_resolver *resolver, uint64_t time_ns)
{
	sink->kind->row(sink, schema, payload, resolver, time_ns);
}

void skep_sink_turn(struct skep_sink *sink, size_t probe)
{
	if (sink->kind->turn)
		sink->kind->turn(sink, probe);
}

void skep_sink_snapshot(struct skep_sink *sink, const struct skep_snapshot *snapshot,
			const struct skep_resolver *resolver, uint64_t start_ns, uint64_t time_ns)
{
	if (sink->kind->snapshot)
		sink->kind->snapshot(sink, snapshot, resolver, start_ns, time_ns);
}

size_t skep_sink_room(const struct skep_sink *sink)
{
	return sink->kind->room ? sink->kind->room(sink) : SIZE_MAX;
}

void skep_sink_set_collect(struct skep_sink *sink, skep_sink_collect_fn *collect, void *data,
			   const struct skep_breath *breath)
{
	sink->breath = breath;
	sink->collect = collect;
	sink->collect_data = data;
}

void skep_sink_set_clock(struct skep_sink *sink, int64_t offset_ns)
{
	sink->clock_offset_ns = offset_ns;
}

int skep_sink_takes(const struct skep_sink *sink, const struct skep_schema *const *rows,
		    size_t n_rows, struct skep_diag *diag)
{
	bool takes = !sink->kind->spans_only;

	if (rows && !n_rows && !sink->kind->snapshot && takes) {
		skep_diag_error(diag, SKEP_NO_LOC, "--to %s takes rows, and '%s' makes none",
				sink->kind->name, sink->name);
		skep_diag_hint(diag, "its maps go to --to otlp, --to prom or a file");
		return -EINVAL;
	}
	for (size_t i = 0; i < n_rows && !takes; i++)
		takes = rows[i]->span.kind;
	if (takes)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "--to %s takes spans, and '%s' makes none",
			sink->kind->name, sink->name);
	skep_diag_hint(diag, "rows that last are spans, such as those of tcplife, biosnoop and "
			     "exitsnoop, or of a script: row NAME { ... } as span { duration: "
			     "FIELD }; --to otlp takes all rows");
	return -EINVAL;
}

void skep_sink_lost(struct skep_sink *sink, const char *probe, const char *cause, uint64_t count)
{
	if (sink->kind->lost)
		sink->kind->lost(sink, probe, cause, count);
}

void skep_sink_counts(struct skep_sink *sink, struct skep_deliver_counts *ret_counts)
{
	*ret_counts = (struct skep_deliver_counts){};
	if (sink->kind->counts)
		sink->kind->counts(sink, ret_counts);
}

const char *skep_sink_kind_name(const struct skep_sink *sink)
{
	return sink->kind->name;
}

int skep_sink_fd(const struct skep_sink *sink)
{
	return sink->fd;
}

const char *skep_sink_place(const struct skep_sink *sink)
{
	return sink->place;
}

void skep_sink_serve(struct skep_sink *sink)
{
	if (sink->kind->serve)
		sink->kind->serve(sink);
}

int skep_sink_idle(struct skep_sink *sink)
{
	return sink->kind->idle ? sink->kind->idle(sink) : -1;
}

void skep_sink_close(struct skep_sink *sink, struct skep_deliver_counts *ret_counts)
{
	*ret_counts = (struct skep_deliver_counts){};
	if (!sink)
		return;
	sink->kind->close(sink, ret_counts);
	free(sink->place);
	free(sink->name);
	free(sink);
}

static const struct {
	const char *name, *text;
} losses[SKEP_DELIVER_LOSS_MAX] = {
	[SKEP_DELIVER_FULL] = { "sink_full",
				"did not fit into the queue, as the receiver is too slow or away" },
	[SKEP_DELIVER_REJECTED] = { "sink_rejected", "were refused by the receiver" },
	[SKEP_DELIVER_UNSENT] = { "sink_unsent", "could not be sent to it at all" },
	[SKEP_DELIVER_LARGE] = { "sink_large", "were in requests too large for the receiver" },
	[SKEP_DELIVER_LATE] = { "sink_late", "were not sent when skep ended" },
	[SKEP_DELIVER_DAMAGED] = { "sink_damaged", "were in a file of the spool that is damaged" },
	[SKEP_DELIVER_SAMPLED] = { "sink_sampled", "were left out as OTEL_TRACES_SAMPLER says" },
	[SKEP_DELIVER_NO_SPAN] = { "sink_no_span", "were no spans, and Zipkin takes nothing else" },
};

const char *skep_sink_loss_name(enum skep_deliver_loss loss)
{
	return losses[loss].name;
}

const char *skep_sink_loss_text(enum skep_deliver_loss loss)
{
	return losses[loss].text;
}
