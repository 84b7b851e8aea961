/* SPDX-License-Identifier: Apache-2.0 */
#include "who/ksyms.h"

#include "base/clock.h"

#include <malloc.h>
#include <time.h>

#define FUNCTION_MAX (1024 * 1024) /* an address further behind a symbol is not in its function */

struct known {
	uint64_t address;
	struct skep_ksym symbol; /* without a name: there is no function */
};

static void forget(struct skep_ksyms *ksyms)
{
	skep_hash_fini(&ksyms->known);
	skep_arena_free(ksyms->arena);
	ksyms->known = (struct skep_hash){};
	ksyms->arena = NULL;
}

void skep_ksyms_fini(struct skep_ksyms *ksyms)
{
	skep_kallsyms_free(ksyms->table);
	ksyms->table = NULL;
	forget(ksyms);
}

static const struct known *look_up(struct skep_ksyms *ksyms, uint64_t address)
{
	struct skep_ksym symbol = {};
	struct known *k;

	if (!ksyms->table)
		ksyms->error = skep_kallsyms_load(&ksyms->table);
	if (ksyms->error < 0)
		return NULL;
	ksyms->wanted_ns = skep_clock_ns(CLOCK_MONOTONIC);
	if (ksyms->known.len >= SKEP_KSYMS_KNOWN_MAX)
		forget(ksyms);
	if (!ksyms->arena)
		ksyms->arena = skep_arena_new();
	k = skep_arena_calloc(ksyms->arena, 1, sizeof(*k));
	k->address = address;
	if (skep_kallsyms_at(ksyms->table, address, &symbol) &&
	    address - symbol.address <= FUNCTION_MAX) {
		k->symbol.address = symbol.address;
		k->symbol.name = skep_arena_strdup(ksyms->arena, symbol.name);
		if (symbol.module)
			k->symbol.module = skep_arena_strdup(ksyms->arena, symbol.module);
	}
	skep_hash_set(&ksyms->known, &k->address, sizeof(k->address), k);
	return k;
}

bool skep_ksyms_find(struct skep_ksyms *ksyms, uint64_t address, struct skep_ksym *ret_symbol)
{
	const struct known *k = skep_hash_get(&ksyms->known, &address, sizeof(address));

	if (!k && !ksyms->error)
		k = look_up(ksyms, address);
	if (!k || !k->symbol.name)
		return false;
	*ret_symbol = k->symbol;
	return true;
}

int skep_ksyms_rest(struct skep_ksyms *ksyms)
{
	uint64_t idle_ms;

	if (!ksyms->table)
		return -1;
	idle_ms = (skep_clock_ns(CLOCK_MONOTONIC) - ksyms->wanted_ns) / 1000000;
	if (idle_ms < SKEP_KSYMS_REST_MS)
		return (int)(SKEP_KSYMS_REST_MS - idle_ms);
	skep_kallsyms_free(TAKE_PTR(ksyms->table));
	malloc_trim(0);
	return -1;
}
