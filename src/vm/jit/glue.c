/* SPDX-License-Identifier: Apache-2.0 */
/* What compiled code calls: everything that is not arithmetic, jumps, or memory that a check let through. */
#include "vm/helpers/helpers.h"
#include "vm/interp.h"
#include "vm/jit/emit.h"
#include "vm/memory.h"

uint64_t jit_glue_helper(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
			 uint64_t r4, uint64_t r5, uint64_t extra)
{
	return vm_helper_call(run, vm_ptr((uint64_t)run->op->imm), r1, r2, r3, r4, r5);
}

uint64_t jit_glue_own_helper(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
			     uint64_t r4, uint64_t r5, uint64_t extra)
{
	const uint64_t args[5] = { r1, r2, r3, r4, r5 };
	uint64_t value = 0;

	if (!run->env.helper ||
	    !run->env.helper(run->env.data, run, (int32_t)run->op->imm, args, &value))
		vm_fault(run, SKEP_VM_FAULT_CALL, 0, 0, "this machine has no such helper");
	return value;
}

uint64_t jit_glue_callx(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4,
			uint64_t r5, uint64_t extra)
{
	uint64_t r[SKEP_N_REGS] = { 0, r1, r2, r3, r4, r5 };
	const struct vm_func *func = vm_func_at(run->prog, extra);

	if (!func) {
		(void)vm_call_number(run, extra, r);
		return r[0];
	}
	if (run->checked && --run->steps < 0) {
		vm_fault(run, SKEP_VM_FAULT_STEPS, 0, 0, NULL);
		return 0;
	}
	return vm_call(run, func, &r[1]);
}

uint64_t jit_glue_access(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
			 uint64_t r4, uint64_t r5, uint64_t extra)
{
	struct jit_access a = jit_access_of(run->prog->insns[run->op - run->prog->ops]);

	if (a.aligned && extra & (a.bytes - 1u))
		vm_fault(run, SKEP_VM_FAULT_WRITE, extra, a.bytes, "is not aligned");
	else
		(void)vm_access(run, extra, a.bytes, a.write);
	return 0;
}

uint64_t jit_glue_fault(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4,
			uint64_t r5, uint64_t extra)
{
	const char *why = NULL;

	if (extra == SKEP_VM_FAULT_INSN)
		why = run->op->code == VM_CODE_TRAP ? vm_ptr((uint64_t)run->op->imm)
						    : "this instruction is not in this machine";
	vm_fault(run, (enum skep_vm_fault_kind)extra, 0, 0, why);
	return 0;
}

uint64_t jit_glue_packet(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3,
			 uint64_t r4, uint64_t r5, uint64_t extra)
{
	uint64_t value;

	if (!vm_packet_load(run, (int64_t)extra,
			    skep_size_bytes(run->prog->insns[run->op - run->prog->ops].opcode),
			    &value))
		return UINT64_MAX;
	return value;
}

uint64_t jit_glue_tail(struct skep_vm_run *run, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4,
		       uint64_t r5, uint64_t extra)
{
	const struct vm_prog *target;

	if (!vm_tail_target(run, r2, r3, &target) || !target)
		return 0;
	run->prog = target;
	/* In place of the current frame. */
	vm_jit_deepen(run, &target->funcs[0], run->stack_lo + SKEP_STACK_SIZE);
	return (uint64_t)(uintptr_t)target->funcs[0].native;
}
