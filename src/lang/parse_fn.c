/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the script: fn name($a : type, ...) : type { ... } */
#include "lang/fn.h"
#include "lang/parse.h"

static bool parse_param(struct skep_parser *p, struct skep_fn_node *fn)
{
	struct skep_tok t = *skep_parse_peek(p, 0);
	struct skep_fn_param *param;

	if (t.kind != SKEP_TOK_VAR) {
		if (skep_parse_unexpected(p, "a parameter") && t.kind == SKEP_TOK_NAME)
			skep_lex_hint(&p->env, "parameters are written $name : type");
		return false;
	}
	if (fn->n_params == SKEP_FN_PARAMS_MAX) {
		if (skep_parse_error(p, t.loc, "a function has %d parameters at most",
				     SKEP_FN_PARAMS_MAX))
			skep_lex_hint(&p->env, "what is more can be kept in a map: @name[tid]");
		return false;
	}
	skep_parse_take(p);
	param = &fn->params[fn->n_params];
	param->name = skep_parse_name(p, &t);
	param->loc = t.loc;
	if (!skep_parse_at(p, SKEP_TOK_COLON)) {
		if (skep_parse_unexpected(p, "':' and the type of the parameter"))
			skep_lex_hint(&p->env, "for example $%s : int64", param->name);
		return false;
	}
	skep_parse_take(p);
	if (!skep_parse_type(p, &param->type))
		return false;
	for (size_t i = 0; i < fn->n_params; i++)
		if (skep_streq(fn->params[i].name, param->name)) {
			if (skep_parse_error(p, t.loc, "there are two parameters $%s", param->name))
				skep_lex_hint(&p->env, "take another name for one of them");
			return false;
		}
	fn->n_params++;
	return true;
}

static bool parse_head(struct skep_parser *p, struct skep_fn_node *fn)
{
	struct skep_tok t = *skep_parse_peek(p, 0);

	if (t.kind != SKEP_TOK_NAME || skep_parse_is_keyword(&t)) {
		skep_parse_unexpected(p, "the name of the function");
		return false;
	}
	skep_parse_take(p);
	fn->name = skep_parse_name(p, &t);
	fn->name_loc = t.loc;
	if (!skep_parse_expect(p, SKEP_TOK_LPAREN, "'(' and the parameters of the function"))
		return false;
	while (!skep_parse_at(p, SKEP_TOK_RPAREN)) {
		if (!parse_param(p, fn))
			return false;
		if (!skep_parse_accept(p, SKEP_TOK_COMMA))
			break;
	}
	if (!skep_parse_expect(p, SKEP_TOK_RPAREN, "',' or ')' behind the parameter"))
		return false;
	/* Without a type it returns nothing. */
	return !skep_parse_accept(p, SKEP_TOK_COLON) || skep_parse_type(p, &fn->result);
}

struct skep_fn_node *skep_parse_fn(struct skep_parser *p)
{
	struct skep_loc start = skep_parse_take(p).loc;
	struct skep_fn_node *fn = skep_arena_alloc(p->env.arena, sizeof(*fn));
	bool ok;

	fn->params = skep_arena_calloc(p->env.arena, SKEP_FN_PARAMS_MAX, sizeof(*fn->params));
	ok = parse_head(p, fn);
	fn->loc = skep_parse_span(p, start);
	if (ok && !skep_parse_at(p, SKEP_TOK_LBRACE)) {
		if (skep_parse_unexpected(p, "'{' and the body of the function"))
			skep_lex_hint(&p->env,
				      "for example: fn %s($n : int64) : int64 { return $n + 1; }",
				      fn->name);
		ok = false;
	}
	if (!ok && !skep_parse_recover_body(p)) {
		skep_parse_accept(p, SKEP_TOK_SEMI);
		return NULL;
	}
	return skep_parse_block(p, &fn->body) && ok ? fn : NULL;
}
