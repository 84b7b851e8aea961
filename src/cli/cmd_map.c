/* SPDX-License-Identifier: Apache-2.0 */
/* skep map: maps seen and changed by hand. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/signals.h"
#include "cli/cli.h"
#include "cli/words.h"
#include "live/output.h"
#include "sys/explain.h"
#include "workbench/map.h"

static const char usage[] =
	"usage: skep map list [OBJECT]               which maps there are\n"
	"       skep map dump MAP                    what is in it\n"
	"       skep map watch MAP                   the same again and again\n"
	"       skep map get MAP key=KEY             one entry\n"
	"       skep map set MAP key=KEY value=VALUE\n"
	"       skep map delete MAP key=KEY\n"
	"       skep map pin MAP FILE                keeps it under /sys/fs/bpf\n"
	"MAP is id:NUMBER, a pinned file, a name, or OBJECT.bpf.o:NAME as it is before programs run.\n"
	"KEY and VALUE are written as in C, {.pid = 1, .comm = \"sh\"}, or as hex:0a0b0c.\n"
	"  --format FORMAT    table, json, csv or prom\n"
	"  --per-cpu          values of each CPU, even where they could be added up\n"
	"  --zeroes           elements of arrays that are zero, too\n"
	"  --limit N          at most so many entries (1048576)\n"
	"  --interval SECONDS of watch (1)\n"
	"  --count N          watch looks so often\n"
	"  --new, --existing  set only when the key is not there, or only when it is\n"
	"  --cpu N            set the value of this CPU only; without, each CPU gets it\n"
	"exit code: 0 fine, 1 it failed, 2 wrong usage, 3 this machine cannot do it\n";

struct job {
	struct skep_map_show show;
	struct skep_map_change change;
	double interval;
	uint64_t count; /* 0: for ever */
	const char *name, *path;
	struct skep_output out;
};

static bool take_count(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long x = strtoull(text, &end, 10);

	if (end == text || *end || text[0] == '-' || x > max)
		return false;
	*ret = x;
	return true;
}

static const char *take_format(const char *text, enum skep_map_format *ret_format)
{
	static const char *const names[] = {
		[SKEP_MAP_TABLE] = "table",
		[SKEP_MAP_JSON] = "json",
		[SKEP_MAP_CSV] = "csv",
		[SKEP_MAP_PROM] = "prom",
	};
	int i = skep_cli_word(text, names, ARRAY_SIZE(names));

	if (i < 0)
		return "--format takes table, json, csv or prom";
	*ret_format = (enum skep_map_format)i;
	return NULL;
}

static const char *take_option(void *data, int c, char *value)
{
	struct job *job = data;
	uint64_t n;
	char *end;

	switch (c) {
	case 'f':
		return take_format(value, &job->show.format);
	case 'p':
		job->show.options.per_cpu = true;
		return NULL;
	case 'z':
		job->show.options.zeroes = true;
		return NULL;
	case 'l':
		if (!take_count(value, SIZE_MAX, &n) || !n)
			return "--limit takes a number above 0";
		job->show.options.limit = n;
		return NULL;
	case 'i':
		job->interval = strtod(value, &end);
		return end == value || *end || !(job->interval >= 0.01 && job->interval <= 86400)
			       ? "--interval takes seconds, from 0.01 on"
			       : NULL;
	case 'n':
		return take_count(value, UINT64_MAX, &job->count) && job->count
			       ? NULL
			       : "--count takes a number above 0";
	case 'N':
	case 'E':
		job->change.flags = c == 'N' ? 1 : 2;
		return NULL;
	case 'c':
		if (!take_count(value, 65535, &n))
			return "--cpu takes the number of a CPU";
		job->change.cpu = (int)n;
		return NULL;
	default:
		return "see the options";
	}
}

static const struct option longs[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "per-cpu", no_argument, NULL, 'p' },
	{ "zeroes", no_argument, NULL, 'z' },
	{ "limit", required_argument, NULL, 'l' },
	{ "interval", required_argument, NULL, 'i' },
	{ "count", required_argument, NULL, 'n' },
	{ "new", no_argument, NULL, 'N' },
	{ "existing", no_argument, NULL, 'E' },
	{ "cpu", required_argument, NULL, 'c' },
	SKEP_CLI_WORDS_END,
};
static const struct skep_cli_words words = { usage, longs, take_option };

/* What comes behind the map: "key=...", "value=...", the file of pin. */
static const char *take_words(struct job *job, const char *action, int n, char **given)
{
	bool pin = skep_streq(action, "pin"), changes = pin;

	if (pin && n != 1)
		return "pin takes the map and a file";
	changes |= skep_streq(action, "get") || skep_streq(action, "set") ||
		   skep_streq(action, "delete");
	for (int i = 0; i < n; i++) {
		if (!changes)
			return "what is the last word for?";
		if (pin)
			job->path = given[i];
		else if (skep_has_prefix(given[i], "key=") && !job->change.key)
			job->change.key = given[i] + 4;
		else if (skep_has_prefix(given[i], "value=") && !job->change.value)
			job->change.value = given[i] + 6;
		else
			return "entries are written key=KEY and value=VALUE, once";
	}
	return NULL;
}

