/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers, map kinds and program kinds, held against the kernel's own header as far as the
 * installed one goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/bpf.h>

#include "isa/attachtype.h"
#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"

static void helpers_are_numbered_without_gap(void **state)
{
	for (int id = 1; id < SKEP_HELPER_END; id++) {
		const struct skep_helper *helper = skep_helper_find(id);

		assert_non_null(helper);
		assert_int_equal(helper->id, id);
		assert_in_range(helper->n_args, 0, 5);
		assert_ptr_equal(skep_helper_find_name(helper->name), helper);
	}
	assert_int_equal(SKEP_HELPER_END, 212);
	assert_null(skep_helper_find(0));
	assert_null(skep_helper_find(-1));
	assert_null(skep_helper_find(SKEP_HELPER_END));
	assert_null(skep_helper_find(INT32_MAX));
	assert_null(skep_helper_find_name("bpf_"));
	assert_null(skep_helper_find_name("no_such_helper"));
	assert_int_equal(skep_helper_find_name("bpf_ktime_get_ns")->id, SKEP_HELPER_KTIME_GET_NS);
}

static void helpers_return_what_they_say(void **state)
{
	assert_int_equal(skep_helper_find(SKEP_HELPER_MAP_LOOKUP_ELEM)->ret,
			 SKEP_HELPER_RET_MAP_VALUE_OR_NULL);
	assert_int_equal(skep_helper_find(SKEP_HELPER_MAP_LOOKUP_ELEM)->n_args, 2);
	assert_int_equal(skep_helper_find(SKEP_HELPER_RINGBUF_RESERVE)->ret,
			 SKEP_HELPER_RET_MEM_OR_NULL);
	assert_int_equal(skep_helper_find(SKEP_HELPER_RINGBUF_SUBMIT)->ret, SKEP_HELPER_RET_VOID);
	assert_int_equal(skep_helper_find(SKEP_HELPER_GET_CURRENT_TASK_BTF)->ret,
			 SKEP_HELPER_RET_OBJECT);
	assert_int_equal(skep_helper_find(SKEP_HELPER_THIS_CPU_PTR)->ret, SKEP_HELPER_RET_OBJECT);
	assert_int_equal(skep_helper_find(SKEP_HELPER_PER_CPU_PTR)->ret,
			 SKEP_HELPER_RET_OBJECT_OR_NULL);
	assert_int_equal(skep_helper_find(SKEP_HELPER_KTIME_GET_NS)->ret, SKEP_HELPER_RET_INT);
}

/* The numbers of the header that is installed, which may be older than the table. */
static void helper_numbers_are_the_kernels(void **state)
{
	static const char *const names[] = {
#ifdef ___BPF_FUNC_MAPPER
#define NAME(name, value, ...) [value] = #name,
		___BPF_FUNC_MAPPER(NAME, )
#else
#define NAME(name) #name
		__BPF_FUNC_MAPPER(NAME)
#endif
#undef NAME
	};

	assert_true(ARRAY_SIZE(names) > 150);
	for (size_t id = 1; id < ARRAY_SIZE(names); id++) {
		const struct skep_helper *helper = skep_helper_find((int32_t)id);

		assert_non_null(helper);
		assert_string_equal(helper->name, names[id]);
	}
}

static void kinds_are_found_by_number_and_name(void **state)
{
	for (uint32_t id = 1; id <= SKEP_MAP_INSN_ARRAY; id++) {
		const struct skep_map_kind *kind = skep_map_kind_find(id);

		assert_non_null(kind);
		assert_int_equal(kind->id, id);
		assert_ptr_equal(skep_map_kind_find_name(kind->name), kind);
	}
	for (uint32_t id = 1; id <= SKEP_PROG_NETFILTER; id++) {
		const struct skep_prog_kind *kind = skep_prog_kind_find(id);

		assert_non_null(kind);
		assert_int_equal(kind->id, id);
		assert_ptr_equal(skep_prog_kind_find_name(kind->name), kind);
		assert_non_null(kind->context);
	}
	assert_null(skep_map_kind_find(0));
	assert_null(skep_map_kind_find(SKEP_MAP_INSN_ARRAY + 1));
	assert_null(skep_map_kind_find(UINT32_MAX));
	assert_null(skep_map_kind_find_name("no_such_map"));
	assert_null(skep_prog_kind_find(0));
	assert_null(skep_prog_kind_find(UINT32_MAX));
	assert_null(skep_prog_kind_find_name(""));
}

