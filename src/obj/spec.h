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
 *	         +-- vars[]      names of global variables inside maps[]      (of ELF objects)
 *	         +-- btf         the types that maps, functions and CO-RE relocations name by number (likewise)
 *
 * Instructions are final except where a relocation says otherwise: a load of a map's address, a call of another
 * function of the spec, something of the kernel by its name, a place in a kernel structure (CO-RE), a number that
 * another kernel may have differently (needs[]). An attach record gives one program many targets; the cookie tells the
 * program which one fired (bpf_get_attach_cookie).
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
	SKEP_RELOC_KSYM, /* ld_imm64 at insn: address of the kernel's symbol `name`, a mere number */
	SKEP_RELOC_KVAR, /* ld_imm64 at insn: the kernel's variable or function `name`, as its types know it */
};

struct skep_reloc {
	enum skep_reloc_kind kind;
	uint32_t insn;
	uint32_t index;
	uint32_t addend;  /* bytes; MAP_VALUE only */
	const char *name; /* KFUNC, KSYM, KVAR */
	uint32_t type;	  /* likewise: as what it is declared in the spec's BTF; 0: not known */
	bool weak; /* likewise: where the kernel has none, the address is 0, and nothing may call it */
};

/* What a CO-RE relocation asks about a type, a field or a constant of the target. LLVM's numbers. */
enum skep_core_kind {
	SKEP_CORE_FIELD_OFFSET,
	SKEP_CORE_FIELD_SIZE,
	SKEP_CORE_FIELD_EXISTS,
	SKEP_CORE_FIELD_SIGNED,
	SKEP_CORE_FIELD_LSHIFT, /* shifts that take a bit field out of the 64 bits that it was loaded in */
	SKEP_CORE_FIELD_RSHIFT,
	SKEP_CORE_TYPE_ID_LOCAL,
	SKEP_CORE_TYPE_ID_TARGET,
	SKEP_CORE_TYPE_EXISTS,
	SKEP_CORE_TYPE_SIZE,
	SKEP_CORE_ENUM_EXISTS,
	SKEP_CORE_ENUM_VALUE,
	SKEP_CORE_TYPE_MATCHES,
	SKEP_N_CORE_KINDS,
};

enum skep_core_state {
	SKEP_CORE_OPEN, /* the instruction holds what is right for the types it was compiled with */
	SKEP_CORE_DONE, /* ... for the target */
	SKEP_CORE_MISSING, /* the target has no such thing: the instruction is a call that no kernel allows */
};

/* An instruction whose constant or offset depends on the kernel that it runs on. obj/core.h resolves it. */
struct skep_core_reloc {
	uint32_t insn;
	enum skep_core_kind kind;
	uint32_t type; /* in the spec's BTF */
	const char *
		access; /* "0:2:1": index in an array, then members, as of that type; enums: the constant's index */
	enum skep_core_state state;
};

/*
 * What a spec that was made ahead of time, on another machine, takes for granted of the one that runs it. Code is made
 * for @value; where it is another number there, relocations make up for the difference, unless the need is exact.
 */
