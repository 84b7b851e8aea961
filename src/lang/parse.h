/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the parser: what its files share. Others use skep_parse (lang/ast.h).
 *
 *	parse.c		tokens ahead, messages, nodes
 *	parse_script.c	the top: config, heads of probes, what is not supported
 *	parse_point.c	attach points, from raw text
 *	parse_fn.c	functions of the script
 *	parse_c.c	definitions as in C
 *	parse_macro.c	definitions of macros
 *	parse_import.c	import and #include "..."
 *	parse_block.c	blocks, and where to go on after an error
 *	parse_stmt.c	statements
 *	parse_row.c	the statement `row`
 *	parse_expr.c	operators by precedence
 *	parse_primary.c	values, calls, maps, parentheses
 *	parse_type.c	names of types, casts, sizeof, offsetof
 *
 * Errors. A function that returns a node returns NULL after an error, which it or a callee has
 * reported; from then on env.quiet swallows consequences until a statement, block or probe begins
 * anew (skep_parse_recover).
 *
 * Bounds. Every nested call goes through skep_parse_enter; every node knows the height of the tree
 * below it. Beyond a bound the parser says so once and sees nothing but the end of the script from
 * then on.
 */
#pragma once

#include "base/str.h"
#include "lang/ast.h"
#include "lang/expand.h"
#include "lang/lex.h"

#define SKEP_PARSE_AHEAD 16		/* tokens seen at most before one is taken */
#define SKEP_PARSE_SIZE_MAX (16u << 20) /* bytes of a script */

struct skep_parser {
	struct skep_lex_env env;
	struct skep_lex lx;
	struct skep_expand x; /* what stands between them: x.raw at the top of the script */
	struct skep_tok toks[SKEP_PARSE_AHEAD]; /* seen, not taken yet */
	unsigned n_toks;
	struct skep_loc prev; /* of the token taken last */
	enum skep_tok_kind prev_kind;
	uint32_t prev_from; /* the #define that it came from */
	bool abort;	    /* a bound was met: the rest is not looked at */
	bool in_predicate;  /* at the level where a slash may end it */
	bool condition;	    /* what is read now is a condition: `(x = 1)` is a mistake there */
	bool ended;	    /* the last statement ended with ';' */
	size_t cond_off; /* where the condition of an `if` starts: `(name) call()` is no cast there */
	unsigned depth;
	unsigned height; /* of the highest tree since the block began */
	const struct skep_parse_options *options;
	struct {
		SKEP_VEC(struct skep_c_def *);
	} defs;
	struct {
		SKEP_VEC(struct skep_object_node);
	} objects;
	unsigned c_braces; /* open ones of a definition as in C: where an error left it */
	struct {
		SKEP_VEC(struct skep_diag_file);
	} files;				   /* the script itself is the first */
	struct skep_hash imported;		   /* ids of files */
	size_t len;				   /* of env.text */
	void (*parse_file)(struct skep_parser *p); /* the top of the script, for parse_import.c */
	bool arg_block; /* the block that comes next is an argument: it needs no value */
	struct skep_hash type_names; /* from typedef: to their skep_c_def */
};

/* ---- parse.c */

/* The token @ahead of the next one, which is 0. */
struct skep_tok *skep_parse_peek(struct skep_parser *p, unsigned ahead);
struct skep_tok skep_parse_take(struct skep_parser *p);
bool skep_parse_at(struct skep_parser *p, enum skep_tok_kind kind);
bool skep_parse_at_word(struct skep_parser *p, const char *word);
bool skep_parse_at_op(struct skep_parser *p, enum skep_binary op);
/* Takes the token when it is of this kind. */
bool skep_parse_accept(struct skep_parser *p, enum skep_tok_kind kind);
/* Takes a token of this kind or says that @what is missing. */
bool skep_parse_expect(struct skep_parser *p, enum skep_tok_kind kind, const char *what);
/* Whether @word stands in front of the name @t, with nothing but blanks between them. */
bool skep_parse_prev_is(const struct skep_parser *p, const struct skep_tok *t, const char *word);
/*
 * "expected @what, found ..." at the next token. True: reported, and a hint may follow; a mistake
 * that is well known has got its hint already.
 */
bool skep_parse_unexpected(struct skep_parser *p, const char *what);
/* Reports and falls quiet. True when it was reported, so that skep_lex_hint may follow. */
bool skep_parse_error(struct skep_parser *p, struct skep_loc loc, const char *fmt, ...)
	_printf_(3, 4);
/* Gives up on the rest of the script. */
void skep_parse_abort(struct skep_parser *p);
/* One level deeper, or false after a message. Leave with p->depth--. */
bool skep_parse_enter(struct skep_parser *p);
/* Back to raw text: forgets the tokens seen ahead. */
void skep_parse_rewind(struct skep_parser *p);
/* From @start to the end of the token taken last, as far as the line goes. */
struct skep_loc skep_parse_span(const struct skep_parser *p, struct skep_loc start);
/* Just behind the token taken last. */
struct skep_loc skep_parse_behind(const struct skep_parser *p);
const char *skep_parse_name(struct skep_parser *p, const struct skep_tok *t);
/* What a token is, for messages: "name 'foo'", "';'", "the end of the script". */
const char *skep_parse_describe(struct skep_parser *p, const struct skep_tok *t);
struct skep_expr *skep_parse_node(struct skep_parser *p, enum skep_expr_kind kind,
				  struct skep_loc start);
