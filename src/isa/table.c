/* SPDX-License-Identifier: Apache-2.0 */
#include "isa/table.h"

/* The fields column of isa/rows.h. */
enum {
	FIELDS_NONE = 0,
	FIELDS_D = SKEP_FIELD_DST,
	FIELDS_O = SKEP_FIELD_OFF,
	FIELDS_I = SKEP_FIELD_IMM,
	FIELDS_DS = FIELDS_D | SKEP_FIELD_SRC,
	FIELDS_DI = FIELDS_D | FIELDS_I,
	FIELDS_SI = SKEP_FIELD_SRC | FIELDS_I,
	FIELDS_OI = FIELDS_O | FIELDS_I,
	FIELDS_DOI = FIELDS_D | FIELDS_OI,
	FIELDS_DSO = FIELDS_DS | FIELDS_O,
	FIELDS_DSI = FIELDS_DS | FIELDS_I,
	FIELDS_DIN = FIELDS_DI | SKEP_FIELD_NEXT,
};

static const struct skep_isa_row rows[SKEP_N_OPS] = {
#define ROW(byte, constant, by, val, used, grp, version, template) \
	[SKEP_OP_##constant] = {                                   \
		.op = SKEP_OP_##constant,                          \
		.opcode = (byte),                                  \
		.select = SKEP_SELECT_##by,                        \
		.value = (val),                                    \
		.fields = FIELDS_##used,                           \
		.group = SKEP_GROUP_##grp,                         \
		.cpu = (version),                                  \
		.name = #constant,                                 \
		.text = (template),                                \
	},
	SKEP_ISA_ROWS(ROW, ROW)
#undef ROW
};

/* By opcode: 1 + the number of its first row, 0 when there is none. */
static const uint8_t first_row[256] = {
#define FIRST(opcode, constant, ...) [opcode] = SKEP_OP_##constant + 1,
#define FURTHER(...)
	SKEP_ISA_ROWS(FIRST, FURTHER)
#undef FIRST
#undef FURTHER
};
_Static_assert(SKEP_N_OPS < 255, "first_row counts in bytes");

static bool selects(const struct skep_isa_row *row, struct skep_insn insn)
{
	switch (row->select) {
	case SKEP_SELECT_NONE:
		return true;
	case SKEP_SELECT_SRC:
		return insn.src == row->value;
	case SKEP_SELECT_OFF:
		return insn.off == row->value;
	case SKEP_SELECT_IMM:
		return insn.imm == row->value;
	}
	return false;
}

const struct skep_isa_row *skep_isa_op(enum skep_op op)
{
	return &rows[op];
}

const struct skep_isa_row *skep_isa_row(struct skep_insn insn)
{
	size_t i = first_row[insn.opcode];

	if (i == 0)
		return NULL;
	for (i--; i < SKEP_N_OPS && rows[i].opcode == insn.opcode; i++)
		if (selects(&rows[i], insn))
			return &rows[i];
	return NULL;
}

/* Why an instruction fits no row. */
static enum skep_insn_fault no_row(struct skep_insn insn)
{
	size_t first = first_row[insn.opcode];

	if (first == 0)
		return SKEP_INSN_NO_OPCODE;
	switch (rows[first - 1].select) {
	case SKEP_SELECT_SRC:
		return SKEP_INSN_BAD_SRC_KIND;
	case SKEP_SELECT_OFF:
		return SKEP_INSN_BAD_OFF_KIND;
	case SKEP_SELECT_IMM:
		return SKEP_INSN_BAD_IMM_KIND;
	case SKEP_SELECT_NONE:
		break;
	}
	return SKEP_INSN_NO_OPCODE;
}

static enum skep_insn_fault check_next(const struct skep_isa_row *row, const struct skep_insn *insn,
				       size_t n)
{
	if (n < 2)
		return SKEP_INSN_TRUNCATED;
	if (insn[1].opcode != 0 || insn[1].dst != 0 || insn[1].src != 0 || insn[1].off != 0)
		return SKEP_INSN_RESERVED_NEXT;
	if (!(row->fields & SKEP_FIELD_NEXT) && insn[1].imm != 0)
		return SKEP_INSN_RESERVED_NEXT;
	return SKEP_INSN_OK;
}

