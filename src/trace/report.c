/* SPDX-License-Identifier: Apache-2.0 */
/* How a run went: what it cost, what was lost, the exit code. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "trace/job.h"

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* -v: what it cost. */
static void tell_cost(const struct job *job, const struct skep_live_result *result)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr,
		"skep: %zu program%s, %zu probe%s, %" PRIu64
		" row%s; compile %.2f ms CPU, kernel types %.1f ms CPU, load %.1f ms, "
		"attach %.1f ms, detach %.1f ms; %.0f ms CPU and %.1f MiB at most in all\n",
		job->plan->spec->n_progs, plural(job->plan->spec->n_progs), result->n_probes,
		plural(result->n_probes), result->n_rows, plural(result->n_rows),
		ms(job->plan->compile_ns), ms(job->plan->index_ns), ms(result->load_ns),
		ms(result->attach_ns), ms(result->detach_ns),
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3,
		(double)usage.ru_maxrss / 1024);
	if (result->n_runs)
		fprintf(stderr, "skep: %" PRIu64 " run%s of programs, %.0f ns each\n",
			result->n_runs, plural(result->n_runs),
			(double)result->run_ns / (double)result->n_runs);
}

static void tell_losses(struct job *job, struct skep_live_result *result)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const struct skep_trace_options *o = job->options;

	if (o->format == SKEP_LIVE_JSON)
		skep_losses_json(&result->losses, skep_output_text(&job->output));
	if (o->as_bpftrace && !o->failed_reads)
		skep_losses_forget(&result->losses, "read_failed");
	if (!o->quiet)
		skep_losses_text(&result->losses, o->verbose, &text);
	if (text.len) {
		skep_output_flush(&job->output);
		fputs(text.data, stderr);
	}
}

static void tell_budget(struct job *job, const struct skep_live_result *result)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (!result->budget.over)
		return;
	if (job->options->format == SKEP_LIVE_JSON)
		skep_budget_json(&result->budget, skep_output_text(&job->output));
	skep_budget_text(&result->budget, &text);
	skep_output_flush(&job->output);
	fputs(text.data, stderr);
}

int skep_job_report(struct job *job, struct skep_live_result *result)
{
	_cleanup_(skep_str_fini)
	struct skep_str failure = {};
	bool failed;

	skep_job_close_sinks(job, &result->losses);
	skep_output_flush(&job->output);
	skep_losses_add(&result->losses, "disk_full", "records found no room on the disk", NULL,
			job->output.lost_records);
	tell_budget(job, result);
	tell_losses(job, result);
	if (job->options->verbose)
		tell_cost(job, result);
	failed = skep_child_failure(&job->child, &failure) && !result->interrupted;
	if (failed)
		fprintf(stderr, "skep: %s\n", skep_str_text(&failure));
	if (result->n_failed_tests)
		return EXIT_FAILED;
	if (result->exit_status)
		return (int)(result->exit_status & 0xff);
	if (result->budget.over)
		return EXIT_BUDGET;
	return job->refused || (failed && !job->options->as_bpftrace) ? EXIT_FAILED : EXIT_FINE;
}
