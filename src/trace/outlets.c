/* SPDX-License-Identifier: Apache-2.0 */
/* The sinks of --to: opened before a run, closed and accounted for after it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/folded.h"
#include "sink/sink.h"
#include "trace/job.h"

/* What rows and maps are said to belong to: the tool, or the script's file without its folders and ending. */
const char *skep_job_name(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	const char *slash;

	if (o->name || !o->file || skep_streq(o->file, "-"))
		return o->name ? o->name : "script";
	slash = strrchr(o->file, '/');
	slash = slash ? slash + 1 : o->file;
	return skep_arena_strndup(job->arena, slash, strcspn(slash, "."));
}

static int check_rows(struct job *job, struct skep_sink *sink)
{
	const struct skep_schema **rows =
		skep_arena_calloc(job->arena, job->plan->n_actions, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < job->plan->n_actions; i++)
		if (job->plan->actions[i].kind == SKEP_ACTION_ROW)
			rows[n++] = &job->plan->actions[i].schema;
	return skep_sink_takes(sink, rows, n, &job->diag);
}

int skep_job_check_format(struct job *job)
{
	const struct skep_plan *plan = job->plan;
	bool folded = job->options->format == SKEP_LIVE_FOLDED, fits = false;

	if (!folded && job->options->format != SKEP_LIVE_PROM)
		return 0;
	for (size_t i = 0; i < plan->n_maps && !fits; i++)
		fits = skep_plan_shows(plan, i) &&
		       (!folded || skep_folded_has_stack(plan->maps[i].shape.keys,
							 plan->maps[i].shape.n_keys));
	for (size_t i = 0; i < plan->n_actions && !fits && folded; i++)
		fits = skep_folded_has_stack(plan->actions[i].schema.fields,
					     plan->actions[i].schema.n_fields);
	if (fits)
		return 0;
	skep_diag_error(&job->diag, SKEP_NO_LOC, "%s",
			folded ? "--format folded is for stacks, and nothing here has one"
			       : "--format prom is for maps, and no map is shown here");
	skep_diag_hint(
		&job->diag, "%s",
		folded ? "such as @[ustack] = count(), and skep profile; for all else there is "
			 "--format json"
		       : "rows are --format json or csv; --to prom counts them");
	return -EINVAL;
}

int skep_job_open_sinks(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	bool spools = false;

	if (o->n_formats && o->n_to && !o->to_output && !o->output && !o->to_file && !o->quiet)
		fprintf(stderr, "skep: --format has no effect: it is for --to - or a file\n");
	for (size_t i = 0; i < o->n_to; i++) {
		int r = skep_sink_open(o->to[i], skep_job_name(job), &job->diag, &job->sinks[i]);

		if (r >= 0) {
			job->n_sinks++;
			r = check_rows(job, job->sinks[i]);
		}
		job->misused = r == -EINVAL;
		if (r >= 0 && o->spool)
			r = skep_sink_spool(job->sinks[i], o->spool, &job->diag);
		if (r < 0)
			return r;
		spools |= r > 0;
		if (skep_sink_place(job->sinks[i]) && !o->quiet)
			fprintf(stderr, "skep: metrics are at %s\n",
				skep_sink_place(job->sinks[i]));
	}
	if (o->spool && !spools) {
		skep_diag_error(&job->diag, SKEP_NO_LOC, "--spool is for --to otlp");
		skep_diag_hint(&job->diag, "nothing else is sent that could wait");
		job->misused = true;
		return -EINVAL;
	}
	return 0;
}

static void tell_kept(const struct job *job, const struct skep_deliver_counts *counts)
{
	if (counts->earlier && job->options->verbose)
		fprintf(stderr, "skep: %" PRIu64 " items of earlier runs were in the spool\n",
			counts->earlier);
	if (counts->damaged)
		fprintf(stderr, "skep: lost: %" PRIu64 " damaged files of the spool were removed\n",
			counts->damaged);
	if (counts->stay)
		fprintf(stderr,
			"skep: %" PRIu64
			" files of the spool stay: of another protocol, or not readable now\n",
			counts->stay);
	if (counts->no_file)
		fprintf(stderr,
			"skep: %" PRIu64
			" requests found no room in the spool: they waited in memory only\n",
			counts->no_file);
	if (counts->kept)
		fprintf(stderr, "skep: %" PRIu64 " items wait in %s for the next run\n",
			counts->kept, job->options->spool);
}

void skep_job_close_sinks(struct job *job, struct skep_losses *losses)
{
	for (size_t i = 0; i < job->n_sinks; i++) {
		struct skep_deliver_counts counts;

		skep_sink_close(TAKE_PTR(job->sinks[i]), &counts);
		for (int k = 0; losses && k < SKEP_DELIVER_LOSS_MAX; k++)
			skep_losses_add(losses, skep_sink_loss_name(k), skep_sink_loss_text(k),
					NULL, counts.lost[k]);
		job->refused |= !counts.delivered && (counts.lost[SKEP_DELIVER_REJECTED] ||
						      counts.lost[SKEP_DELIVER_UNSENT]);
		if (job->options->verbose)
			fprintf(stderr,
				"skep: --to %s: %" PRIu64 " items delivered in %" PRIu64
				" requests, %" PRIu64 " of them again\n",
				job->options->to[i], counts.delivered, counts.requests,
				counts.retries);
		tell_kept(job, &counts);
		if (counts.no_number)
			fprintf(stderr,
				"skep: --to %s: not sent, as no metric can be made of it (%" PRIu64
				"): %s\n",
				job->options->to[i], counts.no_number, counts.no_number_names);
		if (counts.cut)
			fprintf(stderr,
				"skep: --to %s: keys were left out of maps with more than it takes "
				"at a time (%" PRIu64 "): %s\n",
				job->options->to[i], counts.cut, counts.cut_names);
		if (counts.why[0])
			fprintf(stderr, "skep: %s\n", counts.why);
	}
	job->n_sinks = 0;
}
