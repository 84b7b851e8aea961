/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "lang/builtin.h"
#include "lang/provider.h"
#include "who/demangle.h"
#include "who/dwarf.h"

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
	/* Opened on first use; what lacks one says so. */
	printf("\nlibraries: libdw.so.1 %s, libstdc++.so.6 %s",
	       skep_dwarf_works() ? "(debugging information)" : "missing",
	       skep_demangle_works() ? "(names of C++)" : "missing");
	printf("\nbuiltins and functions: %zu\n", n);
#if defined(__clang_version__)
	printf("compiler: clang %s\n", __clang_version__);
#elif defined(__VERSION__)
	printf("compiler: gcc %s\n", __VERSION__);
#endif
	return SKEP_EXIT_FINE;
}
