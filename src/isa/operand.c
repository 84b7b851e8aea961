/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/match.h"

static const struct skep_token *peek(const struct skep_attempt *a)
{
	return &a->tokens[a->at];
}

/* Takes a mark or a word; not at the end, as the end is neither. */
static bool take(struct skep_attempt *a, const char *text)
{
	if (!skep_token_is(peek(a), text))
		return false;
	a->at++;
	return true;
}

static int expect(struct skep_attempt *a, const char *what)
{
	a->expected = what;
	return -ENOENT;
}

/*
 * For an operand that has been read: the match goes on behind it, to see if all the rest is right.
 */
static int bad_value(struct skep_attempt *a, const char *what, const char *hint)
{
	if (!a->what) {
		a->what = what;
		a->hint = hint;
	}
	return -ERANGE;
}

/* A register, written with one of the letters of @prefixes. */
static int match_reg(struct skep_attempt *a, const char *prefixes, bool is_dst)
{
	const struct skep_token *t = peek(a);
	bool *have = is_dst ? &a->have_dst : &a->have_src;
	unsigned reg;

	if (t->kind == SKEP_TOKEN_WORD && t->len == 2 && t->at[1] >= '0' && t->at[1] <= '9')
		reg = (unsigned)(t->at[1] - '0');
	else if (t->kind == SKEP_TOKEN_WORD && t->len == 3 && memcmp(t->at + 1, "10", 2) == 0)
		reg = 10;
	else
		reg = SKEP_N_REGS;
	if (reg == SKEP_N_REGS || !strchr(prefixes, t->at[0]))
		return expect(a, prefixes[0] == 'w' && !prefixes[1]
					 ? "a 32-bit register (w0 to w10)"
					 : "a register (r0 to r10)");
	a->at++;
	if (*have && reg != (is_dst ? a->m.insn[0].dst : a->m.insn[0].src))
		return bad_value(a, "this has to be the same register as before",
				 "the instruction has room for one register here");
	*have = true;
	if (is_dst)
		a->m.insn[0].dst = reg & 15;
	else
		a->m.insn[0].src = reg & 15;
	return 0;
}

/*
 * A number with or without sign, or with one for certain; -ERANGE when it is not in @min to @max.
 */
static int match_number(struct skep_attempt *a, bool need_sign, int64_t min, uint64_t max,
			const char *expected, uint64_t *ret_value)
{
	size_t start = a->at;
	bool negative = take(a, "-");
	bool sign = negative || take(a, "+");
	const struct skep_token *t = peek(a);
	uint64_t value = t->number;
	bool fits;

	if (t->kind != SKEP_TOKEN_NUMBER || (need_sign && !sign)) {
		a->at = start;
		return expect(a, expected);
	}
	if (negative)
		fits = min < 0 && value <= (uint64_t)0 - (uint64_t)min;
	else
		fits = value <= max;
	a->at++;
	if (!fits)
		return -ERANGE;
	*ret_value = negative ? 0 - value : value;
	return 0;
}

static int match_imm(struct skep_attempt *a, bool is_32)
{
	uint64_t value;
	int r = match_number(a, false, INT32_MIN, is_32 ? UINT32_MAX : INT32_MAX, "a number",
			     &value);

	if (r == -ERANGE)
		return bad_value(a, "the number does not fit in the 32 bits of the instruction",
				 is_32 ? "32-bit instructions take -2147483648 to 4294967295"
				       : "load it first, as in 'r2 = 0x123456789 ll', and use the "
					 "register");
	if (r < 0)
		return r;
	a->m.insn[0].imm = (int32_t)(uint32_t)value;
	return 0;
}

static int match_imm64(struct skep_attempt *a)
{
	uint64_t value;
	int r = match_number(a, false, INT64_MIN, UINT64_MAX, "a number", &value);

	if (r == -ERANGE)
		return bad_value(a, "the number does not fit in 64 bits", NULL);
	if (r < 0)
		return r;
	a->m.insn[0].imm = (int32_t)(uint32_t)value;
	a->m.insn[1].imm = (int32_t)(uint32_t)(value >> 32);
	return 0;
}

