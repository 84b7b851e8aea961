/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts of programs, asked of the live kernel: for each kind, place, width and direction a program of one access
 * is loaded, and the kernel's answer must be the table's. Likewise which kind may call which helper.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <cmocka.h>
#include <linux/bpf.h>

#include "isa/context.h"
#include "isa/helper.h"
#include "isa/insn.h"

static char verdict[65536];

static int load(uint32_t kind, uint32_t attach_type, const struct skep_insn *insns, unsigned n)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = kind;
	attr.expected_attach_type = attach_type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = n;
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)verdict;
	attr.log_size = sizeof(verdict);
	attr.log_level = 1;
	if (kind == SKEP_PROG_SYSCALL)
		attr.prog_flags = 1 << 4; /* BPF_F_SLEEPABLE */
	verdict[0] = 0;
	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* The table says what 6.18 does; 6.12 and later are the same but for what the table marks. */
static bool cannot_ask(void)
{
	const struct skep_insn program[] = { skep_insn_mov64_imm(SKEP_R0, 1), skep_insn_exit() };
	unsigned major = 0, minor = 0;
	struct utsname uts;
	int r = load(SKEP_PROG_SOCKET_FILTER, 0, program, 2);

	uname(&uts);
	if (r < 0) {
		printf("skipped, because this user may not load programs: %s\n", strerror(-r));
		return true;
	}
	if (sscanf(uts.release, "%u.%u", &major, &minor) != 2 || major * 1000 + minor < 6018) {
		printf("skipped, because the table is that of Linux 6.18, and this is %s\n",
		       uts.release);
		return true;
	}
	return false;
}

static const struct {
	uint32_t kind, attach_type;
} places[] = {
	{ SKEP_PROG_SOCKET_FILTER, 0 },
	{ SKEP_PROG_KPROBE, 0 },
	{ SKEP_PROG_SCHED_CLS, 0 },
	{ SKEP_PROG_SCHED_ACT, 0 },
	{ SKEP_PROG_TRACEPOINT, 0 },
	{ SKEP_PROG_XDP, 0 },
	{ SKEP_PROG_XDP, BPF_XDP_DEVMAP },
	{ SKEP_PROG_PERF_EVENT, 0 },
	{ SKEP_PROG_CGROUP_SKB, 0 },
	{ SKEP_PROG_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE },
	{ SKEP_PROG_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND },
	{ SKEP_PROG_CGROUP_SOCK, BPF_CGROUP_INET6_POST_BIND },
	{ SKEP_PROG_LWT_IN, 0 },
	{ SKEP_PROG_LWT_OUT, 0 },
	{ SKEP_PROG_LWT_XMIT, 0 },
	{ SKEP_PROG_SOCK_OPS, 0 },
	{ SKEP_PROG_SK_SKB, 0 },
	{ SKEP_PROG_CGROUP_DEVICE, 0 },
	{ SKEP_PROG_SK_MSG, 0 },
	{ SKEP_PROG_RAW_TRACEPOINT, 0 },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG },
	{ SKEP_PROG_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG },
	{ SKEP_PROG_LWT_SEG6LOCAL, 0 },
	{ SKEP_PROG_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT },
	{ SKEP_PROG_FLOW_DISSECTOR, 0 },
	{ SKEP_PROG_CGROUP_SYSCTL, 0 },
	{ SKEP_PROG_RAW_TRACEPOINT_WRITABLE, 0 },
	{ SKEP_PROG_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT },
	{ SKEP_PROG_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT },
	{ SKEP_PROG_SK_LOOKUP, BPF_SK_LOOKUP },
	{ SKEP_PROG_SYSCALL, 0 },
	{ SKEP_PROG_NETFILTER, 45 }, /* BPF_NETFILTER */
};

