/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "isa/progkind.h"
#include "sys/vmlinux.h"

/* Options of programs, and behind them the command's. */
struct parse {
	struct skep_cli_source *source;
	const struct skep_cli_words *words;
	void *data;
};

static const char *take_option(void *data, int c, char *value)
{
	struct parse *p = data;
	const struct skep_prog_kind *kind;

	switch (c) {
	case 'p':
		p->source->prog = value;
		return NULL;
	case 'b':
		p->source->btf_path = value;
		return NULL;
	case 'k':
		kind = skep_prog_kind_find_name(value);
		if (!kind)
			return "--kind takes a kind of program: xdp, kprobe, tracepoint, sched_cls, ...";
		p->source->kind = kind->id;
		return NULL;
	default:
		return p->words->option(p->data, c, value);
	}
}

bool skep_cli_source_parse(struct skep_cli_source *source, const struct skep_cli_words *words,
			   void *data, int *argc, char **argv, int *ret_code)
{
	struct parse parse = { source, words, data };
	struct skep_cli_words all = *words;
	int end = 1, n = *argc;
	bool fine;

	while (end < n && !skep_streq(argv[end], "--"))
		end++;
	all.option = take_option;
	fine = skep_cli_words_parse(&all, &parse, end, argv, ret_code);
	if (!fine || end == n)
		return fine;
	/* Without a file in front they are files, however they begin. */
	if (optind == end) {
		optind++;
		return true;
	}
	*argc = end;
	source->params = (const char *const *)argv + end + 1;
	source->n_params = (size_t)(n - end - 1);
	return true;
}

int skep_cli_source_file(const char *path, struct skep_str *out)
{
	char part[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f) {
		fprintf(stderr, "skep: cannot read '%s': %s\n", path, strerror(errno));
		return -errno;
	}
	while ((n = fread(part, 1, sizeof(part), f)) > 0 && out->len < SKEP_INPUT_MAX)
		skep_str_addn(out, part, n);
	fclose(f);
	return 0;
}

/* Hex digits, or the content of a file. */
int skep_cli_source_bytes(const char *text, struct skep_str *out)
{
	enum skep_hex hex = skep_input_hex(text, strlen(text), out);

	if (hex == SKEP_HEX_BYTES)
		return 0;
	skep_str_reset(out);
	if (hex == SKEP_HEX_ODD && access(text, F_OK) < 0) {
		fprintf(stderr, "skep: '%s' is an odd number of hex digits: two make a byte\n",
			text);
		return -EINVAL;
	}
	if (hex != SKEP_HEX_ODD && access(text, F_OK) < 0 && errno == ENOENT) {
		fprintf(stderr,
			"skep: cannot read '%s': there is no such file, and it is not hex digits\n",
			text);
		return -ENOENT;
	}
	return skep_cli_source_file(text, out);
}

int skep_cli_source_open(struct skep_cli_source *source)
{
	struct skep_diag diag = {};
	size_t size = 0;
	char *data = NULL;
	int r;

	if (!source->btf_path)
		return 0;
	source->arena = skep_arena_new();
	r = skep_input_bytes(source->btf_path, source->arena, &diag, &data, &size);
	skep_cli_tell(&diag, false);
	skep_diag_fini(&diag);
	if (r < 0)
		return r;
	r = skep_btf_parse(data, size, NULL, NULL, NULL, &source->btf);
	if (r < 0)
		fprintf(stderr, "skep: '%s' is not BTF\n", source->btf_path);
	return r;
}

void skep_cli_source_fini(struct skep_cli_source *source)
{
	skep_btf_free(source->btf);
	skep_arena_free(source->arena);
	*source = (struct skep_cli_source){};
}

const struct skep_btf *skep_cli_source_types(const struct skep_cli_source *source)
{
	const struct skep_btf *btf = NULL;

	if (source->btf)
		return source->btf;
	return skep_vmlinux_btf(NULL, &btf) < 0 ? NULL : btf;
}

static struct skep_input_options options_of(const struct skep_cli_source *source)
{
	return (struct skep_input_options){
		.kernel = skep_cli_source_types(source),
		.prog_type = source->kind,
		.params = source->params,
		.n_params = source->n_params,
	};
}

int skep_cli_source_read(const struct skep_cli_source *source, const char *path,
			 struct skep_arena *arena, struct skep_diag *diag,
			 struct skep_input *ret_input)
{
	struct skep_input_options options = options_of(source);

	return skep_input_read(path, &options, arena, diag, ret_input);
}

int skep_cli_source_script(const struct skep_cli_source *source, const char *text,
			   struct skep_arena *arena, struct skep_diag *diag,
			   struct skep_input *ret_input)
{
	struct skep_input_options options = options_of(source);

	return skep_input_read_script("-e", text, &options, arena, diag, ret_input);
}

static bool is_meant(const struct skep_cli_source *source, const struct skep_input *input, size_t i)
{
	return input->spec.progs[i].type &&
	       (!source->prog || skep_input_is_called(input, i, source->prog));
}

/* As it can be typed: what a shell would take for a pattern or a comment is quoted. */
static void add_label(const struct skep_input *input, size_t i, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str label = {};
	bool quote;

	skep_input_label(input, i, &label);
	quote = strpbrk(skep_str_text(&label), "*#?[(; \"$&") != NULL;
	skep_str_addf(out, quote ? " '%s'" : " %s", skep_str_text(&label));
}

bool skep_cli_source_next(const struct skep_cli_source *source, const struct skep_input *input,
			  size_t *index)
{
	for (; *index < input->spec.n_progs; (*index)++) {
		if (is_meant(source, input, *index))
			return true;
	}
	return false;
}

int skep_cli_source_choose(const struct skep_cli_source *source, const char *path,
			   const struct skep_input *input, size_t *ret_prog)
{
	_cleanup_(skep_str_fini)
	struct skep_str names = {};
	size_t first = 0, more;

	if (skep_cli_source_next(source, input, &first)) {
		more = first + 1;
		if (!skep_cli_source_next(source, input, &more)) {
			*ret_prog = first;
			return 0;
		}
		fprintf(stderr, "skep: %s has several programs; choose with --prog:", path);
	} else {
		more = 0;
		fprintf(stderr, "skep: %s has no program%s%s; it has:", path,
			source->prog ? " called " : "", source->prog ? source->prog : "");
	}
	for (size_t i = 0; i < input->spec.n_progs; i++)
		if (input->spec.progs[i].type && (!more || is_meant(source, input, i)))
			add_label(input, i, &names);
	fprintf(stderr, "%s\n", skep_str_text(&names));
	return more ? -EINVAL : -ENOENT;
}
