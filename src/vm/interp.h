/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter: three engines made of one loop (interp_body.inc).
 *
 *	run->engine = vm_interpreter(run);
 *	value = run->engine(run, prog, 0, args);
 */
#pragma once

#include "vm/machine.h"

/* The one for how this run is to go: checked or not, watched or not. */
vm_engine_fn *vm_interpreter(const struct skep_vm_run *run);
