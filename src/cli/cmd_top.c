/* SPDX-License-Identifier: Apache-2.0 */
/* skep top: a live view. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/words.h"
#include "top/top.h"

static const char usage[] =
	"usage: skep top [options]\n"
	"\n"
	"Processes, containers, files and connections of this machine, as they change: on a terminal\n"
	"a screen with keys (h tells which), elsewhere lines.\n"
	"\n"
	"  -d, --interval SECONDS  between two looks (1), from 0.1 on\n"
	"  --view VIEW        processes, containers, files or connections\n"
	"  --sort COLUMN      by this one, as --format json calls it; --reverse: the other way round\n"
	"  --filter WORDS     only rows with these words: nginx, !root, cpu>50, rss>=100M\n"
	"  -b, --batch        lines also on a terminal\n"
	"  -n COUNT           so many looks, then it ends; wants lines\n"
	"  --format FORMAT    table, json or csv; lines\n"
	"  -p, --pid PID[,PID]  only these processes\n"
	"  -u, --user USER    only of this user, a name or a number\n"
	"  --cgroup PATH      only processes in this cgroup or below\n"
	"  --container NAME   only of this container: its name, its id, or one of its process ids\n"
	"  -c COMMAND         run this, and end with it; the whole machine is shown meanwhile\n"
	"  --children         only the command of -c, or the processes of --pid, and what they start\n"
	"  --max-cpu PERCENT  look more rarely, see less, or end, when it takes more of a processor\n"
	"  -h, --help         this\n"
	"exit code: 0 fine, 1 failed, 2 wrong usage, 3 this machine cannot do it, 4 over --max-cpu\n";

static bool read_number(const char *text, double from, double to, double *ret_number)
{
	char *end;

	*ret_number = strtod(text, &end);
	return end != text && !*end && *ret_number >= from && *ret_number <= to;
}

static const char *read_scope(struct skep_live_scope *scope, int c, char *value)
{
	switch (c) {
	case 'p':
		scope->pid = value;
		return NULL;
	case 'u':
		scope->user = value;
		return NULL;
	case 'G':
		scope->cgroup = value;
		return NULL;
	case 'C':
		scope->container = value;
		return NULL;
	case 'k':
		scope->children = true;
		return NULL;
	default:
		return "";
	}
}

/* NULL, or what is wrong. */
static const char *read_option(void *data, int c, char *value)
{
	static const char *const formats[] = { "table", "json", "csv" };
	struct skep_top_options *o = data;
	double number;
	int i;

	switch (c) {
	case 'd':
		if (!read_number(value, 0.1, 3600, &number))
			return "--interval takes seconds, from 0.1 to 3600";
		o->interval_ms = (unsigned)(number * 1000);
		return NULL;
	case 'v':
		return skep_top_kind_find(value, &o->kind) < 0
			       ? "--view takes processes, containers, "
				 "files or connections"
			       : NULL;
	case 's':
		o->sort = value;
		return NULL;
	case 'r':
		o->reversed = true;
		return NULL;
	case 'F':
		o->filter = value;
		return NULL;
	case 'b':
		o->batch = true;
		return NULL;
	case 'n':
		if (!read_number(value, 1, 1e9, &number))
			return "-n takes how many looks, from 1 on";
		o->count = (unsigned)number;
		o->batch = true;
		return NULL;
	case 'f':
		i = skep_cli_word(value, formats, ARRAY_SIZE(formats));
		if (i < 0)
			return "--format takes table, json or csv";
		o->format = (enum skep_top_format)i;
		o->batch = true;
		return NULL;
	case 'c':
		o->command = value;
		return NULL;
	case 'm':
		if (!read_number(value, 0.01, 1e6, &number))
			return "--max-cpu takes percent of a processor, from 0.01 on";
		o->max_cpu = (uint64_t)(number * 100 + 0.5);
		return NULL;
	default:
		return read_scope(&o->scope, c, value);
	}
}

static const char *wrong_words(const struct skep_top_options *o)
{
	if (o->scope.children && !o->scope.pid && !o->command)
		return "--children wants -c COMMAND or --pid PID";
	if (skep_streq(o->scope.pid, "cpid") && !o->command)
		return "--pid cpid is the command of -c, which is missing";
	return NULL;
}

int skep_cmd_top(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "interval", required_argument, NULL, 'd' },
		{ "view", required_argument, NULL, 'v' },
		{ "sort", required_argument, NULL, 's' },
		{ "reverse", no_argument, NULL, 'r' },
		{ "filter", required_argument, NULL, 'F' },
		{ "batch", no_argument, NULL, 'b' },
		{ "format", required_argument, NULL, 'f' },
		{ "pid", required_argument, NULL, 'p' },
		{ "user", required_argument, NULL, 'u' },
		{ "cgroup", required_argument, NULL, 'G' },
		{ "container", required_argument, NULL, 'C' },
		{ "children", no_argument, NULL, 'k' },
		{ "max-cpu", required_argument, NULL, 'm' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, read_option, ":hd:bn:p:u:c:" };
	struct skep_top_options options = SKEP_TOP_OPTIONS;
	struct skep_diag diag = {};
	const char *wrong;
	int code, r;

	if (!skep_cli_words_parse(&words, &options, argc, argv, &code))
		return code;
	if (optind < argc)
		return skep_cli_wrong(&words, "it takes options only");
	wrong = wrong_words(&options);
	if (wrong)
		return skep_cli_wrong(&words, wrong);
	r = skep_live_scope_check(&options.scope, &diag);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	return r < 0 ? SKEP_EXIT_USAGE : skep_top_run(&options, skep_cli_tell, skep_cli_need_root);
}
