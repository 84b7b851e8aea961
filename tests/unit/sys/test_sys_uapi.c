/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our layouts of bpf(2) against the header of this machine, as far as that one goes (Debian 12:
 * Linux 6.1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/bpf.h>

#include "sys/uapi.h"

#define SAME(ours, field, theirs)                                                \
	do {                                                                     \
		assert_int_equal(offsetof(ours, field), offsetof(theirs));       \
		assert_int_equal(sizeof(((ours *)0)->field), sizeof_of(theirs)); \
	} while (0)
#define ATTR(field) union bpf_attr, field
#define INFO(s, field) struct s, field
#define sizeof_of(...) sizeof_of_(__VA_ARGS__)
#define sizeof_of_(t, f) sizeof(((t *)0)->f)

static void test_attrs(void **state)
{
	SAME(struct skep_bpf_map_create, map_flags, ATTR(map_flags));
	SAME(struct skep_bpf_map_create, map_name, ATTR(map_name));
	SAME(struct skep_bpf_map_create, btf_vmlinux_value_type_id,
	     ATTR(btf_vmlinux_value_type_id));
	SAME(struct skep_bpf_map_create, map_extra, ATTR(map_extra));
	SAME(struct skep_bpf_map_elem, key, ATTR(key));
	SAME(struct skep_bpf_map_elem, value, ATTR(next_key));
	SAME(struct skep_bpf_map_elem, flags, ATTR(flags));
	SAME(struct skep_bpf_map_batch, count, ATTR(batch.count));
	SAME(struct skep_bpf_map_batch, flags, ATTR(batch.flags));
	SAME(struct skep_bpf_prog_load, insns, ATTR(insns));
	SAME(struct skep_bpf_prog_load, log_buf, ATTR(log_buf));
	SAME(struct skep_bpf_prog_load, prog_name, ATTR(prog_name));
	SAME(struct skep_bpf_prog_load, expected_attach_type, ATTR(expected_attach_type));
	SAME(struct skep_bpf_prog_load, func_info, ATTR(func_info));
	SAME(struct skep_bpf_prog_load, line_info_cnt, ATTR(line_info_cnt));
	SAME(struct skep_bpf_prog_load, attach_btf_id, ATTR(attach_btf_id));
	SAME(struct skep_bpf_prog_load, attach_btf_obj_fd, ATTR(attach_btf_obj_fd));
	SAME(struct skep_bpf_prog_load, fd_array, ATTR(fd_array));
	SAME(struct skep_bpf_test_run, retval, ATTR(test.retval));
	SAME(struct skep_bpf_test_run, ctx_in, ATTR(test.ctx_in));
	SAME(struct skep_bpf_test_run, batch_size, ATTR(test.batch_size));
	SAME(struct skep_bpf_obj_info, info, ATTR(info.info));
	SAME(struct skep_bpf_raw_tp, prog_fd, ATTR(raw_tracepoint.prog_fd));
	SAME(struct skep_bpf_btf_load, log_buf, ATTR(btf_log_buf));
	SAME(struct skep_bpf_btf_load, log_level, ATTR(btf_log_level));
	SAME(struct skep_bpf_link_create, attach_type, ATTR(link_create.attach_type));
	SAME(struct skep_bpf_link_create, perf_event.cookie,
	     ATTR(link_create.perf_event.bpf_cookie));
	SAME(struct skep_bpf_link_create, kprobe_multi.cookies,
	     ATTR(link_create.kprobe_multi.cookies));
	SAME(struct skep_bpf_prog_query, attach_flags, ATTR(query.attach_flags));
	SAME(struct skep_bpf_prog_query, prog_ids, ATTR(query.prog_ids));
	SAME(struct skep_bpf_prog_query, prog_cnt, ATTR(query.prog_cnt));
	SAME(struct skep_bpf_task_fd_query, buf, ATTR(task_fd_query.buf));
	SAME(struct skep_bpf_task_fd_query, fd_type, ATTR(task_fd_query.fd_type));
	SAME(struct skep_bpf_task_fd_query, probe_addr, ATTR(task_fd_query.probe_addr));
	SAME(struct skep_bpf_link_create, tracing.cookie, ATTR(link_create.tracing.cookie));
}

static void test_infos(void **state)
{
	SAME(struct skep_bpf_prog_info, name, INFO(bpf_prog_info, name));
	SAME(struct skep_bpf_prog_info, jited_ksyms, INFO(bpf_prog_info, jited_ksyms));
	SAME(struct skep_bpf_prog_info, nr_line_info, INFO(bpf_prog_info, nr_line_info));
	SAME(struct skep_bpf_prog_info, run_cnt, INFO(bpf_prog_info, run_cnt));
	SAME(struct skep_bpf_prog_info, recursion_misses, INFO(bpf_prog_info, recursion_misses));
	SAME(struct skep_bpf_prog_info, attach_btf_id, INFO(bpf_prog_info, attach_btf_id));
	SAME(struct skep_bpf_btf_info, kernel_btf, INFO(bpf_btf_info, kernel_btf));
	SAME(struct skep_bpf_link_info, prog_id, INFO(bpf_link_info, prog_id));
	assert_int_equal(offsetof(struct skep_bpf_link_info, kprobe_multi),
			 offsetof(struct bpf_link_info, raw_tracepoint));
	SAME(struct skep_bpf_link_info, raw_tp.name_len,
	     INFO(bpf_link_info, raw_tracepoint.tp_name_len));
	SAME(struct skep_bpf_link_info, tracing.target_btf_id,
	     INFO(bpf_link_info, tracing.target_btf_id));
	SAME(struct skep_bpf_link_info, cgroup.attach_type,
	     INFO(bpf_link_info, cgroup.attach_type));
	SAME(struct skep_bpf_link_info, iter.name_len, INFO(bpf_link_info, iter.target_name_len));
	SAME(struct skep_bpf_link_info, iter.map_id, INFO(bpf_link_info, iter.map.map_id));
	SAME(struct skep_bpf_link_info, iter.pid, INFO(bpf_link_info, iter.task.pid));
	SAME(struct skep_bpf_link_info, netns.attach_type, INFO(bpf_link_info, netns.attach_type));
	SAME(struct skep_bpf_link_info, net.ifindex, INFO(bpf_link_info, xdp.ifindex));
}

static void test_numbers(void **state)
{
	assert_int_equal(SKEP_BPF_TEST_RUN, BPF_PROG_TEST_RUN);
	assert_int_equal(SKEP_BPF_OBJ_INFO, BPF_OBJ_GET_INFO_BY_FD);
	assert_int_equal(SKEP_BPF_RAW_TP_OPEN, BPF_RAW_TRACEPOINT_OPEN);
	assert_int_equal(SKEP_BPF_BTF_NEXT_ID, BPF_BTF_GET_NEXT_ID);
	assert_int_equal(SKEP_BPF_MAP_FREEZE, BPF_MAP_FREEZE);
	assert_int_equal(SKEP_BPF_MAP_LOOKUP_DELETE_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH);
	assert_int_equal(SKEP_BPF_LINK_CREATE, BPF_LINK_CREATE);
	assert_int_equal(SKEP_BPF_LINK_NEXT_ID, BPF_LINK_GET_NEXT_ID);
	assert_int_equal(SKEP_BPF_ENABLE_STATS, BPF_ENABLE_STATS);
	assert_int_equal(SKEP_BPF_ATTACH_RAW_TP, BPF_TRACE_RAW_TP);
	assert_int_equal(SKEP_BPF_ATTACH_FEXIT, BPF_TRACE_FEXIT);
	assert_int_equal(SKEP_BPF_ATTACH_LSM, BPF_LSM_MAC);
	assert_int_equal(SKEP_BPF_ATTACH_PERF_EVENT, BPF_PERF_EVENT);
	assert_int_equal(SKEP_BPF_ATTACH_KPROBE_MULTI, BPF_TRACE_KPROBE_MULTI);
	assert_int_equal(SKEP_BPF_F_MMAPABLE, BPF_F_MMAPABLE);
	assert_int_equal(SKEP_BPF_F_RDONLY_PROG, BPF_F_RDONLY_PROG);
	assert_int_equal(SKEP_BPF_F_SLEEPABLE, BPF_F_SLEEPABLE);
	assert_int_equal(SKEP_BPF_PROG_QUERY, BPF_PROG_QUERY);
	assert_int_equal(SKEP_BPF_TASK_FD_QUERY, BPF_TASK_FD_QUERY);
	assert_int_equal(SKEP_BPF_LINK_RAW_TP, BPF_LINK_TYPE_RAW_TRACEPOINT);
	assert_int_equal(SKEP_BPF_LINK_XDP, BPF_LINK_TYPE_XDP);
	assert_int_equal(SKEP_BPF_LINK_STRUCT_OPS, BPF_LINK_TYPE_STRUCT_OPS);
	assert_int_equal(SKEP_BPF_LINK_PERF_EVENT, BPF_LINK_TYPE_PERF_EVENT);
	assert_int_equal(SKEP_BPF_LINK_KPROBE_MULTI, BPF_LINK_TYPE_KPROBE_MULTI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attrs),
		cmocka_unit_test(test_infos),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