/* 0 or the code; what was told is shown. */
static int finish(struct job *job, int r, struct skep_diag *diag)
{
	skep_output_idle(&job->out);
	skep_cli_tell(diag, false);
	if (r == 0)
		return SKEP_EXIT_FINE;
	if ((r == -EPERM || r == -EACCES) &&
	    (skep_explain_told_setcap() || !skep_explain_privileged()))
		return SKEP_EXIT_CANNOT;
	return SKEP_EXIT_FAILED;
}

static int do_list(struct job *job)
{
	struct skep_diag diag = {};
	int r = skep_maps_list(job->name, job->show.format, job->show.screen,
			       skep_output_text(&job->out), &diag);

	r = finish(job, r, &diag);
	skep_diag_fini(&diag);
	return r;
}

/* One look, or one change. The map is let go in between, so that it is not us who keep it. */
static int once(struct job *job,
		int (*act)(struct job *job, const struct skep_maps *maps, struct skep_diag *diag))
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_diag diag = {};
	struct skep_maps maps = {};
	int r = skep_maps_open(job->name, arena, &diag, &maps);

	if (r == 0)
		r = act(job, &maps, &diag);
	skep_maps_close(&maps);
	r = finish(job, r, &diag);
	skep_diag_fini(&diag);
	return r;
}

static int act_show(struct job *job, const struct skep_maps *maps, struct skep_diag *diag)
{
	return skep_maps_show(maps, &job->show, skep_output_text(&job->out), diag);
}

static int act_change(struct job *job, const struct skep_maps *maps, struct skep_diag *diag)
{
	if (maps->n != 1) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"'%s' are several maps; name one of them: %s:NAME", job->name,
				job->name);
		return -EINVAL;
	}
	if (job->path)
		return skep_map_pin(&maps->items[0], job->path, diag);
	return skep_map_change(&maps->items[0], &job->change, &job->show,
			       skep_output_text(&job->out), diag);
}

/* False: a signal came. */
static bool rest(const struct job *job, const sigset_t *signals)
{
	struct timespec wait = {
		.tv_sec = (time_t)job->interval,
		.tv_nsec = (long)((job->interval - (double)(time_t)job->interval) * 1e9),
	};

	return sigtimedwait(signals, NULL, &wait) < 0;
}

/* A name is looked up once: another map that gets it later is another map. */
static int settle_name(struct job *job, char id[16])
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_diag diag = {};
	struct skep_maps maps = {};
	int r = skep_maps_open(job->name, arena, &diag, &maps);

	if (r == 0 && maps.n == 1 && maps.items[0].fd >= 0 && !strchr(job->name, '/')) {
		snprintf(id, 16, "id:%u", maps.items[0].info.id);
		job->name = id;
	}
	skep_maps_close(&maps);
	r = finish(job, r, &diag);
	skep_diag_fini(&diag);
	return r;
}

static int watch(struct job *job)
{
	bool clears = job->show.screen && job->show.format == SKEP_MAP_TABLE;
	sigset_t signals;
	char id[16];
	int r = settle_name(job, id);

	skep_end_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (uint64_t i = 0; r == 0 && job->out.error == 0; i++) {
		if (clears)
			skep_str_add(skep_output_text(&job->out), "\x1b[H\x1b[J");
		job->show.time_ns = skep_clock_ns(CLOCK_REALTIME);
		r = once(job, act_show);
		job->show.again = true;
		if (r || (job->count && i + 1 == job->count) || !rest(job, &signals))
			break;
	}
	return r;
}

static int run(struct job *job, const char *action)
{
	static const struct {
		const char *word;
		enum skep_map_action action;
	} changes[] = { { "get", SKEP_MAP_GET },
			{ "set", SKEP_MAP_SET },
			{ "delete", SKEP_MAP_DELETE } };

	if (skep_streq(action, "list"))
		return do_list(job);
	if (!job->name)
		return skep_cli_wrong(&words, "which map?");
	if (skep_streq(action, "dump"))
		return once(job, act_show);
	if (skep_streq(action, "watch"))
		return watch(job);
	if (skep_streq(action, "pin"))
		return once(job, act_change);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		if (skep_streq(action, changes[i].word)) {
			job->change.action = changes[i].action;
			return once(job, act_change);
		}
	return skep_cli_wrong(&words, "list, dump, watch, get, set, delete or pin?");
}

int skep_cmd_map(int argc, char **argv)
{
	struct job job = { .interval = 1, .change.cpu = -1 };
	struct winsize size = {};
	const char *why;
	int c, r;

	if (!skep_cli_words_parse(&words, &job, argc, argv, &c))
		return c;
	if (optind == argc)
		return skep_cli_wrong(&words, "list, dump, watch, get, set, delete or pin?");
	job.name = argc - optind > 1 ? argv[optind + 1] : NULL;
	why = argc - optind > 2
		      ? take_words(&job, argv[optind], argc - optind - 2, argv + optind + 2)
	      : skep_streq(argv[optind], "pin") && job.name ? "pin takes the map and a file"
							    : NULL;
	if (why)
		return skep_cli_wrong(&words, why);
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		job.show.screen = size.ws_col;
	r = skep_output_open(&job.out, NULL, SKEP_BUFFER_LINE);
	if (r < 0)
		return SKEP_EXIT_FAILED;
	c = run(&job, argv[optind]);
	r = skep_output_close(&job.out);
	if (r == 0 || r == -EPIPE)
		return c;
	skep_cli_output_failed(-r);
	return c == SKEP_EXIT_FINE ? SKEP_EXIT_FAILED : c;
}
