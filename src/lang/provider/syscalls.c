/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw events are sys_enter(struct pt_regs *regs, long id) and sys_exit(struct pt_regs *regs,
 * long ret).
 *
 * The kernel's own tracepoints take the number from the registers as an int, leave when the task
 * runs a call of a compat table, and look the number up among the calls that have an event. So
 * does this program, cheapest test first.
 */
#include "lang/provider/syscalls.h"

#include <errno.h>
#include <string.h>

#include "isa/arch.h"
#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "lang/syscall_table.h"

#define ATTACH_TRACE_RAW_TP 23 /* BPF_TRACE_RAW_TP */
#define FIELD_NR 8	       /* offsets in the tracepoints' records */
#define FIELD_ARGS 16

static const char *btf_name(bool is_exit)
{
	return is_exit ? "btf_trace_sys_exit" : "btf_trace_sys_enter";
}

/* Bit offset of the field that tells compat tasks; 0: unknown. */
static bool knows_compat(const struct skep_btf *btf, const struct skep_arch *arch)
{
	struct skep_btf_member m;
	uint32_t id;

	if (skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &id) < 0)
		return false;
	for (unsigned i = 0; i < arch->n_compat_path; i++) {
		if (skep_btf_find_member(btf, id, arch->compat_path[i], &m) < 0)
			return false;
		id = m.type;
	}
	return true;
}

unsigned skep_syscalls_flavour(const struct skep_compiler *c)
{
	const struct skep_world *w = c->world;
	const struct skep_arch *arch = skep_arch();
	uint32_t id;

	/* Typed access to the current task is what the test for compat tasks needs. */
	if (!arch || !w->btf || !knows_compat(w->btf, arch) ||
	    !skep_world_has(w, SKEP_WORLD_CURRENT_TASK_BTF))
		return SKEP_TRACEPOINT_PERF;
	if (skep_world_has(w, SKEP_WORLD_TP_BTF) &&
	    skep_btf_find(w->btf, btf_name(false), SKEP_BTF_TYPEDEF, &id) == 0 &&
	    skep_btf_find(w->btf, btf_name(true), SKEP_BTF_TYPEDEF, &id) == 0)
		return SKEP_TRACEPOINT_BTF;
	return skep_world_has(w, SKEP_WORLD_RAW_TP) ? SKEP_TRACEPOINT_RAW : SKEP_TRACEPOINT_PERF;
}

int skep_syscalls_number(const char *event, bool *ret_exit)
{
	const struct skep_arch *arch = skep_arch();
	bool is_exit = skep_has_prefix(event, "sys_exit_");

	if (!arch || (!is_exit && !skep_has_prefix(event, "sys_enter_")))
		return -1;
	*ret_exit = is_exit;
	return skep_syscall_number(arch->name,
				   event + strlen(is_exit ? "sys_exit_" : "sys_enter_"));
}

static bool can_field(const struct skep_field *f, bool is_exit)
{
	uint32_t slots = is_exit ? 1 : SKEP_SYSCALL_ARGS_MAX;

	if (skep_streq(f->name, "common_pid"))
		return true;
	if (f->data_loc || f->rel_loc || !skep_type_is_scalar(f->type))
		return false;
	if (f->offset == FIELD_NR)
		return f->type->size == 4 || f->type->size == 8;
	return f->offset >= FIELD_ARGS && f->offset < FIELD_ARGS + slots * 8 && f->offset % 8 == 0;
}

bool skep_syscalls_can(const struct skep_struct *args, bool is_exit,
		       const struct skep_used_args *used)
{
	struct skep_type type = { .kind = SKEP_TYPE_STRUCT, .str = args };

	if (used->whole)
		return false;
	for (size_t i = 0; i < used->n; i++) {
		struct skep_field f;

		if (!skep_type_field(NULL, &type, used->names[i], SKEP_SPACE_USER, &f) ||
		    !can_field(&f, is_exit))
			return false;
	}
	return true;
}

void skep_syscalls_setup(struct skep_compiler *c, struct skep_instance *inst)
{
	bool is_exit = inst->flavour & SKEP_TRACEPOINT_EXIT;
	uint32_t id;

	inst->interruptible = true;
	inst->can_wait = true;
	if (skep_match_is_glob(inst->point->text))
		inst->proto.name = is_exit ? "sys_exit" : "sys_enter";
	/* One attachment, however many calls: the prologue tells them apart. */
	inst->attach.targets = skep_arena_alloc(c->arena, sizeof(*inst->attach.targets));
	inst->attach.targets[0].name = is_exit ? "sys_exit" : "sys_enter";
	inst->attach.n_targets = 1;
	inst->attach.kind = SKEP_ATTACH_RAW_TP;
	inst->proto.type = SKEP_PROG_RAW_TRACEPOINT;
	if ((inst->flavour & SKEP_TRACEPOINT_FLAVOUR) == SKEP_TRACEPOINT_BTF &&
	    skep_btf_find(c->world->btf, btf_name(is_exit), SKEP_BTF_TYPEDEF, &id) == 0) {
		inst->attach.kind = SKEP_ATTACH_TRACING;
		inst->proto.type = SKEP_PROG_TRACING;
		inst->proto.attach_type = ATTACH_TRACE_RAW_TP;
		inst->proto.attach_btf_id = id;
		inst->proto.attach_btf_name = btf_name(is_exit);
	}
}

/* The register at @offset of the event's struct pt_regs. */
static struct skep_val *load_reg(struct skep_lower *l, int offset, unsigned size, bool is_signed)
{
	struct skep_val *regs = skep_ir_load(l->fn, skep_ir_ctx(l->fn), 0, 8, SKEP_LOAD_PURE);
	unsigned flags = is_signed ? SKEP_LOAD_SIGNED : 0;
	struct skep_val *slot;

