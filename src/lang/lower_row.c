/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, rows: what a program tells user space. Values are evaluated first; then the row is reserved in the ring and filled in
 * place.
 *
 * A reservation has a constant size, the largest that a row may need. So a row with a long text is put together in scratch
 * memory instead, the text behind everything else, and what of it is used goes to the ring in one copy:
 *
 *	head | numbers, short texts | text 0
 */
#include "record/row.h"

#include <errno.h>
#include <string.h>

#include "lang/expr_text.h"
#include "lang/hook.h"
#include "lang/lower_priv.h"

#define TAIL_MIN 128 /* bytes of room that make a text a long one */

static unsigned ring(struct skep_lower *l)
{
	struct skep_compiler *c = l->c;

	if (c->ring_map < 0)
		c->ring_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								.name = "ring",
								.type = SKEP_MAP_RINGBUF,
								.max_entries = c->config.ring_bytes,
							});
	return (unsigned)c->ring_map;
}

static int store_who(struct skep_lower *l, struct skep_val *row, int off)
{
	struct skep_value comm;
	int r;

	skep_ir_store(l->fn, row, off + (int)offsetof(struct skep_row_who, boot_ns), 8,
		      skep_ir_call(l->fn, SKEP_HELPER_KTIME_GET_BOOT_NS, SKEP_CALL_NOEFFECT, 0));
	/* Packets belong to nobody. */
	if (!skep_hook_has_task(l->inst)) {
		skep_ir_zero(l->fn, row, off + (int)offsetof(struct skep_row_who, pid),
			     sizeof(struct skep_row_who) - offsetof(struct skep_row_who, pid));
		return 0;
	}
	skep_ir_store(l->fn, row, off + (int)offsetof(struct skep_row_who, pid), 4,
		      skep_lower_tgid(l));
	skep_ir_store(l->fn, row, off + (int)offsetof(struct skep_row_who, tid), 4,
		      skep_lower_tid(l));
	r = skep_lower_comm(l, skep_type_string(&l->c->types, 16), &comm);
	if (r < 0)
		return r;
	return skep_lower_store(l, &comm, comm.type, row,
				off + (int)offsetof(struct skep_row_who, comm));
}

/* task->cgroups->subsys[memory]->cgroup->kn->id; NULL: this kernel has no such hierarchy, or no types. */
static struct skep_val *group_of_v1(struct skep_lower *l)
{
	static const char *const sets[] = { "cgroups", "subsys" }, *const path[] = { "cgroup", "kn",
										     "id" };
	struct skep_btf_enumerator e;
	uint32_t id;

	if (l->c->options->portable || !l->c->world->btf ||
	    skep_btf_find_enumerator(l->c->world->btf, "memory_cgrp_id", &id, &e) < 0)
		return NULL;
	return skep_lower_task_element(l, sets, ARRAY_SIZE(sets), (unsigned)e.value, path,
				       ARRAY_SIZE(path));
}

/* task->cgroups->dfl_cgrp->kn->name, as far as there is room. */
static void store_group_name(struct skep_lower *l, struct skep_val *row, int off)
{
	static const char *const path[] = { "cgroups", "dfl_cgrp", "kn", "name" };
	struct skep_val *name = skep_lower_task_pointer(l, path, ARRAY_SIZE(path));

	skep_ir_zero(l->fn, row, off, SKEP_GROUP_NAME_MAX);
	if (name)
		skep_lower_read_call(l, true, skep_lower_at(l, row, off),
				     skep_ir_const(l->fn, SKEP_GROUP_NAME_MAX), name,
				     SKEP_SPACE_KERNEL);
}

static void store_number(struct skep_lower *l, struct skep_val *row, int off, unsigned size,
			 struct skep_val *number)
{
	skep_ir_store(l->fn, row, off, size, number ? number : skep_ir_const(l->fn, 0));
}

