/* SPDX-License-Identifier: Apache-2.0 */
/* skep ps: what runs in the kernel. */
#include <errno.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/words.h"
#include "workbench/ps.h"

static const char usage[] =
	"usage: skep ps [options]\n"
	"  --links, --maps      these instead of programs\n"
	"  --who-loads          loads and unloads of programs, as they happen\n"
	"  --pid PID            with --who-loads: only by this process and those that it starts\n"
	"  --watch SECONDS      again and again\n"
	"  --once               one look, without rates: the kernel's statistics stay as they are\n"
	"  --sort KEY           cpu, runs, mem, id or name\n"
	"  --owner PATTERN      only what belongs to this process (its name or id) or container\n"
	"  --kind PATTERN       only of this kind\n"
	"  --name PATTERN       only what is called so; * in a pattern is any text\n"
	"  --format FORMAT      table, json or csv\n"
	"exit code: 0 fine, 1 it could not be looked at\n";

struct job {
	struct skep_ps_options ps;
	bool sorted, loads;
	uint32_t pid;
};

static bool read_sort(const char *name, enum skep_ps_sort *ret_sort)
{
	for (unsigned i = 0; i < SKEP_PS_N_SORTS; i++)
		if (skep_streq(name, skep_ps_sort_name((enum skep_ps_sort)i))) {
			*ret_sort = (enum skep_ps_sort)i;
			return true;
		}
	return false;
}

static bool read_seconds(const char *text, unsigned *ret_ms)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end || !(n >= 0.1) || n > 86400)
		return false;
	*ret_ms = (unsigned)(n * 1000);
	return true;
}

static bool read_pid(const char *text, uint32_t *ret_pid)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*ret_pid = (uint32_t)n;
	return *text && !*end && n > 0 && n <= INT32_MAX;
}

/* NULL, or what is wrong. */
static const char *read_option(void *data, int c, char *value)
{
	static const char *const formats[] = { "table", "json", "csv" };
	struct job *job = data;
	int i;

	switch (c) {
	case 'l':
		job->ps.what = SKEP_PS_LINKS;
		return NULL;
	case 'm':
		job->ps.what = SKEP_PS_MAPS;
		return NULL;
	case 'L':
		job->loads = true;
		return NULL;
	case 'p':
		return read_pid(value, &job->pid) ? NULL : "--pid takes the id of a process";
	case 'w':
		job->ps.looks = 0;
		return read_seconds(value, &job->ps.measure_ms)
			       ? NULL
			       : "--watch takes seconds, from 0.1 to 86400";
	case '1':
		job->ps.once = true;
		return NULL;
	case 's':
		job->sorted = true;
		return read_sort(value, &job->ps.sort) ? NULL
						       : "--sort takes cpu, runs, mem, id or name";
	case 'o':
		job->ps.owner = value;
		return NULL;
	case 'k':
		job->ps.kind = value;
		return NULL;
	case 'n':
		job->ps.name = value;
		return NULL;
	case 'f':
		i = skep_cli_word(value, formats, ARRAY_SIZE(formats));
		if (i < 0)
			return "--format takes table, json or csv";
		job->ps.format = (enum skep_ps_format)i;
		return NULL;
	default:
		return "";
	}
}

static int run(struct job *job)
{
	struct skep_diag diag = {};
	int r;

	if (!job->sorted && (job->ps.once || job->ps.what != SKEP_PS_PROGS))
		job->ps.sort = SKEP_PS_ID;
	r = job->loads ? skep_ps_loads(job->ps.format, job->pid, &diag) : skep_ps(&job->ps, &diag);
	if (r < 0 && r != -EPIPE && !diag.n_errors)
		skep_diag_error(&diag, SKEP_NO_LOC, "cannot list what is in the kernel: error %d",
				-r);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	return r < 0 && r != -EPIPE ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}

int skep_cmd_ps(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "links", no_argument, NULL, 'l' },
		{ "maps", no_argument, NULL, 'm' },
		{ "who-loads", no_argument, NULL, 'L' },
		{ "pid", required_argument, NULL, 'p' },
		{ "watch", required_argument, NULL, 'w' },
		{ "once", no_argument, NULL, '1' },
		{ "sort", required_argument, NULL, 's' },
		{ "owner", required_argument, NULL, 'o' },
		{ "kind", required_argument, NULL, 'k' },
		{ "name", required_argument, NULL, 'n' },
		{ "format", required_argument, NULL, 'f' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, read_option };
	struct job job = { .ps = { .measure_ms = 1000, .looks = 1 } };
	int code;

	if (!skep_cli_words_parse(&words, &job, argc, argv, &code))
		return code;
	if (optind < argc)
		return skep_cli_wrong(&words, "it takes options only");
	if (job.pid && !job.loads)
		return skep_cli_wrong(
			&words,
			"--pid goes with --who-loads; --owner PID shows what a process has");
	if (job.ps.once && !job.ps.looks)
		return skep_cli_wrong(&words, "--once and --watch exclude each other");
	return run(&job);
}
