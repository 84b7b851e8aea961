/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, who runs: identities by loads from the current task where the kernel lets us (a load each, and shared
 * between all uses), by helper calls elsewhere.
 */
#include <stddef.h>

#include "lang/hook.h"
#include "lang/lower_priv.h"
#include "lang/need.h"

struct skep_val *skep_lower_task(struct skep_lower *l)
{
	const struct skep_world *world = l->c->world;

	if (l->untyped || !world->btf || !world->has ||
	    !world->has(world, SKEP_WORLD_CURRENT_TASK_BTF))
		return NULL;
	return skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_TASK_BTF, SKEP_CALL_PURE, 0);
}

static const struct skep_type *task_type(struct skep_compiler *c)
{
	return c->types.btf ? skep_type_of_kernel(&c->types, "struct task_struct") : NULL;
}

/* Where a path of members leads to from @at + *off, which is of *type; pointers on the way are loaded. */
static struct skep_val *follow(struct skep_lower *l, struct skep_val *at, int *off,
			       const struct skep_type **type, const char *const *path,
			       size_t n_path)
{
	for (size_t i = 0; i < n_path; i++) {
		struct skep_field f;

		if ((*type)->kind == SKEP_TYPE_PTR) {
			at = skep_ir_load(l->fn, at, *off, 8, SKEP_LOAD_PURE);
			*type = (*type)->elem;
			*off = 0;
		}
		if (!*type || !skep_type_field(&l->c->types, *type, path[i], SKEP_SPACE_BTF, &f) ||
		    f.bit_size)
			return NULL;
		at = skep_lower_member(l, at, off, &f);
		*type = f.type;
	}
	return at;
}

/* Along the path from the current task: the address, *ret_off and *ret_type of what is there; NULL: nothing. */
static struct skep_val *from_task(struct skep_lower *l, const char *const *path, size_t n_path,
				  int *ret_off, const struct skep_type **ret_type)
{
	struct skep_val *at = skep_lower_task(l);

	*ret_off = 0;
	*ret_type = task_type(l->c);
	return at && *ret_type ? follow(l, at, ret_off, ret_type, path, n_path) : NULL;
}

struct skep_val *skep_lower_task_field(struct skep_lower *l, const char *const *path, size_t n_path)
{
	const struct skep_type *type;
	int off;
	struct skep_val *at = from_task(l, path, n_path, &off, &type);

	if (!at || !skep_type_is_scalar(type))
		return NULL;
	return skep_ir_load(l->fn, at, off, type->size, SKEP_LOAD_PURE);
}

struct skep_val *skep_lower_task_pointer(struct skep_lower *l, const char *const *path,
					 size_t n_path)
{
	const struct skep_type *type;
	int off;
	struct skep_val *at = from_task(l, path, n_path, &off, &type);

	if (!at || type->kind != SKEP_TYPE_PTR)
		return NULL;
	return skep_lower_untype(l, skep_ir_load(l->fn, at, off, 8, SKEP_LOAD_PURE));
}

struct skep_val *skep_lower_task_element(struct skep_lower *l, const char *const *array,
					 size_t n_array, unsigned index, const char *const *path,
					 size_t n_path)
{
	const struct skep_type *type;
	int off;
	struct skep_val *at = from_task(l, array, n_array, &off, &type);

	if (!at || type->kind != SKEP_TYPE_ARRAY || index >= type->count)
		return NULL;
	type = type->elem;
	off += (int)(index * type->size);
	at = follow(l, at, &off, &type, path, n_path);
	if (!at || !skep_type_is_scalar(type))
		return NULL;
	return skep_ir_load(l->fn, at, off, type->size, SKEP_LOAD_PURE);
}

static struct skep_val *pid_tgid(struct skep_lower *l)
{
	return skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_PID_TGID, SKEP_CALL_PURE, 0);
}

/*
 * As the namespace of skep itself numbers processes, which is what its user sees and /proc has: at @off 0 the id of the
 * thread, at 4 of the process; both are 0 when the process is not in this namespace.
 */
static struct skep_val *ns_id(struct skep_lower *l, struct skep_val *dev, struct skep_val *ino,
			      int off)
{
	struct skep_val *slot = skep_ir_slot(l->fn, 8, "ids");

	skep_ir_call(l->fn, SKEP_HELPER_GET_NS_CURRENT_PID_TGID, 0, 4, dev, ino, slot,
		     skep_ir_const(l->fn, 8));
	return skep_ir_load(l->fn, slot, off, 4, 0);
}

#define NS_GLOBAL(l, member) \
	skep_lower_global(l, offsetof(struct skep_plan_globals, member), sizeof(uint64_t))

