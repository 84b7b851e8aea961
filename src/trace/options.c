/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of skep trace; what of it bpftrace's has as well is read here for both. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "record/folded.h"
#include "trace/options_priv.h"

/* A second script would silently take the place of the first one. Under the other name it does. */
static int take_script(struct skep_trace_options *o, const char *text, struct skep_diag *diag)
{
	if (o->text && !o->as_bpftrace) {
		skep_diag_error(diag, SKEP_NO_LOC, "there are two scripts: -e is given twice");
		return skep_usage_error(diag, "one script holds any number of probes: "
					      "-e 'BEGIN { ... } END { ... }'");
	}
	o->text = text;
	return 0;
}

static int take_include(const char **list, size_t *n, struct skep_diag *diag)
{
	if (*n == SKEP_TRACE_INCLUDES_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "more than %d times -I or --include",
				SKEP_TRACE_INCLUDES_MAX);
		return skep_usage_error(diag, "one header can #include others");
	}
	list[(*n)++] = optarg;
	return 0;
}

static int take_match(struct skep_trace_options *o, struct skep_diag *diag)
{
	if (o->n_match == SKEP_TRACE_MATCHES_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "more than %d times --match",
				SKEP_TRACE_MATCHES_MAX);
		return skep_usage_error(diag, "all of them must be found; | stands for either");
	}
	o->match[o->n_match++] = optarg;
	return 0;
}

int skep_option_mode(struct skep_trace_options *o, enum skep_compile_mode mode,
		     struct skep_diag *diag)
{
	if (o->mode != SKEP_COMPILE_TRACE && o->mode != mode) {
		skep_diag_error(diag, SKEP_NO_LOC, "--test and --bench exclude each other");
		return skep_usage_error(diag, "run it once with each");
	}
	o->mode = mode;
	return 0;
}

/* An option that is the same in both command lines. 1: not one of them. */
int skep_option_common(struct skep_trace_options *o, int c, struct skep_diag *diag)
{
	switch (c) {
	case 'e':
		return take_script(o, optarg, diag);
	case 'c':
		o->command = optarg;
		return 0;
	case 'p':
		return skep_option_pid(optarg, &o->pid, diag);
	case 'f':
	case OPT_FORMAT:
		o->n_formats++;
		return skep_option_format(o, optarg, diag);
	case OPT_FOLDED:
		o->n_formats++;
		return skep_option_format(o, "folded", diag);
	case OPT_DELIMITED:
		o->folded |= SKEP_FOLDED_DELIMITED;
		return 0;
	case OPT_ANNOTATIONS:
		o->folded |= SKEP_FOLDED_ANNOTATED;
		return 0;
	case 'o':
		o->output = optarg;
		return 0;
	case 'B':
		return skep_option_buffering(optarg, &o->buffering, diag);
	case 'l':
		o->list = "";
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'k':
		o->failed_reads = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case 'I':
		return take_include(o->include_dirs, &o->n_include_dirs, diag);
	case OPT_INCLUDE:
		return take_include(o->headers, &o->n_headers, diag);
	case OPT_UNSAFE:
		o->unsafe = true;
		return 0;
	case OPT_DRY_RUN:
		o->dry_run = true;
		return 0;
	case OPT_SCHEMA:
		o->schema = true;
		return 0;
	case OPT_PID:
		o->scope.pid = optarg;
		return skep_live_scope_check(&o->scope, diag);
	case OPT_CHILDREN:
		o->scope.children = true;
		return 0;
	case OPT_COMM:
		o->scope.comm = optarg;
		return skep_live_scope_check(&o->scope, diag);
	case OPT_USER:
		o->scope.user = optarg;
		return 0;
	case OPT_CGROUP:
		o->scope.cgroup = optarg;
		return 0;
	case OPT_CONTAINER:
		o->scope.container = optarg;
		return 0;
	case OPT_MAX_CPU:
		return skep_option_percent(optarg, &o->max_cpu, diag);
	case OPT_DURATION:
		return skep_option_duration(optarg, &o->duration_ns, diag);
	case OPT_TO:
		return skep_option_to(o, optarg, diag);
	case OPT_SPOOL:
		o->spool = optarg;
		return 0;
	case OPT_TIME:
		o->time = true;
		return 0;
	case OPT_DNS:
		o->dns = true;
		return 0;
	case OPT_MATCH:
		return take_match(o, diag);
	case OPT_WITH:
		return skep_option_with(optarg, &o->with, diag);
	case OPT_COMPILE:
		o->compile = true;
		return 0;
	case OPT_CPUS:
		return skep_option_cpus(optarg, &o->cpus, diag);
	case OPT_TEST:
		return skep_option_mode(o, SKEP_COMPILE_TEST, diag);
	case OPT_BENCH:
		return skep_option_mode(o, SKEP_COMPILE_BENCH, diag);
	case OPT_NO_FEATURE:
		return skep_option_features(optarg, o->as_bpftrace, diag);
	default:
		return 1;
	}
}

