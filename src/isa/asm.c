/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "isa/asm.h"
#include "isa/helper.h"
#include "isa/lex.h"
#include "isa/match.h"

#define MAX_TOKENS 64

struct label {
	const char *at; /* where it is defined */
	size_t insn;
};

/* A distance to be filled in once all labels are known. */
struct fixup {
	size_t insn;
	struct skep_token name;
};

struct assembler {
	const char *text, *end;
	const struct skep_asm_hooks *hooks;
	struct skep_diag *diag;
	struct skep_arena *arena;
	struct skep_hash labels;
	struct {
		SKEP_VEC(struct fixup);
	} fixups;
	struct {
		SKEP_VEC(struct skep_token);
	} helpers; /* called by name */
	struct skep_insns insns;
	size_t n_errors;
	bool too_long;
};

void skep_insns_fini(struct skep_insns *insns)
{
	skep_vec_fini(insns);
}

static void assembler_fini(struct assembler *as)
{
	skep_arena_free(as->arena);
	skep_hash_fini(&as->labels);
	skep_vec_fini(&as->fixups);
	skep_vec_fini(&as->helpers);
	skep_insns_fini(&as->insns);
}

/* Costs a walk over the text, which the bound on the errors keeps affordable. */
static struct skep_loc locate(const struct assembler *as, const struct skep_token *token)
{
	const char *line = as->text;
	uint32_t n = 1;

	for (const char *p = as->text; p < token->at; p++) {
		if (*p == '\n') {
			n++;
			line = p + 1;
		}
	}
	return (struct skep_loc){ .line = n,
				  .col = (uint32_t)(token->at - line) + 1,
				  .len = token->len ? (uint32_t)token->len : 1 };
}

static void _printf_(3, 4)
	error(struct assembler *as, const struct skep_token *token, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	as->n_errors++;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		skep_oom();
	va_end(ap);
	skep_diag_error(as->diag, locate(as, token), "%s", text);
	free(text);
}

static bool gave_up(const struct assembler *as)
{
	return as->n_errors >= SKEP_DIAG_MAX || as->too_long;
}

static const char *token_text(struct assembler *as, const struct skep_token *token)
{
	return skep_arena_strndup(as->arena, token->at, token->len);
}

static void emit(struct assembler *as, const struct skep_token *token, struct skep_insn insn)
{
	if (as->insns.len < SKEP_ASM_MAX_INSNS) {
		skep_vec_add(&as->insns, insn);
		return;
	}
	if (!as->too_long)
		error(as, token, "the program has more than %u instructions", SKEP_ASM_MAX_INSNS);
	as->too_long = true;
}

static void define_label(struct assembler *as, const struct skep_token *token)
{
	const char *name = token_text(as, token);
	struct label *label = skep_hash_get_str(&as->labels, name);

	if (label) {
		error(as, token, "label '%s' is defined twice", name);
		skep_diag_hint(as->diag, "the other one is in line %u",
			       locate(as, &(struct skep_token){ .at = label->at }).line);
		return;
	}
	if (skep_streq(name, "pc")) {
		error(as, token, "'pc' cannot be a label");
		skep_diag_hint(as->diag, "it stands for the next instruction, as in 'goto pc+3'");
		return;
	}
	label = skep_arena_alloc(as->arena, sizeof(*label));
	label->at = token->at;
	label->insn = as->insns.len;
	skep_hash_set_str(&as->labels, name, label);
	if (as->hooks && as->hooks->label)
		as->hooks->label(as->hooks->ctx, name, label->insn);
}

static void report_mismatch(struct assembler *as, const struct skep_token *tokens,
			    const struct skep_match_failure *failure)
{
	_cleanup_(skep_str_fini)
	struct skep_str list = {};
	const struct skep_token *token = &tokens[failure->token];

	if (failure->what) {
		error(as, token, "%s", failure->what);
		if (failure->hint)
			skep_diag_hint(as->diag, "%s", failure->hint);
		return;
	}
	if (token == tokens) {
		error(as, token, "no instruction begins with '%s'", token_text(as, token));
		skep_diag_hint(as->diag, "instructions look like 'r0 = 1', 'w1 += w2', "
					 "'r1 = *(u32 *)(r10 - 4)', 'if r1 > 5 goto label', "
					 "'call ktime_get_ns', 'exit'");
		return;
	}
	if (token->kind == SKEP_TOKEN_END)
		error(as, token, "the instruction is not complete");
	else
		error(as, token, "unexpected '%s'", token_text(as, token));
	for (size_t i = 0; i < failure->n_expected; i++)
		skep_str_addf(&list, failure->expected[i].literal ? "%s'%.*s'" : "%s%.*s",
			      i ? ", " : "", (int)failure->expected[i].len,
			      failure->expected[i].text);
	skep_diag_hint(as->diag, "here can be: %s%s", skep_str_text(&list),
		       failure->more ? ", ..." : "");
}

