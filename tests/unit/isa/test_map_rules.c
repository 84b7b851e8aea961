/* SPDX-License-Identifier: Apache-2.0 */
/* Which maps can be made, asked of the live kernel for every combination of some sizes and each flag. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cmocka.h>
#include <linux/bpf.h>

#include "isa/helper.h"
#include "isa/mapkind.h"

static int make(uint32_t kind, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = kind;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	attr.map_flags = flags;
	fd = syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static unsigned ask(uint32_t kind, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	const char *why = "";
	int kernel = make(kind, key, value, entries, flags);
	int table = skep_map_kind_check(kind, key, value, entries, flags, &why);

	if ((kernel == 0) == (table == 0))
		return 0;
	printf("%s key %u value %u entries %u flags %#x: kernel %d, table %d (%s)\n",
	       skep_map_kind_find(kind)->name, key, value, entries, flags, kernel, table, why);
	return 1;
}

static unsigned ask_kind(uint32_t kind)
{
	static const uint32_t keys[] = { 0, 1, 4, 5, 8, 16, 260, 261, 512, 513 };
	static const uint32_t values[] = { 0, 1, 4, 8, 12, 16, 1016, 1024, 32768, 32776 };
	static const uint32_t entries[] = { 0, 1, 3, 4096, 12288 };
	uint32_t base = kind == SKEP_MAP_LPM_TRIE ? SKEP_MAP_F_NO_PREALLOC : 0;
	uint32_t key = 4, value = 4, n = 1;
	unsigned wrong = 0;

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			if (values[v] > 16 && keys[k] != 4)
				continue;
			for (size_t e = 0; e < ARRAY_SIZE(entries); e++) {
				/* A cpumap is as large as the machine at most. */
				if ((values[v] > 16 || kind == SKEP_MAP_CPUMAP) && entries[e] > 3)
					continue;
				wrong += ask(kind, keys[k], values[v], entries[e], base);
			}
		}
	if (kind == SKEP_MAP_LPM_TRIE)
		key = 8;
	if (kind == SKEP_MAP_STACK_TRACE)
		value = 8;
	if (kind == SKEP_MAP_RINGBUF || kind == SKEP_MAP_USER_RINGBUF)
		key = value = 0, n = 4096;
	if (kind == SKEP_MAP_QUEUE || kind == SKEP_MAP_STACK || kind == SKEP_MAP_BLOOM_FILTER)
		key = 0;
	if (kind == SKEP_MAP_STACK_TRACE)
		wrong += ask(kind, 4, 64, 1, SKEP_MAP_F_STACK_BUILD_ID);
	for (unsigned bit = 0; bit < 18; bit++)
		if (bit != 14 && bit != 15 && bit != 16) /* need a descriptor beside */
			wrong += ask(kind, key, value, n, base | 1u << bit);
	wrong += ask(kind, key, value, n, base | SKEP_MAP_F_RDONLY_PROG | SKEP_MAP_F_WRONLY_PROG);
	return wrong;
}

static void maps_are_the_kernels(void **state)
{
	static const uint32_t kinds[] = {
		SKEP_MAP_HASH,
		SKEP_MAP_ARRAY,
		SKEP_MAP_PROG_ARRAY,
		SKEP_MAP_PERF_EVENT_ARRAY,
		SKEP_MAP_PERCPU_HASH,
		SKEP_MAP_PERCPU_ARRAY,
		SKEP_MAP_STACK_TRACE,
		SKEP_MAP_CGROUP_ARRAY,
		SKEP_MAP_LRU_HASH,
		SKEP_MAP_LRU_PERCPU_HASH,
		SKEP_MAP_LPM_TRIE,
		SKEP_MAP_DEVMAP,
		SKEP_MAP_SOCKMAP,
		SKEP_MAP_CPUMAP,
		SKEP_MAP_XSKMAP,
		SKEP_MAP_SOCKHASH,
		SKEP_MAP_REUSEPORT_SOCKARRAY,
		SKEP_MAP_QUEUE,
		SKEP_MAP_STACK,
		SKEP_MAP_DEVMAP_HASH,
		SKEP_MAP_RINGBUF,
		SKEP_MAP_USER_RINGBUF,
		SKEP_MAP_BLOOM_FILTER,
	};
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	unsigned wrong = 0;
	int r;

	(void)setrlimit(RLIMIT_MEMLOCK, &all);
	r = make(SKEP_MAP_ARRAY, 4, 4, 1, 0);
	if (r < 0) {
		printf("skipped, because this user may not make maps: %s\n", strerror(-r));
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		wrong += ask_kind(kinds[i]);
	assert_int_equal(wrong, 0);
}

/* A helper that takes a map takes one of some kind; others are asked about no map. */
static void helpers_with_maps_have_kinds(void **state)
{
	for (int id = 1; id < SKEP_HELPER_END; id++) {
		const struct skep_helper *helper = skep_helper_find(id);
		bool takes = false, any = false;

		for (unsigned i = 0; i < helper->n_args; i++)
			takes |= helper->args[i] == SKEP_ARG_MAP;
		for (uint32_t kind = 0; kind <= SKEP_MAP_INSN_ARRAY; kind++)
			any |= skep_map_kind_has_helper(kind, id);
		assert_int_equal(takes, any);
	}
	assert_true(skep_map_kind_has_helper(SKEP_MAP_RINGBUF, SKEP_HELPER_RINGBUF_OUTPUT));
	assert_false(skep_map_kind_has_helper(SKEP_MAP_HASH, SKEP_HELPER_RINGBUF_OUTPUT));
	assert_false(skep_map_kind_has_helper(UINT32_MAX, SKEP_HELPER_MAP_LOOKUP_ELEM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_are_the_kernels),
		cmocka_unit_test(helpers_with_maps_have_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
