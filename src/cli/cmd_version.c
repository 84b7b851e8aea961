/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/dl.h"
#include "cli/cli.h"
#include "lang/builtin.h"
#include "lang/provider.h"

/* Opened on first use; what lacks one says so. In a static program all are missing. */
static const struct {
	const char *soname, *has, *gives;
} libraries[] = {
	{ "libdw.so.1", "dwfl_begin", "debugging information" },
	{ "libstdc++.so.6", "__cxa_demangle", "names of C++" },
	{ "libcurl.so.4", "curl_easy_init", "--to otlp and zipkin" },
	{ "libmicrohttpd.so.12", "MHD_start_daemon", "--to prom" },
	{ "libncursesw.so.6", "initscr", "the screen of top" },
	{ "libpcre2-8.so.0", "pcre2_compile_8", "--match" },
	{ "libcapstone.so.4", "cs_open", "machine code as text" },
};

int skep_cmd_version(int argc, char **argv)
{
	size_t n = 0;

	if (skep_cli_no_words(argc, argv))
		return SKEP_EXIT_USAGE;
	printf("skep %s\n", SKEP_VERSION);
	printf("commands:");
	for (const struct skep_command *c = skep_commands; c->name; c++)
		printf(" %s", c->name);
	printf("\nprobes:");
	for (size_t i = 0; skep_providers[i]; i++)
		if (skep_providers[i]->list) /* those that are passed over have no list */
			printf(" %s", skep_providers[i]->name);
	while (skep_builtins[n])
		n++;
	printf("\nlibraries:");
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		struct skep_dl dl = { .soname = libraries[i].soname };
		void *found;

		printf("%s %s %s(%s)", i ? "," : "", dl.soname,
		       skep_dl_open(&dl, &libraries[i].has, 1, &found) < 0 ? "missing " : "",
		       libraries[i].gives);
	}
	printf("\nbuiltins and functions: %zu\n", n);
#if defined(__clang_version__)
	printf("compiler: clang %s\n", __clang_version__);
#elif defined(__VERSION__)
	printf("compiler: gcc %s\n", __VERSION__);
#endif
	return SKEP_EXIT_FINE;
}