	if ((l->inst->flavour & SKEP_TRACEPOINT_FLAVOUR) == SKEP_TRACEPOINT_BTF)
		return skep_ir_load(l->fn, regs, offset, size, SKEP_LOAD_PURE | flags);
	slot = skep_ir_slot(l->fn, 8, "register");
	skep_lower_read(l, slot, 0, size, skep_ir_opi(l->fn, SKEP_OP_ADD, regs, (uint64_t)offset),
			SKEP_SPACE_KERNEL);
	return skep_ir_load(l->fn, slot, 0, size, flags);
}

/* Of sys_enter the event says it; of sys_exit the registers do. */
static struct skep_val *load_number(struct skep_lower *l)
{
	if (l->inst->flavour & SKEP_TRACEPOINT_EXIT)
		return load_reg(l, skep_arch()->syscall_nr, 4, false);
	return skep_ir_load(l->fn, skep_ir_ctx(l->fn), 8, 8, SKEP_LOAD_PURE);
}

static void leave_unless(struct skep_lower *l, enum skep_cc cc, struct skep_val *a, uint64_t b)
{
	struct skep_block *wanted = skep_ir_block(l->fn);

	skep_ir_branch(l->fn, cc, a, skep_ir_const(l->fn, b), wanted, l->done);
	skep_ir_at(l->fn, wanted);
}

/*
 * Read-only table: by number the index of the probe's name plus 1, 0 where this program has nothing
 * to do.
 */
static unsigned number_table(struct skep_lower *l)
{
	const struct skep_instance *inst = l->inst;
	uint32_t *table = skep_arena_calloc(l->c->arena, SKEP_SYSCALL_MAX, sizeof(*table));

	for (size_t i = 0; i < inst->n_matches; i++)
		if (inst->matches[i].number >= 0 && inst->matches[i].number < SKEP_SYSCALL_MAX)
			table[inst->matches[i].number] = inst->matches[i].probe_index + 1;
	return skep_gen_map(l->gen, &(struct skep_spec_map){
					    .name = "syscalls",
					    .type = SKEP_MAP_ARRAY,
					    .key_size = 4,
					    .value_size = SKEP_SYSCALL_MAX * sizeof(*table),
					    .max_entries = 1,
					    .data = table,
					    .data_size = SKEP_SYSCALL_MAX * sizeof(*table),
					    .read_only = true,
				    });
}

/*
 * The table's entry. The mask changes nothing behind the range test; it is what the verifier can
 * follow.
 */
static struct skep_val *load_entry(struct skep_lower *l, struct skep_val *number)
{
	struct skep_instance *inst = l->inst;
	struct skep_val *at;

	if (!inst->table_plus1)
		inst->table_plus1 = number_table(l) + 1;
	at = skep_ir_opi(l->fn, SKEP_OP_AND, number, SKEP_SYSCALL_MAX - 1);
	at = skep_ir_opi(l->fn, SKEP_OP_SHL, at, 2);
	at = skep_ir_op(l->fn, SKEP_OP_ADD, skep_ir_map_value(l->fn, inst->table_plus1 - 1, 0), at);
	return skep_ir_load(l->fn, at, 0, 4, SKEP_LOAD_PURE);
}

static bool is_any(const struct skep_instance *inst)
{
	return inst->n_matches == 1 && inst->matches[0].number < 0;
}

void skep_syscalls_prologue(struct skep_lower *l)
{
	const struct skep_instance *inst = l->inst;
	const struct skep_arch *arch = skep_arch();
	struct skep_val *number, *compat;

	if (is_any(inst)) {
		skep_provider_pid_filter(l);
		return; /* those of compat tasks, too */
	}
	number = load_number(l);
	if (inst->n_matches == 1) {
		leave_unless(l, SKEP_CC_EQ, number, (uint64_t)inst->matches[0].number);
	} else {
		leave_unless(l, SKEP_CC_ULT, number, SKEP_SYSCALL_MAX);
		leave_unless(l, SKEP_CC_NE, load_entry(l, number), 0);
	}
	skep_provider_pid_filter(l);
	compat = skep_lower_task_field(l, arch->compat_path, arch->n_compat_path);
	if (!compat)
		return; /* not without BTF, and without BTF this flavour is not chosen */
	leave_unless(l, SKEP_CC_EQ, skep_ir_opi(l->fn, SKEP_OP_AND, compat, arch->compat_mask), 0);
}

int skep_syscalls_lower_args(struct skep_lower *l, const struct skep_expr *expr,
			     const struct skep_field *field, struct skep_value *ret_value)
{
	struct skep_val *val;

	if (field->offset == FIELD_NR)
		val = skep_ir_extend(l->fn, load_number(l), 4, field->type->is_signed);
	else if (l->inst->flavour & SKEP_TRACEPOINT_EXIT)
		val = skep_ir_load(l->fn, skep_ir_ctx(l->fn), 8, 8, SKEP_LOAD_PURE);
	else
		val = load_reg(l, skep_arch()->syscall_args[(field->offset - FIELD_ARGS) / 8],
			       field->type->size, field->type->is_signed);
	*ret_value = (struct skep_value){ .type = field->type, .val = val };
	return 0;
}

struct skep_val *skep_syscalls_lower_probe(struct skep_lower *l)
{
	struct skep_val *entry = load_entry(l, load_number(l));

	return skep_ir_opi(l->fn, SKEP_OP_SUB, entry, 1);
}
