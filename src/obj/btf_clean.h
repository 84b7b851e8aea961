/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of an object as kernels accept them. A compiler describes also what is declared only: variables of the kernel,
 * functions of it, settings. Kernels take no such types; an empty struct stands in the place of each, so that all
 * others keep their numbers. Names keep their offsets.
 *
 *	skep_btf_clean(btf, is_static, arena, &data, &size);
 *	btf_fd = bpf(BPF_BTF_LOAD, data, size);
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"

/* @is_static, by type: functions that become static. The blob is in @arena. */
void skep_btf_clean(const struct skep_btf *btf, const bool *is_static, struct skep_arena *arena,
		    void **ret_data, size_t *ret_size);
