/* SPDX-License-Identifier: Apache-2.0 */
/* -l: what can be probed, and what a script would attach. */
#include <errno.h>
#include <string.h>

#include "trace/ahead.h"
#include "trace/job.h"

/* What the listing of @name says of its arguments: the indented lines behind it. */
static void add_details(struct job *job, const char *name, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str listed = {};
	const char *line;
	size_t len = strlen(name);

	if (skep_list_probes(skep_world_get(job->world), name, true, job->options->pid, NULL,
			     &listed) < 0)
		return;
	line = skep_str_text(&listed);
	if (strncmp(line, name, len) != 0 || line[len] != '\n')
		return;
	for (line += len + 1; *line == ' '; line += len) {
		len = strcspn(line, "\n") + 1;
		skep_str_addn(out, line, len);
	}
}

/* -l SCRIPT: what it would attach; BEGIN and END are attached to nothing. */
static int list_script(struct job *job)
{
	struct skep_str *out = skep_output_text(&job->output);
	int r;

	r = skep_job_compile(job);
	if (r < 0)
		return r == -ECANCELED ? 0 : r;
	skep_job_tell(job);
	for (size_t i = 0; i < job->plan->n_probe_names; i++) {
		const char *name = job->plan->probe_names[i];

		if (!strchr(name, ':'))
			continue;
		skep_str_addf(out, "%s\n", name);
		if (job->options->verbose)
			add_details(job, name, out);
	}
	return 0;
}

/* bpftrace names the module of a raw tracepoint; without one in the pattern they are the kernel's own. */
static void name_modules(const char *pattern, const struct skep_str *lines, struct skep_str *out)
{
	static const char kind[] = "rawtracepoint:";
	const char *line = skep_str_text(lines), *module = strchr(pattern, ':'), *end;
	size_t len;

	end = module ? strchr(module + 1, ':') : NULL;
	for (; *line; line += len) {
		len = strcspn(line, "\n") + 1;
		if (!skep_has_prefix(line, kind)) {
			skep_str_addn(out, line, len);
			continue;
		}
		skep_str_add(out, kind);
		if (end && end > module + 1 && module[1] != '*')
			skep_str_addn(out, module + 1, (size_t)(end - module - 1));
		else
			skep_str_add(out, "vmlinux");
		skep_str_addf(out, ":%.*s", (int)(len - strlen(kind)), line + strlen(kind));
	}
}

int skep_job_list(struct job *job)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	const struct skep_trace_options *o = job->options;
	int r;

	if (o->text || o->file)
		return list_script(job);
	if (skep_has_suffix(o->list, ".skep")) {
		r = skep_trace_ahead_list(job->arena, o->list, &job->diag, &out);
		skep_str_addn(skep_output_text(&job->output), skep_str_text(&out), out.len);
		return r;
	}
	r = skep_list_probes(skep_world_get(job->world), *o->list ? o->list : NULL, o->verbose,
			     o->pid, &job->diag, &out);
	if (r < 0)
		return r;
	if (o->as_bpftrace)
		name_modules(o->list, &out, skep_output_text(&job->output));
	else
		skep_str_addn(skep_output_text(&job->output), skep_str_text(&out), out.len);
	return out.len ? 0 : -ENOENT;
}
