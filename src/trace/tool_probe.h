/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The argument called `pattern`: what the probes "kprobe:$1" and "kretprobe:$1" of a tool's script are. As BCC has it:
 *
 *	vfs_*, p::vfs_*		functions of the kernel		kprobe:vfs_*
 *	c:mem*, p:c:mem*	of a program or library		uprobe:libc:mem*
 *	t:block:*		tracepoints			tracepoint:block:*
 *	u:node:gc*		static probes			usdt:node:*:gc*
 *
 * Others than functions of the kernel are written into the script, in place of its own; getopt("program") tells it that they are in
 * user space, getopt("event") that they are no functions.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"

struct skep_tool;

struct skep_tool_probe {
	const char *script;  /* the tool's own, or one with other probes */
	const char *pattern; /* for $1 */
	bool is_program, is_event;
};

/*
 * @regexp: names are regular expressions, of which those are known that are a list of patterns with *. @pid: whose libraries are
 * meant; 0: those of the machine. @look: whether there are any; else the name is taken as it is. -EINVAL.
 */
int skep_tool_probe(const struct skep_tool *tool, const char *text, bool regexp, int pid, bool look,
		    struct skep_arena *arena, struct skep_diag *diag,
		    struct skep_tool_probe *ret_probe) _must_check_;
