/* SPDX-License-Identifier: Apache-2.0 */
/* `skep schema`: what a tool or script writes, as JSON Schema. */
#include <string.h>

#include "live/line_schema.h"
#include "trace/job.h"
#include "trace/tool.h"

/* "laddr, lport": one text may be about several columns. */
static const char *meaning(void *data, const char *field)
{
	const struct skep_tool *tool = data;
	size_t len = strlen(field);

	for (size_t i = 0; len && i < tool->n_columns; i++) {
		const char *p = tool->columns[i].term;

		for (; *p; p += strspn(p, ", ")) {
			size_t n = strcspn(p, ", ");

			if (n == len && strncmp(p, field, n) == 0)
				return tool->columns[i].text;
			p += n;
		}
	}
	return NULL;
}

void skep_job_schema(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	const struct skep_tool *tool = o->name ? skep_tool_find(o->name, job->arena) : NULL;
	struct skep_line_about about = {
		.name = skep_job_name(job),
		.summary = tool ? tool->summary : NULL,
		.words = { tool ? meaning : NULL, (void *)tool },
		.mode = o->mode == SKEP_COMPILE_TEST	? SKEP_LINES_TEST
			: o->mode == SKEP_COMPILE_BENCH ? SKEP_LINES_BENCH
							: SKEP_LINES_RUN,
	};

	skep_live_json_schema(job->plan, &about, skep_output_text(&job->output));
}