/* The option that was meant by "--foramt"; NULL: none is near. */
static const char *near_option(const char *word, const struct option *longs)
{
	const char *near = NULL;
	unsigned best = 3;

	if (!skep_has_prefix(word, "--"))
		return NULL;
	for (; longs->name; longs++) {
		unsigned d = skep_edit_distance(word + 2, longs->name, 2);

		if (d < best && d < strlen(longs->name) / 2 + 1) {
			best = d;
			near = longs->name;
		}
	}
	return near;
}

/* A script in front of the option, which may be meant for it. */
static const char *script_before(char **argv, int end)
{
	for (int i = 1; i < end; i++)
		if (argv[i][0] != '-' && skep_has_suffix(argv[i], ".bt"))
			return argv[i];
	return NULL;
}

int skep_option_bad(const struct skep_trace_options *o, char **argv, int c,
		    const struct option *longs, struct skep_diag *diag)
{
	const char *word = argv[optind - 1], *near = near_option(word, longs);
	const char *script = script_before(argv, optind - 1);

	/* getopt is silent: tell which word it was. */
	if (c == ':')
		skep_diag_error(diag, SKEP_NO_LOC, "option '%s' wants a value", argv[optind - 1]);
	else if (optopt > 0 && optopt < 256)
		skep_diag_error(diag, SKEP_NO_LOC, "there is no option '-%c'", optopt);
	else
		skep_diag_error(diag, SKEP_NO_LOC, "there is no option '%s'", argv[optind - 1]);
	if (near && c != ':') {
		skep_diag_hint(diag, "did you mean --%s?", near);
		return -EINVAL;
	}
	if (script && c != ':') {
		skep_diag_hint(diag, "options of the script itself go behind '--': %s -- %s",
			       script, word);
		return -EINVAL;
	}
	return skep_usage_error(diag,
				o->as_bpftrace ? "see bpftrace --help" : "see skep trace --help");
}

/* A script, not a pattern: as it is called, or a file where no pattern has a slash. */
static bool is_script(const char *text)
{
	struct stat st;

	if (skep_has_suffix(text, ".bt"))
		return true;
	return strchr(text, '/') && !strchr(text, ':') && !skep_has_suffix(text, ".skep") &&
	       stat(text, &st) == 0 && S_ISREG(st.st_mode);
}

