/* SPDX-License-Identifier: Apache-2.0 */
#include "gen/scope.h"

#include <errno.h>
#include <string.h>

#include "isa/helper.h"

#define COMM_BYTES 16

struct scope {
	struct skep_fn *fn;
	const struct skep_scope_kernel *kernel;
	struct skep_block *out;
	struct skep_val *slot; /* eight bytes of stack, for reads */
	struct skep_str missing;
};

static void leave_unless(struct scope *s, enum skep_cc cc, struct skep_val *a, uint64_t b)
{
	struct skep_block *in = skep_ir_block(s->fn);

	skep_ir_branch(s->fn, cc, a, skep_ir_const(s->fn, b), in, s->out);
	skep_ir_at(s->fn, in);
}

/* Kernel types */

static void miss(struct scope *s, const char *type, const char *member)
{
	if (!s->missing.len)
		skep_str_addf(&s->missing, "%s of struct %s", member, type);
}

/* Offset of a member; 0 and a note when there is none. */
static int offset_of(struct scope *s, const char *type, const char *member)
{
	struct skep_btf_member m;
	uint32_t id;

	if (!s->kernel->btf || skep_btf_find(s->kernel->btf, type, SKEP_BTF_STRUCT, &id) < 0 ||
	    skep_btf_find_member(s->kernel->btf, id, member, &m) < 0) {
		miss(s, type, member);
		return 0;
	}
	return (int)(m.bit_offset / 8);
}

static bool has_member(const struct scope *s, const char *type, const char *member)
{
	struct skep_btf_member m;
	uint32_t id;

	return s->kernel->btf && skep_btf_find(s->kernel->btf, type, SKEP_BTF_STRUCT, &id) == 0 &&
	       skep_btf_find_member(s->kernel->btf, id, member, &m) == 0;
}

static int size_of(struct scope *s, const char *type)
{
	uint32_t id;

	if (!s->kernel->btf || skep_btf_find(s->kernel->btf, type, SKEP_BTF_STRUCT, &id) < 0) {
		miss(s, type, "size");
		return 0;
	}
	return (int)skep_btf_type(s->kernel->btf, id).size_bytes;
}

/* Reads */

static struct skep_val *the_task(struct scope *s)
{
	if (s->kernel->task)
		return s->kernel->task;
	return skep_ir_call(s->fn,
			    s->kernel->typed_task ? SKEP_HELPER_GET_CURRENT_TASK_BTF
						  : SKEP_HELPER_GET_CURRENT_TASK,
			    SKEP_CALL_PURE, 0);
}

/* Through a helper: for addresses that the verifier knows nothing about. A failed read gives 0. */
static struct skep_val *read_far(struct scope *s, struct skep_val *base, int off, unsigned size)
{
	struct skep_val *from =
		off ? skep_ir_opi(s->fn, SKEP_OP_ADD, base, (uint64_t)(int64_t)off) : base;

	if (!s->slot)
		s->slot = skep_ir_slot(s->fn, 8, "scope");
	skep_ir_call(s->fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, s->slot,
		     skep_ir_const(s->fn, size), from);
	return skep_ir_load(s->fn, s->slot, 0, size, 0);
}

/* A member of a structure that was reached from the task by typed pointers, where there are such. */
static struct skep_val *read_near(struct scope *s, struct skep_val *base, int off, unsigned size)
{
	if (!s->kernel->typed_task)
		return read_far(s, base, off, size);
	return skep_ir_load(s->fn, base, off, size, SKEP_LOAD_PURE);
}

/* Tests */

