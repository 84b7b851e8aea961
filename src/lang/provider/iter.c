/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iter: visits what the kernel has (threads, their open files, their memory) once, when everything
 * else is attached. The kernel has a function bpf_iter_NAME for each kind, whose argument, a struct
 * bpf_iter__NAME, is what `ctx` points to.
 *
 *	iter:task { printf("%s %d\n", ctx->task->comm, ctx->task->pid); }
 *	iter:task:list { ... }		stays in the kernel as the file /sys/fs/bpf/list
 *
 * The kernel stops visiting when the reader's buffer is full. So each run writes one byte into it,
 * and whoever reads a few bytes at a time can empty the ring between them: no row is lost. In a
 * pinned one nobody empties a ring: printf() writes its text into the file itself.
 */
#include <errno.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/progkind.h"
#include "lang/lower_priv.h"
#include "lang/match.h"
#include "lang/scope.h"

#define FUNC_PREFIX "bpf_iter_"
#define ATTACH_TYPE_ITER 28 /* the kernel's expected_attach_type */
#define PIN_DIR "/sys/fs/bpf/"

extern const struct skep_provider skep_provider_iter;

/* These want to be told of which map, cgroup or memory they are. */
static bool wants_target(const char *name)
{
	static const char *const names[] = { "bpf_map_elem", "bpf_sk_storage_map", "cgroup",
					     "sockmap" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(names[i], name))
			return true;
	return false;
}

struct kind {
	const char *name;
	uint32_t func, context; /* BTF ids */
};

static bool find_kind(const struct skep_btf *btf, struct skep_arena *arena, const char *name,
		      struct kind *ret_kind)
{
	const char *func = skep_arena_printf(arena, FUNC_PREFIX "%s", name);
	const char *context = skep_arena_printf(arena, FUNC_PREFIX "_%s", name);

	ret_kind->name = name;
	return !wants_target(name) &&
	       skep_btf_find(btf, func, SKEP_BTF_FUNC, &ret_kind->func) == 0 &&
	       skep_btf_find(btf, context, SKEP_BTF_STRUCT, &ret_kind->context) == 0;
}

typedef void (*kind_fn)(void *data, const struct kind *kind);

static void each_kind(const struct skep_btf *btf, struct skep_arena *arena, kind_fn fn, void *data)
{
	struct kind kind;

	for (uint32_t id = 0; btf && (id = skep_btf_next(btf, id, SKEP_BTF_FUNC));) {
		const char *name = skep_btf_name(btf, id);

		if (skep_has_prefix(name, FUNC_PREFIX) &&
		    find_kind(btf, arena, name + strlen(FUNC_PREFIX), &kind))
			fn(data, &kind);
	}
}

static void add_near(void *data, const struct kind *kind)
{
	skep_nearest_add(data, kind->name);
}

static int no_kind(struct skep_compiler *c, const struct skep_attach_point *point, const char *name)
{
	struct skep_nearest near = { .wanted = name };
	int r;

	each_kind(c->world->btf, c->arena, add_near, &near);
	r = skep_match_missing(c, point, &near,
			       wants_target(name) ? "iter:%s has to be told of what, which scripts "
						    "cannot"
						  : "this kernel has no iterator %s",
			       name);
	skep_nearest_fini(&near);
	return r;
}

/* Where the file will be; NULL: nowhere, and this was told. */
static const char *pin_path(struct skep_compiler *c, const struct skep_attach_point *point)
{
	const char *pin = point->parts[2], *path = pin;

	if (pin[0] != '/')
		path = skep_arena_printf(c->arena, PIN_DIR "%s", pin);
	if (!strstr(path, "/../") && strlen(path) < 256 && path[strlen(path) - 1] != '/')
		return path;
	(void)!skep_match_usage(c, point, &skep_provider_iter, "'%s' is not the name of a file",
				pin);
	return NULL;
}

static int iter_match(struct skep_compiler *c, struct skep_probe_node *probe,
		      const struct skep_attach_point *point)
{
	const struct skep_btf *btf = c->world->btf;
	struct skep_struct *context;
	struct skep_instance *inst;
	struct skep_match *m;
	struct kind kind;

	if (!btf)
		return skep_match_unable(c, point, "a tracepoint or interval may do instead",
					 "iterators need the kernel's types (BTF)");
	if (c->options->scope)
		return skep_match_unable(
			c, point,
			"leave it out: what a tool's PID names, -p of a script, or a predicate "
			"/ctx->task->tgid == 1/ narrows what is visited",
			"%s keeps what happens while a process runs, and this looks at processes "
			"from outside",
			skep_scope_option(c->options));
	if (!find_kind(btf, c->arena, point->parts[1], &kind))
		return no_kind(c, point, point->parts[1]);
	if (c->options->pid && !skep_has_prefix(kind.name, "task"))
		return skep_match_unable(c, point, "only iter:task, task_file and task_vma know it",
					 "-p does not narrow iter:%s", kind.name);
	inst = skep_instance_new(c, probe, point, &skep_provider_iter);
	if (point->n_parts > 2) {
		inst->attach.pin = pin_path(c, point);
		if (!inst->attach.pin)
			return -EINVAL;
	}
	context = skep_arena_alloc(c->arena, sizeof(*context));
	*context = (struct skep_struct){
		.name = skep_btf_name(btf, kind.context),
		.size = skep_btf_type(btf, kind.context).size_bytes,
		.btf = btf,
		.btf_id = kind.context,
	};
	inst->context = context;
	inst->can_wait = true;
	/* A file has any number of readers; else skep is the only one. */
	inst->preemptible = inst->attach.pin;
	inst->interruptible = !inst->attach.pin;
	inst->proto.type = SKEP_PROG_TRACING;
	inst->proto.attach_type = ATTACH_TYPE_ITER;
	inst->proto.attach_btf_id = kind.func;
	inst->proto.attach_btf_name = skep_btf_name(btf, kind.func);
	inst->attach.kind = SKEP_ATTACH_ITER;
	inst->attach.pid = c->options->pid;
	inst->user_run = true;
	inst->user.kind = SKEP_USER_ITER;
	m = skep_instance_add(c, inst, point->text);
	m->target.name = kind.name;
	return 0;
}

