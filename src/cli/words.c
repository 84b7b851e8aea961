/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/words.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

int skep_cli_wrong(const struct skep_cli_words *words, const char *what)
{
	/* "usage: skep run [options]...": the whole of it would push what is wrong off the screen. */
	const char *command = words->usage + strcspn(words->usage, " ");
	size_t len;

	command += *command == ' ';
	len = strcspn(command, " ");
	len += command[len] ? 1 + strcspn(command + len + 1, " \n") : 0;
	fprintf(stderr, "skep: %s\n       = see %.*s --help\n", what, (int)len, command);
	return SKEP_EXIT_USAGE;
}

int skep_cli_word(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (skep_streq(word, list[i]))
			return (int)i;
	return -1;
}

/* getopt is silent, so that there is one voice. @c: what it gave. */
static int bad_option(const struct skep_cli_words *words, int c, const char *word)
{
	char what[256];

	snprintf(what, sizeof(what),
		 c == ':' ? "option '%s' wants a value" : "'%s' is no option here", word);
	return skep_cli_wrong(words, what);
}

bool skep_cli_words_parse(const struct skep_cli_words *words, void *data, int argc, char **argv,
			  int *ret_code)
{
	const char *why;
	int c;

	optind = 0; /* start anew */
	while ((c = getopt_long(argc, argv, words->letters ? words->letters : ":h", words->longs,
				NULL)) >= 0) {
		if (c == 'h') {
			skep_cli_page(words->usage);
			*ret_code = SKEP_EXIT_FINE;
			return false;
		}
		if (c == '?' || c == ':') {
			*ret_code = bad_option(words, c, argv[optind - 1]);
			return false;
		}
		why = words->option(data, c, optarg);
		if (why) {
			*ret_code = skep_cli_wrong(words, why);
			return false;
		}
	}
	return true;
}
