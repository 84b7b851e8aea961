/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of a script, as the parser builds it.
 *
 *	script ── probe ──┬─ attach points   "tracepoint:syscalls:sys_enter_*"
 *	                  ├─ predicate       an expression or NULL
 *	                  └─ body            statements
 *
 * Every node carries its place in the text. `type` of an expression is filled by the checker, for one instance of a
 * probe at a time (the same body may be typed anew for the next instance). Everything lives in the arena.
 */
#pragma once

#include "base/diag.h"
#include "base/vec.h"
#include "lang/type.h"

#define SKEP_PARSE_DEPTH_MAX 200 /* nested expressions and blocks; more is an error, not a crash */
#define SKEP_PARSE_HEIGHT_MAX \
	1000 /* levels of an expression's tree: a + b + c + ... nests to the left */

enum skep_expr_kind {
	SKEP_EXPR_INT,
	SKEP_EXPR_STRING,
	SKEP_EXPR_NAME, /* a bare word: builtin value, enum constant, or a call without parentheses */
	SKEP_EXPR_CALL,	 /* name(args...) */
	SKEP_EXPR_VAR,	 /* $name */
	SKEP_EXPR_MAP,	 /* @name or @name[keys...] */
	SKEP_EXPR_PARAM, /* $1 ...; $# with index 0 */
	SKEP_EXPR_UNARY,
	SKEP_EXPR_BINARY,
	SKEP_EXPR_TERNARY,
	SKEP_EXPR_ASSIGN, /* target op= value; also a statement */
	SKEP_EXPR_FIELD,  /* base.name, base->name, tuple.0 */
	SKEP_EXPR_INDEX,  /* base[index] */
	SKEP_EXPR_CAST,
	SKEP_EXPR_SIZEOF,   /* of a type name or an expression */
	SKEP_EXPR_OFFSETOF, /* (type or expression, field) */
	SKEP_EXPR_TUPLE,
	SKEP_EXPR_BLOCK, /* { statements; value } */
	SKEP_EXPR_KIND_MAX,
};

enum skep_unary {
	SKEP_UNARY_NEG,
	SKEP_UNARY_NOT,	   /* ! */
	SKEP_UNARY_BITNOT, /* ~ */
	SKEP_UNARY_DEREF,  /* *p */
	SKEP_UNARY_ADDR,   /* &x */
	SKEP_UNARY_PREINC,
	SKEP_UNARY_PREDEC,
	SKEP_UNARY_POSTINC,
	SKEP_UNARY_POSTDEC,
};

enum skep_binary {
	SKEP_BINARY_NONE, /* plain assignment */
	SKEP_BINARY_ADD,
	SKEP_BINARY_SUB,
	SKEP_BINARY_MUL,
	SKEP_BINARY_DIV,
	SKEP_BINARY_MOD,
	SKEP_BINARY_AND,
	SKEP_BINARY_OR,
	SKEP_BINARY_XOR,
	SKEP_BINARY_SHL,
	SKEP_BINARY_SHR,
	SKEP_BINARY_EQ,
	SKEP_BINARY_NE,
	SKEP_BINARY_LT,
	SKEP_BINARY_LE,
	SKEP_BINARY_GT,
	SKEP_BINARY_GE,
	SKEP_BINARY_LAND,
	SKEP_BINARY_LOR,
};

struct skep_expr;
struct skep_stmt;

struct skep_expr_list {
	struct skep_expr **data;
	size_t len;
};

struct skep_block_node {
	struct skep_stmt **data;
	size_t len;
};

/* A type as written in a cast, sizeof, offsetof or let. */
struct skep_type_name {
	const char *
		name; /* normalised: one space between words, '*' behind: "struct sock *", "string[64]" */
	struct skep_expr *of; /* typeof(expr): then name is NULL */
	struct skep_loc loc;
};

