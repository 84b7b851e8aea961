/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/traces.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define EVERY UINT64_MAX

const uint64_t *skep_traces_seed(void)
{
	static uint64_t random[2];

	if (!random[0] && getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
		random[0] = skep_clock_ns(CLOCK_REALTIME);
		random[1] = (uint64_t)getpid();
	}
	return random;
}

/* NULL: not set, or empty. */
static const char *variable(char *(*get)(const char *name), const char *name)
{
	const char *value = get(name);

	return value && *value ? value : NULL;
}

static uint64_t ratio(char *(*get)(const char *name), struct skep_diag *diag)
{
	const char *text = variable(get, "OTEL_TRACES_SAMPLER_ARG");
	char *end;
	double value = text ? strtod(text, &end) : 1;

	if (text && (*end || !(value >= 0 && value <= 1))) {
		skep_diag_warn(diag, SKEP_NO_LOC, "OTEL_TRACES_SAMPLER_ARG is '%s'; 1 is taken",
			       text);
		skep_diag_hint(diag, "it is a share of all traces, from 0 to 1");
		return EVERY;
	}
	return value == 1 ? EVERY : (uint64_t)(value * 0x1p63);
}

static void read_sampler(struct skep_span_source *source, char *(*get)(const char *name),
			 bool parent_sampled, struct skep_diag *diag)
{
	const char *name = variable(get, "OTEL_TRACES_SAMPLER"), *root = name;

	source->below = EVERY;
	if (!name)
		name = root = "parentbased_always_on";
	if (skep_has_prefix(name, "parentbased_"))
		root += strlen("parentbased_");
	if (skep_streq(root, "always_off")) {
		source->below = 0;
	} else if (skep_streq(root, "traceidratio")) {
		source->below = ratio(get, diag);
	} else if (!skep_streq(root, "always_on")) {
		skep_diag_warn(diag, SKEP_NO_LOC,
			       "OTEL_TRACES_SAMPLER is '%s'; parentbased_always_on is taken", name);
		skep_diag_hint(diag, "it is always_on, always_off or traceidratio, or parentbased_ "
				     "and one of these");
		name = "parentbased_always_on";
	}
	source->parent_below = source->below;
	if (skep_has_prefix(name, "parentbased_"))
		source->parent_below = parent_sampled ? EVERY : 0;
}

void skep_span_source_init(struct skep_span_source *source, char *(*get)(const char *name),
			   struct skep_diag *diag)
{
	const char *parent = variable(get, "TRACEPARENT"),
		   *exporter = variable(get, "OTEL_TRACES_EXPORTER");
	bool sampled = false;

	*source = (struct skep_span_source){ .never = exporter && skep_streq(exporter, "none") };
	skep_traces_init(&source->traces, skep_traces_seed());
	if (parent && !skep_traces_parent(&source->traces, parent, &sampled)) {
		skep_diag_warn(diag, SKEP_NO_LOC, "TRACEPARENT is '%s'; it is left aside", parent);
		skep_diag_hint(diag, "it looks like "
				     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	}
	read_sampler(source, get, sampled, diag);
}

static bool is_kept(const struct skep_span_source *source, const struct skep_span *span)
{
	const struct skep_traces *traces = &source->traces;
	bool is_parents = traces->has_parent &&
			  memcmp(span->trace_id, traces->trace_id, sizeof(span->trace_id)) == 0;
	uint64_t bits = 0, below = is_parents ? source->parent_below : source->below;

	for (unsigned i = 8; i < 16; i++)
		bits = bits << 8 | span->trace_id[i];
	return below == EVERY || (bits & INT64_MAX) < below;
}

enum skep_span_taken skep_span_source_take(struct skep_span_source *source,
					   const struct skep_schema *schema, const void *payload,
					   const struct skep_resolver *resolver,
					   const struct skep_span_time *time,
					   struct skep_span *ret_span)
{
	struct skep_span_time now = { .end_ns = skep_clock_ns(CLOCK_REALTIME) };

	if (!schema->span.kind || source->never)
		return SKEP_SPAN_IS_NONE;
	skep_span_make(&source->traces, schema, payload, resolver, time->end_ns ? time : &now,
		       ret_span);
	if (is_kept(source, ret_span))
		return SKEP_SPAN_TAKEN;
	skep_span_fini(ret_span);
	source->n_left_out++;
	return SKEP_SPAN_LEFT_OUT;
}