/* ".raw opcode, dst, src, off, imm": @tokens begin after the word. */
static void assemble_raw(struct assembler *as, const struct skep_token *tokens)
{
	static const struct {
		const char *name;
		int64_t min, max;
	} fields[] = {
		{ "opcode", 0, UINT8_MAX },
		{ "destination", 0, 15 },
		{ "source", 0, 15 },
		{ "offset", INT16_MIN, INT16_MAX },
		{ "constant", INT32_MIN, UINT32_MAX },
	};
	const struct skep_token *first = tokens;
	int64_t values[ARRAY_SIZE(fields)];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		bool negative = skep_token_is(tokens, "-");

		tokens += negative;
		if (tokens->kind != SKEP_TOKEN_NUMBER) {
			error(as, tokens, "the %s of '.raw' is missing", fields[i].name);
			skep_diag_hint(as->diag, "write '.raw opcode, dst, src, off, imm'");
			return;
		}
		if (tokens->number > UINT32_MAX ||
		    (negative ? -(int64_t)tokens->number : (int64_t)tokens->number) <
			    fields[i].min ||
		    (!negative && (int64_t)tokens->number > fields[i].max)) {
			error(as, tokens, "the %s of '.raw' is not within %lld to %lld",
			      fields[i].name, (long long)fields[i].min, (long long)fields[i].max);
			return;
		}
		values[i] = negative ? -(int64_t)tokens->number : (int64_t)tokens->number;
		tokens++;
		if (i + 1 < ARRAY_SIZE(fields) && !skep_token_is(tokens++, ",")) {
			error(as, tokens - 1, "a comma is missing in '.raw'");
			skep_diag_hint(as->diag, "write '.raw opcode, dst, src, off, imm'");
			return;
		}
	}
	if (tokens->kind != SKEP_TOKEN_END) {
		error(as, tokens, "unexpected '%s' after '.raw'", token_text(as, tokens));
		return;
	}
	emit(as, first,
	     skep_insn_make((unsigned)values[0], (unsigned)values[1], (unsigned)values[2],
			    (int)values[3], (int32_t)(uint32_t)values[4]));
}

/* The tokens of one statement, ended by SKEP_TOKEN_END. */
static void assemble_statement(struct assembler *as, const struct skep_token *tokens)
{
	struct skep_match_failure failure = {};
	struct skep_match match;

	while (tokens[0].kind == SKEP_TOKEN_WORD && skep_token_is(&tokens[1], ":")) {
		define_label(as, tokens);
		tokens += 2;
	}
	if (tokens[0].kind == SKEP_TOKEN_END)
		return;
	if (as->hooks && as->hooks->statement)
		as->hooks->statement(as->hooks->ctx, as->insns.len,
				     (size_t)(tokens->at - as->text));
	if (skep_token_is(tokens, ".raw")) {
		assemble_raw(as, tokens + 1);
		return;
	}
	if (skep_match(tokens, as->hooks, &match, &failure) < 0) {
		report_mismatch(as, tokens, &failure);
		return;
	}
	if (match.label)
		skep_vec_add(&as->fixups,
			     (struct fixup){ .insn = as->insns.len, .name = *match.label });
	if (match.helper)
		skep_vec_add(&as->helpers, *match.helper);
	emit(as, tokens, match.insn[0]);
	if (skep_insn_is_wide(match.insn[0]))
		emit(as, tokens, match.insn[1]);
}

