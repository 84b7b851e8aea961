/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path(): the name of an open file, from the root of the process that the probe fires in.
 *
 * The kernel has a helper for this, for fentry on ten functions. This one walks from the file towards the root itself, so
 * it works in every probe:
 *
 *	dentry ─► name, parent ... at the top of a mount ─► the place where it is mounted ... ─► root
 *
 * Names are put in front of one another, from the end of a buffer:
 *
 *	[                                  /usr/bin/ls 0 ]
 *	                                   ▲ at
 *
 * What it cannot know: names of files that have been removed stand without a mark; pipes and sockets have no path. A
 * file in a mount that the process does not see is named from the top of what it is mounted in.
 */
#include <errno.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

#define PATH_BYTES SKEP_PATH_SIZE /* a power of two */
#define NAME_BYTES 256		  /* the longest name with its slash; a power of two */
#define STEPS_MAX 256		  /* names and mounts on the way */

/* Words of the state, in scratch memory: the verifier does not follow them from step to step. */
enum {
	DENTRY,
	MOUNT,	     /* struct vfsmount */
	ROOT_DENTRY, /* of the process */
	ROOT_MOUNT,
	AT, /* where the path begins in the buffer */
	N_WORDS,
};

/* Members of the kernel's structures. */
struct layout {
	struct skep_field path_dentry, path_mnt;
	struct skep_field d_parent, d_name, qstr_name, qstr_len;
	struct skep_field mnt_root; /* in vfsmount */
	struct skep_field mnt;	    /* in struct mount */
	struct skep_field mnt_parent, mnt_mountpoint;
	struct skep_field task_fs, fs_root;
};

static bool find(struct skep_types *types, const char *type_name, const char *member,
		 struct skep_field *ret_field)
{
	const struct skep_type *type = skep_type_of_kernel(types, type_name);

	return type && skep_type_field(types, type, member, SKEP_SPACE_KERNEL, ret_field);
}

static bool find_layout(struct skep_types *t, struct layout *l)
{
	return t->btf && find(t, "struct path", "dentry", &l->path_dentry) &&
	       find(t, "struct path", "mnt", &l->path_mnt) &&
	       find(t, "struct dentry", "d_parent", &l->d_parent) &&
	       find(t, "struct dentry", "d_name", &l->d_name) &&
	       find(t, "struct qstr", "name", &l->qstr_name) &&
	       find(t, "struct qstr", "len", &l->qstr_len) &&
	       find(t, "struct vfsmount", "mnt_root", &l->mnt_root) &&
	       find(t, "struct mount", "mnt", &l->mnt) &&
	       find(t, "struct mount", "mnt_parent", &l->mnt_parent) &&
	       find(t, "struct mount", "mnt_mountpoint", &l->mnt_mountpoint) &&
	       find(t, "struct task_struct", "fs", &l->task_fs) &&
	       find(t, "struct fs_struct", "root", &l->fs_root);
}

static bool is_path(const struct skep_type *type)
{
	if (type->kind == SKEP_TYPE_PTR)
		type = type->elem;
	return type && type->kind == SKEP_TYPE_STRUCT && skep_streq(type->str->name, "path");
}

static int unavailable(struct skep_check *k, const struct skep_expr *call)
{
	int r = skep_check_error(k, call->loc, "path() is not available here");

	skep_diag_hint(k->c->diag,
		       "it needs a kernel that describes its types (BTF) and the helper "
		       "loop (Linux 5.17)");
	return r;
}

static int check_path(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_expr *arg = call->call.args.data[0];
	struct layout *layout = skep_arena_calloc(k->c->arena, 1, sizeof(*layout));
	int64_t size = PATH_BYTES;
	int r;

	call->call.state = layout;
	if (!find_layout(&k->c->types, layout) || !k->c->world->has ||
	    !k->c->world->has(k->c->world, SKEP_WORLD_LOOP))
		return unavailable(k, call);
	if (call->call.args.len == 2 &&
	    (!skep_check_const(k, call->call.args.data[1], &size) || size < 1 || size > PATH_BYTES))
		return skep_check_want(k, call->call.args.data[1], "a constant from 1 to 4096");
	call->type = skep_type_string(&k->c->types, (uint32_t)size);
	if (!arg->type || is_path(arg->type))
		return 0;
	r = skep_check_want(k, arg, "a struct path or a pointer to one");
	skep_diag_hint(k->c->diag, "a struct file * has one: path(file->f_path)");
	return r;
}

static struct skep_val *member(struct skep_lower *l, struct skep_val *at,
			       const struct skep_field *field)
{
	int off = 0;

	at = skep_lower_member(l, at, &off, field);
	return skep_lower_at(l, at, off);
}

/* A pointer in kernel memory; NULL when it cannot be read. */
static struct skep_val *read_ptr(struct skep_lower *l, struct skep_val *at,
				 const struct skep_field *field)
{
	struct skep_val *slot = skep_ir_slot(l->fn, 8, "pointer");

	skep_ir_call(l->fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, slot, skep_ir_const(l->fn, 8),
		     member(l, at, field));
	return skep_ir_load(l->fn, slot, 0, 8, 0);
}

