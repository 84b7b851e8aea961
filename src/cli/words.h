/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a command line: one loop over the options, one way to say that something is wrong.
 *
 *	static const struct option longs[] = { { "once", no_argument, NULL, '1' }, SKEP_CLI_WORDS_END };
 *	static const struct skep_cli_words words = { usage, longs, own_option };
 *
 *	if (!skep_cli_words_parse(&words, &job, argc, argv, &code))
 *		return code;			// --help, or a wrong option
 *	if (optind < argc)
 *		return skep_cli_wrong(&words, "it takes options only");
 */
#pragma once

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#define SKEP_CLI_WORDS_END                  \
	{ "help", no_argument, NULL, 'h' }, \
	{                                   \
	}

/* What a command has of its own. */
struct skep_cli_words {
	const char *usage;
	const struct option *longs;
	/* Takes an option of the command's own: NULL, or what is wrong, for a message about usage. */
	const char *(*option)(void *data, int c, char *value);
	const char *
		letters; /* of short options, as getopt has them, behind a ':' and with h; NULL: h alone */
};

/* Takes the options, up to optind. False: nothing is left to do, the command ends with *ret_code. */
bool skep_cli_words_parse(const struct skep_cli_words *words, void *data, int argc, char **argv,
			  int *ret_code);
/* Says what is wrong and where it is said how it is written. The exit code. */
int skep_cli_wrong(const struct skep_cli_words *words, const char *what);
/* Where @word is in the list; -1: it is none of them. */
int skep_cli_word(const char *word, const char *const *list, size_t n);