static void store_whose(struct skep_lower *l, struct skep_val *row, int off)
{
	static const char *const level[] = { "cgroups", "dfl_cgrp", "level" }, *const parent[] = {
		"real_parent", "tgid"
	};

	if (!skep_hook_has_task(l->inst)) {
		skep_ir_zero(l->fn, row, off, sizeof(struct skep_row_whose));
		return;
	}
#define AT(member) off + (int)offsetof(struct skep_row_whose, member)
	store_number(l, row, AT(group), 8,
		     skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_CGROUP_ID, SKEP_CALL_PURE, 0));
	store_number(l, row, AT(group_v1), 8, group_of_v1(l));
	store_number(l, row, AT(level), 4, skep_lower_task_field(l, level, ARRAY_SIZE(level)));
	store_number(l, row, AT(uid), 4,
		     skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_UID_GID, SKEP_CALL_PURE, 0));
	store_number(l, row, AT(ppid), 4, skep_lower_task_field(l, parent, ARRAY_SIZE(parent)));
	store_number(l, row, AT(is_known), 4, skep_ir_const(l->fn, 1));
	store_group_name(l, row, AT(name));
#undef AT
}

static bool has_whose(const struct skep_lower *l)
{
	return l->c->options->long_rows && l->c->options->whose_rows;
}

static int store_head(struct skep_lower *l, unsigned action, struct skep_val *row)
{
	bool is_long = l->c->options->long_rows;
	struct skep_row_head head = { .action = (uint16_t)action };
	uint32_t first;
	int r;

	if (is_long)
		head.flags = has_whose(l) ? SKEP_ROW_LONG | SKEP_ROW_WHOSE : SKEP_ROW_LONG;
	memcpy(&first, &head, sizeof(first));
	skep_ir_store(l->fn, row, 0, 4, skep_ir_const(l->fn, first));
	skep_ir_store(l->fn, row, (int)offsetof(struct skep_row_head, probe), 4,
		      skep_lower_probe_index(l));
	if (!is_long)
		return 0;
	r = store_who(l, row, sizeof(head));
	if (r >= 0 && has_whose(l))
		store_whose(l, row, sizeof(head) + sizeof(struct skep_row_who));
	return r;
}

static int head_size(const struct skep_lower *l)
{
	return (int)sizeof(struct skep_row_head) +
	       (l->c->options->long_rows ? (int)sizeof(struct skep_row_who) : 0) +
	       (has_whose(l) ? (int)sizeof(struct skep_row_whose) : 0);
}

static int check_row(struct skep_lower *l, const struct skep_plan_action *action)
{
	if (l->c->actions.len > UINT16_MAX)
		return skep_lower_bug(l, action->loc, "more than 65536 printing statements");
	if (!l->inst->attach.pin)
		return 0;
	skep_diag_error(l->c->diag, action->loc,
			"a pinned iterator runs without skep, which would have to do this");
	skep_diag_hint(l->c->diag, "printf() writes into its file; without a pin all else works");
	return -EINVAL;
}

int skep_lower_row_begin(struct skep_lower *l, const struct skep_plan_action *action,
			 struct skep_row_build *ret_row)
{
	int head = head_size(l);
	struct skep_block *full = skep_ir_block(l->fn), *have = skep_ir_block(l->fn);
	struct skep_row_build row = { .off = head, .done = skep_ir_block(l->fn) };
	unsigned index = (unsigned)l->c->actions.len;
	int r = check_row(l, action);

	if (r < 0)
		return r;
	skep_vec_add(&l->c->actions, *action);
	l->c->actions.data[index].schema.is_level =
		l->inst->user_run && l->inst->user.kind == SKEP_USER_INTERVAL;
	row.addr =
		skep_ir_call(l->fn, SKEP_HELPER_RINGBUF_RESERVE, 0, 3, skep_ir_map(l->fn, ring(l)),
			     skep_ir_const(l->fn, (uint64_t)head + action->schema.size),
			     skep_ir_const(l->fn, 0));
	skep_ir_branch(l->fn, SKEP_CC_EQ, row.addr, skep_ir_const(l->fn, 0), full, have);
	skep_ir_at(l->fn, full);
	skep_lower_loss(l, action->kind == SKEP_ACTION_EXIT ? SKEP_LOSS_EXIT : SKEP_LOSS_RING);
	skep_ir_jump(l->fn, row.done);
	skep_ir_at(l->fn, have);
	*ret_row = row;
	return store_head(l, index, row.addr);
}

