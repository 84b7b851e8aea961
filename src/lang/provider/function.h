/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the probes on functions share: kprobe, uprobe (registers), fentry, rawtracepoint (typed
 * arguments).
 */
#pragma once

#include "base/hash.h"
#include "lang/match.h"

#define SKEP_ATTACH_TYPE_RAW_TP 23 /* the kernel's expected_attach_type */
#define SKEP_ATTACH_TYPE_FENTRY 24
#define SKEP_ATTACH_TYPE_FEXIT 25
#define SKEP_ATTACH_TYPE_KPROBE_MULTI 42
#define SKEP_ATTACH_TYPE_UPROBE_MULTI 48

/* Why a probe in the midst of a function has no args: what to do instead. */
#define SKEP_ARGS_INSIDE                                                                      \
	"arguments are known where the function begins: probe that, and keep them in a map; " \
	"here reg(\"NAME\") reads a register as it is"

/* argN from the registers in struct pt_regs, which is the context. */
int skep_regs_arg(struct skep_check *k, unsigned n, const struct skep_type **ret_type) _must_check_;
int skep_regs_lower_arg(struct skep_lower *l, unsigned n,
			struct skep_value *ret_value) _must_check_;
/* args.name of a function known to BTF: the register of the parameter. */
int skep_regs_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			 const struct skep_field *field, struct skep_value *ret_value) _must_check_;

/* A number of @type from the register at this offset in struct pt_regs. */
void skep_regs_load(struct skep_lower *l, const struct skep_type *type, unsigned offset,
		    struct skep_value *ret_value);
/* args.name of skep_proto_args_at. */
int skep_regs_lower_args_at(struct skep_lower *l, const struct skep_expr *expr,
			    const struct skep_field *field,
			    struct skep_value *ret_value) _must_check_;

/*
 * @origin is what they are of: "function vfs_read", "rawtracepoint sched_switch".
 *
 * The parameters of FUNC_PROTO @proto as a struct: parameter i at offset 8 * (i - @skip), the
 * first @skip left out. Parameters that do not fit into one register end the list, as those
 * behind them have no fixed place.
 */
const struct skep_struct *skep_proto_args(struct skep_types *types, const struct skep_btf *btf,
					  uint32_t proto, unsigned skip, enum skep_space space,
					  const char *name, const char *origin);
/* A parameter in the context of a typed program: 8 bytes each, narrower numbers extended. */
int skep_proto_lower(struct skep_lower *l, const struct skep_field *field,
		     struct skep_value *ret_value) _must_check_;
/* The prototype of a raw tracepoint's arguments, with names if there are any; false: there is no such event. */
bool skep_raw_event_proto(const struct skep_btf *btf, struct skep_arena *arena, const char *name,
			  uint32_t *ret_proto);
/* The result of a typed function, which stands behind all its parameters; false: it has none. */
bool skep_proto_result(struct skep_types *types, const struct skep_btf *btf, uint32_t proto,
		       const struct skep_struct *args, struct skep_field *ret_field);

/* "name+16" in two. False: what follows the plus is no number. */
bool skep_split_offset(struct skep_arena *arena, const char *text, const char **ret_name,
		       uint64_t *ret_offset, bool *ret_has_offset);

/* program.c: fentry and fexit of running programs, bpf:[ID:]NAME. */
int skep_program_match(struct skep_compiler *c, struct skep_probe_node *probe,
		       const struct skep_attach_point *point, const struct skep_provider *provider,
		       uint32_t attach_type) _must_check_;
int skep_program_lower_args(struct skep_lower *l, const struct skep_field *field,
			    struct skep_value *ret_value) _must_check_;
int skep_program_lower_retval(struct skep_lower *l, const struct skep_type *type,
			      struct skep_value *ret_value) _must_check_;
int skep_program_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		      const char *kind, bool verbose, bool is_return,
		      struct skep_str *out) _must_check_;

/* A kernel function that was found. */
struct skep_kfunc {
	const char *name, *module; /* module: NULL for vmlinux */
};
struct skep_kfuncs {
	struct skep_arena *arena;
	struct skep_hash seen; /* static functions of one name count once */
	SKEP_VEC(struct skep_kfunc);
};
/* The functions an attach point [module:]function names. Empty: none. */
int skep_kfuncs_find(const struct skep_world *world, const struct skep_attach_point *point,
		     const char *function, struct skep_kfuncs *ret_funcs) _must_check_;
void skep_kfuncs_fini(struct skep_kfuncs *funcs);
int skep_kfuncs_missing(struct skep_compiler *c, const struct skep_attach_point *point,
			const char *function) _must_check_;
/* The FUNC_PROTO of a kernel function; false when no BTF knows it. */
bool skep_kfunc_proto(const struct skep_world *world, const struct skep_kfunc *func,
		      const struct skep_btf **ret_btf, uint32_t *ret_func, uint32_t *ret_proto);
/* Parameters, one a line, for -lv. */
void skep_proto_list(struct skep_arena *arena, const struct skep_btf *btf, uint32_t proto,
		     unsigned skip, bool with_return, struct skep_str *out);

/*
 * function_regs.c: where arguments are read from registers (lang/compiler.h: struct skep_proto_regs).
 *
 * The parameters that can be read as a struct: the offset of each is that of its register in struct pt_regs, or function_regs.c's
 * own for what is on the stack.
 */
const struct skep_struct *skep_proto_args_at(struct skep_types *types,
					     const struct skep_proto_regs *f, enum skep_space space,
					     const char *name);
/* Why there is no args.NAME, "passed by value"; NULL: there is, or no parameter has this name. */
const char *skep_proto_why_left_out(const struct skep_proto_regs *f, struct skep_arena *arena,
				    const char *name);
/* The first parameter that is not in args, and why: "x is passed by value"; NULL: all are. */
const char *skep_proto_why_none(const struct skep_proto_regs *f, struct skep_arena *arena);
/* Parameters, one a line, for -lv: of those that are in none a comment says why. */
void skep_proto_list_registers(struct skep_arena *arena, const struct skep_proto_regs *f,
			       struct skep_str *out);

/*
 * function_result.c: retval from its register, of the type that the function returns where that is known (inst->result_of), else the
 * whole register as a number.
 */
int skep_regs_retval(struct skep_check *k, const struct skep_type **ret_type) _must_check_;
int skep_regs_lower_retval(struct skep_lower *l, struct skep_value *ret_value) _must_check_;
/* Whether the type is wanted: the probe uses retval, and is not bpftrace's, where it has none. */
bool skep_result_is_wanted(const struct skep_compiler *c, const struct skep_probe_node *probe);
/* What functions must have in common to share a program that uses retval. */
const char *skep_result_signature(struct skep_compiler *c, const struct skep_proto_regs *of);
/* "int retval", one line for -lv; nothing of a function that returns nothing. */
void skep_result_list(const struct skep_proto_regs *of, struct skep_str *out);
/* Newer kernels mark what may be NULL in the name, which scripts should not depend on. */
const char *skep_proto_param_name(struct skep_arena *arena, const struct skep_btf_param *p);
