/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "live/unpack.h"
#include "sys/explain.h"
#include "sys/feature.h"

static void print_commands(void)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_str_add(&out, "usage: skep COMMAND [options]\n\n");
	for (const struct skep_command *c = skep_commands; c->name; c++)
		skep_str_addf(&out, "  %-10s  %s\n", c->name, c->summary);
	skep_str_add(
		&out,
		"\nskep -e 'SCRIPT', skep FILE.bt and skep FILE.skep mean skep trace. Each command has "
		"--help and a manual: man skep-trace; the language is in man skep-lang\n");
	skep_cli_page(skep_str_text(&out));
}

/* Those list them by themselves. */
static bool has_options(const struct skep_command *c)
{
	return c->run != skep_cmd_version && c->run != skep_cmd_help;
}

extern const struct skep_embedded_pack skep_embedded_texts;

/* Of texts/, where those that are longer lie packed. */
const char *skep_cli_text(const char *name)
{
	static struct skep_unpacked texts = { &skep_embedded_texts, NULL };
	const char *found, *text;

	for (size_t i = 0; (text = skep_unpacked_at(&texts, i, &found)); i++)
		if (skep_streq(found, name))
			return text;
	return NULL;
}

/*
 * What is no tool here is a text of its name: what tools of BCC do that are languages of their own, in ours ("trace" is a command
 * here, so that it stands behind its help), and where other things are.
 */
const char *skep_cli_elsewhere(const char *name)
{
	if (skep_streq(name, "trace")) /* as BCC's, under its name: trace-bpfcc */
		name = "argdist";
	return strchr(name, '.') ? NULL : skep_cli_text(name);
}

int skep_cmd_help(int argc, char **argv)
{
	if (argc < 2) {
		print_commands();
		return SKEP_EXIT_FINE;
	}
	for (const struct skep_command *c = skep_commands; c->name; c++) {
		if (!skep_streq(c->name, argv[1]))
			continue;
		if (!has_options(c))
			printf("usage: %s\n\n%s\n", c->usage, c->summary);
		else if (c->run(2, (char *[]){ argv[1], "--help", NULL }) != SKEP_EXIT_FINE)
			return SKEP_EXIT_FAILED;
		if (c->run == skep_cmd_trace) {
			putchar('\n');
			skep_cli_page(skep_cli_text("argdist"));
		}
		return SKEP_EXIT_FINE;
	}
	if (skep_cli_is_tool(argv[1]))
		return skep_cmd_tool(argv[1], false, 2, (char *[]){ argv[1], "--help", NULL });
	if (skep_cli_elsewhere(argv[1])) {
		skep_cli_page(skep_cli_elsewhere(argv[1]));
		return SKEP_EXIT_FINE;
	}
	return skep_cli_unknown(argv[1]);
}

enum {
	NEEDS_RIGHTS = -1, /* but no feature */
	NEEDS_NOTHING = -2,
};

/* Commands to start with, best first; each with what it needs of the kernel. */
static const struct {
	const char *what, *line;
	int needs; /* enum skep_feature, or one of these */
} samples[] = {
	{ "which programs are started",
	  "-e 'tracepoint:sched:sched_process_exec { print(str(args.filename)); }'",
	  SKEP_FEATURE_RAW_TP },
	{ "how many system calls each program makes (Ctrl-C shows it)",
	  "-e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'", SKEP_FEATURE_RAW_TP },
	{ "which kernel functions of the file layer run how often",
	  "-e 'kprobe:vfs_* { @[func] = count(); }'", SKEP_FEATURE_KPROBE },
	{ "how much memory a program asks for at a time",
	  "-e 'uprobe:libc:malloc /pid == cpid/ { @bytes = hist(arg0); }' -c 'ls /'",
	  SKEP_FEATURE_UPROBE },
	{ "where the CPUs spend their time", "-e 'profile:hz:99 { @[comm] = count(); }'",
	  SKEP_FEATURE_PERF_SOFTWARE },
	{ "which probes there are", "trace -l 'tracepoint:*open*'", SKEP_FEATURE_TRACEFS },
	{ "what this kernel can do", "doctor", NEEDS_RIGHTS },
	{ "all commands", "help", NEEDS_NOTHING },
	{ "which version this is", "version", NEEDS_NOTHING },
};

int skep_cmd_front(void)
{
	bool root = skep_explain_privileged();
	unsigned shown = 0;

	printf("skep asks the running kernel. Try%s:\n\n", root ? "" : ", as root");
	for (size_t i = 0; i < ARRAY_SIZE(samples) && shown < 5; i++) {
		/* Without rights nothing can be tested: then only what works everywhere is shown. */
		if (samples[i].needs >= 0 &&
		    (root ? !skep_feature_has((enum skep_feature)samples[i].needs)
			  : samples[i].needs == SKEP_FEATURE_KPROBE))
			continue;
		if (shown == 4 && samples[i].needs >= 0) /* the last is the way to more */
			continue;
		printf("  # %s\n  %sskep %s\n\n", samples[i].what,
		       root || samples[i].needs == NEEDS_NOTHING ? "" : "sudo ", samples[i].line);
		shown++;
	}
	printf("skep help lists the commands, skep COMMAND --help tells of one.\n");
	return SKEP_EXIT_FINE;
}
