/* SPDX-License-Identifier: Apache-2.0 */
/* skep fmt: scripts in one style. Needs no rights. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "cli/cli.h"
#include "lang/fmt.h"
#include "lang/plan_file.h"
#include "trace/source.h"

static const char usage[] =
	"usage: skep fmt [-w] FILE...\n"
	"writes scripts in the one style, to standard output; - is standard input\n"
	"  -w              back into each file, if anything changed\n"
	"exit code: 0 all are formatted, 1 one could not be read, written or parsed\n";

/* The file has its old text or its new one, never less. Links are followed, rights kept. */
static int replace_file(const char *path, const struct skep_str *text)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	char *real = realpath(path, NULL);
	struct stat st;
	int fd, r = 0;

	if (!real)
		return -errno;
	skep_str_addf(&name, "%s.XXXXXX", real);
	fd = mkostemp(name.data, O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		free(real);
		return r;
	}
	if (stat(real, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0 ||
	    fchmod(fd, st.st_mode & 07777) < 0 || skep_write_all(fd, text->data, text->len) < 0 ||
	    fsync(fd) < 0)
		r = errno ? -errno : -EIO;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(name.data, real) < 0)
		r = -errno;
	if (r < 0)
		unlink(name.data);
	free(real);
	return r;
}

static int deliver(const char *file, bool in_place, const struct skep_str *before,
		   const struct skep_str *text)
{
	int r = 0;

	if (!in_place)
		return skep_cli_write(NULL, skep_str_text(text), text->len) < 0 ? SKEP_EXIT_FAILED
										: SKEP_EXIT_FINE;
	if (before->len != text->len || memcmp(before->data, text->data, text->len) != 0)
		r = replace_file(file, text);
	if (r == 0)
		return SKEP_EXIT_FINE;
	fprintf(stderr, "skep: cannot write '%s': %s\n", file, strerror(-r));
	return SKEP_EXIT_FAILED;
}

static int format_script(const struct skep_trace_options *options, bool in_place)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	const char *text;
	int r, code = SKEP_EXIT_FAILED;
	size_t len;

	r = skep_trace_source(arena, options, &diag, &diag.source_name, &text, &len);
	if (r == 0 && skep_plan_is_file(text, len)) {
		skep_diag_error(&diag, SKEP_NO_LOC, "'%s' is a compiled script", diag.source_name);
		skep_diag_hint(&diag, "format its text, then compile that");
		r = -EINVAL;
	}
	if (r == 0) {
		diag.source_text = text;
		diag.source_len = len;
		r = skep_fmt(text, len, &diag, &out);
	}
	if (r == 0) {
		const struct skep_str before = { .data = (char *)text, .len = len };

		code = deliver(options->file, in_place, &before, &out);
	}
	skep_cli_tell(&diag, false);
	return code;
}

int skep_cli_fmt(const struct skep_trace_options *options)
{
	return format_script(options, false);
}

int skep_cmd_fmt(int argc, char **argv)
{
	bool in_place = false;
	int i = 1, code = SKEP_EXIT_FINE;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (skep_streq(argv[i], "--")) {
			i++;
			break;
		}
		if (skep_streq(argv[i], "--help") || skep_streq(argv[i], "-h")) {
			skep_cli_page(usage);
			return SKEP_EXIT_FINE;
		}
		if (!skep_streq(argv[i], "-w")) {
			fprintf(stderr,
				"skep: fmt has no option '%s'\n       = see skep fmt --help\n",
				argv[i]);
			return SKEP_EXIT_USAGE;
		}
		in_place = true;
	}
	if (i == argc) {
		fprintf(stderr,
			"skep: fmt needs a file, or '-' for the standard input\n       = see skep fmt --help\n");
		return SKEP_EXIT_USAGE;
	}
	for (; i < argc; i++) {
		struct skep_trace_options options = { .file = argv[i] };
		int one = format_script(&options, in_place && !skep_streq(argv[i], "-"));

		code = MAX(code, one);
	}
	return code;
}
