/* SPDX-License-Identifier: Apache-2.0 */
/* --match: which rows are shown. */
#include <errno.h>

#include "live/match.h"
#include "trace/job.h"

static bool any_row_knows(const struct skep_plan *plan, const struct skep_match *match)
{
	for (size_t i = 0; i < plan->n_actions; i++)
		if (plan->actions[i].kind == SKEP_ACTION_ROW &&
		    skep_match_knows(match, &plan->actions[i].schema))
			return true;
	return false;
}

int skep_job_open_matches(struct job *job)
{
	const struct skep_trace_options *o = job->options;

	for (size_t i = 0; i < o->n_match; i++) {
		int r = skep_match_new(o->match[i], &job->diag, &job->matches[i]);

		if (r < 0) {
			job->misused = r == -EINVAL;
			return r;
		}
		if (any_row_knows(job->plan, job->matches[i]))
			continue;
		skep_diag_error(&job->diag, SKEP_NO_LOC, "--match %s: no row has such a column",
				o->match[i]);
		skep_diag_hint(&job->diag, "--schema lists the columns; of maps there are no rows");
		job->misused = true;
		return -EINVAL;
	}
	return 0;
}

void skep_job_close_matches(struct job *job)
{
	for (size_t i = 0; i < ARRAY_SIZE(job->matches); i++)
		skep_match_free(job->matches[i]);
}
