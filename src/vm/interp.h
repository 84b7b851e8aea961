/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter: two engines made of one loop (interp_body.inc).
 *
 *	run->engine = vm_interpreter(run);
 *	value = run->engine(run, prog, 0, args);
 */
#pragma once

#include "vm/machine.h"

/* The one for how this run is to go: checked or not, watched or not. */
vm_engine_fn *vm_interpreter(const struct skep_vm_run *run);

/* For other engines, which do these the same way. */

/* The historical loads from a packet: false when it is not that long. */
bool vm_packet_load(struct skep_vm_run *run, int64_t offset, unsigned size, uint64_t *ret_value);
/* False: a fault. *@ret_target NULL: there is none, and the program goes on behind the call. */
bool vm_tail_target(struct skep_vm_run *run, uint64_t map_address, uint64_t index,
		    const struct vm_prog **ret_target);
/* The function in a register is no function of the program: a helper's number. */
bool vm_call_number(struct skep_vm_run *run, uint64_t number, uint64_t r[SKEP_N_REGS]);