static void kind_numbers_are_the_kernels(void **state)
{
	assert_int_equal(SKEP_MAP_HASH, BPF_MAP_TYPE_HASH);
	assert_int_equal(SKEP_MAP_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY);
	assert_int_equal(SKEP_MAP_STACK_TRACE, BPF_MAP_TYPE_STACK_TRACE);
	assert_int_equal(SKEP_MAP_LRU_PERCPU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	assert_int_equal(SKEP_MAP_LPM_TRIE, BPF_MAP_TYPE_LPM_TRIE);
	assert_int_equal(SKEP_MAP_SOCKHASH, BPF_MAP_TYPE_SOCKHASH);
	assert_int_equal(SKEP_MAP_STACK, BPF_MAP_TYPE_STACK);
	assert_int_equal(SKEP_MAP_RINGBUF, BPF_MAP_TYPE_RINGBUF);
	assert_int_equal(SKEP_MAP_USER_RINGBUF, BPF_MAP_TYPE_USER_RINGBUF);
	assert_int_equal(SKEP_PROG_KPROBE, BPF_PROG_TYPE_KPROBE);
	assert_int_equal(SKEP_PROG_TRACEPOINT, BPF_PROG_TYPE_TRACEPOINT);
	assert_int_equal(SKEP_PROG_PERF_EVENT, BPF_PROG_TYPE_PERF_EVENT);
	assert_int_equal(SKEP_PROG_RAW_TRACEPOINT, BPF_PROG_TYPE_RAW_TRACEPOINT);
	assert_int_equal(SKEP_PROG_FLOW_DISSECTOR, BPF_PROG_TYPE_FLOW_DISSECTOR);
	assert_int_equal(SKEP_PROG_TRACING, BPF_PROG_TYPE_TRACING);
	assert_int_equal(SKEP_PROG_LSM, BPF_PROG_TYPE_LSM);
	assert_int_equal(SKEP_PROG_SYSCALL, BPF_PROG_TYPE_SYSCALL);
}

/* An element is named in one way; what is per CPU or evicts has values to look up or to own. */
static void traits_agree(void **state)
{
	for (uint32_t id = 1; id <= SKEP_MAP_INSN_ARRAY; id++) {
		unsigned traits = skep_map_kind_find(id)->traits;
		unsigned naming =
			traits & (SKEP_TRAIT_KEYED | SKEP_TRAIT_INDEXED | SKEP_TRAIT_KEYLESS);

		assert_true(naming && !(naming & (naming - 1)));
		if (traits & (SKEP_TRAIT_PER_CPU | SKEP_TRAIT_EVICTS))
			assert_true(traits & (SKEP_TRAIT_VALUES | SKEP_TRAIT_OWNED));
		if (traits & SKEP_TRAIT_NESTED)
			assert_false(traits & SKEP_TRAIT_VALUES);
	}
}

static void attach_types_are_the_kernels(void **state)
{
	assert_int_equal(SKEP_AT_CGROUP_DEVICE, BPF_CGROUP_DEVICE);
	assert_int_equal(SKEP_AT_CGROUP_INET6_CONNECT, BPF_CGROUP_INET6_CONNECT);
	assert_int_equal(SKEP_AT_CGROUP_UDP6_RECVMSG, BPF_CGROUP_UDP6_RECVMSG);
	assert_int_equal(SKEP_AT_MODIFY_RETURN, BPF_MODIFY_RETURN);
	assert_int_equal(SKEP_AT_CGROUP_INET6_GETSOCKNAME, BPF_CGROUP_INET6_GETSOCKNAME);
	assert_int_equal(SKEP_AT_CGROUP_INET_SOCK_RELEASE, BPF_CGROUP_INET_SOCK_RELEASE);
	assert_int_equal(SKEP_AT_XDP, BPF_XDP);
	assert_int_equal(SKEP_AT_TRACE_KPROBE_MULTI, BPF_TRACE_KPROBE_MULTI);
	assert_int_equal(SKEP_AT_LSM_CGROUP, BPF_LSM_CGROUP);
	assert_string_equal(skep_attach_type_name(SKEP_AT_TRACE_FSESSION), "trace_fsession");
	assert_null(skep_attach_type_name(SKEP_AT_TRACE_FSESSION + 1));
	for (uint32_t i = 0; i <= SKEP_AT_TRACE_FSESSION; i++)
		assert_non_null(skep_attach_type_name(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(helpers_are_numbered_without_gap),
		cmocka_unit_test(helpers_return_what_they_say),
		cmocka_unit_test(helper_numbers_are_the_kernels),
		cmocka_unit_test(kinds_are_found_by_number_and_name),
		cmocka_unit_test(kind_numbers_are_the_kernels),
		cmocka_unit_test(traits_agree),
		cmocka_unit_test(attach_types_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
