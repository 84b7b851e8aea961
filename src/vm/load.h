/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: the maps and programs of a spec become those of a machine, with their first contents, slots, timers and locks.
 *
 *	r = vm_load_spec(vm, &spec, diag, map_numbers, prog_numbers);
 *	skep_vm_run_prog(run, prog_numbers[0], ...);
 */
#pragma once

#include <skep/vm.h>

#include "obj/spec.h"

/*
 * @map_numbers, @prog_numbers: receive the index in the machine of each map and program of the spec; UINT32_MAX: a
 * subprogram, or a program that is off. After a failure the machine holds a part of them and is good for nothing.
 */
int vm_load_spec(struct skep_vm *vm, const struct skep_spec *spec, struct skep_diag *diag,
		 uint32_t *map_numbers, uint32_t *prog_numbers) _must_check_;
