/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "live/extend.h"
#include "record/folded.h"
#include "sys/feature.h"
#include "trace/options_priv.h"

#define CPUS_MAX 4096

const char skep_trace_help[] =
	"usage: skep trace [options] FILE [parameter...]\n"
	"       skep trace [options] -e 'SCRIPT' [parameter...]\n"
	"       skep trace -l [PATTERN]\n"
	"\n"
	"Runs a script of the tracing language on this machine's kernel. FILE may be - for stdin.\n"
	"\n"
	"  -e SCRIPT          the script itself\n"
	"  -c, --command COMMAND  run this and trace until it ends; it waits until the probes are attached\n"
	"  -p PID             only this process; ends with it\n"
	"  --pid PID[,PID]    only events of these processes\n"
	"  --pid cpid         only of the command of -c\n"
	"  --children         only of that command and all that it starts\n"
	"  --comm NAME        only of threads with this name\n"
	"  --user USER        only of this user, a name or a number\n"
	"  --cgroup PATH      only of processes in this cgroup or below\n"
	"  --container NAME   only of this container: its name, its id, or one of its process ids\n"
	"  --duration SECONDS ends when so much time has passed\n"
	"  --max-cpu PERCENT  look at fewer events, or end, when tracing takes more of a processor\n"
	"  -f, --format FORMAT  how output looks: text, table, json, csv, prom, folded\n"
	"  --folded           the same as --format folded: stacks, for flame graphs\n"
	"  --delimited        in folded stacks a frame \"--\" before those of the kernel\n"
	"  --annotations      in folded stacks \"_[k]\" behind functions of the kernel\n"
	"  --time             a column for the time of a row, with table and csv\n"
	"  --with WORD[,WORD] columns about the process of a row: user, parents, container,\n"
	"                     container_id, image, pod, namespace, unit, uid, or all\n"
	"  --dns              names of addresses, from the answers of DNS that others get meanwhile\n"
	"  --schema           show the fields of its rows and maps, as JSON, instead of running it\n"
	"  -o FILE            where output goes instead of stdout\n"
	"  --to PLACE         send rows and maps elsewhere: otlp[=URL] to an OpenTelemetry receiver,\n"
	"                     prom[=ADDRESS:PORT] for Prometheus to read, zipkin[=URL], syslog, ./FILE;\n"
	"                     --to - as well: show them, too; see skep-to(7)\n"
	"  --spool DIR[,bytes=N]  what is not delivered waits in files, also for the next run\n"
	"  -l [PATTERN|FILE]  list probes: 'tracepoint:syscalls:*open*', or a script's; -v: their arguments\n"
	"  -B none|line|full  when output is written\n"
	"  -q                 no warnings\n"
	"  -k                 tell of reads of memory that failed\n"
	"  -v, --verbose      say what it does and what it cost\n"
	"  --unsafe           allow what changes the system: system(), signal(), override(), write_user(),\n"
	"                     and the probes that decide: xdp, tc, cgroup, lsm, fmod_ret\n"
	"  --compile          write the compiled script to the file of -o, for other machines;\n"
	"                     skep FILE.skep runs it\n"
	"  --cpus N           with --compile: for machines with at most N CPUs (64, or as many as here)\n"
	"  --dry-run          compile, load and attach, but do not run\n"
	"  --test, --bench    run the script's probes test: or bench: alone\n"
	"  -d STAGE[,STAGE]   show instead of run: ast, types, ir, code, dis, all\n"
	"  -I FOLDER          where #include looks, too\n"
	"  --include FILE     takes in a header before the script\n"
	"  --no-feature F,F   do without, though the kernel has it (skep doctor lists them)\n"
	"  -h, --help         this\n"
	"\n"
	"examples:\n"
	"  skep trace -e 'tracepoint:sched:sched_process_exec { printf(\"%s %s\\n\", comm, "
	"str(args.filename)); }'\n"
	"  skep trace -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }' -c 'ls -l'\n";

enum {
	OPT_UNSAFE = 256,
	OPT_DRY_RUN,
	OPT_VERSION,
	OPT_INFO,
	OPT_NO_FEATURE,
	OPT_FORMAT,
	OPT_SCHEMA,
	OPT_PID,
	OPT_CHILDREN,
	OPT_COMM,
	OPT_USER,
	OPT_CGROUP,
	OPT_CONTAINER,
	OPT_MAX_CPU,
	OPT_DURATION,
	OPT_TO,
	OPT_SPOOL,
	OPT_TIME,
	OPT_COMPILE,
	OPT_CPUS,
	OPT_IGNORED,
	OPT_INCLUDE,
	OPT_MODE,
	OPT_FMT,
	OPT_REFUSED,
	OPT_TEST,
	OPT_BENCH,
	OPT_DNS,
	OPT_WITH,
	OPT_FOLDED,
	OPT_DELIMITED,
	OPT_ANNOTATIONS,
};

