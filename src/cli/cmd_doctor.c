/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/cli.h"
#include "cli/words.h"
#include "live/world.h"
#include "sys/config.h"
#include "sys/cpus.h"
#include "sys/explain.h"
#include "trace/doctor.h"

static const char usage[] =
	"usage: skep doctor [--format text|json] [--all] [--kernel-config FILE]\n"
	"\n"
	"What this kernel can do, which commands and tools therefore work, and what to change.\n"
	"\n"
	"  --format FORMAT        text or json\n"
	"  --all                  which helper and function of the kernel each kind of program may call,\n"
	"                         too; JSON always has it\n"
	"  --kernel-config FILE   of another machine, by its kernel's configuration, such as\n"
	"                         /boot/config-6.12.1, or /proc/config.gz of it\n";

struct job {
	bool json, all;
	const char *config;
};

static const char *option(void *data, int c, char *value)
{
	static const char *const formats[] = { "text", "json" };
	struct job *job = data;
	int format;

	if (c == 'a') {
		job->all = true;
		return NULL;
	}
	if (c == 'k') {
		job->config = value;
		return NULL;
	}
	format = skep_cli_word(value, formats, ARRAY_SIZE(formats));
	job->json = format == 1;
	return format < 0 ? "--format takes text or json" : NULL;
}

static int show(const struct job *job, const struct skep_doctor *report)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (job->json) {
		skep_doctor_json(report, &out);
		fputs(skep_str_text(&out), stdout);
	} else {
		skep_doctor_text(report, &out);
		skep_cli_page(skep_str_text(&out));
	}
	return report->features[SKEP_FEATURE_BPF] == SKEP_DOCTOR_NO ? SKEP_EXIT_CANNOT
								    : SKEP_EXIT_FINE;
}

static int of_config(const struct job *job, struct skep_arena *arena)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_doctor report = { .machine = job->config };
	int r = skep_config_read(job->config, &text);

	if (r >= 0)
		r = skep_doctor_config(arena, skep_str_text(&text), &report);
	if (r < 0) {
		fprintf(stderr, "skep: %s: %s\n", job->config,
			r == -EINVAL ? "this is no kernel's configuration: it has lines such as "
				       "CONFIG_BPF=y"
				     : strerror(-r));
		return SKEP_EXIT_FAILED;
	}
	return show(job, &report);
}

static int of_this_machine(const struct job *job, struct skep_arena *arena)
{
	_cleanup_(skep_str_fini)
	struct skep_str config = {};
	struct skep_doctor report = { .n_cpus = skep_cpus_possible() };
	struct skep_kernel_world *world = NULL;
	struct skep_diag ignored = {};
	struct utsname u = {};
	bool tries = skep_explain_privileged();
	int code;

	(void)!uname(&u);
	report.release = u.release;
	report.arch = u.machine;
	report.machine = skep_arena_printf(arena, "%s %s, %s, %u CPUs", u.sysname, u.release,
					   u.machine, report.n_cpus);
	if (skep_config_read(NULL, &config) >= 0 && config.len)
		report.config = skep_str_text(&config);
	if (!tries || skep_world_new(&ignored, &world) < 0)
		world = NULL;
	skep_doctor_here(arena, world ? skep_world_get(world) : NULL, job->all || job->json,
			 &report);
	code = show(job, &report);
	if (!tries) {
		fflush(stdout);
		skep_cli_need_root();
		code = SKEP_EXIT_CANNOT;
	}
	skep_world_free(world);
	skep_diag_fini(&ignored);
	return code;
}

int skep_cmd_doctor(int argc, char **argv)
{
	static const struct option longs[] = { { "all", no_argument, NULL, 'a' },
					       { "format", required_argument, NULL, 'f' },
					       { "kernel-config", required_argument, NULL, 'k' },
					       SKEP_CLI_WORDS_END };
	static const struct skep_cli_words words = { usage, longs, option };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct job job = {};
	int code;

	if (!skep_cli_words_parse(&words, &job, argc, argv, &code))
		return code;
	if (optind < argc)
		return skep_cli_wrong(&words, "it takes options only");
	return job.config ? of_config(&job, arena) : of_this_machine(&job, arena);
}
