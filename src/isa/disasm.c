/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "isa/disasm.h"
#include "isa/helper.h"
#include "isa/lex.h"

struct writer {
	const struct skep_insn *insn; /* one word, or two */
	size_t index;
	const struct skep_disasm_hooks *hooks;
	const bool *labels; /* NULL, or for each index whether the listing has a label there */
	size_t n_labels;
	struct skep_str *out;
};

/* A signed number with its sign, set off by blanks: " + 4". */
static void add_spaced(struct skep_str *out, int64_t value)
{
	skep_str_addf(out, " %c %" PRId64, value < 0 ? '-' : '+', value < 0 ? -value : value);
}

/* The hook's name for a number, when it has one that can be read back. */
static bool add_name(const struct writer *w, enum skep_name_kind kind, int64_t value)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {};

	if (!w->hooks || !w->hooks->name || !w->hooks->name(w->hooks->ctx, kind, value, &name))
		return false;
	if (!skep_is_word(skep_str_text(&name)))
		return false;
	/* These would be read as something else. */
	if ((kind == SKEP_NAME_TARGET && skep_streq(name.data, "pc")) ||
	    ((kind == SKEP_NAME_TARGET || kind == SKEP_NAME_HELPER) &&
	     skep_helper_find_name(name.data)))
		return false;
	skep_str_add(w->out, name.data);
	return true;
}

static void add_number(const struct writer *w, enum skep_name_kind kind, int32_t value)
{
	if (!add_name(w, kind, value))
		skep_str_addf(w->out, "%" PRId32, value);
}

static void add_helper(const struct writer *w)
{
	const struct skep_helper *helper = skep_helper_find(w->insn->imm);

	if (helper)
		skep_str_add(w->out, helper->name);
	else
		add_number(w, SKEP_NAME_HELPER, w->insn->imm);
}

/* @prefix belongs to the number, not to a name. */
static void add_target(const struct writer *w, const char *prefix, int32_t distance)
{
	int64_t target = (int64_t)w->index + 1 + distance;

	if (w->labels && target >= 0 && (uint64_t)target < w->n_labels && w->labels[target]) {
		skep_str_addf(w->out, "L%" PRId64, target);
		return;
	}
	if (!w->labels && add_name(w, SKEP_NAME_TARGET, target))
		return;
	skep_str_addf(w->out, "%s%+" PRId32, prefix, distance);
}

static void add_operand(const struct writer *w, char letter)
{
	struct skep_str *out = w->out;
	struct skep_insn i = *w->insn;

	switch (letter) {
	case 'd':
	case 'e':
		skep_str_addf(out, "r%u", i.dst);
		break;
	case 'D':
	case 'E':
		skep_str_addf(out, "w%u", i.dst);
		break;
	case 's':
	case 'f':
		skep_str_addf(out, "r%u", i.src);
		break;
	case 'S':
	case 'F':
		skep_str_addf(out, "w%u", i.src);
		break;
	case 'i':
	case 'I':
		skep_str_addf(out, "%" PRId32, i.imm);
		break;
	case 'x':
		if (i.imm != 0)
			add_spaced(out, i.imm);
		break;
	case 'a':
		skep_str_addf(out, "%u", (uint32_t)i.imm >> 16);
		break;
	case 'b':
		skep_str_addf(out, "%u", (uint32_t)i.imm & 0xffff);
		break;
	case 'q':
		skep_str_addf(out, "0x%" PRIx64, skep_insn_imm64(w->insn[0], w->insn[1]));
		break;
	case 'm':
		add_spaced(out, i.off);
		break;
	case 'o':
		add_target(w, "", i.off);
		break;
	case 'j':
	case 'l':
		add_target(w, "", i.imm);
		break;
	case 'c':
		add_target(w, "pc", i.imm);
		break;
	case 'h':
		add_helper(w);
		break;
	case 'k':
		add_number(w, SKEP_NAME_KFUNC, i.imm);
		break;
	case 'K':
		if (i.off != 0)
			skep_str_addf(out, " @%d", i.off);
		break;
	case 'p':
		add_number(w,
			   i.src == SKEP_PSEUDO_MAP_FD || i.src == SKEP_PSEUDO_MAP_VALUE
				   ? SKEP_NAME_MAP_FD
				   : SKEP_NAME_MAP_IDX,
			   i.imm);
		break;
	case 'n':
		skep_str_addf(out, "+%" PRIu32, (uint32_t)w->insn[1].imm);
		break;
	case 'v':
		add_number(w, SKEP_NAME_VAR, i.imm);
		break;
	case 'g':
		if (w->insn[1].imm != 0)
			skep_str_addf(out, ",fd:%" PRId32, w->insn[1].imm);
		break;
	default:
		break;
	}
}

