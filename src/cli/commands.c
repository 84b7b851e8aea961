/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands: a new one is a row here and a file of its own.
 *
 * With SKEP_CORE it is that of skep-core: the language, all tools, and what looks at a program; without what is for
 * writing programs in C and keeping them in the kernel, and without the live view.
 */
#include "cli/cli.h"

const struct skep_command skep_commands[] = {
	{ "trace", "ask the running kernel a question in the tracing language",
	  "skep trace [options] FILE | -e 'SCRIPT' | -l [PATTERN]", skep_cmd_trace },
	{ "fmt", "write a script in the one style, comments and meaning kept",
	  "skep fmt [-w] FILE...", skep_cmd_fmt },
#ifndef SKEP_CORE
	{ "new", "a program in C to begin with, and its test", "skep new NAME [--kind KIND]",
	  skep_cmd_new },
	{ "build", "C sources to an object, with vmlinux.h made for them",
	  "skep build [options] FILE.bpf.c...", skep_cmd_build },
	{ "run", "load and attach programs in C, and show their data as it comes",
	  "skep run [options] FILE.bpf.o...", skep_cmd_run },
#endif
	{ "explain", "a program from its source to its data, in eight steps",
	  "skep explain [options] FILE | -e 'SCRIPT'", skep_cmd_explain },
	{ "verify", "whether programs are safe to run, and if not, why",
	  "skep verify [options] FILE...", skep_cmd_verify },
	{ "try", "run a program of any kind once, here and now, and see what it does",
	  "skep try [options] FILE", skep_cmd_try },
#ifndef SKEP_CORE
	{ "map", "what is in maps, typed; set, delete, watch and keep it",
	  "skep map list | dump | get | set | delete | watch | pin ...", skep_cmd_map },
#endif
	{ "dis", "programs as text: instructions, source lines, names, machine code",
	  "skep dis [options] FILE...", skep_cmd_dis },
	{ "asm", "assembler to instructions, or to an object", "skep asm [options] [FILE]",
	  skep_cmd_asm },
	{ "tools", "the tools that are part of skep, by area; each is a command",
	  "skep tools [AREA] [--format json] | --script TOOL | --man TOOL", skep_cmd_tools },
#ifndef SKEP_CORE
	{ "schema", "the JSON Schema of what a tool or script writes as JSON lines",
	  "skep schema TOOL | FILE | -e 'SCRIPT' [its options]", skep_cmd_schema },
	{ "dashboards", "dashboards for Grafana, and alert rules for Prometheus",
	  "skep dashboards [TOOL | FILE]... [-o FOLDER]", skep_cmd_dashboards },
	{ "top", "processes, containers, files and connections, live", "skep top [options]",
	  skep_cmd_top },
	{ "ps", "programs, links and maps in the kernel: whose, where, what they take and may do",
	  "skep ps [options]", skep_cmd_ps },
#endif
	{ "doctor", "what this kernel can do, and which commands therefore work",
	  "skep doctor [--format text|json] [--all] [--kernel-config FILE]", skep_cmd_doctor },
	{ "version", "which version this is and what is built in", "skep version",
	  skep_cmd_version },
	{ "help", "this list, or help for one command", "skep help [COMMAND]", skep_cmd_help },
	{},
};
