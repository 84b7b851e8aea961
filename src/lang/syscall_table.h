/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls by number, one table a CPU architecture. Names are those of the kernel's
 * tracepoints (sys_enter_NAME).
 *
 *	number = skep_syscall_number("x86_64", "openat");	// 257
 */
#pragma once

#include "base/macros.h"

#define SKEP_SYSCALL_MAX 512 /* every number is below */
#define SKEP_SYSCALL_ARGS_MAX 6

/* @arch: "x86_64", "arm64"; NULL or another: nothing is known. -1: not in the table. */
int skep_syscall_number(const char *arch, const char *name);
/* NULL: no such number. */
const char *skep_syscall_name(const char *arch, int number);
/* How many arguments it takes; SKEP_SYSCALL_ARGS_MAX: of one that is not known. */
unsigned skep_syscall_args(const char *arch, int number);
