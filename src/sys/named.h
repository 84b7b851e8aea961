/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs and maps of the kernel by what people call them: id:N, a path in a file system of type bpf, or the name that
 * the kernel has for one (of 15 bytes), as long as only one has it.
 *
 *	fd = skep_named_prog("id:7", diag);
 *	fd = skep_named_map("/sys/fs/bpf/counts", diag);
 */
#pragma once

#include "base/diag.h"

/* Return a descriptor. -ENOENT; -EEXIST: several are called so; the diag says it. */
int skep_named_prog(const char *name, struct skep_diag *diag) _must_check_;
int skep_named_map(const char *name, struct skep_diag *diag) _must_check_;