enum skep_insn_fault skep_insn_check(const struct skep_insn *insn, size_t n)
{
	const struct skep_isa_row *row = skep_isa_row(*insn);

	if (!row)
		return no_row(*insn);
	if (row->fields & SKEP_FIELD_DST) {
		if (insn->dst >= SKEP_N_REGS)
			return SKEP_INSN_BAD_DST;
	} else if (insn->dst != 0) {
		return SKEP_INSN_RESERVED_DST;
	}
	if (row->fields & SKEP_FIELD_SRC) {
		if (insn->src >= SKEP_N_REGS)
			return SKEP_INSN_BAD_SRC;
	} else if (insn->src != 0 && row->select != SKEP_SELECT_SRC) {
		return SKEP_INSN_RESERVED_SRC;
	}
	if (!(row->fields & SKEP_FIELD_OFF) && insn->off != 0 && row->select != SKEP_SELECT_OFF)
		return SKEP_INSN_RESERVED_OFF;
	if (!(row->fields & SKEP_FIELD_IMM) && insn->imm != 0 && row->select != SKEP_SELECT_IMM)
		return SKEP_INSN_RESERVED_IMM;
	return skep_insn_is_wide(*insn) ? check_next(row, insn, n) : SKEP_INSN_OK;
}

bool skep_insn_target(struct skep_insn insn, size_t index, int64_t *ret_target)
{
	const struct skep_isa_row *row = skep_isa_row(insn);
	unsigned class = skep_insn_class(insn);
	int64_t distance;

	if (!row)
		return false;
	if (row->op == SKEP_OP_JAL || row->op == SKEP_OP_CALL_LOCAL || row->op == SKEP_OP_LD_FUNC)
		distance = insn.imm;
	else if ((class == SKEP_CLASS_JMP || class == SKEP_CLASS_JMP32) &&
		 (row->fields & SKEP_FIELD_OFF) && row->op != SKEP_OP_CALL_KFUNC)
		distance = insn.off;
	else
		return false;
	*ret_target = (int64_t)index + 1 + distance;
	return true;
}

const char *skep_insn_fault_text(enum skep_insn_fault fault)
{
	static const char *const texts[] = {
		[SKEP_INSN_OK] = "the instruction is valid",
		[SKEP_INSN_NO_OPCODE] = "no instruction has this opcode",
		[SKEP_INSN_BAD_SRC_KIND] = "the source field selects no form of this opcode",
		[SKEP_INSN_BAD_OFF_KIND] = "the offset selects no form of this opcode",
		[SKEP_INSN_BAD_IMM_KIND] = "the constant selects no form of this opcode",
		[SKEP_INSN_BAD_DST] = "the destination register is beyond r10",
		[SKEP_INSN_BAD_SRC] = "the source register is beyond r10",
		[SKEP_INSN_RESERVED_DST] = "the unused destination field is not 0",
		[SKEP_INSN_RESERVED_SRC] = "the unused source field is not 0",
		[SKEP_INSN_RESERVED_OFF] = "the unused offset is not 0",
		[SKEP_INSN_RESERVED_IMM] = "the unused constant is not 0",
		[SKEP_INSN_RESERVED_NEXT] = "unused fields of the second word are not 0",
		[SKEP_INSN_TRUNCATED] = "the second word of a 64-bit constant is missing",
	};

	return (size_t)fault < ARRAY_SIZE(texts) ? texts[fault] : "unknown fault";
}

const char *skep_isa_group_name(enum skep_isa_group group)
{
	static const char *const names[SKEP_N_GROUPS] = {
		"base32",   "base64",	"atomic32", "atomic64",
		"divmul32", "divmul64", "packet",   "linux",
	};

	return (size_t)group < ARRAY_SIZE(names) ? names[group] : "unknown";
}

bool skep_isa_group_includes(enum skep_isa_group group, enum skep_isa_group other)
{
	if (group == other)
		return true;
	return (group == SKEP_GROUP_BASE64 && other == SKEP_GROUP_BASE32) ||
	       (group == SKEP_GROUP_ATOMIC64 && other == SKEP_GROUP_ATOMIC32) ||
	       (group == SKEP_GROUP_DIVMUL64 && other == SKEP_GROUP_DIVMUL32);
}
