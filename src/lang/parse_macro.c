/* SPDX-License-Identifier: Apache-2.0 */
/* macro name($variable, value, @map) { statements; value } */
#include "lang/parse.h"

struct params {
	SKEP_VEC(struct skep_macro_param);
};

static bool parse_param(struct skep_parser *p, struct params *list)
{
	struct skep_tok t = *skep_parse_peek(p, 0);
	struct skep_macro_param param = { .loc = t.loc };

	switch (t.kind) {
	case SKEP_TOK_NAME:
		param.kind = SKEP_MACRO_EXPR;
		break;
	case SKEP_TOK_VAR:
		param.kind = SKEP_MACRO_VAR;
		break;
	case SKEP_TOK_MAP:
		param.kind = SKEP_MACRO_MAP;
		break;
	default:
		if (skep_parse_unexpected(p, "a parameter of the macro"))
			skep_lex_hint(&p->env, "a name stands for any value, $name for a variable, "
					       "@name for a map");
		return false;
	}
	skep_parse_take(p);
	param.name = skep_parse_name(p, &t);
	for (size_t i = 0; i < list->len; i++) {
		if (strcmp(list->data[i].name, param.name) != 0)
			continue;
		if (skep_parse_error(p, t.loc, "two parameters are called '%s'", param.name))
			skep_lex_hint(&p->env, "take another name for one of them");
		return false;
	}
	skep_vec_add(list, param);
	return true;
}

static bool parse_params(struct skep_parser *p, struct skep_macro *m)
{
	struct params list = {};
	bool ok = true;

	if (!skep_parse_accept(p, SKEP_TOK_LPAREN))
		return true;
	while (ok && !skep_parse_at(p, SKEP_TOK_RPAREN)) {
		ok = parse_param(p, &list);
		if (!ok || !skep_parse_accept(p, SKEP_TOK_COMMA))
			break;
	}
	m->n_params = list.len;
	m->params = skep_arena_memdup(p->env.arena, list.data, list.len * sizeof(*list.data));
	skep_vec_fini(&list);
	return ok && skep_parse_expect(p, SKEP_TOK_RPAREN, "',' or ')' in the parameters");
}

struct skep_macro *skep_parse_macro(struct skep_parser *p)
{
	struct skep_macro *m = skep_arena_alloc(p->env.arena, sizeof(*m));
	struct skep_tok t;

	skep_parse_take(p);
	t = skep_parse_take(p);
	m->name = skep_parse_name(p, &t);
	m->name_loc = t.loc;
	if (!parse_params(p, m) || !skep_parse_block_open(p, &m->body, &m->value))
		return NULL;
	return m;
}
