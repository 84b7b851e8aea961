/* SPDX-License-Identifier: Apache-2.0 */
/* Values of --to: sinks, and files with what stands behind their names. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "trace/options_priv.h"

/* "100", "64K", "10M", "1G". */
static bool parse_size(const char *text, size_t len, uint64_t *ret_bytes)
{
	static const char units[] = "KMG";
	char *end;
	const char *unit;
	uint64_t value = strtoull(text, &end, 10);

	unit = end < text + len ? strchr(units, *end) : NULL;
	*ret_bytes = unit ? value << (10 * (unit - units + 1)) : value;
	return end > text && *text != '-' && end + !!unit == text + len && value < 1ull << 30;
}

/* Behind a ',': "size=10M", "keep=5". */
static int take_file_option(struct skep_trace_options *o, const char *word, size_t len,
			    struct skep_diag *diag)
{
	uint64_t n;

	if (skep_has_prefix(word, "size=")) {
		if (!parse_size(word + 5, len - 5, &o->to_size)) {
			skep_diag_error(diag, SKEP_NO_LOC, "'%.*s' is no size of a file",
					(int)len - 5, word + 5);
			return skep_usage_error(diag, "it is --to FILE,size=10M,keep=5");
		}
		if (o->to_size >= SKEP_OUTPUT_SIZE_MIN)
			return 0;
		skep_diag_error(diag, SKEP_NO_LOC, "a file of %.*s bytes is too small",
				(int)len - 5, word + 5);
		return skep_usage_error(diag, "size= is 4K at least");
	}
	if (!skep_has_prefix(word, "keep=")) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%.*s' is no option of a file", (int)len, word);
		return skep_usage_error(diag, "it is --to FILE,size=10M,keep=5; -o takes any name");
	}
	if (!parse_size(word + 5, len - 5, &n) || n > SKEP_OUTPUT_KEEP_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%.*s' is no number of files", (int)len - 5,
				word + 5);
		return skep_usage_error(diag,
					"it is --to FILE,size=10M,keep=5; at most 1000 are kept");
	}
	o->to_keep = (unsigned)n;
	return 0;
}

/* The first ",word=" of the text, which is where options begin: names may have a ','. */
static const char *options_of_file(const char *to)
{
	const char *p = to;

	while ((p = strchr(p, ','))) {
		size_t n = strspn(++p, "abcdefghijklmnopqrstuvwxyz");

		if (n && p[n] == '=')
			return p - 1;
	}
	return to + strlen(to);
}

/* FILE[,size=N[K|M|G]][,keep=N] */
static int take_file(struct skep_trace_options *o, const char *to, struct skep_diag *diag)
{
	const char *end = options_of_file(to), *next;
	bool has_keep = false;

	if (o->to_file) {
		skep_diag_error(diag, SKEP_NO_LOC, "there are two files: '%s' and '%s'", o->to_file,
				to);
		return skep_usage_error(diag, "one run writes one file, in the shape of --format");
	}
	o->to_keep = 5;
	o->to_file = to;
	o->to_len = (size_t)(end - to);
	for (const char *p = end; *p; p = next) {
		int r;

		next = p + 1 + strcspn(p + 1, ",");
		r = take_file_option(o, p + 1, (size_t)(next - p - 1), diag);
		if (r < 0)
			return r;
		has_keep |= skep_has_prefix(p + 1, "keep=");
	}
	if (!has_keep || o->to_size)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "keep= is without size=: nothing is ever put aside");
	return skep_usage_error(diag, "it is --to FILE,size=10M,keep=5");
}

/* What else gets rows and maps; without "-" standard output does not. */
int skep_option_to(struct skep_trace_options *o, const char *to, struct skep_diag *diag)
{
	if (skep_streq(to, "-")) {
		o->to_output = true;
		return 0;
	}
	if (skep_has_prefix(to, "file=") || memchr(to, '/', strcspn(to, "=")) || *to == '.')
		return take_file(o, skep_has_prefix(to, "file=") ? to + 5 : to, diag);
	if (o->n_to == SKEP_TRACE_SINKS_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "more than %d times --to", SKEP_TRACE_SINKS_MAX);
		return skep_usage_error(diag, "a receiver can pass on what it gets");
	}
	o->to[o->n_to++] = to;
	return 0;
}