enum skep_need_kind {
	SKEP_NEED_MEMBER,    /* offset of `member` in `type`; `shape` is what stands there */
	SKEP_NEED_SIZE,	     /* bytes of `type` */
	SKEP_NEED_ENUM,	     /* value of the enumerator called `type` */
	SKEP_NEED_SYMBOL,    /* address of the kernel's symbol `type` */
	SKEP_NEED_CGROUP,    /* id of the cgroup with the path `type` */
	SKEP_NEED_INTERFACE, /* number of the network interface called `type` */
	SKEP_NEED_TICKS,     /* the kernel's ticks a second, which C calls `type` */
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
#define SKEP_MAP_NUMA_NODE (1u << 2)
#define SKEP_MAP_RDONLY_PROG (1u << 7)
#define SKEP_MAP_MMAPABLE (1u << 10)
#define SKEP_MAP_LINK (1u << 13) /* of functions of the kernel: registered by a link */

/*
 * What an element holds before programs run: of a prog array a program, of a map of maps a map. A map of kind struct_ops is a
 * struct of the kernel whose members are functions: data is that struct as the object declares it (btf_value_type), `key` the
 * index of a member there, and `index` the program that is to be called.
 */
struct skep_spec_slot {
	uint32_t key;
	uint32_t index; /* in progs[] or maps[] */
};

struct skep_spec_map {
	const char *name; /* of an object's data the section: ".rodata" */
	uint32_t type;	  /* enum skep_mapkind, the kernel's bpf_map_type numbers */
	uint32_t key_size, value_size, max_entries, flags;
	const void *data; /* first bytes of an array's element 0, or NULL for zeroes */
	uint32_t data_size;
	const struct skep_spec_map *inner; /* of a map of maps: what its elements are like */
	bool read_only; /* frozen after the first contents are written: the verifier may take it as constant */
	uint32_t numa_node; /* with SKEP_MAP_NUMA_NODE in flags */
	uint64_t extra;	    /* the kernel's map_extra: hash functions of a bloom filter */
	uint32_t btf_key_type, btf_value_type; /* in the spec's BTF; 0: not known */
	/*
	 * Of rings: what a record is, likewise. A union of pointers to arrays stands for several: member NAME, a pointer to an
	 * array of N records, is the type of those that begin with the number N (bpf/row.bpf.h).
	 */
	uint32_t btf_row_type;
	bool pinned; /* wants to be kept, and shared, under its name in the BPF file system */
	const struct skep_spec_slot *slots;
	size_t n_slots;
};

/* A global variable of an object. */
struct skep_spec_var {
	const char *name;
	uint32_t map, offset, size_bytes;
	uint32_t type; /* in the spec's BTF */
};

/* From instruction `insn` on, code comes from this place of the source text. */
struct skep_spec_line {
	uint32_t insn;
	struct skep_loc loc;
	/* Of objects, which hold the lines that have code and no text: the file and the line; else NULL. */
	const char *file, *text;
	struct skep_loc
		caller; /* where a script that imports the object calls it; line 0: none does */
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
	uint32_t attach_prog_id; /* a running program, of whose own BTF attach_btf_id is; 0: none */
	/* Of the type behind attach_btf_id, for who looks it up: when its number is another here, or 0; or NULL. */
	const char *attach_btf_name;
	bool is_off;		 /* not loaded unless asked for: SEC("?…") */
	const char *unsupported; /* what it needs and no engine of ours has, or NULL */
	const char *
		section; /* of the object that it comes from: "tp_btf/sched_switch"; NULL: from none */
	bool sleepable;
	bool frags;	/* XDP: knows packets in several pieces */
	bool is_global; /* a subprogram that is verified by itself, for any arguments of its types */
	uint32_t btf_func; /* its FUNC in the spec's BTF; 0: not known */
	struct skep_insn *insns;
	size_t n_insns;
	struct skep_reloc *relocs;
	size_t n_relocs;
	struct skep_core_reloc *cores;
	size_t n_cores;
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
	SKEP_ATTACH_PERF,	/* a perf counter: perf_* below, one event a CPU when all_cpus */
	SKEP_ATTACH_XDP,	/* target.name: network interface */
	SKEP_ATTACH_TC_INGRESS, /* likewise: what comes in */
	SKEP_ATTACH_TC_EGRESS,
	SKEP_ATTACH_CGROUP, /* target.name: directory of the cgroup; where in it is the program's attach_type */
	SKEP_ATTACH_USER, /* never attached: user space runs it through test-run (BEGIN, END, interval) */
	SKEP_ATTACH_ITER, /* target.name: what is visited ("task"), for people; run by iter_step */
	/* Of objects. What target.name can be for each: obj/aim.h. */
	SKEP_ATTACH_TC_ACTION, /* SEC("action"): an interface, as the action of a filter that matches all */
	SKEP_ATTACH_NETKIT, /* an interface of that kind; which end is the program's attach_type */
	SKEP_ATTACH_NETFILTER, /* a hook of the network namespace */
	SKEP_ATTACH_SOCKET,    /* an interface: a socket of ours that sees its packets */
	SKEP_ATTACH_REUSEPORT, /* a socket of a process, and so its group */
	SKEP_ATTACH_NETNS, /* a network namespace; which of its places is the program's attach_type */
	SKEP_ATTACH_SOCKMAP,  /* a map of sockets; likewise */
	SKEP_ATTACH_PROG_MAP, /* an element of a devmap or cpumap, together with what it leads to */
	SKEP_ATTACH_LIRC,     /* a device of infrared receivers */
	SKEP_ATTACH_LWT,      /* a route */
	SKEP_ATTACH_REPLACE, /* freplace: another program, in whose place a function of it is put */
	SKEP_ATTACH_ONCE,    /* SEC("syscall"): nothing; attaching runs it once */
	SKEP_ATTACH_OPS, /* target.name: a map of kind struct_ops, which is registered as a whole; prog: the first of its programs */
	SKEP_ATTACH_USDT, /* target.name: path of the binary, target.symbol: "provider:name"; see sys/attach_usdt.c */
};

struct skep_attach_target {
	const char *name;
	uint64_t offset;
	uint64_t cookie;
	bool optional;	    /* a missing target is told, not an error */
	const char *symbol; /* for people: the function behind path and offset, or NULL */
	bool by_symbol; /* uprobe of an object: the offset counts from `symbol`, which is still to be looked up */
	/* uprobe: offset in the file of a 16-bit counter that is raised while attached; 0: none */
	uint64_t semaphore;
};

struct skep_spec_attach {
	enum skep_attach_kind kind;
	uint32_t prog;
	struct skep_attach_target *targets;
	size_t n_targets;
	int pid;	      /* uprobe, perf, iter: only this process; 0 means every process */
	bool with_children;   /* perf, with a pid: and the processes that it starts from now on */
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
	struct skep_spec_var *vars;
	size_t n_vars;
	const void *btf; /* a blob as obj/btf.h reads it, or NULL */
	size_t btf_size;
	uint32_t kernel_version; /* that old kernels compare with their own, or 0 */
};