/*
 * Finishes a node whose operands are set: its place and height. NULL when the tree became too high.
 */
struct skep_expr *skep_parse_done(struct skep_parser *p, struct skep_expr *e,
				  struct skep_loc start);
/* Raises the height of @e to stand on @child. */
void skep_parse_on(struct skep_expr *e, const struct skep_expr *child);
/* Words that start statements and so are no values. */
bool skep_parse_is_keyword(const struct skep_tok *t);

/* ---- parse_expr.c */

struct skep_expr *skep_parse_expr(struct skep_parser *p);
/* Operators of one operand, casts and below. */
struct skep_expr *skep_parse_unary(struct skep_parser *p);
/* With assignment: for statements. */
struct skep_expr *skep_parse_assignment(struct skep_parser *p);

/* ---- parse_primary.c */

struct skep_expr *skep_parse_primary(struct skep_parser *p);
/* Expressions between commas up to @close, which is taken. */
/* `as UNIT` behind a value: the value in that unit, and the unit's name in *ret_unit; without it all stays as it is. */
struct skep_expr *skep_parse_unit(struct skep_parser *p, struct skep_expr *value,
				  const char **ret_unit);
/* @unit: the first value may have one; NULL: none has. */
bool skep_parse_list(struct skep_parser *p, enum skep_tok_kind close, const char *what,
		     const char **unit, struct skep_expr_list *ret_list);

/* ---- parse_type.c */

/* Whether a value may start with this token, which is no operator. */
bool skep_parse_starts_value(const struct skep_tok *t);
bool skep_parse_at_cast(struct skep_parser *p);
/* The words of a type, normalised, into @out: "unsigned long", "struct sock". */
bool skep_parse_type_words(struct skep_parser *p, struct skep_str *out);
bool skep_parse_type(struct skep_parser *p, struct skep_type_name *ret_type);
/* container_of(pointer, type, member), which is a cast of an address. At the word, with a '(' behind it. */
struct skep_expr *skep_parse_container_of(struct skep_parser *p);
/* typeinfo(value) or typeinfo(type), likewise. */
struct skep_expr *skep_parse_typeinfo(struct skep_parser *p);
/* SIZEOF or OFFSETOF, at the word, with a '(' behind it. */
struct skep_expr *skep_parse_layout(struct skep_parser *p, enum skep_expr_kind kind);

/* ---- parse_c.c */

/* At struct, union, enum or typedef, at the top. False after an error. */
bool skep_parse_c(struct skep_parser *p);

/* ---- parse_macro.c */

/* At `macro`. NULL after an error. */
struct skep_macro *skep_parse_macro(struct skep_parser *p);

/* ---- parse_import.c */

/* At `import`. False after an error in the line itself. */
bool skep_parse_import(struct skep_parser *p);
/* For skep_lex_env: #include "name" and <name>. */
bool skep_parse_include(void *data, const char *name, bool quoted, struct skep_loc loc);
/* The headers of --include, in front of all else. */
void skep_parse_headers(struct skep_parser *p);

/* ---- parse_stmt.c */

/* NULL after an error: the block recovers. */
struct skep_stmt *skep_parse_stmt(struct skep_parser *p);
/* if condition { value } else { value }, at `if`. */
struct skep_expr *skep_parse_if_value(struct skep_parser *p);

/* ---- parse_row.c */

/* At `row NAME {`. */
bool skep_parse_at_row(struct skep_parser *p);
/* A bad row is taken whole and is an empty block then. */
struct skep_stmt *skep_parse_row(struct skep_parser *p);

/* ---- parse_block.c */

/* At '{'. False: there was none, and that was said. Errors inside are recovered from. */
bool skep_parse_block(struct skep_parser *p, struct skep_block_node *ret_block);
/* The same, where the last expression may lack its ';' and is the value of the block. */
bool skep_parse_block_open(struct skep_parser *p, struct skep_block_node *ret_block,
			   struct skep_expr **ret_value);
/* { statements; value } at '{'. */
struct skep_expr *skep_parse_block_value(struct skep_parser *p);
/* At `name:` at the start of a line, where @name is a kind of probe: somebody forgot a brace. */
bool skep_parse_at_head(struct skep_parser *p);
/* After a bad head: at the '{' of the body, or false when the statement ends first. */
bool skep_parse_recover_body(struct skep_parser *p);

/* ---- parse_fn.c */

/* At `fn`. NULL after an error; the rest of the function was passed. */
struct skep_fn_node *skep_parse_fn(struct skep_parser *p);

/* ---- parse_point.c */

/*
 * Attach points up to '{' or '/'; the raw text is left there. False after an error, the raw text is
 * anywhere.
 */
bool skep_parse_points(struct skep_parser *p, struct skep_probe_node *probe);
bool skep_parse_is_provider(const char *name, size_t len);
