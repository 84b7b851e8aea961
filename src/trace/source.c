/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sys/file.h"

int skep_trace_source(struct skep_arena *arena, const struct skep_trace_options *options,
		      struct skep_diag *diag, const char **ret_name, const char **ret_text,
		      size_t *ret_len)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	bool is_stdin = skep_streq(options->file, "-");
	_cleanup_close_ int fd = -1;
	int r;

	if (options->text) {
		*ret_name = options->name ? options->name : "-e";
		*ret_text = options->text;
		*ret_len = strlen(options->text);
		return 0;
	}
	if (!is_stdin) {
		fd = skep_file_open_own(AT_FDCWD, options->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			r = -errno;
			skep_diag_error(diag, SKEP_NO_LOC, "cannot open the script '%s': %s",
					options->file, strerror(-r));
			if (strchr(options->file, '{'))
				skep_diag_hint(diag, "a script on the command line follows -e");
			return r;
		}
	}
	r = skep_live_read_all(is_stdin ? STDIN_FILENO : fd, &text);
	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot read the script '%s': %s", options->file,
				r == -EFBIG ? "it has more than 16 MiB" : strerror(-r));
		return r;
	}
	*ret_name = is_stdin ? "stdin" : options->file;
	*ret_text = skep_arena_memdup(arena, skep_str_text(&text), text.len + 1);
	*ret_len = text.len;
	return 0;
}
