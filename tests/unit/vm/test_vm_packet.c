/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers on packets, compared with the kernel's: random calls one after the other, as an XDP and as a tc program; what
 * they return, folded into R0, and the packet afterwards must be the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>
#include <linux/bpf.h>
#include <skep/vm.h>

#include "isa/disasm.h"
#include "isa/helper.h"
#include "isa/progkind.h"

#define PACKET_SIZE 100

static uint32_t state = 77;

static uint32_t next_random(void)
{
	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static int32_t between(int32_t lo, int32_t hi)
{
	return lo + (int32_t)(next_random() % (uint32_t)(hi - lo + 1));
}

struct program {
	struct skep_insn insns[256];
	uint32_t n;
};

static void add(struct program *p, struct skep_insn insn)
{
	p->insns[p->n++] = insn;
}

/* R1 the context, R2 to R5 as given; the result goes into R7. */
static void call(struct program *p, int32_t helper, int32_t r2, int32_t r3, int32_t r4, int32_t r5)
{
	const int32_t args[] = { r2, r3, r4, r5 };

	add(p, skep_insn_mov64_reg(SKEP_R1, SKEP_R6));
	for (unsigned i = 0; i < 4; i++)
		if (skep_helper_find(helper)->args[i + 1] == SKEP_ARG_MEM ||
		    skep_helper_find(helper)->args[i + 1] == SKEP_ARG_OUT) {
			add(p, skep_insn_mov64_reg(SKEP_R2 + i, SKEP_R10));
			add(p, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2 + i, -16));
		} else {
			add(p, skep_insn_mov64_imm(SKEP_R2 + i, args[i]));
		}
	add(p, skep_insn_call(helper));
	add(p, skep_insn_alu64_imm(SKEP_ALU_MUL, SKEP_R7, 31));
	add(p, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R7, SKEP_R0));
}

static void call_xdp(struct program *p)
{
	switch (next_random() % 6) {
	case 0:
		call(p, SKEP_HELPER_XDP_ADJUST_HEAD, between(-60, 40), 0, 0, 0);
		break;
	case 1:
		call(p, SKEP_HELPER_XDP_ADJUST_TAIL, between(-60, 60), 0, 0, 0);
		break;
	case 2:
		call(p, SKEP_HELPER_XDP_ADJUST_META, between(-10, 6) * between(1, 4), 0, 0, 0);
		break;
	case 3:
		call(p, SKEP_HELPER_XDP_GET_BUFF_LEN, 0, 0, 0, 0);
		break;
	case 4:
		call(p, SKEP_HELPER_XDP_LOAD_BYTES, between(0, 120), 0, between(1, 16), 0);
		break;
	default:
		call(p, SKEP_HELPER_XDP_STORE_BYTES, between(0, 120), 0, between(1, 16), 0);
		break;
	}
}

static void call_tc(struct program *p)
{
	switch (next_random() % 6) {
	case 0:
		call(p, SKEP_HELPER_SKB_LOAD_BYTES, between(0, 120), 0, between(1, 16), 0);
		break;
	case 1:
		call(p, SKEP_HELPER_SKB_STORE_BYTES, between(0, 110), 0, between(1, 16),
		     between(0, 4));
		break;
	case 2:
		call(p, SKEP_HELPER_SKB_CHANGE_TAIL, between(40, 160), between(0, 8) == 0, 0, 0);
		break;
	case 3:
		call(p, SKEP_HELPER_L3_CSUM_REPLACE, between(0, 110), between(0, 70000),
		     between(0, 70000), (int32_t[]){ 2, 4, 2, 4, 3, 16 }[next_random() % 6]);
		break;
	case 4:
		call(p, SKEP_HELPER_L4_CSUM_REPLACE, between(0, 110), between(0, 70000),
		     between(0, 70000), (int32_t[]){ 2, 4, 34, 36, 3, 256 }[next_random() % 6]);
		break;
	default:
		call(p, SKEP_HELPER_SKB_PULL_DATA, between(0, 200), 0, 0, 0);
		break;
	}
}