/* ctx->meta->seq: what the reader reads from. NULL: the kernel's types do not say where it is. */
struct skep_val *skep_iter_seq(struct skep_lower *l)
{
	struct skep_type context = { .kind = SKEP_TYPE_STRUCT, .str = l->inst->context };
	struct skep_field f, seq;
	struct skep_val *at;
	int off = 0;

	if (!skep_type_field(&l->c->types, &context, "meta", SKEP_SPACE_BTF, &f) || !f.type->elem ||
	    !skep_type_field(&l->c->types, f.type->elem, "seq", SKEP_SPACE_BTF, &seq))
		return NULL;
	at = skep_lower_member(l, skep_ir_ctx(l->fn), &off, &f);
	at = skep_ir_load(l->fn, at, off, 8, SKEP_LOAD_PURE);
	off = 0;
	at = skep_lower_member(l, at, &off, &seq);
	return skep_ir_load(l->fn, at, off, 8, SKEP_LOAD_PURE);
}

/* Behind the last object the kernel runs the program once more, with NULL in its place. */
static void leave_at_end(struct skep_lower *l)
{
	const struct skep_struct *context = l->inst->context;
	struct skep_type type = { .kind = SKEP_TYPE_STRUCT, .str = context };
	struct skep_block *object = skep_ir_block(l->fn);
	struct skep_btf_member m, inner;
	struct skep_field f;
	struct skep_val *at;
	int off = 0;

	if (skep_btf_member(context->btf, context->btf_id, 1, &m) < 0)
		return;
	/* Pointers stand in unions without a name, which make them 8 bytes wide. */
	if (!m.name[0] && skep_btf_member(context->btf, m.type, 0, &inner) == 0)
		m = inner;
	if (!skep_type_field(&l->c->types, &type, m.name, SKEP_SPACE_BTF, &f))
		return;
	at = skep_lower_member(l, skep_ir_ctx(l->fn), &off, &f);
	skep_ir_branch(l->fn, SKEP_CC_NE, skep_ir_load(l->fn, at, off, 8, SKEP_LOAD_PURE),
		       skep_ir_const(l->fn, 0), object, l->done);
	skep_ir_at(l->fn, object);
}

static void iter_prologue(struct skep_lower *l)
{
	struct skep_val *byte, *seq;

	leave_at_end(l);
	seq = l->inst->attach.pin ? NULL : skep_iter_seq(l);
	if (!seq)
		return;
	byte = skep_ir_slot(l->fn, 8, "visited");
	skep_ir_store(l->fn, byte, 0, 8, skep_ir_const(l->fn, 0));
	skep_ir_call(l->fn, SKEP_HELPER_SEQ_WRITE, 0, 3, seq, byte, skep_ir_const(l->fn, 1));
}

struct listing {
	const struct skep_btf *btf;
	const char *glob;
	bool verbose;
	struct skep_str *out;
};

static void list_kind(void *data, const struct kind *kind)
{
	struct listing *l = data;
	struct skep_btf_member m, inner;

	if (!skep_glob_match(l->glob, kind->name))
		return;
	skep_str_addf(l->out, "iter:%s\n", kind->name);
	for (uint32_t i = 0; l->verbose && skep_btf_member(l->btf, kind->context, i, &m) == 0;
	     i++) {
		/* Pointers stand in unions without a name, which make them 8 bytes wide. */
		if (!m.name[0] && skep_btf_member(l->btf, m.type, 0, &inner) == 0)
			m = inner;
		skep_str_add(l->out, "    ");
		skep_btf_format_decl(l->btf, m.type, m.name, l->out);
		skep_str_addc(l->out, '\n');
	}
}

static int iter_list(const struct skep_world *world, const struct skep_attach_point *pattern,
		     bool verbose, int pid, struct skep_diag *diag, struct skep_str *out)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct listing l = { world->btf, pattern->n_parts > 1 ? pattern->parts[1] : "*", verbose,
			     out };

	each_kind(world->btf, arena, list_kind, &l);
	return 0;
}

static const char *const aliases[] = { "it", NULL };

const struct skep_provider skep_provider_iter = {
	.name = "iter",
	.aliases = aliases,
	.usage =
		"iter:task, iter:task_file or iter:task_vma; with a file to pin it: iter:task:list",
	.min_parts = 2,
	.max_parts = 3,
	.match = iter_match,
	.prologue = iter_prologue,
	.list = iter_list,
};
