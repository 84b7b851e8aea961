/* SPDX-License-Identifier: Apache-2.0 */
/* skep dis: programs as text. Needs no rights, but for programs that are in the kernel. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "workbench/listing.h"

static const char usage[] =
	"usage: skep dis [options] FILE...\n" SKEP_CLI_SOURCE_FILES SKEP_CLI_SOURCE_HELP
	"  --jit           with machine code: the kernel's of a program in it, else that of skep's JIT\n"
	"  --format FORMAT text (which skep asm takes back) or json, a line a program\n";

struct dis {
	struct skep_cli_source from;
	unsigned flags;
	bool json;
};

static int list(const struct dis *d, const char *path, struct skep_arena *arena,
		struct skep_diag *diag, struct skep_str *out)
{
	struct skep_listing *listing;
	struct skep_input input;
	size_t n = 0, prog;
	int r = skep_cli_source_read(&d->from, path, arena, diag, &input);

	if (r == 0 && !d->json)
		skep_listing_maps(&input, out);
	for (size_t i = 0; r == 0 && skep_cli_source_next(&d->from, &input, &i); i++) {
		r = skep_listing_new(&input, i, d->flags, arena, diag, &listing);
		if (r < 0)
			break;
		if (d->json)
			skep_listing_json(listing, out);
		else
			skep_str_add(out, n++ ? "\n" : "");
		if (!d->json)
			skep_listing_text(listing, out);
		n = 1;
	}
	if (r == 0 && !n)
		r = skep_cli_source_choose(&d->from, path, &input, &prog);
	return r;
}

static int list_file(const struct dis *d, const char *path)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_diag diag = {};
	int r = list(d, path, arena, &diag, &out);

	if (r == 0)
		fwrite(skep_str_text(&out), 1, out.len, stdout);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	return r;
}

static const char *own_option(void *data, int c, char *value)
{
	struct dis *d = data;

	if (c == 'j') {
		d->flags |= SKEP_LISTING_NATIVE;
		return NULL;
	}
	d->json = skep_streq(value, "json");
	return d->json || skep_streq(value, "text") ? NULL : "--format takes text or json";
}

int skep_cmd_dis(int argc, char **argv)
{
	static const struct option longs[] = {
		SKEP_CLI_SOURCE_OPTIONS,
		{ "jit", no_argument, NULL, 'j' },
		{ "format", required_argument, NULL, 'f' },
		SKEP_CLI_WORDS_END,
	};
	static const struct skep_cli_words words = { usage, longs, own_option };
	struct dis d = {};
	int code = SKEP_EXIT_FINE;

	if (!skep_cli_source_parse(&d.from, &words, &d, &argc, argv, &code))
		return code;
	if (optind == argc)
		return skep_cli_wrong(&words, "which file?");
	if (skep_cli_source_open(&d.from) < 0)
		return SKEP_EXIT_FAILED;
	for (; optind < argc; optind++)
		if (list_file(&d, argv[optind]) < 0)
			code = SKEP_EXIT_FAILED;
	skep_cli_source_fini(&d.from);
	return fflush(stdout) ? SKEP_EXIT_FAILED : code;
}
