/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs on the command line: what try, verify, dis and asm have in common, which is how a program is named
 * (workbench/input.h) and chosen.
 *
 *	static const struct option longs[] = { SKEP_CLI_SOURCE_OPTIONS, { "own", ... }, SKEP_CLI_WORDS_END };
 *	static const struct skep_cli_words words = { usage, longs, own_option };
 *	struct skep_cli_source source = {};
 *
 *	if (!skep_cli_source_parse(&source, &words, &job, argc, argv, &code))
 *		return code;						// --help, or a wrong option
 *	r = skep_cli_source_open(&source);
 *	r = skep_cli_source_read(&source, path, arena, diag, &input);
 *	for (size_t i = 0; skep_cli_source_next(&source, &input, &i); i++)
 *		use(&input.spec.progs[i]);
 *	skep_cli_source_fini(&source);
 */
#pragma once

#include "cli/words.h"
#include "workbench/input.h"

#define SKEP_CLI_SOURCE_OPTIONS                                                             \
	{ "prog", required_argument, NULL, 'p' }, { "kind", required_argument, NULL, 'k' }, \
	{                                                                                   \
		"btf", required_argument, NULL, 'b'                                         \
	}

/* For --help. */
#define SKEP_CLI_SOURCE_FILES                                                                                        \
	"FILE is C (.bpf.c), an object (.bpf.o), a script (.bt), assembler (.s), raw instructions, - for standard\n" \
	"input, or a program in the kernel: id:42, or the file that keeps it;\n"                                     \
	"behind -- the parameters of scripts\n"
#define SKEP_CLI_SOURCE_HELP                                                                       \
	"  --prog NAME     only this program\n"                                                    \
	"  --kind KIND     kind of program of assembler and raw instructions (xdp, kprobe, ...)\n" \
	"  --btf FILE      types of the kernel that it is for; without, those of this one\n"

struct skep_cli_source {
	const char *prog; /* or NULL: all */
	const char *btf_path;
	uint32_t kind;
	const char *const *params; /* of scripts: n_params */
	size_t n_params;
	struct skep_btf *btf; /* of btf_path */
	struct skep_arena *arena;
};

/*
 * Takes the options, up to optind; what follows "--" and a file are the parameters of scripts, and no words of ours any more.
 * False: nothing is left to do, the command ends with *ret_code.
 */
bool skep_cli_source_parse(struct skep_cli_source *source, const struct skep_cli_words *words,
			   void *data, int *argc, char **argv, int *ret_code);
/* Hex digits, or the content of a file, appended. -errno after a message. */
int skep_cli_source_bytes(const char *text, struct skep_str *out) _must_check_;
int skep_cli_source_file(const char *path, struct skep_str *out) _must_check_;
/* Reads the types. -errno after a message. */
int skep_cli_source_open(struct skep_cli_source *source) _must_check_;
void skep_cli_source_fini(struct skep_cli_source *source);
/* Borrowed, and only until the next script is compiled: types of the file, or of this kernel; NULL: there are none. */
const struct skep_btf *skep_cli_source_types(const struct skep_cli_source *source);
int skep_cli_source_read(const struct skep_cli_source *source, const char *path,
			 struct skep_arena *arena, struct skep_diag *diag,
			 struct skep_input *ret_input) _must_check_;
/* The same for the text of a script. */
int skep_cli_source_script(const struct skep_cli_source *source, const char *text,
			   struct skep_arena *arena, struct skep_diag *diag,
			   struct skep_input *ret_input) _must_check_;
/* Moves *@index on to the next program that is meant, from itself on; false: there is none. */
bool skep_cli_source_next(const struct skep_cli_source *source, const struct skep_input *input,
			  size_t *index);
/* The only one that is meant. -ENOENT, -EINVAL (several) after a message. */
int skep_cli_source_choose(const struct skep_cli_source *source, const char *path,
			   const struct skep_input *input, size_t *ret_prog) _must_check_;