static void put(struct skep_lower *l, struct skep_val *state, int word, struct skep_val *value)
{
	skep_ir_store(l->fn, state, word * 8, 8, value);
}

static struct skep_val *get(struct skep_lower *l, struct skep_val *state, int word)
{
	return skep_ir_load(l->fn, state, word * 8, 8, 0);
}

static void end_step(struct skep_lower *l, struct skep_block *at, uint64_t result)
{
	skep_ir_at(l->fn, at);
	skep_ir_ret(l->fn, skep_ir_const(l->fn, result));
}

/* At the top of a mount: go on where it is mounted; the first mount of all is its own parent. */
static void leave_mount(struct skep_lower *l, const struct layout *o, struct skep_val *state,
			struct skep_block *stop)
{
	struct skep_block *go_on = skep_ir_block(l->fn);
	struct skep_val *mount, *parent;

	mount = skep_ir_op(l->fn, SKEP_OP_SUB, get(l, state, MOUNT),
			   member(l, skep_ir_const(l->fn, 0), &o->mnt));
	parent = read_ptr(l, mount, &o->mnt_parent);
	skep_ir_branch(l->fn, SKEP_CC_EQ, parent, mount, stop, go_on);
	skep_ir_at(l->fn, go_on);
	put(l, state, DENTRY, read_ptr(l, mount, &o->mnt_mountpoint));
	put(l, state, MOUNT, member(l, parent, &o->mnt));
	skep_ir_ret(l->fn, skep_ir_const(l->fn, 0));
}

/* Puts "/name" in front of the path. Masks show the verifier what is so anyway. */
static void put_name(struct skep_lower *l, const struct layout *o, struct skep_val *state,
		     struct skep_val *buffer, struct skep_val *dentry, struct skep_block *stop)
{
	struct skep_block *fits = skep_ir_block(l->fn);
	struct skep_val *slot = skep_ir_slot(l->fn, 8, "length"), *len, *at, *to;

	skep_ir_call(l->fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, slot, skep_ir_const(l->fn, 4),
		     member(l, member(l, dentry, &o->d_name), &o->qstr_len));
	len = skep_ir_opi(l->fn, SKEP_OP_AND, skep_ir_load(l->fn, slot, 0, 4, 0), NAME_BYTES - 1);
	at = skep_ir_op(l->fn, SKEP_OP_SUB, skep_ir_opi(l->fn, SKEP_OP_SUB, get(l, state, AT), 1),
			len);
	skep_ir_branch(l->fn, SKEP_CC_ULT, at, skep_ir_const(l->fn, PATH_BYTES), fits, stop);
	skep_ir_at(l->fn, fits);
	put(l, state, AT, at);
	to = skep_ir_op(l->fn, SKEP_OP_ADD, buffer, at);
	skep_ir_store(l->fn, to, 0, 1, skep_ir_const(l->fn, '/'));
	skep_ir_call(l->fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3,
		     skep_ir_opi(l->fn, SKEP_OP_ADD, to, 1), len,
		     read_ptr(l, member(l, dentry, &o->d_name), &o->qstr_name));
}

/* One name or one mount. */
static struct skep_fn *step(struct skep_lower *l, const struct layout *o)
{
	struct skep_fn *outer = l->fn, *fn = skep_gen_subprog(l->gen, "path", 2);
	struct skep_block *same_dentry = skep_ir_block(fn), *below = skep_ir_block(fn),
			  *inside = skep_ir_block(fn), *top = skep_ir_block(fn),
			  *name = skep_ir_block(fn), *stop = skep_ir_block(fn);
	struct skep_val *state, *buffer, *dentry, *parent;

	l->fn = fn;
	skep_lower_name(l->c, fn, "path()");
	skep_ir_loc(fn, l->inst->point->loc);
	state = skep_ir_load(fn, skep_ir_param(fn, 1), 0, 8, 0);
	buffer = skep_ir_load(fn, skep_ir_param(fn, 1), 8, 8, 0);
	dentry = get(l, state, DENTRY);
	skep_ir_branch(fn, SKEP_CC_EQ, dentry, get(l, state, ROOT_DENTRY), same_dentry, below);
	skep_ir_at(fn, same_dentry);
	skep_ir_branch(fn, SKEP_CC_EQ, get(l, state, MOUNT), get(l, state, ROOT_MOUNT), stop,
		       below);
	skep_ir_at(fn, below);
	parent = read_ptr(l, get(l, state, MOUNT), &o->mnt_root);
	skep_ir_branch(fn, SKEP_CC_EQ, dentry, parent, top, inside);
	skep_ir_at(fn, inside);
	parent = read_ptr(l, dentry, &o->d_parent);
	skep_ir_branch(fn, SKEP_CC_EQ, dentry, parent, top, name);
	skep_ir_at(fn, name);
	put(l, state, DENTRY, parent);
	put_name(l, o, state, buffer, dentry, stop);
	skep_ir_ret(fn, skep_ir_const(fn, 0));
	skep_ir_at(fn, top);
	leave_mount(l, o, state, stop);
	end_step(l, stop, 1);
	l->fn = outer;
	return fn;
}

