/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifier: whether a program is safe to run, and if not, why.
 *
 *	spec ──link──► code ──study──► every path walked with what is known of each value ──► verdict
 *
 * It walks all paths of a program as the kernel's verifier does (from the first instruction, one path after the other,
 * leaving out what an earlier path has shown already), with the same limits, so that its answer is the kernel's. It needs
 * neither a kernel nor root.
 *
 *	safe		no path can touch what it may not, and every path ends
 *	rejected	one can, as far as can be shown; findings say where and what to change
 *	undecided	the program uses something that is not judged here; the finding says what
 *
 * Never is an unsafe program called safe. The reverse happens, as with every verifier: what is safe for a reason that
 * bounds and bits cannot express is rejected.
 *
 *	struct skep_verify_result result;
 *
 *	r = skep_verify(spec, prog, &(struct skep_verify_options){ .btf = vmlinux }, arena, &result);
 *	if (result.verdict == SKEP_VERDICT_REJECTED)
 *		puts(result.findings[0].what);
 */
#pragma once

#include "base/arena.h"
#include "obj/places.h"
#include "obj/spec.h"
#include "verify/value.h"

struct skep_btf;

enum skep_verdict {
	SKEP_VERDICT_SAFE,
	SKEP_VERDICT_REJECTED,
	SKEP_VERDICT_UNDECIDED,
};

/* Classes of reasons, for counting and for tools. */
enum skep_reason {
	SKEP_REASON_CODE,      /* not a program: encoding, jumps, ends, unreachable code */
	SKEP_REASON_UNSET,     /* something is read that was never written */
	SKEP_REASON_TYPE,      /* a value of the wrong kind for this */
	SKEP_REASON_NULL,      /* a pointer that may be NULL */
	SKEP_REASON_BOUNDS,    /* memory outside of its object */
	SKEP_REASON_ALIGN,     /* a misaligned access where that is not allowed */
	SKEP_REASON_ACCESS,    /* memory that may not be read or written so */
	SKEP_REASON_CALL,      /* a helper or function that may not be called so */
	SKEP_REASON_REFERENCE, /* not released, or used after */
	SKEP_REASON_RETURN,    /* a return value that the kind does not allow */
	SKEP_REASON_LOOP,      /* no end can be shown */
	SKEP_REASON_LIMIT,     /* too large, too deep, too many paths */
	SKEP_REASON_UNKNOWN,   /* undecided: not judged here */
	SKEP_N_REASONS,
};

/* A step of the story that ends in the failure: from where a value was born to where it failed. */
struct skep_verify_step {
	uint32_t insn;
	unsigned depth;	  /* of the function that executes it: 0 is the program */
	const char *code; /* "r2 += r6", in the arena */
	const char *
		value; /* what is known afterwards, "r2: pkt(proven 0)+[0, 255]"; NULL: nothing to say */
	const char *name; /* what the source calls the value, "idx", "ctx->data"; NULL: not known */
	const struct skep_spec_line *line; /* where the code comes from, or NULL */
};

/* A decision on the path to a failure. */
struct skep_verify_decision {
	uint32_t insn;
	bool jumps;
};

/* A branch inside a loop that went both ways. */
struct skep_growth_branch {
	uint32_t insn;
	uint32_t splits;  /* how many times both ways had to be walked */
	uint32_t on_path; /* how many times the last path alone came here */
	const struct skep_spec_line *line;
};

#define SKEP_GROWTH_BRANCHES 3
#define SKEP_GROWTH_LOOPS 5
#define SKEP_GROWTH_FACTOR 1.05 /* less is a loop that only counts */

/* Too many paths: a loop, or (first == last == 0) what is outside of loops, and the branches in it that part the most. */
struct skep_verify_growth {
	uint32_t first, last; /* instructions; the last one jumps back */
	uint32_t rounds;      /* jumps back, on all paths together */
	uint32_t path_rounds; /* on the last path alone */
	/*
	 * By how much a round multiplies the paths that are open: each parting inside adds its share, each state that was
	 * known before takes away its own. About 1 for a loop that only counts.
	 */
	double factor;
	bool one_path; /* the last path alone took most rounds: no branch multiplies, there are too many */
	uint32_t
		processed; /* instructions inside of it, on all paths together; loops in it included */
	const struct skep_spec_line *line;
	struct skep_growth_branch branches[SKEP_GROWTH_BRANCHES];
	size_t n_branches;
};

struct skep_finding {
	enum skep_reason reason;
	uint32_t insn;	  /* in the linked program */
	int reg;	  /* the register it is about, or -1 */
	const char *name; /* what the source calls its value, "idx", "ctx->data"; NULL: not known */
	const char *what; /* a sentence without final period */
	const char *hint; /* what to do, or NULL */
	const struct skep_spec_line *line; /* where the code comes from, or NULL */
	struct skep_verify_step *steps;	   /* with `explain` */
	size_t n_steps;
	bool steps_cut;		   /* there were more before the first */
	enum skep_value_kind kind; /* of the register's value there; NOTHING without register */
	/* With `explain`: all decisions from the program's start on; at most SKEP_VERIFY_PATH_MAX, the first ones. */
	struct skep_verify_decision *path;
	size_t n_path;
	/* Of too many paths: the loops that took most, the heaviest first. */
	struct skep_verify_growth *growth;
	size_t n_growth;
};

#define SKEP_VERIFY_PATH_MAX 16384

struct skep_verify_options {
	const struct skep_btf
		*btf; /* the kernel's types, or NULL: objects of the kernel are undecided then */
	const struct skep_places *places; /* names of variables for findings, or NULL */
	uint32_t max_insns;	/* processed on all paths together; 0: 1,000,000 as in the kernel */
	uint32_t max_findings;	/* stop after so many independent ones; 0: 1 */
	struct skep_diag *diag; /* for what is wrong with the spec as such; may be NULL */
	bool explain;		/* give findings their steps: a second walk when there are any */
	bool keep_all_paths;	/* never leave a path out: slow, for checking the verifier itself */
	/* Called before each step of each path with the registers of the running frame; NULL: not. */
	void (*visit)(void *data, uint32_t insn, unsigned depth, const struct skep_value *regs);
	void *data;
};

struct skep_verify_result {
	enum skep_verdict verdict;
	struct skep_finding *findings; /* in the arena */
	size_t n_findings;
	uint32_t processed;    /* instructions on all paths */
	uint32_t kept, pruned; /* states kept for comparison, paths left out */
	uint32_t stack_bytes;  /* of the deepest chain of calls */
	uint32_t n_insns;      /* of the linked program */
	/*
	 * With `explain`, of a safe program: instructions on no path as long as constants (variables that are read-only) have
	 * the values that they have. What they would do with other values is not judged.
	 */
	uint32_t unreached;
	const struct skep_spec_var *constant; /* the one that was read; NULL: several */
};

/* 0 with the result, whatever the verdict. -EINVAL: the spec itself is wrong (see the finding). */
int skep_verify(const struct skep_spec *spec, size_t prog,
		const struct skep_verify_options *options, struct skep_arena *arena,
		struct skep_verify_result *ret_result) _must_check_;

/* "bounds": for JSON and counting. */
const char *skep_reason_name(enum skep_reason reason);
