/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine as an engine (obj/engine.h): a spec that the language, or the reader of objects, made is loaded into a
 * machine of its own and runs there, with the same maps.
 *
 *	const struct skep_engine *engine = skep_vm_engine();
 *
 *	r = engine->load(engine, &spec, NULL, diag, &loaded);
 *	skep_vm_run_env(skep_vm_loaded_run(loaded))->pid = 42;
 *	r = engine->run(loaded, 0, ctx, sizeof(ctx), &value);
 *
 * Nothing happens in this machine by itself: what is attached is run by whoever calls run. So attach succeeds for programs
 * that user space runs, and says -EOPNOTSUPP for others. Programs of kinds that a fault ends give -EFAULT; the fault is the
 * run's (skep_vm_run_fault).
 *
 * Programs and maps have other numbers in the machine than in the spec: skep_vm_loaded_prog and _map tell them.
 */
#pragma once

#include <skep/vm.h>

#include "obj/engine.h"

const struct skep_engine *skep_vm_engine(void);
/* Its name is "jit": the same, and programs become machine code. load gives -EOPNOTSUPP where this CPU has no JIT. */
const struct skep_engine *skep_vm_jit_engine(void);

/* The machine and the run behind what that engine has loaded. They live until close. */
struct skep_vm *skep_vm_loaded_vm(struct skep_loaded *loaded);
struct skep_vm_run *skep_vm_loaded_run(struct skep_loaded *loaded);
/* The machine's index of progs[index] of the spec, or UINT32_MAX: a subprogram, or one that was not loaded. */
uint32_t skep_vm_loaded_prog(const struct skep_loaded *loaded, size_t index);
/* The same for maps[index]. */
uint32_t skep_vm_loaded_map(const struct skep_loaded *loaded, size_t index);

/*
 * What load does, into a machine with other settings. Takes @config as skep_vm_new does.
 */
int skep_vm_load_spec(const struct skep_spec *spec, const struct skep_vm_config *config,
		      struct skep_diag *diag, struct skep_loaded **ret_loaded) _must_check_;
