/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `func` is: a number, so that it makes a short key. It is the place in probe_names of the first of the script's probes
 * of that function, so that it is the same wherever the function is probed:
 *
 *	kprobe:vfs_read    { @start[func, tid] = nsecs; }     0  "kprobe:vfs_read"      func 0
 *	kretprobe:vfs_read { @[func] = sum(...); }            1  "kretprobe:vfs_read"   func 0
 *
 * Where one program serves many functions and asks for it, their cookies hold it above the place of their own names.
 *
 *	skep_func_settle(c);             // once everything is matched
 *	v = skep_func_lower(l);          // code
 */
#pragma once

#include "lang/lower.h"

#define SKEP_FUNC_SHIFT 32 /* of a cookie that holds both */

/* The function's name as `func` shows it. */
const char *skep_func_name(const struct skep_match *m);
void skep_func_settle(struct skep_compiler *c);
struct skep_val *skep_func_lower(struct skep_lower *l);