static int parse_pid(const char *text, int *ret_pid, struct skep_diag *diag)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || *end || errno || value <= 0 || value > INT_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a process id", text);
		return skep_usage_error(diag, "-p takes a number, as ps shows it");
	}
	*ret_pid = (int)value;
	return 0;
}

/* Under the name of bpftrace -f knows what that knows. */
static int parse_format(struct skep_trace_options *o, const char *text, struct skep_diag *diag)
{
	static const struct {
		const char *name;
		enum skep_live_format format;
		bool ours;
	} formats[] = {
		{ "text", SKEP_LIVE_TEXT, false },  { "json", SKEP_LIVE_JSON, false },
		{ "table", SKEP_LIVE_TABLE, true }, { "csv", SKEP_LIVE_CSV, true },
		{ "prom", SKEP_LIVE_PROM, true },   { "folded", SKEP_LIVE_FOLDED, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (!skep_streq(text, formats[i].name))
			continue;
		if (formats[i].ours && o->as_bpftrace)
			break;
		o->format = formats[i].format;
		if (o->as_bpftrace && o->format == SKEP_LIVE_JSON)
			o->format = SKEP_LIVE_JSON_BPFTRACE;
		return 0;
	}
	skep_diag_error(diag, SKEP_NO_LOC, "there is no output format '%s'", text);
	return skep_usage_error(
		diag, o->as_bpftrace ? "-f takes text or json"
				     : "there are text, table, json, csv, prom and folded");
}

/* "5", "0.25": hundredths. */
static bool parse_hundredths(const char *text, uint64_t *ret_hundredths)
{
	uint64_t value = 0, places = 0;
	bool point = false;
	const char *p;

	for (p = text; (*p >= '0' && *p <= '9') || (*p == '.' && !point); p++) {
		if (*p == '.')
			point = true;
		else if ((places += point) <= 2 && value < 100000000)
			value = value * 10 + (uint64_t)(*p - '0');
	}
	for (; places < 2; places++)
		value *= 10;
	*ret_hundredths = value;
	return !*p && p > text && value && value <= 100000000;
}

static int parse_percent(const char *text, uint64_t *ret_hundredths, struct skep_diag *diag)
{
	uint64_t value;

	if (!parse_hundredths(text, &value)) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a part of a processor", text);
		return skep_usage_error(diag,
					"--max-cpu takes percent of one processor: 5, or 0.25");
	}
	*ret_hundredths = value;
	return 0;
}

static int parse_duration(const char *text, uint64_t *ret_ns, struct skep_diag *diag)
{
	uint64_t value;

	if (!parse_hundredths(text, &value)) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a time to trace for", text);
		return skep_usage_error(diag, "--duration takes seconds: 10, or 0.5");
	}
	*ret_ns = value * 10000000;
	return 0;
}

static int parse_cpus(const char *text, unsigned *ret_cpus, struct skep_diag *diag)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (end == text || *end || errno || text[0] == '-' || !value || value > CPUS_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a number of CPUs", text);
		return skep_usage_error(diag, "--cpus takes a number from 1 to 4096");
	}
	*ret_cpus = (unsigned)value;
	return 0;
}

static int parse_buffering(const char *text, enum skep_buffering *ret_buffering,
			   struct skep_diag *diag)
{
	if (skep_streq(text, "none"))
		*ret_buffering = SKEP_BUFFER_NONE;
	else if (skep_streq(text, "line"))
		*ret_buffering = SKEP_BUFFER_LINE;
	else if (skep_streq(text, "full"))
		*ret_buffering = SKEP_BUFFER_FULL;
	else {
		skep_diag_error(diag, SKEP_NO_LOC, "there is no buffering '%s'", text);
		return skep_usage_error(diag, "-B takes none, line or full");
	}
	return 0;
}

static int parse_stages(const char *text, unsigned *stages, struct skep_diag *diag)
{
	static const struct {
		const char *name;
		unsigned bits;
	} names[] = {
		{ "ast", SKEP_TRACE_AST },
		{ "types", SKEP_TRACE_TYPES },
		{ "ir", SKEP_TRACE_IR },
		{ "code", SKEP_TRACE_CODE },
		{ "dis", SKEP_TRACE_DIS },
		/* as bpftrace calls them */
		{ "codegen", SKEP_TRACE_IR },
		{ "codegen-opt", SKEP_TRACE_CODE },
		{ "all", 0x1f },
	};
	size_t len, i;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			if (strlen(names[i].name) == len && strncmp(names[i].name, text, len) == 0)
				break;
		}
		if (i == ARRAY_SIZE(names)) {
			skep_diag_error(diag, SKEP_NO_LOC, "there is no stage '%.*s'", (int)len,
					text);
			return skep_usage_error(diag, "-d takes ast, types, ir, code, dis or all");
		}
		*stages |= names[i].bits;
		if (!text[len])
			return 0;
	}
}