static void make(struct program *p, uint32_t kind)
{
	p->n = 0;
	add(p, skep_insn_mov64_reg(SKEP_R6, SKEP_R1));
	add(p, skep_insn_mov64_imm(SKEP_R7, 1));
	add(p, skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, -16, between(0, 1 << 30)));
	add(p, skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, -8, between(0, 1 << 30)));
	for (unsigned i = 0; i < 8; i++)
		(kind == SKEP_PROG_XDP ? call_xdp : call_tc)(p);
	add(p, skep_insn_load(SKEP_SIZE_DW, SKEP_R0, SKEP_R10, -16)); /* what was loaded last */
	add(p, skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R0, SKEP_R7));
	add(p, skep_insn_exit());
}

struct outcome {
	uint32_t value;
	uint8_t packet[2048];
	uint32_t size;
};

static int ask_kernel(const struct program *p, uint32_t kind, const uint8_t *packet,
		      struct outcome *ret)
{
	static char log[16384];
	union bpf_attr attr;
	long prog, r;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = kind;
	attr.insns = (uintptr_t)p->insns;
	attr.insn_cnt = p->n;
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	prog = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (prog < 0) {
		printf("the kernel refuses: %s\n", log);
		return -errno;
	}
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = PACKET_SIZE;
	attr.test.data_out = (uintptr_t)ret->packet;
	attr.test.data_size_out = sizeof(ret->packet);
	attr.test.repeat = 1;
	r = syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	r = r < 0 ? -errno : 0;
	close((int)prog);
	ret->value = attr.test.retval;
	ret->size = attr.test.data_size_out;
	return (int)r;
}

static void ask_machine(const struct program *p, uint32_t kind, const uint8_t *packet,
			struct outcome *ret)
{
	struct skep_vm_prog_def def = { .kind = kind, .insns = p->insns, .n_insns = p->n };
	struct skep_vm_input input = { .packet = packet, .packet_size = PACKET_SIZE };
	struct skep_vm_config config = { .max_maps = 1, .max_progs = 1 };
	struct skep_vm_result result;
	struct skep_vm_run *run;
	struct skep_vm *vm;
	char why[256] = "";
	uint32_t prog;

	assert_int_equal(skep_vm_new(&config, &vm), 0);
	if (skep_vm_add_prog(vm, &def, why, sizeof(why), &prog) < 0)
		fail_msg("%s", why);
	assert_int_equal(skep_vm_run_new(vm, &run), 0);
	if (skep_vm_run_prog(run, prog, &input, &result) < 0)
		fail_msg("%s", skep_vm_fault_text(run));
	ret->value = (uint32_t)result.value;
	/* The kernel gives metadata back in front of the packet. */
	ret->size = (uint32_t)(result.packet_size + result.meta_size);
	assert_true(ret->size <= sizeof(ret->packet));
	memcpy(ret->packet, result.packet - result.meta_size, ret->size);
	skep_vm_run_free(run);
	skep_vm_free(vm);
}

static void compare(uint32_t kind, unsigned count)
{
	static struct outcome kernel, machine;
	uint8_t packet[PACKET_SIZE];
	struct program p;

	for (unsigned i = 0; i < count; i++) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};
		int r;

		for (unsigned k = 0; k < PACKET_SIZE; k++)
			packet[k] = (uint8_t)next_random();
		packet[12] = 0x08; /* IPv4 */
		packet[13] = 0;
		make(&p, kind);
		r = ask_kernel(&p, kind, packet, &kernel);
		if (r == -EPERM || r == -ENOSYS) {
			printf("skipped, because this user may not load programs\n");
			skip();
		}
		assert_int_equal(r, 0);
		ask_machine(&p, kind, packet, &machine);
		if (kernel.value == machine.value && kernel.size == machine.size &&
		    memcmp(kernel.packet, machine.packet, kernel.size) == 0)
			continue;
		skep_disasm_program(p.insns, p.n, NULL, &text);
		fail_msg("program %u: kernel %#x, %u bytes; machine %#x, %u bytes\n%s", i,
			 kernel.value, kernel.size, machine.value, machine.size,
			 skep_str_text(&text));
	}
}

static void xdp(void **user)
{
	compare(SKEP_PROG_XDP, 500);
}

static void tc(void **user)
{
	compare(SKEP_PROG_SCHED_CLS, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(xdp), cmocka_unit_test(tc) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