struct skep_expr {
	enum skep_expr_kind kind;
	struct skep_loc loc;
	unsigned
		height; /* levels of the tree below, itself included: bounds whoever walks it by recursion */
	bool unwanted;		      /* _ = value: that nothing is done with it is meant */
	const struct skep_type *type; /* by the checker */
	const struct skep_expr *
		was; /* what it was before the checker made a number of it, for the next instance */
	union {
		struct {
			uint64_t value;
			bool is_unsigned; /* written with a U suffix, or above INT64_MAX */
			bool is_bool;	  /* true or false */
			bool is_option;	  /* given on the command line: getopt() */
			const struct skep_type
				*of; /* by the checker: the enum whose constant it is */
			uint32_t
				need_plus1; /* by the checker: another kernel may have another one (need.h) */
		} num;
		struct {
			const char *data; /* escapes resolved; may hold zero bytes */
			size_t len;
		} text;
		struct {
			const char *name;
			struct skep_expr_list args;
			struct skep_loc name_loc;
			const struct skep_builtin *builtin; /* by the checker */
			struct skep_fn_node *fn; /* by the checker: a function of the script */
			const char
				*unit; /* of an aggregation's number, "us"; NULL: none was said */
			void *state;   /* by the builtin's check, for its lower */
		} call;		       /* NAME and CALL; NAME has no args */
		struct {
			const char *name;	  /* without $ */
			struct skep_local *local; /* by the checker */
		} var;
		struct {
			const char *name; /* without @; "" for @ */
			struct skep_expr_list keys;
			bool has_keys;		    /* written with [...] */
			struct skep_map_info *info; /* by the checker */
		} map;
		struct {
			unsigned index;
		} param;
		struct {
			enum skep_unary op;
			struct skep_expr *operand;
		} unary;
		struct {
			enum skep_binary op;
			struct skep_expr *left, *right;
			const char *unit; /* `left as UNIT` was written; or NULL */
		} binary;		  /* and ASSIGN: left op= right */
		struct {
			struct skep_expr *cond, *yes, *no; /* yes may be NULL: a ?: b */
			bool comptime;			   /* if comptime */
			bool loose; /* an `if` at the end of a block: it may have no value */
			struct skep_expr *chosen; /* by the checker: comptime's; NULL: not known */
		} ternary;
		struct {
			struct skep_expr *base;
			const char *name; /* or the number of a tuple's element */
			bool arrow;
			struct skep_loc name_loc;
			struct skep_field field; /* by the checker */
		} field;
		struct {
			struct skep_expr *base, *index;
		} index;
		struct {
			struct skep_type_name to;
			struct skep_expr *value;
		} cast;
		struct {
			struct skep_type_name of; /* of.name set, or expr */
			struct skep_expr *expr;
			const char *const *path; /* OFFSETOF: field names */
			size_t n_path;
		} layout;
		struct {
			struct skep_expr_list tuple;
			const char *const *tuple_names; /* of a record, one each; NULL: a tuple */
		};
		struct {
			struct skep_block_node body;
			struct skep_expr *value; /* NULL: none */
			const char *macro;	 /* whose body it is, called here; or NULL */
		} block;
	};
};

enum skep_stmt_kind {
	SKEP_STMT_EXPR,
	SKEP_STMT_IF,
	SKEP_STMT_LET,
	SKEP_STMT_BLOCK,
	SKEP_STMT_UNROLL,
	SKEP_STMT_WHILE,
	SKEP_STMT_FOR_RANGE,
	SKEP_STMT_FOR_MAP,
	SKEP_STMT_RETURN,
	SKEP_STMT_BREAK,
	SKEP_STMT_CONTINUE,
	SKEP_STMT_KIND_MAX,
};

struct skep_stmt {
	enum skep_stmt_kind kind;
	struct skep_loc loc;
	bool open; /* EXPR: the last of its block, without a ';' */
	union {
		struct skep_expr *expr; /* EXPR; RETURN (NULL: none) */
		struct {
			struct skep_expr *cond;
			struct skep_block_node yes, no; /* else if: no holds one IF */
			bool comptime;			/* if comptime */
			struct skep_block_node
				*chosen; /* by the checker: comptime's; NULL: not known */
		} branch;
		struct {
			const char *name;
			struct skep_type_name type; /* name and of NULL: inferred */
			struct skep_expr *value;    /* or NULL */
			struct skep_local *local;   /* by the checker */
		} let;
		struct skep_block_node block;
		struct {
			struct skep_expr *count;     /* UNROLL, WHILE (its condition) */
			const char *var;	     /* FOR_*: the $name */
			struct skep_expr *from, *to; /* FOR_RANGE */
			struct skep_expr *map;	     /* FOR_MAP */
			struct skep_block_node body;
			struct skep_local *local; /* by the checker */
			int64_t n_rounds; /* FOR_RANGE, by the checker: -1 when it is not constant */
		} loop;
	};
};

/* One attach point as written: "uprobe:/bin/bash:readline". */
struct skep_attach_point {
	const char *text;	  /* as written, parameters replaced, spaces and quotes removed */
	const char *const *parts; /* text split at ':'; parts[0] is the provider's name or alias */
	size_t n_parts;
	struct skep_loc loc;
};

struct skep_probe_node {
	struct skep_attach_point *points;
	size_t n_points;
	struct skep_expr *predicate; /* or NULL */
	struct skep_block_node body;
	struct skep_loc loc;	   /* of the whole head */
	unsigned index;		   /* order in the script, from 0 */
	struct skep_fn_node **fns; /* that it calls, directly or not: skep_fn_reach */
	size_t n_fns;
};

struct skep_fn_param {
	const char *name; /* without $ */
	struct skep_type_name type;
	struct skep_loc loc;
	const struct skep_type *as; /* by the checker */
	struct skep_local *local;   /* by the checker */
};

/* A function of the script: lang/fn.h. */
struct skep_fn_node {
	const char *name;
	struct skep_fn_param *params;
	size_t n_params;
	struct skep_type_name result; /* name and of NULL: nothing */
	struct skep_block_node body;
	struct skep_loc loc, name_loc; /* of the head, of the name */
	/* Of the checker. */
	const struct skep_type *as; /* what it returns; NULL after an error */
	unsigned pass;		    /* in which it was checked last */
	bool checking, failed;
	/* Of lower. */
	struct skep_fn *code;
	const struct skep_instance *code_of;
	bool uses_ctx;
};

/* ---- macros */

