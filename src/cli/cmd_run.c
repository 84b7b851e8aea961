/* SPDX-License-Identifier: Apache-2.0 */
/* skep run: programs in C, loaded and attached by what their sections say. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/words.h"
#include "sys/explain.h"
#include "workbench/run.h"

static const char usage[] =
	"usage: skep run [options] FILE.bpf.o...\n"
	"       skep run --list DIR | --unload DIR\n"
	"  --at [PROG=]PLACE  where a program is attached, when its section does not say, or elsewhere\n"
	"  --prog NAME        only this program; may be repeated, * is any text\n"
	"  --set NAME=VALUE   the value of a global variable: 7, true, \"text\", {1, 2}; NAME: limit, conf.min, ports[2]\n"
	"  --pin DIR          keep programs, maps and links in DIR of the BPF file system: they stay when skep ends\n"
	"  --detach           with --pin or --reload: end at once\n"
	"  --list DIR         what is kept in DIR\n"
	"  --reload DIR       take the place of what is kept in DIR, with its maps, without missing an event\n"
	"  --unload DIR       detach and remove what is kept in DIR\n"
	"  --format FORMAT    table, json, csv or prom\n"
	"  --to WHERE         rows and maps go there: otlp[=URL], prom[=PORT], syslog; - is here\n"
	"  --watch SECONDS    show maps that often, not only at the end\n"
	"  --duration SECONDS ends after so long; otherwise with Ctrl-C\n"
	"  --max-cpu PERCENT  of one processor: attach for a part of the time, or end, when it takes more\n"
	"  -v, --verbose      also what the kernel's verifier says\n"
	"exit code: 0 fine, 1 it failed, 2 wrong usage, 3 this machine cannot do it\n";

static const char *add_word(struct skep_run_words *words, const char *word)
{
	if (words->n == SKEP_RUN_WORDS_MAX)
		return "an option is repeated too often";
	words->words[words->n++] = word;
	return NULL;
}

static const char *take_seconds(const char *text, uint64_t *ret_ns)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0 && seconds < 1e9))
		return "a time is a number of seconds above 0, such as 5 or 0.5";
	*ret_ns = (uint64_t)(seconds * 1e9);
	return NULL;
}

static const char *take_format(const char *text, enum skep_app_format *ret_format)
{
	static const char *const names[] = {
		[SKEP_APP_TABLE] = "table",
		[SKEP_APP_JSON] = "json",
		[SKEP_APP_CSV] = "csv",
		[SKEP_APP_PROM] = "prom",
	};
	int i = skep_cli_word(text, names, ARRAY_SIZE(names));

	if (i < 0)
		return "--format takes table, json, csv or prom";
	*ret_format = (enum skep_app_format)i;
	return NULL;
}

static const char *take_option(void *data, int c, char *value)
{
	struct skep_run_options *options = data;
	char *end;

	switch (c) {
	case 'a':
		return add_word(&options->at, value);
	case 'p':
		return add_word(&options->prog, value);
	case 's':
		return add_word(&options->set, value);
	case 't':
		return add_word(&options->to, value);
	case 'f':
		options->has_format = true;
		return take_format(value, &options->format);
	case 'd':
		return take_seconds(value, &options->duration_ns);
	case 'P':
		options->pin = value;
		return NULL;
	case 'L':
		options->list = value;
		return NULL;
	case 'R':
		options->reload = value;
		return NULL;
	case 'U':
		options->unload = value;
		return NULL;
	case 'D':
		options->detach = true;
		return NULL;
	case 'w':
		return take_seconds(value, &options->watch_ns);
	case 'm':
		options->max_cpu = strtod(value, &end);
		return end == value || *end || !(options->max_cpu > 0)
			       ? "--max-cpu takes percent of one processor: 5, or 0.25"
			       : NULL;
	case 'v':
		options->verbose = true;
		return NULL;
	default:
		return "see the options";
	}
}

static const char *check(const struct skep_run_options *options, int n_files)
{
	int n = !!options->pin + !!options->list + !!options->reload + !!options->unload;

	if (n > 1)
		return "only one of --pin, --list, --reload and --unload";
	if (options->detach && !options->pin && !options->reload)
		return "--detach leaves nothing behind without --pin DIR";
	if (options->detach && options->to.n)
		return "--to needs somebody who reads the data: leave out --detach";
	if (options->list || options->unload)
		return n_files ? "--list and --unload take no file" : NULL;
	return n_files ? NULL : "which file?";
}

int skep_cmd_run(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "at", required_argument, NULL, 'a' },
		{ "prog", required_argument, NULL, 'p' },
		{ "set", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "duration", required_argument, NULL, 'd' },
		{ "pin", required_argument, NULL, 'P' },
		{ "detach", no_argument, NULL, 'D' },
		{ "list", required_argument, NULL, 'L' },
		{ "reload", required_argument, NULL, 'R' },
		{ "unload", required_argument, NULL, 'U' },
		{ "watch", required_argument, NULL, 'w' },
		{ "max-cpu", required_argument, NULL, 'm' },
		{ "verbose", no_argument, NULL, 'v' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, take_option, ":hv" };
	struct skep_run_options options = { .look = skep_cli_look(STDERR_FILENO) };
	struct winsize size;
	enum skep_run_end end;
	const char *why;
	int code;

	if (!skep_cli_words_parse(&words, &options, argc, argv, &code))
		return code;
	why = check(&options, argc - optind);
	if (why)
		return skep_cli_wrong(&words, why);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		options.columns = size.ws_col;
		options.lines = size.ws_row;
	}
	options.paths = argv + optind;
	options.n_paths = (size_t)(argc - optind);
	end = skep_run(&options);
	if (end == SKEP_RUN_CANNOT && !skep_explain_privileged())
		skep_cli_need_root();
	return end == SKEP_RUN_FINE	? SKEP_EXIT_FINE
	       : end == SKEP_RUN_WRONG	? SKEP_EXIT_USAGE
	       : end == SKEP_RUN_CANNOT ? SKEP_EXIT_CANNOT
					: SKEP_EXIT_FAILED;
}