static void test_pids(struct scope *s, const struct skep_scope *scope)
{
	struct skep_block *in = skep_ir_block(s->fn);
	struct skep_val *tgid;

	if (s->kernel->task || (s->kernel->typed_task && has_member(s, "task_struct", "tgid")))
		tgid = read_near(s, the_task(s), offset_of(s, "task_struct", "tgid"), 4);
	else
		tgid = skep_ir_opi(s->fn, SKEP_OP_SHR,
				   skep_ir_call(s->fn, SKEP_HELPER_GET_CURRENT_PID_TGID,
						SKEP_CALL_PURE, 0),
				   32);
	for (size_t i = 0; i < scope->n_pids; i++) {
		bool last = i + 1 == scope->n_pids;
		struct skep_block *next = last ? s->out : skep_ir_block(s->fn);

		skep_ir_branch(s->fn, SKEP_CC_EQ, tgid, skep_ir_const(s->fn, scope->pids[i]), in,
			       next);
		if (!last)
			skep_ir_at(s->fn, next);
	}
	skep_ir_at(s->fn, in);
}

static void test_uid(struct scope *s, uint32_t uid)
{
	struct skep_val *v;

	if (s->kernel->task) {
		v = read_near(s, the_task(s), offset_of(s, "task_struct", "cred"), 8);
		v = read_far(s, v, offset_of(s, "cred", "uid"), 4);
	} else {
		v = skep_ir_call(s->fn, SKEP_HELPER_GET_CURRENT_UID_GID, SKEP_CALL_PURE, 0);
		v = skep_ir_extend(s->fn, v, 4, false);
	}
	leave_unless(s, SKEP_CC_EQ, v, uid);
}

/*
 * The name with the zero byte behind it, as two words; what stands behind that is not always zero. A name of 15 bytes
 * fills both.
 */
static void test_comm(struct scope *s, const char *comm)
{
	uint8_t bytes[COMM_BYTES] = {}, mask[COMM_BYTES] = {};
	size_t len = strnlen(comm, SKEP_SCOPE_COMM_MAX);
	bool far = s->kernel->task && !s->kernel->typed_task;
	struct skep_val *base;
	int off = 0;

	memcpy(bytes, comm, len);
	memset(mask, 0xff, len + 1);
	if (s->kernel->task || (s->kernel->typed_task && has_member(s, "task_struct", "comm"))) {
		base = the_task(s);
		off = offset_of(s, "task_struct", "comm");
	} else {
		base = skep_ir_slot(s->fn, COMM_BYTES, "comm");
		skep_ir_call(s->fn, SKEP_HELPER_GET_CURRENT_COMM, 0, 2, base,
			     skep_ir_const(s->fn, COMM_BYTES));
	}
	for (int at = 0; at < COMM_BYTES; at += 8) {
		uint64_t want, care;
		struct skep_val *word;

		memcpy(&want, bytes + at, 8);
		memcpy(&care, mask + at, 8);
		if (!care)
			break;
		word = far ? read_far(s, base, off + at, 8)
			   : skep_ir_load(s->fn, base, off + at, 8, 0);
		if (care != UINT64_MAX)
			word = skep_ir_op(s->fn, SKEP_OP_AND, word, skep_ir_const(s->fn, care));
		leave_unless(s, SKEP_CC_EQ, word, want);
	}
}

/* The cgroup's ancestor at the group's level, and the id of that one's directory. */
static void test_ancestor(struct scope *s, struct skep_val *cgroup,
			  const struct skep_scope_group *group)
{
	struct skep_val *v = read_near(s, cgroup, offset_of(s, "cgroup", "level"), 4);
	int slot = (int)group->level * 8;

	leave_unless(s, SKEP_CC_UGE, v, group->level);
	if (has_member(s, "cgroup", "ancestor_ids")) { /* up to 6.0 */
		v = read_far(s, cgroup, offset_of(s, "cgroup", "ancestor_ids") + slot, 8);
	} else {
		v = read_far(s, cgroup, offset_of(s, "cgroup", "ancestors") + slot, 8);
		v = read_far(s, v, offset_of(s, "cgroup", "kn"), 8);
		v = read_far(s, v, offset_of(s, "kernfs_node", "id"), 8);
	}
	leave_unless(s, SKEP_CC_EQ, v, group->id);
}

