/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "isa/match.h"

/* What is in the instruction from the start: the opcode, and what selects the form. */
static struct skep_insn blank_insn(const struct skep_isa_row *row)
{
	struct skep_insn insn = { .opcode = row->opcode };

	if (row->select == SKEP_SELECT_SRC)
		insn.src = (uint32_t)row->value & 15;
	else if (row->select == SKEP_SELECT_OFF)
		insn.off = (int16_t)row->value;
	else if (row->select == SKEP_SELECT_IMM)
		insn.imm = row->value;
	return insn;
}

static void note_expected(struct skep_match_failure *f, const char *text, size_t len, bool literal)
{
	for (size_t i = 0; i < f->n_expected; i++)
		if (f->expected[i].len == len && f->expected[i].literal == literal &&
		    memcmp(f->expected[i].text, text, len) == 0)
			return;
	if (f->n_expected == ARRAY_SIZE(f->expected)) {
		f->more = true;
		return;
	}
	f->expected[f->n_expected].text = text;
	f->expected[f->n_expected].len = len;
	f->expected[f->n_expected++].literal = literal;
}

/* Keeps what the farthest attempts say; a wrong value says more than a wrong shape. */
static void note_failure(struct skep_match_failure *f, const struct skep_attempt *a,
			 const struct skep_token *wanted)
{
	size_t at = a->what ? a->wrong_at : a->at;

	if (f->only_value || at < f->token)
		return;
	if (at > f->token)
		*f = (struct skep_match_failure){ .token = at };
	if (a->what) {
		f->what = a->what;
		f->hint = a->hint;
	} else if (wanted->kind == SKEP_TOKEN_OPERAND) {
		note_expected(f, a->expected, strlen(a->expected), false);
	} else if (wanted->kind == SKEP_TOKEN_END) {
		note_expected(f, "the end of the line", strlen("the end of the line"), false);
	} else {
		note_expected(f, wanted->at, wanted->len, true);
	}
}

/* The whole statement is of the row's shape. True when its values are right, too. */
static bool finish_row(const struct skep_attempt *a, struct skep_match_failure *f)
{
	if (!a->what)
		return true;
	if (!f->only_value)
		*f = (struct skep_match_failure){
			.token = a->wrong_at, .what = a->what, .hint = a->hint, .only_value = true
		};
	return false;
}

static bool match_row(struct skep_attempt *a, const struct skep_isa_row *row,
		      struct skep_match_failure *failure)
{
	struct skep_lexer lexer = { .at = row->text,
				    .end = row->text + strlen(row->text),
				    .template = true };

	for (;;) {
		struct skep_token wanted = skep_lex(&lexer);
		size_t start = a->at;
		bool wrong_before = a->what != NULL;
		int r = 0;

		if (wanted.kind == SKEP_TOKEN_END && a->tokens[a->at].kind == SKEP_TOKEN_END)
			return finish_row(a, failure);
		if (wanted.kind == SKEP_TOKEN_OPERAND)
			r = skep_match_operand(a, wanted.at[1]);
		else if (wanted.kind != SKEP_TOKEN_END &&
			 skep_token_same(&wanted, &a->tokens[a->at]))
			a->at++;
		else
			r = -ENOENT;
		if (r == -ERANGE && !wrong_before)
			a->wrong_at = start;
		if (r < 0 && r != -ERANGE) {
			note_failure(failure, a, &wanted);
			return false;
		}
	}
}

int skep_match(const struct skep_token *tokens, const struct skep_asm_hooks *hooks,
	       struct skep_match *ret_match, struct skep_match_failure *failure)
{
	for (unsigned op = 0; op < SKEP_N_OPS; op++) {
		const struct skep_isa_row *row = skep_isa_op(op);
		struct skep_attempt a = { .tokens = tokens,
					  .hooks = hooks,
					  .m = { .row = row, .insn = { blank_insn(row) } } };

		if (match_row(&a, row, failure)) {
			*ret_match = a.m;
			return 0;
		}
	}
	return -EINVAL;
}