static unsigned ask(uint32_t kind, uint32_t type, int off, unsigned size, bool write)
{
	const struct skep_ctx_field *field = NULL;
	enum skep_size code = skep_size_from_bytes(size);
	const struct skep_insn program[] = {
		skep_insn_mov64_imm(SKEP_R2, 0),
		write ? skep_insn_store(code, SKEP_R1, off, SKEP_R2)
		      : skep_insn_load(code, SKEP_R2, SKEP_R1, off),
		skep_insn_mov64_imm(SKEP_R0, 0),
		skep_insn_exit(),
	};
	int kernel = load(kind, type, program, ARRAY_SIZE(program));
	int table = skep_context_access(kind, type, off, size, write, &field);

	if ((kernel == 0) == (table == 0))
		return 0;
	printf("%s (attach type %u): %s of %u bytes at %d: kernel %d, table %d\n",
	       skep_prog_kind_find(kind)->name, type, write ? "write" : "read", size, off, kernel,
	       table);
	return 1;
}

static void accesses_are_the_kernels(void **state)
{
	unsigned wrong = 0;

	if (cannot_ask())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (int off = 0; off < 232; off++)
			for (unsigned size = 1; size <= 8; size *= 2) {
				if (off % size)
					continue;
				wrong += ask(places[i].kind, places[i].attach_type, off, size,
					     false);
				wrong +=
					ask(places[i].kind, places[i].attach_type, off, size, true);
			}
	assert_int_equal(wrong, 0);
}

static void helpers_of_kinds_are_the_kernels(void **state)
{
	unsigned wrong = 0;

	if (cannot_ask())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		for (int id = 1; id < SKEP_HELPER_END; id++) {
			const struct skep_insn program[] = { skep_insn_call(id), skep_insn_exit() };
			const struct skep_helper *helper = skep_helper_find(id);
			bool table =
				skep_helper_allowed(helper, places[i].kind, places[i].attach_type);
			bool kernel;

			/* Lockdown may forbid these two. */
			if (id == SKEP_HELPER_PROBE_WRITE_USER || id == SKEP_HELPER_OVERRIDE_RETURN)
				continue;
			(void)load(places[i].kind, places[i].attach_type, program, 2);
			kernel = !strstr(verdict, "cannot use helper") &&
				 !strstr(verdict, "unknown func") &&
				 !strstr(verdict, "invalid func");
			if (table == kernel)
				continue;
			printf("%s (attach type %u): %s: kernel %d, table %d\n",
			       skep_prog_kind_find(places[i].kind)->name, places[i].attach_type,
			       helper->name, kernel, table);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void fields_are_in_order(void **state)
{
	for (uint32_t kind = 1; kind <= SKEP_PROG_NETFILTER; kind++) {
		const struct skep_context *context = skep_context_find(kind);
		unsigned end = 0;

		if (!context) {
			assert_true(kind == SKEP_PROG_EXT || kind == SKEP_PROG_STRUCT_OPS);
			continue;
		}
		assert_string_equal(context->type, skep_prog_kind_find(kind)->context);
		for (size_t i = 0; i < context->n_fields; i++) {
			const struct skep_ctx_field *f = &context->fields[i];

			assert_true(f->offset >= end);
			end = f->offset + f->size * f->count;
			assert_true(end <= context->size);
			assert_ptr_equal(skep_context_field(context, end - 1), f);
		}
	}
	assert_null(skep_context_find(0));
	assert_null(skep_context_find(UINT32_MAX));
}

static void accesses_outside_are_refused(void **state)
{
	const struct skep_ctx_field *field = NULL;

	assert_int_equal(skep_context_access(SKEP_PROG_XDP, 0, -4, 4, false, &field), -EACCES);
	assert_int_equal(skep_context_access(SKEP_PROG_XDP, 0, INT64_MAX, 4, false, &field),
			 -EACCES);
	assert_int_equal(skep_context_access(SKEP_PROG_XDP, 0, 0, 3, false, &field), -EINVAL);
	assert_int_equal(skep_context_access(SKEP_PROG_XDP, 0, 0, 2, false, &field), -EINVAL);
	assert_int_equal(skep_context_access(99, 0, 0, 4, false, &field), -EACCES);
	assert_null(field);
	assert_int_equal(skep_context_access(SKEP_PROG_XDP, 0, 4, 4, false, &field), 0);
	assert_int_equal(field->kind, SKEP_CTX_PACKET_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_in_order),
		cmocka_unit_test(accesses_outside_are_refused),
		cmocka_unit_test(accesses_are_the_kernels),
		cmocka_unit_test(helpers_of_kinds_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
