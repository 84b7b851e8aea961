/* SPDX-License-Identifier: Apache-2.0 */
/* The sinks of --to: opened before a run, closed and accounted for after it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sink/sink.h"
#include "trace/job.h"

/* What rows and maps are said to belong to: the tool, or the script's file without its folders and ending. */
static const char *name_of(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	const char *slash;

	if (o->name || !o->file || skep_streq(o->file, "-"))
		return o->name ? o->name : "script";
	slash = strrchr(o->file, '/');
	slash = slash ? slash + 1 : o->file;
	return skep_arena_strndup(job->arena, slash, strcspn(slash, "."));
}

int skep_job_open_sinks(struct job *job)
{
	const struct skep_trace_options *o = job->options;

	for (size_t i = 0; i < o->n_to; i++) {
		int r = skep_sink_open(o->to[i], name_of(job), &job->diag, &job->sinks[i]);

		if (r < 0)
			return r;
		job->n_sinks++;
		if (skep_sink_place(job->sinks[i]) && !o->quiet)
			fprintf(stderr, "skep: metrics are at %s\n",
				skep_sink_place(job->sinks[i]));
	}
	return 0;
}

void skep_job_close_sinks(struct job *job, struct skep_losses *losses)
{
	for (size_t i = 0; i < job->n_sinks; i++) {
		struct skep_deliver_counts counts;

		skep_sink_close(TAKE_PTR(job->sinks[i]), &counts);
		for (int k = 0; losses && k < SKEP_DELIVER_LOSS_MAX; k++)
			skep_losses_add(losses, skep_sink_loss_name(k), skep_sink_loss_text(k),
					NULL, counts.lost[k]);
		if (job->options->verbose)
			fprintf(stderr,
				"skep: --to %s: %" PRIu64 " items delivered in %" PRIu64
				" requests, %" PRIu64 " of them again\n",
				job->options->to[i], counts.delivered, counts.requests,
				counts.retries);
		if (counts.why[0])
			fprintf(stderr, "skep: %s\n", counts.why);
	}
	job->n_sinks = 0;
}