/*
 * For other machines: which namespace it will be is known when the program is loaded. The kernel cuts out the other way. In
 * the body of a probe it is done once, in front.
 */
static struct skep_val *either_ns_id(struct skep_lower *l, int off,
				     struct skep_val *(*first)(struct skep_lower *l))
{
	struct skep_block *outer = skep_ir_block(l->fn), *inner = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *id = skep_ir_var(l->fn, "id");
	struct skep_block *here = skep_ir_here(l->fn);
	bool shared = l->body == l->fn;

	if (shared && l->ids[off / 4])
		return skep_ir_get(l->fn, l->ids[off / 4]);
	if (shared) {
		l->ids[off / 4] = id;
		skep_ir_at(l->fn, l->start);
	}
	skep_ir_branch(l->fn, SKEP_CC_EQ, NS_GLOBAL(l, pid_ns_ino), skep_ir_const(l->fn, 0), outer,
		       inner);
	skep_ir_at(l->fn, outer);
	skep_ir_set(l->fn, id, first(l));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, inner);
	skep_ir_set(l->fn, id, ns_id(l, NS_GLOBAL(l, pid_ns_dev), NS_GLOBAL(l, pid_ns_ino), off));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	if (shared) {
		l->start = join;
		skep_ir_at(l->fn, here);
	}
	return skep_ir_get(l->fn, id);
}

static struct skep_val *lower_id(struct skep_lower *l, int off,
				 struct skep_val *(*first)(struct skep_lower *l))
{
	const struct skep_world *w = l->c->world;
	bool has_ns = skep_hook_has_helper(w, l->inst, SKEP_HELPER_GET_NS_CURRENT_PID_TGID);

	if (l->c->types.needs)
		return has_ns ? either_ns_id(l, off, first) : first(l);
	if (!w->pid_ns_ino || !has_ns)
		return first(l);
	return ns_id(l, skep_ir_const(l->fn, w->pid_ns_dev), skep_ir_const(l->fn, w->pid_ns_ino),
		     off);
}

struct skep_val *skep_lower_tgid(struct skep_lower *l)
{
	return lower_id(l, 4, skep_lower_init_tgid);
}

struct skep_val *skep_lower_tid(struct skep_lower *l)
{
	return lower_id(l, 0, skep_lower_init_tid);
}

struct skep_val *skep_lower_init_tgid(struct skep_lower *l)
{
	static const char *const path[] = { "tgid" };
	struct skep_val *v = skep_lower_task_field(l, path, 1);

	return v ? v : skep_ir_opi(l->fn, SKEP_OP_SHR, pid_tgid(l), 32);
}

struct skep_val *skep_lower_init_tid(struct skep_lower *l)
{
	static const char *const path[] = { "pid" };
	struct skep_val *v = skep_lower_task_field(l, path, 1);

	return v ? v : skep_ir_extend(l->fn, pid_tgid(l), 4, false);
}

/*
 * The thread's name as a place: inside the task, or in memory that a helper filled. Since 5.17, the version that brought
 * the helper loop, the kernel pads the name inside the task.
 */
int skep_lower_comm(struct skep_lower *l, const struct skep_type *type,
		    struct skep_value *ret_value)
{
	struct skep_value v = { .type = type, .space = SKEP_SPACE_BTF };
	struct skep_field f;

	v.val = skep_lower_task(l);
	if (v.val && skep_type_field(&l->c->types, task_type(l->c), "comm", SKEP_SPACE_BTF, &f) &&
	    f.type->size == type->size) {
		v.val = skep_lower_member(l, v.val, &v.off, &f);
		v.padded = l->c->world->has(l->c->world, SKEP_WORLD_LOOP);
		*ret_value = v;
		return 0;
	}
	v.space = SKEP_SPACE_BPF;
	v.val = skep_lower_object(l, type->size, "comm", &v.off);
	skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_COMM, 0, 2, skep_lower_at(l, v.val, v.off),
		     skep_ir_const(l->fn, type->size));
	*ret_value = v;
	return 0;
}

struct skep_val *skep_lower_member(struct skep_lower *l, struct skep_val *at, int *off,
				   const struct skep_field *field)
{
	return skep_need_at(&l->c->types, l->fn, at, off, field);
}

struct skep_val *skep_lower_probe_index(struct skep_lower *l)
{
	const struct skep_instance *inst = l->inst;

	if ((inst->n_matches == 1 && !inst->open) || !inst->provider->lower_probe)
		return skep_ir_const(l->fn, inst->n_matches ? inst->matches[0].probe_index : 0);
	return inst->provider->lower_probe(l);
}