/* What is left behind the options: the script's file, its parameters, or the pattern of -l. */
int skep_option_rest(struct skep_trace_options *o, int argc, char **argv, struct skep_diag *diag)
{
	if (o->help || o->version || o->info)
		return 0;
	if (o->list && !o->text && (optind == argc || !is_script(argv[optind]))) {
		if (optind < argc)
			o->list = argv[optind++];
		if (optind < argc) {
			skep_diag_error(diag, SKEP_NO_LOC, "-l takes one pattern, not '%s', too",
					argv[optind]);
			return skep_usage_error(diag,
						"quote it, so that the shell does not expand it: "
						"-l 'kprobe:vfs_*'");
		}
		return 0;
	}
	if (!o->text) {
		if (optind == argc) {
			skep_diag_error(diag, SKEP_NO_LOC, "no script is given");
			return skep_usage_error(diag,
						"give a file, or the script itself with -e '...'");
		}
		o->file = argv[optind++];
	}
	o->params = (const char *const *)argv + optind;
	o->n_params = (size_t)(argc - optind);
	return 0;
}

/* What is about the command of -c. */
static int check_child(const struct skep_trace_options *o, struct skep_diag *diag)
{
	const char *option = o->scope.children			? "--children"
			     : skep_streq(o->scope.pid, "cpid") ? "--pid cpid"
								: NULL;

	if (!option || o->command)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "%s is about the command of -c, and there is none",
			option);
	return skep_usage_error(
		diag, "--command COMMAND runs one; --pid PID takes a process that runs already");
}

static const struct option trace_longs[] = {
	{ "unsafe", no_argument, NULL, OPT_UNSAFE },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "no-feature", required_argument, NULL, OPT_NO_FEATURE },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "verbose", no_argument, NULL, 'v' },
	{ "command", required_argument, NULL, 'c' }, /* of tools whose own -c is something else */
	{ "folded", no_argument, NULL, OPT_FOLDED }, /* as tools of BCC call it */
	{ "delimited", no_argument, NULL, OPT_DELIMITED },
	{ "annotations", no_argument, NULL, OPT_ANNOTATIONS },
	{ "schema", no_argument, NULL, OPT_SCHEMA },
	{ "pid", required_argument, NULL, OPT_PID },
	{ "children", no_argument, NULL, OPT_CHILDREN },
	{ "comm", required_argument, NULL, OPT_COMM },
	{ "user", required_argument, NULL, OPT_USER },
	{ "cgroup", required_argument, NULL, OPT_CGROUP },
	{ "container", required_argument, NULL, OPT_CONTAINER },
	{ "max-cpu", required_argument, NULL, OPT_MAX_CPU },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "time", no_argument, NULL, OPT_TIME },
	{ "dns", no_argument, NULL, OPT_DNS },
	{ "with", required_argument, NULL, OPT_WITH },
	{ "match", required_argument, NULL, OPT_MATCH },
	{ "to", required_argument, NULL, OPT_TO },
	{ "spool", required_argument, NULL, OPT_SPOOL },
	{ "compile", no_argument, NULL, OPT_COMPILE },
	{ "test", no_argument, NULL, OPT_TEST },
	{ "bench", no_argument, NULL, OPT_BENCH },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "include", required_argument, NULL, OPT_INCLUDE },
	{ "help", no_argument, NULL, 'h' },
	{},
};

int skep_trace_option(const char *name, bool *ret_takes_value)
{
	for (const struct option *o = trace_longs; o->name; o++) {
		if (!skep_streq(o->name, name))
			continue;
		if (ret_takes_value)
			*ret_takes_value = o->has_arg == required_argument;
		return 0;
	}
	return -ENOENT;
}

int skep_trace_options(struct skep_trace_options *o, int argc, char **argv, struct skep_diag *diag)
{
	int c, r;

	*o = (struct skep_trace_options){};
	optind = 0; /* start anew */
	while ((c = getopt_long(argc, argv, ":e:c:p:f:o:lB:qkvd:hI:", trace_longs, NULL)) >= 0) {
		r = c == 'd' ? skep_option_stages(optarg, &o->stages, diag)
			     : skep_option_common(o, c, diag);
		if (r < 0)
			return r;
		if (r > 0)
			return skep_option_bad(o, argv, c, trace_longs, diag);
	}
	r = check_child(o, diag);
	return r < 0 ? r : skep_option_rest(o, argc, argv, diag);
}
