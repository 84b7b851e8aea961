/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/cli.h"
#include "cli/words.h"
#include "live/world.h"
#include "sys/cpus.h"
#include "sys/explain.h"
#include "sys/file.h"
#include "trace/doctor.h"

#define CONFIG_MAX (4 * 1024 * 1024)

static const char usage[] =
	"usage: skep doctor [--format text|json] [--kernel-config FILE]\n"
	"\n"
	"What this kernel can do, which commands and tools therefore work, and what to change.\n"
	"\n"
	"  --format FORMAT        text or json\n"
	"  --kernel-config FILE   of another machine, by its kernel's configuration, such as\n"
	"                         /boot/config-6.12.1; zcat /proc/config.gz makes one\n";

struct job {
	bool json;
	const char *config;
};

static const char *option(void *data, int c, char *value)
{
	static const char *const formats[] = { "text", "json" };
	struct job *job = data;
	int format;

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
	_cleanup_free_ char *text = NULL;
	struct skep_doctor report = { .machine = job->config };
	int r = skep_file_read(job->config, CONFIG_MAX, &text, NULL);

	if (r >= 0)
		r = skep_doctor_config(arena, text, &report);
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
	struct skep_doctor report = {};
	struct skep_kernel_world *world = NULL;
	struct skep_diag ignored = {};
	struct utsname u = {};
	int code;

	if (!skep_explain_privileged()) {
		skep_cli_need_root();
		fprintf(stderr,
			"Without them the kernel refuses every test, and the answers would be wrong.\n");
		return SKEP_EXIT_CANNOT;
	}
	(void)!uname(&u);
	report.machine = skep_arena_printf(arena, "%s %s, %s, %u CPUs", u.sysname, u.release,
					   u.machine, skep_cpus_possible());
	if (skep_world_new(&ignored, &world) < 0)
		world = NULL;
	skep_doctor_here(arena, world ? skep_world_get(world) : NULL, &report);
	code = show(job, &report);
	skep_world_free(world);
	skep_diag_fini(&ignored);
	return code;
}

int skep_cmd_doctor(int argc, char **argv)
{
	static const struct option longs[] = { { "format", required_argument, NULL, 'f' },
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
