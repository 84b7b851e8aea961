/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own types: BTF of vmlinux, read once and kept until skep_vmlinux_release.
 *
 * The kernel offers them as a file that can be mapped (since 6.16), so that only the pages that are
 * looked at count as memory; older ones are read.
 *
 *	r = skep_vmlinux_btf(diag, &btf);
 *	r = skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &id);
 */
#pragma once

#include "obj/btf.h"

/*
 * -ENOENT: a kernel without types, or /sys is not there. The result is borrowed. Not for several
 * threads at once.
 */
int skep_vmlinux_btf(struct skep_diag *diag, const struct skep_btf **ret_btf) _must_check_;
/*
 * Gives the memory back: some 6 MB that a session needs no more once its programs are loaded.
 * Everything borrowed from it, module types included, is gone; the next skep_vmlinux_btf reads
 * anew.
 */
void skep_vmlinux_release(void);
/*
 * Types of module @name, on top of the kernel's; the caller frees them. -ENOENT: not loaded, or
 * without types.
 */
int skep_module_btf(const char *name, struct skep_diag *diag,
		    struct skep_btf **ret_btf) _must_check_;
/*
 * Types of the modules one after the other, NULL behind the last; borrowed as those of the kernel are. All are read by
 * the first call. For skep_core_target.module (obj/core.h), hence the pointer.
 */
const struct skep_btf *skep_module_btf_at(void *unused, size_t index);
/* What tells this kernel from all others: release, version, and the id of its build. */
void skep_kernel_id(struct skep_str *out);
/*
 * Calls @each for every module that has types. Stops when it returns other than 0 and returns that.
 */
int skep_module_btf_list(int (*each)(void *data, const char *module), void *data) _must_check_;