/* The words of the state before the first step. */
static int begin(struct skep_lower *l, const struct skep_expr *arg, const struct layout *o,
		 struct skep_val *state)
{
	struct skep_val *at, *fs;
	struct skep_value v;
	int r = skep_lower_expr(l, arg, &v);

	if (r < 0)
		return r;
	at = skep_lower_at(l, v.val, skep_type_is_scalar(v.type) ? 0 : v.off);
	put(l, state, DENTRY, read_ptr(l, at, &o->path_dentry));
	put(l, state, MOUNT, read_ptr(l, at, &o->path_mnt));
	fs = read_ptr(l, skep_ir_call(l->fn, SKEP_HELPER_GET_CURRENT_TASK, SKEP_CALL_PURE, 0),
		      &o->task_fs);
	fs = member(l, fs, &o->fs_root);
	put(l, state, ROOT_DENTRY, read_ptr(l, fs, &o->path_dentry));
	put(l, state, ROOT_MOUNT, read_ptr(l, fs, &o->path_mnt));
	put(l, state, AT, skep_ir_const(l->fn, PATH_BYTES - 1));
	return 0;
}

/* A path in which no step was taken is the root itself; one without a directory entry, of no file, is empty. */
static void root_alone(struct skep_lower *l, struct skep_val *state, struct skep_val *buffer)
{
	struct skep_block *still = skep_ir_block(l->fn), *root = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);

	skep_ir_branch(l->fn, SKEP_CC_EQ, get(l, state, DENTRY), skep_ir_const(l->fn, 0), join,
		       still);
	skep_ir_at(l->fn, still);
	skep_ir_branch(l->fn, SKEP_CC_EQ, get(l, state, AT), skep_ir_const(l->fn, PATH_BYTES - 1),
		       root, join);
	skep_ir_at(l->fn, root);
	skep_ir_store(l->fn, buffer, PATH_BYTES - 2, 1, skep_ir_const(l->fn, '/'));
	put(l, state, AT, skep_ir_const(l->fn, PATH_BYTES - 2));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
}

/*
 * Where the text begins: of a path longer than @size the front is left out, as the end says more. The text ends with the
 * buffer's zero.
 */
static struct skep_val *text_at(struct skep_lower *l, struct skep_val *state,
				struct skep_val *buffer, uint32_t size)
{
	struct skep_block *longer = skep_ir_block(l->fn), *fits = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *at = skep_ir_var(l->fn, "at");
	struct skep_val *v = skep_ir_opi(l->fn, SKEP_OP_AND, get(l, state, AT), PATH_BYTES - 1);

	skep_ir_branch(l->fn, SKEP_CC_ULT, v, skep_ir_const(l->fn, PATH_BYTES - size), longer,
		       fits);
	skep_ir_at(l->fn, fits);
	skep_ir_set(l->fn, at, v);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, longer);
	skep_ir_set(l->fn, at, skep_ir_const(l->fn, PATH_BYTES - size));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_op(l->fn, SKEP_OP_ADD, buffer, skep_ir_get(l->fn, at));
}

static int lower_path(struct skep_lower *l, const struct skep_expr *call,
		      struct skep_value *ret_value)
{
	const struct layout *o = call->call.state;
	struct skep_value own = { .type = call->type, .space = SKEP_SPACE_BPF };
	struct skep_val *memory, *state, *buffer, *ctx;
	int r, off;

	/* The state, then the buffer with room for a name behind it: the verifier counts with the longest. */
	memory = skep_lower_object(l, N_WORDS * 8 + PATH_BYTES + NAME_BYTES, "path", &off);
	state = skep_lower_at(l, memory, off);
	buffer = skep_lower_at(l, memory, off + N_WORDS * 8);
	r = begin(l, call->call.args.data[0], o, state);
	if (r < 0)
		return r;
	skep_ir_store(l->fn, buffer, PATH_BYTES - 1, 1, skep_ir_const(l->fn, 0));
	ctx = skep_ir_slot(l->fn, 16, "loop");
	skep_ir_store(l->fn, ctx, 0, 8, state);
	skep_ir_store(l->fn, ctx, 8, 8, buffer);
	skep_ir_call(l->fn, SKEP_HELPER_LOOP, 0, 4, skep_ir_const(l->fn, STEPS_MAX),
		     skep_ir_func(l->fn, step(l, o)), ctx, skep_ir_const(l->fn, 0));
	root_alone(l, state, buffer);
	own.val = skep_lower_object(l, call->type->size, "path", &own.off);
	skep_lower_read_str(l, own.val, own.off, call->type->size,
			    text_at(l, state, buffer, call->type->size), SKEP_SPACE_KERNEL, true);
	if (ret_value)
		*ret_value = own;
	return 0;
}

const struct skep_builtin skep_builtin_path = {
	.name = "path",
	.usage = "path(path[, size])",
	.min_args = 1,
	.max_args = 2,
	.check = check_path,
	.lower = lower_path,
};