/* Reads statements up to the end of the text. */
static void assemble_all(struct assembler *as)
{
	struct skep_lexer lexer = { .at = as->text, .end = as->end };
	struct skep_token tokens[MAX_TOKENS + 1];
	size_t n = 0;
	bool bad = false;

	while (!gave_up(as)) {
		struct skep_token t = skep_lex(&lexer);

		if (t.kind == SKEP_TOKEN_BAD) {
			if (!bad)
				error(as, &t, "%s", t.why);
			bad = true;
		} else if (t.kind == SKEP_TOKEN_END || t.kind == SKEP_TOKEN_BREAK) {
			tokens[n] = t;
			tokens[n].kind = SKEP_TOKEN_END;
			if (!bad)
				assemble_statement(as, tokens);
			n = 0;
			bad = false;
			if (t.kind == SKEP_TOKEN_END)
				break;
		} else if (n == 0 && skep_token_is(&t, "#")) {
			const char *line_end = memchr(lexer.at, '\n', (size_t)(as->end - lexer.at));

			lexer.at = line_end ? line_end : as->end;
		} else if (n < MAX_TOKENS) {
			tokens[n++] = t;
		} else {
			if (!bad)
				error(as, &t, "the line is too long for an instruction");
			bad = true;
		}
	}
}

/* Reports a name that no label has. */
static void report_unknown(struct assembler *as, const struct fixup *fixup, const char *name)
{
	const char *best = NULL;
	unsigned best_distance = 3;

	if (!skep_insn_is_call(as->insns.data[fixup->insn])) {
		error(as, &fixup->name, "there is no label '%s'", name);
		skep_diag_hint(as->diag, "a label is set by its name and a colon, '%s:'", name);
		return;
	}
	for (int id = 1; id < SKEP_HELPER_END; id++) {
		const struct skep_helper *helper = skep_helper_find(id);
		unsigned distance = helper ? skep_edit_distance(helper->name, name, 3) : 4;

		if (distance <= best_distance) {
			best = helper->name;
			best_distance = distance;
		}
	}
	error(as, &fixup->name, "'%s' is neither a helper nor a label", name);
	if (best)
		skep_diag_hint(as->diag, "the nearest helper is '%s'", best);
	else
		skep_diag_hint(as->diag, "kernel functions are called as 'call kfunc#ID', a "
					 "helper also by number");
}

static void resolve_fixup(struct assembler *as, const struct fixup *fixup)
{
	struct skep_insn *insn = &as->insns.data[fixup->insn];
	const char *name = token_text(as, &fixup->name);
	const struct label *label = skep_hash_get_str(&as->labels, name);
	const struct skep_isa_row *row = skep_isa_row(*insn);
	int64_t distance;

	if (!label) {
		report_unknown(as, fixup, name);
		return;
	}
	/* Both are below SKEP_ASM_MAX_INSNS, so this fits in imm. */
	distance = (int64_t)label->insn - (int64_t)fixup->insn - 1;
	if (!(row->fields & SKEP_FIELD_OFF)) {
		insn->imm = (int32_t)distance;
	} else if (distance < INT16_MIN || distance > INT16_MAX) {
		error(as, &fixup->name, "label '%s' is %lld instructions away, too far", name,
		      (long long)distance);
		skep_diag_hint(as->diag, "a jump reaches 32767, 'gotol' any label");
	} else {
		insn->off = (int16_t)distance;
	}
}

static void resolve_all(struct assembler *as)
{
	for (size_t i = 0; i < as->fixups.len && !gave_up(as); i++)
		resolve_fixup(as, &as->fixups.data[i]);
	for (size_t i = 0; i < as->helpers.len && !gave_up(as); i++) {
		const char *name = token_text(as, &as->helpers.data[i]);

		if (!skep_hash_get_str(&as->labels, name))
			continue;
		error(as, &as->helpers.data[i], "'%s' is a helper and also a label here", name);
		skep_diag_hint(as->diag, "rename the label");
	}
}

int skep_asm(const char *text, size_t len, const struct skep_asm_hooks *hooks,
	     struct skep_insns *ret_insns, struct skep_diag *diag)
{
	_cleanup_(assembler_fini)
	struct assembler as = { .text = text ? text : "", .hooks = hooks, .diag = diag };

	as.end = as.text + (text ? len : 0);
	as.arena = skep_arena_new();
	assemble_all(&as);
	if (!gave_up(&as))
		resolve_all(&as);
	if (as.too_long)
		return -E2BIG;
	if (as.n_errors > 0)
		return -EINVAL;
	*ret_insns = as.insns;
	as.insns = (struct skep_insns){};
	return 0;
}