void skep_lower_row_end(struct skep_lower *l, const struct skep_row_build *row)
{
	skep_ir_call(l->fn, SKEP_HELPER_RINGBUF_SUBMIT, 0, 2, row->addr, skep_ir_const(l->fn, 0));
	skep_ir_jump(l->fn, row->done);
	skep_ir_at(l->fn, row->done);
}

int skep_lower_row_open(struct skep_lower *l, const struct skep_plan_action *action,
			uint32_t max_size, struct skep_row_build *ret_row)
{
	struct skep_row_build row = { .off = head_size(l), .done = skep_ir_block(l->fn) };
	unsigned index = (unsigned)l->c->actions.len;
	int off, r = check_row(l, action);

	if (r < 0)
		return r;
	skep_vec_add(&l->c->actions, *action);
	row.addr = skep_lower_object(
		l, MAX((uint32_t)row.off + max_size, SKEP_STACK_OBJECT_MAX + 1u), "row", &off);
	row.addr = skep_lower_at(l, row.addr, off);
	*ret_row = row;
	return store_head(l, index, row.addr);
}

struct skep_val *skep_lower_row_send(struct skep_lower *l, const struct skep_row_build *row,
				     struct skep_val *size)
{
	struct skep_block *full = skep_ir_block(l->fn);
	struct skep_val *result =
		skep_ir_call(l->fn, SKEP_HELPER_RINGBUF_OUTPUT, 0, 4, skep_ir_map(l->fn, ring(l)),
			     row->addr, skep_ir_opi(l->fn, SKEP_OP_ADD, size, (uint64_t)row->off),
			     skep_ir_const(l->fn, 0));

	skep_ir_branch(l->fn, SKEP_CC_EQ, result, skep_ir_const(l->fn, 0), row->done, full);
	skep_ir_at(l->fn, full);
	skep_lower_loss(l, SKEP_LOSS_RING);
	skep_ir_jump(l->fn, row->done);
	skep_ir_at(l->fn, row->done);
	return result;
}

/*
 * The value that becomes the tail: the longest text whose bytes are read by a helper anyway. A program that may be entered
 * again while it runs has no scratch memory that is its own so long.
 */
static size_t find_tail(const struct skep_lower *l, const struct skep_value *values, size_t n)
{
	size_t tail = n;
	uint32_t size = TAIL_MIN - 1;

	for (size_t i = 0; i < n && !l->inst->preemptible; i++) {
		const struct skep_value *v = &values[i];

		if (v->type->kind != SKEP_TYPE_STRING || v->literal || v->type->size <= size)
			continue;
		tail = i;
		size = v->type->size;
	}
	return tail;
}

/* Lays the fields out anew, with field @tail at the end. */
static void move_tail(struct skep_lower *l, struct skep_plan_action *action, size_t tail)
{
	size_t n = action->schema.n_fields;
	struct skep_schema_field *fields =
		skep_arena_memdup(l->c->arena, action->schema.fields, n * sizeof(*fields));
	uint32_t size = 0;

	for (size_t i = 0; i < n; i++) {
		if (i == tail)
			continue;
		fields[i].offset = size;
		size += ALIGN_UP(fields[i].size, 8u);
	}
	fields[tail].offset = size;
	action->tail = size;
	action->has_tail = true;
	action->schema.fields = fields;
	action->schema.size = size + fields[tail].size;
}

static int tail_row(struct skep_lower *l, const struct skep_plan_action *action,
		    const struct skep_value *values, size_t tail)
{
	struct skep_plan_action own = *action;
	const struct skep_value *text = &values[tail];
	struct skep_row_build row;
	struct skep_val *n;
	int r;

	move_tail(l, &own, tail);
	r = skep_lower_row_open(l, &own, own.schema.size, &row);
	if (r < 0)
		return r;
	for (size_t i = 0; i < own.schema.n_fields; i++) {
		if (i == tail)
			continue;
		r = skep_lower_store_row(l, &values[i], values[i].type, row.addr,
					 row.off + (int)own.schema.fields[i].offset);
		if (r < 0)
			return r;
	}
	n = skep_lower_read_text(l, skep_lower_at(l, row.addr, row.off + (int)own.tail),
				 text->type->size, skep_lower_at(l, text->val, text->off),
				 text->space);
	skep_lower_row_send(l, &row, skep_ir_opi(l->fn, SKEP_OP_ADD, n, own.tail));
	return 0;
}