static void add_template(const struct writer *w, const char *text)
{
	for (const char *p = text; *p; p++) {
		const char *operand = strchr(p, '%');

		/* "%=" is an operator. */
		while (operand && operand[1] == '=')
			operand = strchr(operand + 1, '%');
		if (!operand) {
			skep_str_add(w->out, p);
			return;
		}
		skep_str_addn(w->out, p, (size_t)(operand - p));
		add_operand(w, operand[1]);
		p = operand + 1;
	}
}

static size_t add_insn(const struct writer *w, size_t n)
{
	struct skep_insn i = *w->insn;

	if (skep_insn_check(w->insn, n) != SKEP_INSN_OK) {
		skep_str_addf(w->out, ".raw 0x%02x, %u, %u, %d, %" PRId32, i.opcode, i.dst, i.src,
			      i.off, i.imm);
		return 1;
	}
	add_template(w, skep_isa_row(i)->text);
	return skep_insn_is_wide(i) ? 2 : 1;
}

size_t skep_disasm_insn(const struct skep_insn *insns, size_t n, size_t index,
			const struct skep_disasm_hooks *hooks, struct skep_str *out)
{
	struct writer w = { .insn = &insns[index], .index = index, .hooks = hooks, .out = out };

	return add_insn(&w, n - index);
}

/*
 * Marks where the program jumps to, if a line starts there; one more than @n, as the end has a
 * label too.
 */
static void mark_labels(const struct skep_insn *insns, size_t n, bool *labels)
{
	for (size_t i = 0; i < n;) {
		bool valid = skep_insn_check(&insns[i], n - i) == SKEP_INSN_OK;
		int64_t target;

		if (valid && skep_insn_target(insns[i], i, &target) && target >= 0 &&
		    (uint64_t)target <= n)
			labels[target] = true;
		i += valid && skep_insn_is_wide(insns[i]) ? 2 : 1;
	}
	for (size_t i = 0; i < n;) {
		bool valid = skep_insn_check(&insns[i], n - i) == SKEP_INSN_OK;

		i++;
		if (valid && skep_insn_is_wide(insns[i - 1]))
			labels[i++] = false;
	}
}

void skep_disasm_program(const struct skep_insn *insns, size_t n,
			 const struct skep_disasm_hooks *hooks, struct skep_str *out)
{
	_cleanup_free_ bool *labels = calloc(n + 1, sizeof(*labels));

	if (!labels)
		skep_oom();
	mark_labels(insns, n, labels);
	for (size_t i = 0; i < n;) {
		struct writer w = { .insn = &insns[i],
				    .index = i,
				    .hooks = hooks,
				    .labels = labels,
				    .n_labels = n + 1,
				    .out = out };

		if (labels[i])
			skep_str_addf(out, "L%zu:\n", i);
		skep_str_addc(out, '\t');
		i += add_insn(&w, n - i);
		skep_str_addc(out, '\n');
	}
	if (labels[n])
		skep_str_addf(out, "L%zu:\n", n);
}