static void test_cgroup(struct scope *s, const struct skep_scope_group *group)
{
	struct skep_val *v;

	if (s->kernel->task || s->kernel->no_ancestor) {
		v = read_near(s, the_task(s), offset_of(s, "task_struct", "cgroups"), 8);
		v = read_near(s, v, offset_of(s, "css_set", "dfl_cgrp"), 8);
		test_ancestor(s, v, group);
		return;
	}
	v = skep_ir_call(s->fn, SKEP_HELPER_GET_CURRENT_ANCESTOR_CGROUP_ID, SKEP_CALL_PURE, 1,
			 skep_ir_const(s->fn, group->level));
	leave_unless(s, SKEP_CC_EQ, v, group->id);
}

/* The index of a controller in the kernel's arrays. "blkio" of version 1 is called io inside. */
static int controller_index(struct scope *s, const char *controller)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	struct skep_btf_enumerator e;
	uint32_t id;

	skep_str_addf(&name, "%s_cgrp_id", skep_streq(controller, "blkio") ? "io" : controller);
	if (!s->kernel->btf || skep_btf_find_enumerator(s->kernel->btf, name.data, &id, &e) < 0) {
		if (!s->missing.len)
			skep_str_addf(&s->missing, "%s", name.data);
		return 0;
	}
	return (int)e.value;
}

/* task->cgroups->subsys[controller]->cgroup */
static void test_cgroup_v1(struct scope *s, const struct skep_scope_group *group)
{
	int index = controller_index(s, group->controller);
	struct skep_val *v;

	v = read_near(s, the_task(s), offset_of(s, "task_struct", "cgroups"), 8);
	v = read_near(s, v, offset_of(s, "css_set", "subsys") + index * 8, 8);
	v = read_near(s, v, offset_of(s, "cgroup_subsys_state", "cgroup"), 8);
	test_ancestor(s, v, group);
}

/* task->thread_pid->numbers[level].ns->ns.inum */
static void test_pid_ns(struct scope *s, const struct skep_scope_group *group)
{
	int at = offset_of(s, "pid", "numbers") + (int)group->level * size_of(s, "upid") +
		 offset_of(s, "upid", "ns");
	struct skep_val *pid, *v;

	pid = read_near(s, the_task(s), offset_of(s, "task_struct", "thread_pid"), 8);
	v = read_near(s, pid, offset_of(s, "pid", "level"), 4);
	leave_unless(s, SKEP_CC_UGE, v, group->level);
	v = read_far(s, pid, at, 8);
	v = read_far(s, v, offset_of(s, "pid_namespace", "ns") + offset_of(s, "ns_common", "inum"),
		     4);
	leave_unless(s, SKEP_CC_EQ, v, group->id);
}

static void test_group(struct scope *s, const struct skep_scope_group *group)
{
	if (!group->level)
		return;
	switch (group->kind) {
	case SKEP_SCOPE_CGROUP:
		test_cgroup(s, group);
		return;
	case SKEP_SCOPE_CGROUP_V1:
		test_cgroup_v1(s, group);
		return;
	case SKEP_SCOPE_PID_NS:
		test_pid_ns(s, group);
		return;
	}
}

int skep_gen_scope(struct skep_fn *fn, const struct skep_scope *scope,
		   const struct skep_scope_kernel *kernel, struct skep_block *out,
		   struct skep_diag *diag)
{
	struct scope s = { .fn = fn, .kernel = kernel, .out = out };
	int r = 0;

	if (scope->n_pids)
		test_pids(&s, scope);
	if (scope->has_uid)
		test_uid(&s, scope->uid);
	if (scope->comm)
		test_comm(&s, scope->comm);
	for (size_t i = 0; i < scope->n_groups; i++)
		test_group(&s, &scope->groups[i]);
	if (s.missing.len) {
		skep_diag_error(
			diag, SKEP_NO_LOC,
			"cannot tell which group a task is in: the kernel's types have no %s",
			s.missing.data);
		skep_diag_hint(diag, "name a group of cgroup version 2, or processes with --pid");
		r = -ENOTSUP;
	}
	skep_str_fini(&s.missing);
	return r;
}
