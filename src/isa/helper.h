/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers: the functions that a kernel offers to programs by number, as one table.
 *
 * The numbers are the kernel's UAPI and never change; a kernel knows those up to some number, and
 * which of them a program may call depends on its kind. The rows are in isa/helper_rows.h: number,
 * constant, name, what the arguments must be, what R0 holds afterwards, flags, kinds of programs.
 * The language, the verifier and the machine read this one table.
 *
 *	skep_insn_call(SKEP_HELPER_KTIME_GET_NS);
 *	const struct skep_helper *h = skep_helper_find(insn.imm);
 *	skep_str_addf(&s, "call %s", h ? h->name : "?");
 */
#pragma once

#include "base/macros.h"
#include "isa/helper_rows.h"
#include "isa/progkind.h"

/*
 * What a helper returns in R0. A pointer that may be NULL has to be compared with 0 before it is
 * used.
 */
enum skep_helper_ret {
	SKEP_HELPER_RET_VOID, /* nothing of use */
	SKEP_HELPER_RET_INT,  /* a number, often 0 or -errno */
	SKEP_HELPER_RET_MAP_VALUE,
	SKEP_HELPER_RET_MAP_VALUE_OR_NULL,
	SKEP_HELPER_RET_MEM_OR_NULL, /* memory whose size was an argument */
	SKEP_HELPER_RET_OBJECT,	     /* a kernel structure described by BTF */
	SKEP_HELPER_RET_OBJECT_OR_NULL,
	SKEP_HELPER_RET_SOCK_OR_NULL, /* struct bpf_sock */
	SKEP_HELPER_RET_SOCK_COMMON_OR_NULL,
	SKEP_HELPER_RET_TCP_SOCK_OR_NULL, /* struct bpf_tcp_sock */
};

/*
 * What an argument must be. Memory is a pointer whose size is the next argument, unless the name
 * tells the size. OUT memory need not be initialized before and is afterwards.
 */
enum skep_helper_arg {
	SKEP_ARG_NONE,
	SKEP_ARG_ANY, /* any initialized register; mostly a number */
	SKEP_ARG_MAP,
	SKEP_ARG_KEY, /* memory as large as the map's key */
	SKEP_ARG_VALUE,
	SKEP_ARG_VALUE_NULL,
	SKEP_ARG_VALUE_OUT,
	SKEP_ARG_MEM, /* read */
	SKEP_ARG_MEM_NULL,
	SKEP_ARG_OUT, /* written */
	SKEP_ARG_OUT_NULL,
	SKEP_ARG_INOUT, /* read and written */
	SKEP_ARG_OUT8,	/* 8 bytes, written */
	SKEP_ARG_INOUT4,
	SKEP_ARG_IN20,
	SKEP_ARG_IN40,
	SKEP_ARG_SIZE,	     /* of the memory before it: at least 1, known to be bounded */
	SKEP_ARG_SIZE0,	     /* likewise, may be 0 */
	SKEP_ARG_CONST_SIZE, /* a constant: how much memory is returned */
	SKEP_ARG_STR,	     /* a constant string, in a map that programs cannot write */
	SKEP_ARG_CTX,	     /* the context; in tracing programs the kernel's object instead */
	SKEP_ARG_CTX_NULL,
	SKEP_ARG_FUNC,	   /* a function of the program */
	SKEP_ARG_FUNC_CTX, /* what that function is given: memory on the stack, or NULL */
	SKEP_ARG_LOCK,	   /* a struct bpf_spin_lock in a map's value */
	SKEP_ARG_TIMER,	   /* a struct bpf_timer in a map's value */
	SKEP_ARG_KPTR,	   /* a place for a kernel object in a map's value */
	SKEP_ARG_RECORD,   /* what ringbuf_reserve returned */
	SKEP_ARG_SOCK,
	SKEP_ARG_SOCK_COMMON,
	SKEP_ARG_OBJECT, /* a kernel structure described by BTF */
	SKEP_ARG_OBJECT_NULL,
	SKEP_ARG_PERCPU, /* a per-CPU variable of the kernel */
	SKEP_ARG_DYNPTR,
	SKEP_ARG_DYNPTR_OUT, /* where to make one */
};

enum skep_helper_flag {
	SKEP_HELPER_GPL = 1 << 0, /* only for a licence compatible with the GPL */
	SKEP_HELPER_PACKET =
		1 << 1, /* may move the packet: pointers into it are worthless afterwards */
	SKEP_HELPER_ACQUIRE = 1 << 2,  /* what it returns (or makes) has to be given back */
	SKEP_HELPER_RELEASE = 1 << 3,  /* gives back what its argument of such a kind is */
	SKEP_HELPER_SLEEP = 1 << 4,    /* may sleep: only in sleepable programs */
	SKEP_HELPER_CALLBACK = 1 << 5, /* calls a function of the program */
};

enum skep_helper_id {
	SKEP_HELPER_UNSPEC = 0,
#define SKEP_HELPER_ROW_(id, CONSTANT, ...) SKEP_HELPER_##CONSTANT = (id),
	SKEP_HELPERS(SKEP_HELPER_ROW_)
#undef SKEP_HELPER_ROW_
	SKEP_HELPER_END, /* one more than the last number of the table */
};

struct skep_helper {
	int32_t id;
	const char *name; /* without prefix: "ktime_get_ns" */
	uint8_t n_args;	  /* the most it takes: 5 for trace_printk */
	uint8_t args[5];  /* of enum skep_helper_arg */
	uint8_t flags;	  /* of enum skep_helper_flag */
	enum skep_helper_ret ret;
	uint64_t prog_kinds; /* SKEP_KIND() of each kind of program that may call it */
};

/* The rows, each at its number. */
extern const struct skep_helper skep_helpers[SKEP_HELPER_END];

/* The row of a number, or NULL when the table has none. */
const struct skep_helper *skep_helper_find(int32_t id);
/* The row of a name, given with or without the prefix "bpf_"; or NULL. */
const struct skep_helper *skep_helper_find_name(const char *name);
/*
 * Whether a program of that kind, loaded for that place (its expected_attach_type), may call the
 * helper: prog_kinds less the few that only some places have.
 */
bool skep_helper_allowed(const struct skep_helper *helper, uint32_t prog_kind,
			 uint32_t attach_type);
/*
 * What argument @index (from 0) must be in a program of that kind: args[index], but for the few helpers that differ from
 * one kind to another.
 */
enum skep_helper_arg skep_helper_arg_for(const struct skep_helper *helper, unsigned index,
					 uint32_t prog_kind);
/*
 * The kernel structure behind the OBJECT that a helper returns ("task_struct"), or NULL when it
 * depends on the call.
 */
const char *skep_helper_object(int32_t id);
/*
 * The kernel structure that a helper takes as its OBJECT ("task_struct"), or in place of the context in programs of that
 * kind; NULL when there is none.
 */
const char *skep_helper_arg_object(int32_t id, uint32_t prog_kind);
/* Bytes of an argument's memory when its kind fixes them, else 0. */
unsigned skep_helper_arg_size(enum skep_helper_arg arg);
/* For messages: "memory to read", "a map". */
const char *skep_helper_arg_text(enum skep_helper_arg arg);
