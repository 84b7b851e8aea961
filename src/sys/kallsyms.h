/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel symbols: names of addresses and addresses of names, from /proc/kallsyms.
 *
 * Reading the list costs the kernel 20 to 40 ms (120,000 symbols), so nothing is read before it is
 * asked for. Two ways:
 *
 *	table	 in memory, about 33 bytes a symbol (4 MB); for names wanted as events come
 *	stream	 nothing held; for the addresses of a map that is printed once, for one name
 *
 * Only code is kept (types t, T, w, W). A kernel that hides addresses gives -EPERM.
 *
 *	r = skep_kallsyms_load(&table);
 *	if (skep_kallsyms_at(table, address, &symbol))
 *		printf("%s+%llu", symbol.name, address - symbol.address);
 *	skep_kallsyms_free(table);
 */
#pragma once

#include "base/macros.h"

struct skep_ksym {
	uint64_t address;
	const char *name;
	const char *module; /* NULL: the kernel itself */
};

struct skep_kallsyms;

int skep_kallsyms_load(struct skep_kallsyms **ret_table) _must_check_;
/* The same from a file that looks like it, for tests. */
int skep_kallsyms_load_file(const char *path, struct skep_kallsyms **ret_table) _must_check_;
void skep_kallsyms_free(struct skep_kallsyms *table);
SKEP_DEFINE_CLEANUP(struct skep_kallsyms, skep_kallsyms_free)

size_t skep_kallsyms_count(const struct skep_kallsyms *table);
/*
 * The last symbol at or before @address; of several at one address the first in the list. Texts
 * live as long as the table.
 */
bool skep_kallsyms_at(const struct skep_kallsyms *table, uint64_t address,
		      struct skep_ksym *ret_symbol);
/* Looks at every name. */
bool skep_kallsyms_find(const struct skep_kallsyms *table, const char *name,
			struct skep_ksym *ret_symbol);

/*
 * Calls @each for every code symbol, in the order of the file. Stops when it returns other than 0
 * and returns that.
 */
int skep_kallsyms_each(int (*each)(void *data, const struct skep_ksym *symbol),
		       void *data) _must_check_;
/* Asks the kernel, without the list. -ENOENT: the list may have it; others: this kernel, or this user, cannot ask. */
int skep_kallsyms_ask(const char *name, uint64_t *ret_address) _must_check_;
/* The address of one symbol of any type, data too: asked, or else found in the list. -ENOENT. */
int skep_kallsyms_address(const char *name, uint64_t *ret_address) _must_check_;
/*
 * Names of @n addresses, ascending, in one pass and without a table: calls @each for every index
 * that has a symbol. The texts live only during the call.
 */
int skep_kallsyms_resolve(const uint64_t *addresses, size_t n,
			  void (*each)(void *data, size_t index, const struct skep_ksym *symbol),
			  void *data) _must_check_;
