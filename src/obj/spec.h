/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spec: programs, maps and how they attach, as a plain value.
 *
 * A spec is made by `gen` (from scripts, rules, policies) or by the ELF reader, judged by `verify`, and run by an
 * engine (engine.h). It is made without a system call and is the same every time for the same input.
 *
 *	         +-- maps[]      what they are, and their first contents
 *	spec ----+-- progs[]     instructions, relocations, source lines
 *	         +-- attaches[]  kind, program, N targets, N cookies
 *
 * Instructions are final except where a relocation says otherwise: a load of a map's address, a call of another
 * function of the spec, a number that another kernel may have differently (needs[]). An attach record gives one program many targets; the cookie tells the program which one
 * fired (bpf_get_attach_cookie).
 *
 * Ownership: everything hangs from the arena of whoever made the spec and lives as long as it.
 */
#pragma once

#include "base/diag.h"
#include "isa/insn.h"

enum skep_reloc_kind {
	SKEP_RELOC_MAP,	      /* ld_imm64 at insn: the map maps[index] */
	SKEP_RELOC_MAP_VALUE, /* ld_imm64 at insn: address of maps[index]'s only value, plus addend */
	SKEP_RELOC_FUNC,  /* call or ld_imm64 at insn: the function progs[index] of kind SUBPROG */
	SKEP_RELOC_KFUNC, /* call at insn: the kernel function called `name` */
	/*
	 * Offset of the load or store at insn, or its immediate (of ld_imm64: all 64 bits): by as much as needs[index] has
	 * another value on the machine that runs it, that is added. There may be several for one instruction.
	 */
	SKEP_RELOC_NEED,
};

struct skep_reloc {
	enum skep_reloc_kind kind;
	uint32_t insn;
	uint32_t index;
	uint32_t addend;  /* bytes; MAP_VALUE only */
	const char *name; /* KFUNC only */
};

/*
 * What a spec that was made ahead of time, on another machine, takes for granted of the one that runs it. Code is made
 * for @value; where it is another number there, relocations make up for the difference, unless the need is exact.
 */
enum skep_need_kind {
	SKEP_NEED_MEMBER, /* offset of `member` in `type`; `shape` is what stands there */
	SKEP_NEED_SIZE,	  /* bytes of `type` */
	SKEP_NEED_ENUM,	  /* value of the enumerator called `type` */
	SKEP_NEED_SYMBOL, /* address of the kernel's symbol `type` */
	SKEP_NEED_CGROUP, /* id of the cgroup with the path `type` */
	SKEP_NEED_KIND_MAX,
};

struct skep_need {
	enum skep_need_kind kind;
	bool exact; /* the code holds for this value only */
	bool used;  /* while a spec is made: code relies on it */
	const char *
		type; /* "struct task_struct", "tracepoint sched/sched_switch", "function vfs_read" */
	const char *member; /* MEMBER only: a path of names with dots from `type` on */
	const char *shape;
	uint64_t value;
};

/* Map flags, the kernel's numbers: what programs may do with it, and whether user space can map it. */
#define SKEP_MAP_NO_PREALLOC (1u << 0)
#define SKEP_MAP_RDONLY_PROG (1u << 7)
#define SKEP_MAP_MMAPABLE (1u << 10)

struct skep_spec_map {
	const char *name;
	uint32_t type; /* enum skep_mapkind, the kernel's bpf_map_type numbers */
	uint32_t key_size, value_size, max_entries, flags;
	const void *data; /* first bytes of an array's element 0, or NULL for zeroes */
	uint32_t data_size;
	const struct skep_spec_map *inner; /* of a map of maps: what its elements are like */
	bool read_only; /* frozen after the first contents are written: the verifier may take it as constant */
};

/* From instruction `insn` on, code comes from this place of the source text. */
struct skep_spec_line {
	uint32_t insn;
	struct skep_loc loc;
};

struct skep_spec_prog {
	const char *name; /* shown by the kernel, which cuts it at 15 bytes */
	uint32_t
		type; /* enum skep_progkind, the kernel's bpf_prog_type numbers; 0 for a subprogram */
	uint32_t attach_type; /* the kernel's expected_attach_type; 0 when the kind has none */
	/*
	 * For kinds that are verified against one kernel function or tracepoint (fentry, fexit, tp_btf): its BTF id
	 * in vmlinux, or in the module whose BTF object is named attach_module.
	 */
	uint32_t attach_btf_id;
	const char *attach_module; /* NULL: vmlinux */
	const char *
		attach_btf_name; /* of the type behind attach_btf_id, where its number is another; or NULL */
	bool sleepable;
	struct skep_insn *insns;
	size_t n_insns;
	struct skep_reloc *relocs;
	size_t n_relocs;
	struct skep_spec_line *lines; /* ascending by insn */
	size_t n_lines;
	struct skep_loc loc; /* the probe as a whole, for messages about the program */
};

enum skep_attach_kind {
	SKEP_ATTACH_RAW_TP, /* target.name: raw tracepoint */
	SKEP_ATTACH_TRACING, /* fentry, fexit, tp_btf: the program's own attach_btf_id; target.name only for people */
	SKEP_ATTACH_TP,	    /* target.name: "category/event", through perf */
	SKEP_ATTACH_KPROBE, /* target.name: function, target.offset */
	SKEP_ATTACH_KRETPROBE,
	SKEP_ATTACH_UPROBE, /* target.name: path of the binary, target.offset: in the file */
	SKEP_ATTACH_URETPROBE,
	SKEP_ATTACH_PERF, /* a perf counter: perf_* below, one event a CPU when all_cpus */
	SKEP_ATTACH_USER, /* never attached: user space runs it through test-run (BEGIN, END, interval) */
	SKEP_ATTACH_ITER, /* target.name: what is visited ("task"), for people; run by iter_step */
};

struct skep_attach_target {
	const char *name;
	uint64_t offset;
	uint64_t cookie;
	bool optional;	    /* a missing target is told, not an error */
	const char *symbol; /* for people: the function behind path and offset, or NULL */
	/* uprobe: offset in the file of a 16-bit counter that is raised while attached; 0: none */
	uint64_t semaphore;
};

struct skep_spec_attach {
	enum skep_attach_kind kind;
	uint32_t prog;
	struct skep_attach_target *targets;
	size_t n_targets;
	int pid;	      /* uprobe, perf, iter: only this process; 0 means every process */
	uint32_t perf_type;   /* PERF_TYPE_* */
	uint64_t perf_config; /* PERF_COUNT_* */
	uint64_t perf_period; /* events between two samples; for cpu-clock nanoseconds */
	uint64_t perf_freq;   /* samples a second; when not 0 it is used instead of the period */
	/* Of breakpoints: address, length, and which accesses (HW_BREAKPOINT_*). */
	uint64_t perf_config1, perf_config2;
	uint32_t perf_bp_type;
	bool all_cpus;
	const char *pin;   /* ITER: the file under which it stays in the kernel, or NULL */
	const char *probe; /* the probe as the script names it */
	struct skep_loc loc;
};

struct skep_spec {
	const char *license; /* "GPL" opens the helpers that tracing needs */
	const char
		*source_name; /* for line_info; the text of each line is taken from source_text */
	const char *source_text;
	size_t source_len;
	struct skep_spec_map *maps;
	size_t n_maps;
	struct skep_spec_prog *progs;
	size_t n_progs;
	struct skep_spec_attach *attaches;
	size_t n_attaches;
	struct skep_need *needs; /* none: made for this machine */
	size_t n_needs;
};
