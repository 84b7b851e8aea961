/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of a script as text: one node a line, children indented by two blanks. Numbers are in
 * decimal, strings quoted with the language's own escapes.
 */
#include <inttypes.h>

#include "lang/dump_priv.h"
#include "lang/expr_text.h"

static const char *const unary_names[] = {
	[SKEP_UNARY_NEG] = "-",
	[SKEP_UNARY_NOT] = "!",
	[SKEP_UNARY_BITNOT] = "~",
	[SKEP_UNARY_DEREF] = "*",
	[SKEP_UNARY_ADDR] = "&",
	[SKEP_UNARY_PREINC] = "++ before",
	[SKEP_UNARY_PREDEC] = "-- before",
	[SKEP_UNARY_POSTINC] = "++ behind",
	[SKEP_UNARY_POSTDEC] = "-- behind",
};

static void dump_block(struct skep_dump *d, const struct skep_block_node *block, unsigned depth);

static void indent(struct skep_dump *d, unsigned depth)
{
	skep_str_pad(d->out, ' ', 2 * (size_t)depth);
}

static void dump_text(struct skep_dump *d, const char *data, size_t len)
{
	skep_str_addc(d->out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\n')
			skep_str_add(d->out, "\\n");
		else if (c == '\t')
			skep_str_add(d->out, "\\t");
		else if (c == '"' || c == '\\')
			skep_str_addf(d->out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			skep_str_addf(d->out, "\\x%02x", c);
		else
			skep_str_addc(d->out, (char)c);
	}
	skep_str_addc(d->out, '"');
}

/* A line of its own above what it names. */
static void dump_label(struct skep_dump *d, const char *label, unsigned depth)
{
	indent(d, depth);
	skep_str_addf(d->out, "%s\n", label);
}

static void dump_type_name(struct skep_dump *d, const struct skep_type_name *type)
{
	skep_str_add(d->out, type->name ? type->name : "typeof");
}

static void dump_int(struct skep_dump *d, const struct skep_expr *e)
{
	if (e->num.is_bool)
		skep_str_add(d->out, e->num.value ? "true" : "false");
	else if (e->num.is_unsigned)
		skep_str_addf(d->out, "int %" PRIu64 "u", e->num.value);
	else
		skep_str_addf(d->out, "int %" PRId64, (int64_t)e->num.value);
}

static void dump_layout(struct skep_dump *d, const struct skep_expr *e)
{
	skep_str_add(d->out, e->kind == SKEP_EXPR_SIZEOF ? "sizeof" : "offsetof");
	if (e->layout.of.name || e->layout.of.of) {
		skep_str_addc(d->out, ' ');
		dump_type_name(d, &e->layout.of);
	}
	for (size_t i = 0; i < e->layout.n_path; i++)
		skep_str_addf(d->out, "%s%s", i ? "." : ", ", e->layout.path[i]);
}

/* Literals and names. False: the node is neither. */
static bool dump_leaf(struct skep_dump *d, const struct skep_expr *e)
{
	switch (e->kind) {
	case SKEP_EXPR_INT:
		dump_int(d, e);
		break;
	case SKEP_EXPR_STRING:
		skep_str_add(d->out, "string ");
		dump_text(d, e->text.data, e->text.len);
		break;
	case SKEP_EXPR_NAME:
		skep_str_addf(d->out, "name %s", e->call.name);
		break;
	case SKEP_EXPR_CALL:
		skep_str_addf(d->out, "call %s", e->call.name);
		break;
	case SKEP_EXPR_VAR:
		skep_str_addf(d->out, "$%s", e->var.name);
		break;
	case SKEP_EXPR_MAP:
		skep_str_addf(d->out, "@%s%s", e->map.name, e->map.has_keys ? "[]" : "");
		break;
	case SKEP_EXPR_PARAM:
		if (e->param.index)
			skep_str_addf(d->out, "param %u", e->param.index);
		else
			skep_str_add(d->out, "param count");
		break;
	default:
		return false;
	}
	return true;
}

static void dump_operator(struct skep_dump *d, const struct skep_expr *e)
{
	switch (e->kind) {
	case SKEP_EXPR_UNARY:
		skep_str_addf(d->out, "unary %s", unary_names[e->unary.op]);
		break;
	case SKEP_EXPR_BINARY:
		skep_str_addf(d->out, "binary %s", skep_binary_text(e->binary.op));
		break;
	case SKEP_EXPR_ASSIGN:
		skep_str_addf(d->out, "assign %s=",
			      e->binary.op == SKEP_BINARY_NONE ? ""
							       : skep_binary_text(e->binary.op));
		break;
	case SKEP_EXPR_FIELD:
		skep_str_addf(d->out, "field %s%s", e->field.arrow ? "->" : ".", e->field.name);
		break;
	case SKEP_EXPR_CAST:
		skep_str_add(d->out, "cast ");
		dump_type_name(d, &e->cast.to);
		break;
	case SKEP_EXPR_SIZEOF:
	case SKEP_EXPR_OFFSETOF:
		dump_layout(d, e);
		break;
	case SKEP_EXPR_TERNARY:
		skep_str_add(d->out, e->ternary.comptime ? "ternary comptime"
				     : e->ternary.yes	 ? "ternary"
							 : "ternary ?:");
		break;
	case SKEP_EXPR_INDEX:
		skep_str_add(d->out, "index");
		break;
	case SKEP_EXPR_TUPLE:
		skep_str_add(d->out, e->tuple_names ? "record" : "tuple");
		for (size_t i = 0; e->tuple_names && i < e->tuple.len; i++)
			skep_str_addf(d->out, " %s", e->tuple_names[i]);
		break;
	case SKEP_EXPR_BLOCK:
		skep_str_add(d->out, "block");
		if (e->block.macro)
			skep_str_addf(d->out, " of macro %s", e->block.macro);
		break;
	default:
		break;
	}
}

/* The node itself, without its children. */
static void dump_head(struct skep_dump *d, const struct skep_expr *e)
{
	if (!dump_leaf(d, e))
		dump_operator(d, e);
	if (d->types && e->type) {
		skep_str_add(d->out, " : ");
		skep_type_format(e->type, d->out);
	}
	skep_str_addc(d->out, '\n');
}

static void dump_list(struct skep_dump *d, const struct skep_expr_list *list, unsigned depth)
{
	for (size_t i = 0; i < list->len; i++)
		skep_dump_expr(d, list->data[i], depth);
}

void skep_dump_expr(struct skep_dump *d, const struct skep_expr *e, unsigned depth)
{
	if (!e)
		return;
	indent(d, depth);
	dump_head(d, e);
	switch (e->kind) {
	case SKEP_EXPR_CALL:
		dump_list(d, &e->call.args, depth + 1);
		break;
	case SKEP_EXPR_MAP:
		dump_list(d, &e->map.keys, depth + 1);
		break;
	case SKEP_EXPR_TUPLE:
		dump_list(d, &e->tuple, depth + 1);
		break;
	case SKEP_EXPR_UNARY:
		skep_dump_expr(d, e->unary.operand, depth + 1);
		break;
	case SKEP_EXPR_BINARY:
	case SKEP_EXPR_ASSIGN:
		skep_dump_expr(d, e->binary.left, depth + 1);
		skep_dump_expr(d, e->binary.right, depth + 1);
		break;
	case SKEP_EXPR_TERNARY:
		skep_dump_expr(d, e->ternary.cond, depth + 1);
		skep_dump_expr(d, e->ternary.yes, depth + 1);
		skep_dump_expr(d, e->ternary.no, depth + 1);
		break;
	case SKEP_EXPR_FIELD:
		skep_dump_expr(d, e->field.base, depth + 1);
		break;
	case SKEP_EXPR_INDEX:
		skep_dump_expr(d, e->index.base, depth + 1);
		skep_dump_expr(d, e->index.index, depth + 1);
		break;
	case SKEP_EXPR_CAST:
		skep_dump_expr(d, e->cast.to.of, depth + 1);
		skep_dump_expr(d, e->cast.value, depth + 1);
		break;
	case SKEP_EXPR_SIZEOF:
	case SKEP_EXPR_OFFSETOF:
		skep_dump_expr(d, e->layout.of.of, depth + 1);
		skep_dump_expr(d, e->layout.expr, depth + 1);
		break;
	case SKEP_EXPR_BLOCK:
		dump_block(d, &e->block.body, depth + 1);
		if (e->block.value)
			dump_label(d, "value", depth + 1);
		skep_dump_expr(d, e->block.value, depth + 2);
		break;
	default:
		break;
	}
}

static void dump_let(struct skep_dump *d, const struct skep_stmt *s, unsigned depth)
{
	indent(d, depth);
	skep_str_addf(d->out, "let $%s", s->let.name);
	if (s->let.type.name || s->let.type.of) {
		skep_str_add(d->out, " : ");
		dump_type_name(d, &s->let.type);
	}
	skep_str_addc(d->out, '\n');
	skep_dump_expr(d, s->let.type.of, depth + 1);
	skep_dump_expr(d, s->let.value, depth + 1);
}

static void dump_loop(struct skep_dump *d, const struct skep_stmt *s, const char *word,
		      unsigned depth)
{
	indent(d, depth);
	skep_str_add(d->out, word);
	if (s->loop.var)
		skep_str_addf(d->out, " $%s", s->loop.var);
	skep_str_addc(d->out, '\n');
	skep_dump_expr(d, s->loop.count, depth + 1);
	skep_dump_expr(d, s->loop.from, depth + 1);
	skep_dump_expr(d, s->loop.to, depth + 1);
	skep_dump_expr(d, s->loop.map, depth + 1);
	dump_label(d, "body", depth + 1);
	dump_block(d, &s->loop.body, depth + 2);
}

static void dump_if(struct skep_dump *d, const struct skep_stmt *s, unsigned depth)
{
	dump_label(d, s->branch.comptime ? "if comptime" : "if", depth);
	skep_dump_expr(d, s->branch.cond, depth + 1);
	dump_label(d, "then", depth + 1);
	dump_block(d, &s->branch.yes, depth + 2);
	if (!s->branch.no.len)
		return;
	dump_label(d, "else", depth + 1);
	dump_block(d, &s->branch.no, depth + 2);
}

static void dump_stmt(struct skep_dump *d, const struct skep_stmt *s, unsigned depth)
{
	switch (s->kind) {
	case SKEP_STMT_EXPR:
		skep_dump_expr(d, s->expr, depth);
		break;
	case SKEP_STMT_IF:
		dump_if(d, s, depth);
		break;
	case SKEP_STMT_LET:
		dump_let(d, s, depth);
		break;
	case SKEP_STMT_BLOCK:
		dump_label(d, "block", depth);
		dump_block(d, &s->block, depth + 1);
		break;
	case SKEP_STMT_UNROLL:
		dump_loop(d, s, "unroll", depth);
		break;
	case SKEP_STMT_WHILE:
		dump_loop(d, s, "while", depth);
		break;
	case SKEP_STMT_FOR_RANGE:
		dump_loop(d, s, "for range", depth);
		break;
	case SKEP_STMT_FOR_MAP:
		dump_loop(d, s, "for map", depth);
		break;
	case SKEP_STMT_RETURN:
		dump_label(d, "return", depth);
		skep_dump_expr(d, s->expr, depth + 1);
		break;
	case SKEP_STMT_BREAK:
		dump_label(d, "break", depth);
		break;
	case SKEP_STMT_CONTINUE:
		dump_label(d, "continue", depth);
		break;
	case SKEP_STMT_KIND_MAX:
		break;
	}
}

static void dump_block(struct skep_dump *d, const struct skep_block_node *block, unsigned depth)
{
	for (size_t i = 0; i < block->len; i++)
		dump_stmt(d, block->data[i], depth);
}

static void dump_point(struct skep_dump *d, const struct skep_attach_point *point)
{
	skep_str_add(d->out, "  at");
	for (size_t i = 0; i < point->n_parts; i++) {
		skep_str_add(d->out, i ? " : " : " ");
		skep_str_add(d->out, point->parts[i]);
	}
	skep_str_addc(d->out, '\n');
}

static void dump_fn(struct skep_dump *d, const struct skep_fn_node *fn)
{
	skep_str_addf(d->out, "fn %s", fn->name);
	for (size_t i = 0; i < fn->n_params; i++) {
		skep_str_addf(d->out, "%s$%s : ", i ? ", " : " ", fn->params[i].name);
		dump_type_name(d, &fn->params[i].type);
	}
	if (fn->result.name || fn->result.of) {
		skep_str_add(d->out, " : ");
		dump_type_name(d, &fn->result);
	}
	skep_str_addc(d->out, '\n');
	dump_label(d, "body", 1);
	dump_block(d, &fn->body, 2);
}

static void dump_macro(struct skep_dump *d, const struct skep_macro *m)
{
	static const char *const sigils[] = {
		[SKEP_MACRO_EXPR] = "", [SKEP_MACRO_VAR] = "$", [SKEP_MACRO_MAP] = "@"
	};

	skep_str_addf(d->out, "macro %s", m->name);
	for (size_t i = 0; i < m->n_params; i++)
		skep_str_addf(d->out, " %s%s", sigils[m->params[i].kind], m->params[i].name);
	skep_str_addc(d->out, '\n');
	dump_block(d, &m->body, 1);
	if (m->value)
		dump_label(d, "value", 1);
	skep_dump_expr(d, m->value, 2);
}

void skep_ast_dump(const struct skep_script *script, bool with_types, struct skep_str *out)
{
	struct skep_dump d = { .out = out, .types = with_types };

	for (size_t i = 0; i < script->n_defs; i++)
		skep_dump_def(&d, script->defs[i]);
	for (size_t i = 0; i < script->n_map_decls; i++) {
		skep_str_addf(out, "map @%s %s\n", script->map_decls[i].name,
			      script->map_decls[i].kind);
		skep_dump_expr(&d, script->map_decls[i].size, 1);
	}
	for (size_t i = 0; i < script->n_macros; i++)
		dump_macro(&d, script->macros[i]);
	for (size_t i = 0; i < script->n_configs; i++) {
		skep_str_addf(out, "config %s\n", script->configs[i].name);
		skep_dump_expr(&d, script->configs[i].value, 1);
	}
	for (size_t i = 0; i < script->n_fns; i++)
		dump_fn(&d, script->fns[i]);
	for (size_t i = 0; i < script->n_probes; i++) {
		const struct skep_probe_node *probe = script->probes[i];

		skep_str_addf(out, "probe %u\n", probe->index);
		for (size_t j = 0; j < probe->n_points; j++)
			dump_point(&d, &probe->points[j]);
		if (probe->predicate) {
			dump_label(&d, "predicate", 1);
			skep_dump_expr(&d, probe->predicate, 2);
		}
		dump_label(&d, "body", 1);
		dump_block(&d, &probe->body, 2);
	}
}
