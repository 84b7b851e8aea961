/* SPDX-License-Identifier: Apache-2.0 */
/* Tools: messages about their scripts. */
#include <errno.h>

#include "trace/job.h"

static bool says(const struct skep_diag *diag, const char *what)
{
	for (size_t i = 0; i < diag->n_items; i++)
		if (skep_has_suffix(diag->items[i].what, what))
			return true;
	return false;
}

/* Who did not change anything of it is not to blame that it cannot be made. */
static bool cannot_run(const struct job *job, int r)
{
	if (r == -ENOTSUP)
		return true;
	for (size_t i = 0; r < 0 && i < job->diag.n_items; i++)
		if (job->diag.items[i].level == SKEP_DIAG_ERROR && job->diag.items[i].loc.line)
			return job->options->name_alone;
	return false;
}

static void add_plain(const char *name, const struct skep_diag_item *item, bool cannot,
		      struct skep_diag *out)
{
	bool is_error = item->level == SKEP_DIAG_ERROR;

	if (!item->loc.line) {
		skep_diag_add(out, item->level, SKEP_NO_LOC, "%s", item->what);
	} else if (cannot && is_error) {
		if (out->n_errors) /* one reason is enough */
			return;
		skep_diag_error(out, SKEP_NO_LOC, "%s cannot run here: %s", name, item->what);
	} else {
		skep_diag_add(out, item->level, SKEP_NO_LOC, "%s: %s", name, item->what);
	}
	/* Hints about lines and parameters are for who writes them. */
	if (item->hint && !skep_has_prefix(item->what, "--") &&
	    (!item->loc.line || (is_error && !cannot)))
		skep_diag_hint(out, "%s", item->hint);
}

int skep_job_plain(struct job *job, int r)
{
	const char *name = job->options->name;
	struct skep_diag plain = {};
	bool cannot;

	if (!name || job->diag.n_items == 0)
		return r;
	cannot = cannot_run(job, r);
	if (!job->options->verbose) {
		for (size_t i = 0; i < job->diag.n_items; i++)
			if (!says(&plain, job->diag.items[i].what))
				add_plain(name, &job->diag.items[i], cannot, &plain);
		skep_diag_fini(&job->diag);
		job->diag = plain;
	}
	return cannot && r < 0 ? -ENOTSUP : r;
}
