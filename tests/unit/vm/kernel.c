/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/bpf.h>

#include "kernel.h"

#define PACKET_MIN 64

static int bpf(int command, union bpf_attr *attr)
{
	long r = syscall(__NR_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

int kernel_open(struct kernel *k)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	union bpf_attr attr;

	(void)setrlimit(RLIMIT_MEMLOCK, &all);
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 1;
	k->map = bpf(BPF_MAP_CREATE, &attr);
	return k->map < 0 ? k->map : 0;
}

void kernel_close(struct kernel *k)
{
	if (k->map >= 0)
		close(k->map);
}

/* The frame: 14 words, then the function. */
static size_t wrap(const struct kernel *k, const struct skep_insn *insns, size_t n, bool has_mem,
		   size_t mem_size, struct skep_insn *out)
{
	struct skep_insn_pair value = skep_insn_ld_map_value(SKEP_R6, k->map, 0);
	struct skep_insn *at = out;

	*at++ = skep_insn_load(SKEP_SIZE_W, SKEP_R3, SKEP_R1, 4);
	*at++ = skep_insn_load(SKEP_SIZE_W, SKEP_R1, SKEP_R1, 0);
	*at++ = skep_insn_mov64_reg(SKEP_R4, SKEP_R1);
	*at++ = skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R4, PACKET_MIN);
	*at++ = skep_insn_jmp_reg(SKEP_JMP_JGT, SKEP_R4, SKEP_R3, 6);
	*at++ = has_mem ? skep_insn_mov64_reg(SKEP_R1, SKEP_R1) : skep_insn_mov64_imm(SKEP_R1, 0);
	*at++ = skep_insn_mov64_imm(SKEP_R2, (int32_t)mem_size);
	*at++ = skep_insn_call_local(5);
	*at++ = value.insn[0];
	*at++ = value.insn[1];
	*at++ = skep_insn_store(SKEP_SIZE_DW, SKEP_R6, 0, SKEP_R0);
	*at++ = skep_insn_mov64_imm(SKEP_R0, 2);
	*at++ = skep_insn_exit();
	memcpy(at, insns, n * sizeof(*insns));
	return (size_t)(at - out) + n;
}

static int load(struct kernel *k, const struct skep_insn *insns, size_t n)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)k->log;
	attr.log_size = sizeof(k->log);
	attr.log_level = 1;
	k->log[0] = 0;
	return bpf(BPF_PROG_LOAD, &attr);
}

static int test_run(int prog, void *packet, uint32_t size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = size;
	attr.test.repeat = 1;
	return bpf(BPF_PROG_TEST_RUN, &attr);
}

int kernel_run(struct kernel *k, const struct skep_insn *insns, size_t n, const void *mem,
	       size_t mem_size, uint64_t *ret_value)
{
	_cleanup_free_ struct skep_insn *whole = calloc(n + 16, sizeof(*whole));
	_cleanup_close_ int prog = -1;
	uint8_t packet[1024] = {};
	union bpf_attr attr;
	uint32_t zero = 0;
	int r;

	if (!whole || mem_size > sizeof(packet))
		return -ENOMEM;
	if (mem_size)
		memcpy(packet, mem, mem_size);
	prog = load(k, whole, wrap(k, insns, n, mem_size > 0, mem_size, whole));
	if (prog < 0)
		return prog == -EINVAL || prog == -EACCES || prog == -E2BIG ? -ENOEXEC : prog;
	r = test_run(prog, packet, MAX((uint32_t)mem_size, PACKET_MIN));
	if (r < 0)
		return r;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)k->map;
	attr.key = (uintptr_t)&zero;
	attr.value = (uintptr_t)ret_value;
	return bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}