/* Half of imm: @shift is 0 or 16. */
static int match_half(struct skep_attempt *a, unsigned shift)
{
	uint64_t value;
	int r = match_number(a, false, 0, UINT16_MAX, "an address space (0 to 65535)", &value);

	if (r == -ERANGE)
		return bad_value(a, "an address space is 0 to 65535", NULL);
	if (r < 0)
		return r;
	a->m.insn[0].imm = (int32_t)((uint32_t)a->m.insn[0].imm | (uint32_t)value << shift);
	return 0;
}

/* "+ 4" after a register, or nothing, into off or imm. */
static int match_added(struct skep_attempt *a, bool into_off)
{
	uint64_t value = 0;
	int r = match_number(a, true, into_off ? INT16_MIN : INT32_MIN,
			     into_off ? INT16_MAX : INT32_MAX, "an offset (+4)", &value);

	if (r == -ERANGE)
		return bad_value(a,
				 into_off ? "the offset is not within -32768 to 32767"
					  : "the offset does not fit in 32 bits",
				 "add it to the register first");
	if (r == -ENOENT)
		value = 0;
	if (into_off)
		a->m.insn[0].off = (int16_t)(uint16_t)value;
	else
		a->m.insn[0].imm = (int32_t)(uint32_t)value;
	return 0;
}

/* A distance or a label, into off or imm; @need_pc: a distance comes after "pc". */
static int match_target(struct skep_attempt *a, bool into_off, bool need_pc)
{
	static const char expected[] = "a label or a distance (+3)";
	uint64_t value;
	bool pc = take(a, "pc");
	int r;

	if (!pc && peek(a)->kind == SKEP_TOKEN_WORD) {
		a->m.label = peek(a);
		a->at++;
		return 0;
	}
	if (need_pc && !pc)
		return expect(a, "a label or a distance (pc+3)");
	r = match_number(a, true, into_off ? INT16_MIN : INT32_MIN,
			 into_off ? INT16_MAX : INT32_MAX, expected, &value);
	if (r == -ERANGE)
		return bad_value(a,
				 into_off ? "the distance is not within -32768 to 32767"
					  : "the distance does not fit in 32 bits",
				 into_off ? "'gotol' goes farther" : NULL);
	if (r < 0)
		return r;
	if (into_off)
		a->m.insn[0].off = (int16_t)(uint16_t)value;
	else
		a->m.insn[0].imm = (int32_t)(uint32_t)value;
	return 0;
}

/* Asks the hook what the word at hand stands for. */
static int resolve(struct skep_attempt *a, enum skep_name_kind kind, int32_t *ret_value)
{
	char name[SKEP_WORD_MAX + 1];
	const struct skep_token *t = peek(a);

	if (!a->hooks || !a->hooks->value || t->len >= sizeof(name))
		return -ENOENT;
	memcpy(name, t->at, t->len);
	name[t->len] = '\0';
	return a->hooks->value(a->hooks->ctx, kind, name, ret_value) < 0 ? -ENOENT : 0;
}

static int match_helper(struct skep_attempt *a)
{
	char name[SKEP_WORD_MAX + 1];
	const struct skep_token *t = peek(a);
	const struct skep_helper *helper;
	uint64_t value;
	int r;

	if (t->kind == SKEP_TOKEN_WORD && t->len < sizeof(name)) {
		memcpy(name, t->at, t->len);
		name[t->len] = '\0';
		helper = skep_helper_find_name(name);
		if (helper)
			a->m.insn[0].imm = helper->id;
		else if (resolve(a, SKEP_NAME_HELPER, &a->m.insn[0].imm) < 0)
			return expect(a, "a helper");
		a->m.helper = t;
		a->at++;
		return 0;
	}
	r = match_number(a, false, INT32_MIN, INT32_MAX, "a helper", &value);
	if (r == -ERANGE)
		return bad_value(a, "the helper's number does not fit in 32 bits", NULL);
	if (r < 0)
		return r;
	a->m.insn[0].imm = (int32_t)(uint32_t)value;
	return 0;
}

