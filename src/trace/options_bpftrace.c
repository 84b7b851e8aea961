/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of bpftrace, under whose name skep may be started. */
#include <errno.h>
#include <getopt.h>

#include "trace/options_priv.h"

/* What that tool has and this one does in another way, or not. */
static int refuse_option(const char *name, struct skep_diag *diag)
{
	static const struct {
		const char *name, *hint;
	} known[] = {
		{ "probe-filter", "use a pattern in the probe's name, or a predicate: "
				  "kprobe:vfs_* /func != \"vfs_read\"/" },
		{ "dwarf-pid", "leave it out: stacks of all processes are unwound, see ustack" },
		{ "traceable-functions", "leave it out: the kernel's own list is read" },
		{ "debuginfo", "use what is beside the binary or in /usr/lib/debug, by build id" },
		{ "emit-elf",
		  "use skep trace --compile SCRIPT -o FILE.skep, which runs elsewhere, or "
		  "-d codegen-opt, which shows the code" },
		{ "emit-llvm", "use -d codegen: there is no LLVM here" },
		{ "verify-llvm-ir", "use skep verify SCRIPT.bt, which judges the program itself" },
	};

	skep_diag_error(diag, SKEP_NO_LOC, "not supported: --%s", name);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (skep_streq(known[i].name, name))
			skep_diag_hint(diag, "%s", known[i].hint);
	return -EINVAL;
}

static int parse_mode(struct skep_trace_options *o, const char *text, struct skep_diag *diag)
{
	if (skep_streq(text, "test"))
		return skep_option_mode(o, SKEP_COMPILE_TEST, diag);
	if (skep_streq(text, "bench"))
		return skep_option_mode(o, SKEP_COMPILE_BENCH, diag);
	if (skep_streq(text, "format")) {
		o->fmt = true;
		return 0;
	}
	skep_diag_error(diag, SKEP_NO_LOC, "not supported: --mode %s", text);
	return skep_usage_error(diag, "use --dry-run, which compiles and attaches, or --fmt");
}

/* -d takes its stage as a word of its own in new versions, and none in old ones. */
static int bpftrace_stage(struct skep_trace_options *o, int argc, char **argv)
{
	struct skep_diag ignored = {};
	unsigned stages = 0;
	int r = -EINVAL;

	if (optind < argc)
		r = skep_option_stages(argv[optind], &stages, &ignored);
	skep_diag_fini(&ignored);
	if (r == 0)
		optind++;
	o->stages |= r == 0 ? stages : SKEP_TRACE_AST | SKEP_TRACE_TYPES | SKEP_TRACE_IR;
	return 0;
}

int skep_trace_options_bpftrace(struct skep_trace_options *o, int argc, char **argv,
				struct skep_diag *diag)
{
	static const struct option longs[] = {
		{ "unsafe", no_argument, NULL, OPT_UNSAFE },
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ "info", no_argument, NULL, OPT_INFO },
		{ "no-warnings", no_argument, NULL, 'q' },
		{ "usdt-file-activation", no_argument, NULL, OPT_IGNORED },
		{ "include", required_argument, NULL, OPT_INCLUDE },
		{ "no-feature", required_argument, NULL, OPT_NO_FEATURE },
		{ "mode", required_argument, NULL, OPT_MODE },
		{ "fmt", no_argument, NULL, OPT_FMT },
		{ "test", no_argument, NULL, OPT_TEST },
		{ "bench", no_argument, NULL, OPT_BENCH },
		{ "verify-llvm-ir", no_argument, NULL, OPT_REFUSED },
		{ "probe-filter", required_argument, NULL, OPT_REFUSED },
		{ "dwarf-pid", required_argument, NULL, OPT_REFUSED },
		{ "traceable-functions", required_argument, NULL, OPT_REFUSED },
		{ "debuginfo", required_argument, NULL, OPT_REFUSED },
		{ "emit-elf", required_argument, NULL, OPT_REFUSED },
		{ "emit-llvm", required_argument, NULL, OPT_REFUSED },
		{ "btf", no_argument, NULL, OPT_IGNORED },
		{},
	};
	int c, r, which = 0;

	*o = (struct skep_trace_options){ .as_bpftrace = true };
	optind = 0;
	while ((c = getopt_long(argc, argv, ":e:c:p:f:o:lB:qkvdhVI:", longs, &which)) >= 0) {
		if (c == OPT_IGNORED)
			continue;
		if (c == OPT_REFUSED)
			return refuse_option(longs[which].name, diag);
		if (c == 'V' || c == OPT_VERSION)
			o->version = true;
		else if (c == OPT_INFO)
			o->info = true;
		else if (c == OPT_FMT)
			o->fmt = true;
		else if (c == 'd')
			(void)bpftrace_stage(o, argc, argv);
		else {
			r = c == OPT_MODE ? parse_mode(o, optarg, diag)
					  : skep_option_common(o, c, diag);
			if (r < 0)
				return r;
			if (r > 0)
				return skep_option_bad(o, argv, c, longs, diag);
		}
	}
	return skep_option_rest(o, argc, argv, diag);
}
