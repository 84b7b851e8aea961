/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads through pointers to the kernel's objects: in a kernel one that leads nowhere gives 0, which is why the verifier lets
 * programs walk from object to object without a question. Which instructions these are is what the verifier found.
 */
#include "sys/vmlinux.h"
#include "verify/verify.h"
#include "vm/engine.h"
#include "workbench/try_priv.h"

static void note_object(void *data, uint32_t insn, unsigned depth, const struct skep_value *regs)
{
	struct try_job *j = data;

	if (insn < j->n_objects)
		for (unsigned r = 0; r < SKEP_R10; r++)
			if (regs[r].kind == SKEP_VALUE_OBJECT)
				j->objects[insn] |= (uint16_t)(1u << r);
}

static void find_objects(struct try_job *j)
{
	struct skep_verify_options options = { .visit = note_object, .data = j };
	struct skep_verify_result result;

	for (size_t i = 0; i < j->spec.n_progs; i++)
		j->n_objects += j->spec.progs[i].n_insns;
	j->objects = skep_arena_calloc(j->arena, j->n_objects + 1, sizeof(*j->objects));
	if (skep_vmlinux_btf(NULL, &options.btf) == 0)
		(void)!skep_verify(&j->spec, j->prog, &options, j->arena, &result);
}

bool try_absent(void *data, uint32_t prog, uint32_t insn, uint32_t reg)
{
	struct try_job *j = data;

	if (prog != skep_vm_loaded_prog(j->loaded, j->prog))
		return false;
	if (!j->objects)
		find_objects(j);
	if (insn >= j->n_objects || !(j->objects[insn] >> reg & 1))
		return false;
	j->n_absent++;
	return true;
}
