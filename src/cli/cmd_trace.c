/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "trace/trace.h"

static const struct skep_trace_context context = {
	.tell = skep_cli_tell,
	.need_root = skep_cli_need_root,
};

static int run(int r, struct skep_trace_options *options, struct skep_diag *diag, const char *help)
{
	skep_cli_tell(diag, false);
	skep_diag_fini(diag);
	if (r < 0)
		return SKEP_EXIT_USAGE;
	if (options->help) {
		skep_cli_page(skep_cli_text(help));
		return SKEP_EXIT_FINE;
	}
	return skep_trace_run(options, &context);
}

int skep_cmd_trace(int argc, char **argv)
{
	struct skep_trace_options options;
	struct skep_diag diag = {};
	int r = skep_trace_options(&options, argc, argv, &diag);

	return run(r, &options, &diag, "trace.help");
}

int skep_cmd_bpftrace(int argc, char **argv)
{
	struct skep_trace_options options;
	struct skep_diag diag = {};
	int r = skep_trace_options_bpftrace(&options, argc, argv, &diag);

	if (r == 0 && options.version) {
		/* Scripts look for this word and a number: the language is that of this version. */
		printf("bpftrace v0.27.1 (skep %s)\n", SKEP_VERSION);
		return SKEP_EXIT_FINE;
	}
	if (r == 0 && options.info)
		return skep_cmd_doctor(argc, argv);
	if (r == 0 && options.fmt && !options.help && !options.list)
		return skep_cli_fmt(&options);
	return run(r, &options, &diag, "bpftrace.help");
}