static int parse_with(const char *text, unsigned *with, struct skep_diag *diag)
{
	size_t len, i;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		for (i = 0; i < SKEP_N_PROCESS_WHATS; i++)
			if (strlen(skep_extend_words[i]) == len &&
			    strncmp(skep_extend_words[i], text, len) == 0)
				break;
		if (i < SKEP_N_PROCESS_WHATS) {
			*with |= 1u << i;
		} else if (len == 3 && strncmp(text, "all", len) == 0) {
			*with |= (1u << SKEP_N_PROCESS_WHATS) - 1;
		} else {
			skep_diag_error(diag, SKEP_NO_LOC, "there is no column '%.*s'", (int)len,
					text);
			return skep_usage_error(
				diag, "--with takes user, parents, container, container_id, "
				      "image, pod, namespace, unit, uid, all");
		}
		if (!text[len])
			return 0;
	}
}

/* bpftrace knows other features than we do: those do not matter. */
static int deny_features(const char *text, bool as_bpftrace, struct skep_diag *diag)
{
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (skep_feature_deny(text, len) < 0 && !as_bpftrace) {
			skep_diag_error(diag, SKEP_NO_LOC, "there is no feature '%.*s'", (int)len,
					text);
			return skep_usage_error(diag, "skep doctor lists them");
		}
		if (!text[len])
			return 0;
	}
}

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

static int take_mode(struct skep_trace_options *o, enum skep_compile_mode mode,
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
static int common_option(struct skep_trace_options *o, int c, struct skep_diag *diag)
{
	switch (c) {
	case 'e':
		return take_script(o, optarg, diag);
	case 'c':
		o->command = optarg;
		return 0;
	case 'p':
		return parse_pid(optarg, &o->pid, diag);
	case 'f':
	case OPT_FORMAT:
		o->n_formats++;
		return parse_format(o, optarg, diag);
	case OPT_FOLDED:
		o->n_formats++;
		return parse_format(o, "folded", diag);
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
		return parse_buffering(optarg, &o->buffering, diag);
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
		return parse_percent(optarg, &o->max_cpu, diag);
	case OPT_DURATION:
		return parse_duration(optarg, &o->duration_ns, diag);
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
	case OPT_WITH:
		return parse_with(optarg, &o->with, diag);
	case OPT_COMPILE:
		o->compile = true;
		return 0;
	case OPT_CPUS:
		return parse_cpus(optarg, &o->cpus, diag);
	case OPT_TEST:
		return take_mode(o, SKEP_COMPILE_TEST, diag);
	case OPT_BENCH:
		return take_mode(o, SKEP_COMPILE_BENCH, diag);
	case OPT_NO_FEATURE:
		return deny_features(optarg, o->as_bpftrace, diag);
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

static int bad_option(const struct skep_trace_options *o, char **argv, int c,
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
static int take_rest(struct skep_trace_options *o, int argc, char **argv, struct skep_diag *diag)
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
	return skep_usage_error(diag,
				"-c COMMAND runs one; --pid PID takes a process that runs already");
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
		r = c == 'd' ? parse_stages(optarg, &o->stages, diag) : common_option(o, c, diag);
		if (r < 0)
			return r;
		if (r > 0)
			return bad_option(o, argv, c, trace_longs, diag);
	}
	r = check_child(o, diag);
	return r < 0 ? r : take_rest(o, argc, argv, diag);
}

const char skep_trace_help_bpftrace[] =
	"usage: bpftrace [options] FILE [parameter...]\n"
	"       bpftrace [options] -e 'SCRIPT' [parameter...]\n"
	"\n"
	"This is skep under the name of bpftrace: it takes that tool's options and prints its shapes.\n"
	"\n"
	"  -B none|line|full  when output is written     -p PID       only this process\n"
	"  -f text|json       how output looks           -c COMMAND   run and trace this\n"
	"  -o FILE            where output goes          -l [SEARCH|FILE]  list probes\n"
	"  -e SCRIPT          the script itself          -q           less output\n"
	"  -k                 tell of failed reads       -v           more output\n"
	"  -d [STAGE]         show a stage of compiling  -V           version\n"
	"  --unsafe  --dry-run  --info  --no-warnings  -h  --test  --bench\n"
	"  --no-feature F,F   do without, though the kernel has it\n"
	"  -I FOLDER  --include FILE   headers    --fmt   show the script in one style, like skep fmt\n"
	"\n"
	"Accepted without effect: --usdt-file-activation, --btf.\n";

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
		return take_mode(o, SKEP_COMPILE_TEST, diag);
	if (skep_streq(text, "bench"))
		return take_mode(o, SKEP_COMPILE_BENCH, diag);
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
		r = parse_stages(argv[optind], &stages, &ignored);
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
			r = c == OPT_MODE ? parse_mode(o, optarg, diag) : common_option(o, c, diag);
			if (r < 0)
				return r;
			if (r > 0)
				return bad_option(o, argv, c, longs, diag);
		}
	}
	return take_rest(o, argc, argv, diag);
}