enum skep_macro_kind {
	SKEP_MACRO_EXPR, /* name: any value */
	SKEP_MACRO_VAR,	 /* $name: a variable, which may be changed */
	SKEP_MACRO_MAP,	 /* @name: a map */
};

struct skep_macro_param {
	enum skep_macro_kind kind;
	const char *name;
	struct skep_loc loc;
};

/* macro name(params) { body; value } */
struct skep_macro {
	const char *name;
	struct skep_macro_param *params;
	size_t n_params;
	struct skep_block_node body;
	struct skep_expr *value; /* or NULL */
	struct skep_loc name_loc;
};

/* ---- definitions as in C */

struct skep_c_def;

/* A type in a definition: base, then stars, then dimensions. */
struct skep_c_type {
	const char *name; /* "unsigned int", "struct foo", "foo_t"; NULL: def */
	struct skep_c_def *def;
	unsigned stars;
	bool user;		 /* __user: the pointers lead to memory of programs */
	struct skep_expr **dims; /* as written, NULL for [] */
	size_t n_dims;
	struct skep_loc loc;
};

struct skep_c_member {
	const char *name; /* NULL: an anonymous struct or union, or bits that nobody names */
	struct skep_c_type type;
	struct skep_expr *bits; /* NULL: not a bit-field */
	struct skep_loc loc;
};

struct skep_c_enumerator {
	const char *name;
	struct skep_expr *value; /* NULL: one more than the one before */
	struct skep_loc loc;
};

enum skep_c_kind {
	SKEP_C_STRUCT,
	SKEP_C_UNION,
	SKEP_C_ENUM,
	SKEP_C_TYPEDEF,
};

struct skep_c_def {
	enum skep_c_kind kind;
	const char *name; /* of the typedef, or behind struct, union, enum: NULL when it has none */
	bool has_body;	  /* else it is only announced */
	bool packed;
	struct skep_expr *align; /* attribute aligned; NULL: natural */
	struct skep_c_member *members;
	size_t n_members;
	struct skep_c_enumerator *enumerators;
	size_t n_enumerators;
	struct skep_c_type type; /* TYPEDEF */
	struct skep_loc loc;
};

/* let @name = kind(size); */
struct skep_map_decl {
	const char *name; /* without @ */
	const char *kind;
	struct skep_expr *size;
	struct skep_loc loc, kind_loc;
};

struct skep_config_node {
	const char *name;
	struct skep_expr *value;
	struct skep_loc loc;
};

struct skep_object_node;

struct skep_script {
	const char *text; /* with all that it imports */
	size_t len;
	uint32_t n_lines;	  /* of the script itself; 0: it imports nothing */
	struct skep_c_def **defs; /* in the order of the text */
	size_t n_defs;
	struct skep_macro **macros;
	size_t n_macros;
	struct skep_map_decl *map_decls;
	size_t n_map_decls;
	struct skep_config_node *configs;
	size_t n_configs;
	struct skep_probe_node **probes;
	size_t n_probes;
	struct skep_fn_node **fns;
	size_t n_fns;
	struct skep_object_node *objects;
	size_t n_objects;
};

/* import "x.bpf.o": its bytes. */
struct skep_object_node {
	const char *name;
	const void *data;
	size_t size;
	struct skep_loc loc;
};

/* A file that an import brings in. */
struct skep_import_file {
	const char *id;	  /* the same whoever names it: a file comes in once */
	const char *name; /* as messages show it; what it imports is looked for beside it */
	const char *text;
	size_t len;
};

/*
 * Reads what @path means in the file @from (NULL: a script without one): a file, or those of a folder in the order of
 * their names. Everything in @arena. Negative: *ret_why says why not.
 */
typedef int (*skep_import_fn)(void *data, struct skep_arena *arena, const char *path,
			      const char *from, struct skep_import_file **ret_files, size_t *ret_n,
			      const char **ret_why);

struct skep_parse_options {
	/* The positional parameters ($1 is params[0]): text in attach points, elsewhere PARAM nodes. */
	const char *const *params;
	size_t n_params;
	uint32_t kernel_version; /* LINUX_VERSION_CODE of #if; 0: not known */
	bool verbose;		 /* notes about what means little here */
	const char *name;	 /* of the script's file, or NULL */
	skep_import_fn import;	 /* NULL: there are no files to import */
	void *import_data;
	const char *const *include_dirs; /* -I: where #include looks, too */
	size_t n_include_dirs;
	const char *const *headers; /* --include: as if #include of these stood in front */
	size_t n_headers;
};

/*
 * Parses a script. All errors are collected in @diag, the parser recovers at the next statement or probe; any error makes
 * it -EINVAL. Imported files stand behind the script in one text, so that a line says which file it is in: @diag's
 * source becomes that text.
 */
int skep_parse(struct skep_arena *arena, const char *text, size_t len,
	       const struct skep_parse_options *options, struct skep_diag *diag,
	       struct skep_script **ret_script) _must_check_;

/* The tree as indented text (-d ast); with types behind expressions once checked (-d types). */
void skep_ast_dump(const struct skep_script *script, bool with_types, struct skep_str *out);
