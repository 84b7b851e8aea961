/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explain: what the kernel refused and why, in a sentence for people.
 *
 * The kernel answers with an errno and, for programs, with the verifier's log: thousands of lines
 * about registers, the last of which is the reason. The reason is looked up in a table of known
 * messages, the last instruction in the log is mapped to its place in the source, and the log
 * itself is kept for -v.
 *
 *	fd = skep_bpf_prog_load(&attr, SKEP_BPF_LOG_PATH, &log);
 *	if (fd < 0)
 *		skep_explain_prog(prog, log, fd, diag);
 */
#pragma once

#include <linux/capability.h>

#include "obj/btf.h"
#include "obj/spec.h"

/* What a verifier log ends with. */
struct skep_explain_end {
	int insn;	     /* last instruction it looked at, or -1 */
	const char *message; /* in the log: the line with the reason, or NULL */
	size_t message_len;
};

/* Finds the reason in @log (may be cut, at the front or at the end). Never fails. */
void skep_explain_find(const char *log, struct skep_explain_end *ret_end);

/*
 * Why the kernel refused program @prog with @error (-errno) and @log (may be NULL). The program is
 * as it was loaded, with the lines of everything that was linked into it.
 */
void skep_explain_prog(const struct skep_spec_prog *prog, const char *log, int error,
		       struct skep_diag *diag);

/*
 * More about the newest item, which skep_explain_prog has made: its line is one of C, and what of the kernel's types is
 * missing. For programs from objects, and scripts that import them; @local: their types, or NULL.
 */
void skep_explain_object(const struct skep_spec_prog *prog, const struct skep_btf *local,
			 struct skep_diag *diag);

/* Why map @map could not be made. */
void skep_explain_map(const struct skep_spec_map *map, int error, struct skep_diag *diag);

/*
 * Why something could not be attached: "cannot attach <probe> to <what>: reason". Adds a hint where
 * one is known. @level: an error, or the warning about an optional target.
 */
void skep_explain_attach(enum skep_diag_level level, const struct skep_spec_attach *attach,
			 const char *what, int error, struct skep_diag *diag);

/* What a step takes: a set of capabilities. CAP_SYS_ADMIN is good for the first two as well. */
#define SKEP_TAKES(cap) (1ull << (cap))
#define SKEP_TAKES_MAP SKEP_TAKES(CAP_BPF)
#define SKEP_TAKES_TRACE (SKEP_TAKES(CAP_BPF) | SKEP_TAKES(CAP_PERFMON))
#define SKEP_TAKES_NET (SKEP_TAKES(CAP_BPF) | SKEP_TAKES(CAP_NET_ADMIN))
#define SKEP_TAKES_OTHERS SKEP_TAKES(CAP_SYS_ADMIN) /* ids: what others loaded */
#define SKEP_TAKES_TRACEFS (SKEP_TAKES_TRACE | SKEP_TAKES(CAP_DAC_READ_SEARCH))

/*
 * The hint for -EPERM and -EACCES: the exact command that would help. Looks at the process: what of @takes it has not is
 * named, with sudo and setcap; when it has all, it looks for user namespaces, lockdown and a container.
 */
void skep_explain_privilege(uint64_t takes, struct skep_diag *diag);

/* Whether a hint has named setcap: one line of it is enough for whoever reads. */
bool skep_explain_told_setcap(void);

/*
 * Has this process the capabilities to load and attach? Something else may forbid it all the same.
 */
bool skep_explain_privileged(void);

/* The capabilities of this process (SKEP_TAKES()), with those that another one stands for. */
uint64_t skep_explain_capabilities(void);
/* Those of @caps that tracing is about, as setcap takes them. How many they are. */
size_t skep_explain_name_caps(uint64_t caps, struct skep_str *out);
/* Capabilities of another namespace than the first are none for the kernel's own things. */
bool skep_explain_in_user_namespace(void);
/* "none", "integrity" or "confidentiality": how far the kernel is locked down. NULL: it is not told. */
const char *skep_explain_lockdown(void);

/* "no such process", "permission denied": strerror in lower case without surprises, static. */
const char *skep_explain_errno(int error);