int skep_lower_row(struct skep_lower *l, const struct skep_plan_action *action,
		   const struct skep_value *values, size_t n_values)
{
	size_t tail = find_tail(l, values, n_values);
	struct skep_row_build row;
	int r;

	if (tail < n_values)
		return tail_row(l, action, values, tail);
	r = skep_lower_row_begin(l, action, &row);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_values; i++) {
		r = skep_lower_store_row(l, &values[i], values[i].type, row.addr,
					 row.off + (int)action->schema.fields[i].offset);
		if (r < 0)
			return r;
	}
	skep_lower_row_end(l, &row);
	return 0;
}

/* An aggregation has no value inside a program; everything else that a row can carry is fine. */
static struct skep_schema schema_of(struct skep_compiler *c, const char *name,
				    const struct skep_value *values, const char *const *names,
				    size_t n)
{
	struct skep_schema_field *fields = skep_arena_calloc(c->arena, n, sizeof(*fields));
	struct skep_schema schema = { .name = name, .version = 1, .fields = fields, .n_fields = n };

	for (size_t i = 0; i < n; i++) {
		fields[i] = skep_compiler_field(c, values[i].type, names[i], schema.size);
		/* Every field begins at a multiple of 8: cheap to store, and the kernel gives rows that alignment. */
		schema.size += ALIGN_UP(values[i].type->size, 8u);
	}
	return schema;
}

/*
 * A name for each value: its text, with a number where two are the same. Of a format's arguments a literal is called
 * by its place.
 */
static void name_args(struct skep_compiler *c, const struct skep_expr *const *args, size_t n,
		      bool by_place, const char **names)
{
	const char **texts = skep_arena_calloc(c->arena, n, sizeof(*texts));

	for (size_t i = 0; i < n; i++) {
		unsigned count = 1;

		texts[i] = by_place && skep_expr_is_literal(args[i])
				   ? skep_arena_printf(c->arena, "arg%zu", i + 1)
				   : skep_expr_text(c->arena, args[i]);
		for (size_t j = 0; j < i; j++)
			count += skep_streq(texts[j], texts[i]);
		names[i] = count > 1 ? skep_arena_printf(c->arena, "%s #%u", texts[i], count)
				     : texts[i];
	}
}

/* What %d shows with a sign has one as a field, too. */
static void sign_fields(struct skep_compiler *c, struct skep_plan_action *action)
{
	size_t n = action->schema.n_fields, at = 0;
	struct skep_schema_field *fields =
		skep_arena_memdup(c->arena, action->schema.fields, n * sizeof(*fields));

	for (size_t i = 0; i < action->format.n_parts; i++) {
		const struct skep_format_part *part = &action->format.parts[i];

		if (!part->conv || part->conv == '%')
			continue;
		at += (size_t)part->width_arg + (size_t)part->precision_arg;
		if (at < n && (part->conv == 'd' || part->conv == 'i') &&
		    fields[at].kind == SKEP_FIELD_INT &&
		    (fields[at].size == 8 || fields[at].size * 8 == part->bits))
			fields[at].is_signed = true;
		at++;
	}
	action->schema.fields = fields;
}

int skep_lower_row_args(struct skep_lower *l, struct skep_plan_action *action,
			const struct skep_expr *call, size_t from)
{
	size_t n = call->call.args.len > from ? call->call.args.len - from : 0;
	struct skep_value *values = skep_arena_calloc(l->c->arena, n, sizeof(*values));
	const char **names = skep_arena_calloc(l->c->arena, n, sizeof(*names));

	for (size_t i = 0; i < n; i++) {
		int r = skep_lower_expr(l, call->call.args.data[from + i], &values[i]);

		if (r < 0)
			return r;
	}
	name_args(l->c, (const struct skep_expr *const *)call->call.args.data + from, n,
		  action->kind != SKEP_ACTION_PRINT, names);
	action->schema = schema_of(l->c, call->call.name, values, names, n);
	sign_fields(l->c, action);
	return skep_lower_row(l, action, values, n);
}