/* A number of the kind, or a name that the hook knows. */
static int match_named(struct skep_attempt *a, enum skep_name_kind kind, const char *unknown)
{
	uint64_t value;
	int r;

	if (peek(a)->kind == SKEP_TOKEN_WORD) {
		r = resolve(a, kind, &a->m.insn[0].imm);
		a->at++;
		return r < 0 ? bad_value(a, unknown, "its number can be given instead") : 0;
	}
	r = match_number(a, false, INT32_MIN, INT32_MAX, "a number or a name", &value);
	if (r == -ERANGE)
		return bad_value(a, "the number does not fit in 32 bits", NULL);
	if (r < 0)
		return r;
	a->m.insn[0].imm = (int32_t)(uint32_t)value;
	return 0;
}

/* " @2" after a kernel function, or nothing. */
static int match_module(struct skep_attempt *a)
{
	uint64_t value;
	int r;

	if (!take(a, "@"))
		return 0;
	r = match_number(a, false, INT16_MIN, INT16_MAX, "the module's index", &value);
	if (r == -ERANGE)
		return bad_value(a, "the module's index is not within -32768 to 32767", NULL);
	if (r < 0)
		return r;
	a->m.insn[0].off = (int16_t)(uint16_t)value;
	return 0;
}

/* ",fd:3" after a kernel variable, or nothing. */
static int match_btf_fd(struct skep_attempt *a)
{
	uint64_t value;
	int r;

	if (!take(a, ","))
		return 0;
	if (!take(a, "fd") || !take(a, ":"))
		return expect(a, "'fd:' and a number");
	r = match_number(a, false, INT32_MIN, INT32_MAX, "a file descriptor", &value);
	if (r == -ERANGE)
		return bad_value(a, "the file descriptor does not fit in 32 bits", NULL);
	if (r < 0)
		return r;
	a->m.insn[1].imm = (int32_t)(uint32_t)value;
	return 0;
}

/* "+4" into the value of a map, or nothing. */
static int match_value_off(struct skep_attempt *a)
{
	uint64_t value;
	int r;

	r = match_number(a, true, 0, UINT32_MAX, "an offset (+4)", &value);
	if (r == -ERANGE)
		return bad_value(a, "the offset is not within 0 to 4294967295", NULL);
	if (r == 0)
		a->m.insn[1].imm = (int32_t)(uint32_t)value;
	return 0;
}

int skep_match_operand(struct skep_attempt *a, char letter)
{
	switch (letter) {
	case 'd':
		return match_reg(a, "r", true);
	case 'D':
		return match_reg(a, "w", true);
	case 'e':
	case 'E':
		return match_reg(a, "rw", true);
	case 's':
		return match_reg(a, "r", false);
	case 'S':
		return match_reg(a, "w", false);
	case 'f':
	case 'F':
		return match_reg(a, "rw", false);
	case 'i':
		return match_imm(a, false);
	case 'I':
		return match_imm(a, true);
	case 'q':
		return match_imm64(a);
	case 'a':
		return match_half(a, 16);
	case 'b':
		return match_half(a, 0);
	case 'x':
		return match_added(a, false);
	case 'm':
		return match_added(a, true);
	case 'o':
		return match_target(a, true, false);
	case 'j':
	case 'l':
		return match_target(a, false, false);
	case 'c':
		return match_target(a, false, true);
	case 'h':
		return match_helper(a);
	case 'k':
		return match_named(a, SKEP_NAME_KFUNC, "no kernel function of this name is known");
	case 'K':
		return match_module(a);
	case 'p':
		return match_named(a,
				   a->m.insn[0].src == SKEP_PSEUDO_MAP_FD ||
						   a->m.insn[0].src == SKEP_PSEUDO_MAP_VALUE
					   ? SKEP_NAME_MAP_FD
					   : SKEP_NAME_MAP_IDX,
				   "no map of this name is known");
	case 'n':
		return match_value_off(a);
	case 'v':
		return match_named(a, SKEP_NAME_VAR, "no kernel variable of this name is known");
	case 'g':
		return match_btf_fd(a);
	default:
		return -EINVAL;
	}
}
