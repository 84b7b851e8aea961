/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <skep/vm.h>

#include "engines.h"

const char *const engine_names[5] = { "checked", "unchecked", "watched", "jit", "unchecked jit" };

static int step(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11])
{
	return 0;
}

void engine_run(unsigned engine, const struct skep_insn *insns, size_t n, const void *mem,
		size_t mem_size, struct answer *ret_answer)
{
	struct skep_vm_config config = {
		.mode = engine == 1 || engine == 4 ? SKEP_VM_UNCHECKED : SKEP_VM_CHECKED,
		.jit = engine >= 3,
		.max_steps = 1000000,
		.max_maps = 4,
		.max_progs = 4,
	};
	uint8_t copy[512];
	uint64_t args[5] = { mem_size ? (uintptr_t)copy : 0, mem_size };
	struct skep_vm *vm;
	struct skep_vm_run *run;
	struct skep_vm_result result = {};
	uint32_t prog;

	memset(ret_answer, 0, sizeof(*ret_answer));
	assert_int_equal(skep_vm_new(&config, &vm), 0);
	ret_answer->r = skep_vm_add_prog(
		vm, &(struct skep_vm_prog_def){ .insns = insns, .n_insns = (uint32_t)n },
		ret_answer->text, sizeof(ret_answer->text), &prog);
	if (ret_answer->r == 0) {
		assert_int_equal(skep_vm_run_new(vm, &run), 0);
		if (mem_size) {
			memcpy(copy, mem, mem_size);
			assert_int_equal(skep_vm_run_allow(run, copy, mem_size, true), 0);
		}
		if (engine == 2)
			skep_vm_run_watch(run, step, NULL);
		ret_answer->r = skep_vm_run_prog(run, prog, &(struct skep_vm_input){ .args = args },
						 &result);
		ret_answer->value = result.value;
		if (ret_answer->r < 0)
			snprintf(ret_answer->text, sizeof(ret_answer->text), "%s",
				 skep_vm_fault_text(run));
		skep_vm_run_free(run);
	}
	skep_vm_free(vm);
}
