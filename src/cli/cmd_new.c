/* SPDX-License-Identifier: Apache-2.0 */
/* skep new: a program to begin with, and its test. */
#include <getopt.h>
#include <stdio.h>

#include "cli/cli.h"
#include "workbench/new.h"

static const char usage[] =
	"usage: skep new NAME [--kind KIND]\n"
	"Writes NAME.bpf.c, a program with comments that works, and NAME.test, its test.\n"
	"Nothing that is there is overwritten.\n"
	"  --kind KIND     where it is attached; tracepoint unless told:\n";

static void show_usage(void)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_str_add(&out, usage);
	for (const struct skep_new_kind *k = skep_new_kinds; k->name; k++)
		skep_str_addf(&out, "    %-14s  %s\n", k->name, k->summary);
	skep_cli_page(skep_str_text(&out));
}

static int wrong(const char *what)
{
	fprintf(stderr,
		"skep: %s\n       = skep new NAME [--kind KIND]; skep new --help lists the kinds\n",
		what);
	return SKEP_EXIT_USAGE;
}

int skep_cmd_new(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "kind", required_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	const char *kind = "tracepoint";
	struct skep_diag diag = {};
	int c, r;

	while ((c = getopt_long(argc, argv, ":hk:", longs, NULL)) >= 0) {
		if (c == 'k') {
			kind = optarg;
			continue;
		}
		if (c != 'h')
			return wrong(c == ':' ? "--kind wants a value" : "no such option");
		show_usage();
		return SKEP_EXIT_FINE;
	}
	if (optind + 1 != argc)
		return wrong(optind == argc ? "which name?" : "one name at a time");
	r = skep_new_program(argv[optind], kind, &diag, &out);
	fputs(skep_str_text(&out), stdout);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	return r < 0 || fflush(stdout) ? SKEP_EXIT_FAILED : SKEP_EXIT_FINE;
}
