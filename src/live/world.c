/* SPDX-License-Identifier: Apache-2.0 */
#include "live/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lang/tracepoint.h"
#include "live/interfaces.h"
#include "live/world_priv.h"
#include "sys/cpus.h"
#include "sys/feature.h"
#include "sys/kallsyms.h"
#include "sys/progs.h"
#include "sys/tracefs.h"
#include "sys/vmlinux.h"
#include "who/cgroup.h"

#define FIRST_PID_NS 0xeffffffc /* the kernel's PROC_PID_INIT_INO */

struct symbol {
	uint64_t address;
	int error;
};

static bool has(const struct skep_world *world, enum skep_world_feature feature)
{
	static const int features[SKEP_WORLD_FEATURE_MAX] = {
		[SKEP_WORLD_RAW_TP] = SKEP_FEATURE_RAW_TP,
		[SKEP_WORLD_TP_BTF] = SKEP_FEATURE_TP_BTF,
		[SKEP_WORLD_FENTRY] = SKEP_FEATURE_FENTRY,
		[SKEP_WORLD_KPROBE] = SKEP_FEATURE_KPROBE,
		[SKEP_WORLD_KPROBE_MULTI] = SKEP_FEATURE_KPROBE_MULTI,
		[SKEP_WORLD_UPROBE_MULTI] = SKEP_FEATURE_UPROBE_MULTI,
		[SKEP_WORLD_UPROBE_MULTI_PID] = SKEP_FEATURE_UPROBE_MULTI_PID,
		[SKEP_WORLD_CURRENT_TASK_BTF] = SKEP_FEATURE_CURRENT_TASK_BTF,
		[SKEP_WORLD_COOKIE] = SKEP_FEATURE_COOKIE,
		[SKEP_WORLD_RAW_TP_COOKIE] = SKEP_FEATURE_RAW_TP_COOKIE,
		[SKEP_WORLD_LOOP] = SKEP_FEATURE_LOOP,
		[SKEP_WORLD_OVERRIDE] = SKEP_FEATURE_OVERRIDE,
		[SKEP_WORLD_WRITE_USER] = SKEP_FEATURE_WRITE_USER,
		[SKEP_WORLD_VPRINTK] = SKEP_FEATURE_VPRINTK,
		[SKEP_WORLD_FOR_EACH] = SKEP_FEATURE_FOR_EACH,
		[SKEP_WORLD_PERCPU_ELEM] = SKEP_FEATURE_PERCPU_ELEM,
		[SKEP_WORLD_LSM] = SKEP_FEATURE_LSM,
		[SKEP_WORLD_XDP] = SKEP_FEATURE_XDP,
		[SKEP_WORLD_TC] = SKEP_FEATURE_TC,
		[SKEP_WORLD_CGROUP] = SKEP_FEATURE_CGROUP,
		[SKEP_WORLD_CPU_V4] = SKEP_FEATURE_CPU_V4,
		[SKEP_WORLD_KPROBE_SESSION] = SKEP_FEATURE_KPROBE_SESSION,
	};

	if (feature == SKEP_WORLD_TRACEFS)
		return !world_self(world)->is_foreign && skep_tracefs_dir() >= 0;
	return features[feature] >= 0 && skep_feature_has((enum skep_feature)features[feature]);
}

/* Tracepoints */

struct names {
	skep_world_name_fn fn;
	void *data;
	size_t n;
};

static int one_tracepoint(void *data, const char *category, const char *name)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct names *n = data;

	n->n++;
	skep_str_addf(&text, "%s/%s", category, name);
	return n->fn(n->data, text.data);
}

static int each_tracepoint(const struct skep_world *world, const char *glob, skep_world_name_fn fn,
			   void *data)
{
	struct skep_kernel_world *w = world_self(world);
	const char *slash = strchr(glob, '/'), *name = slash ? slash + 1 : "*";
	const char *category =
		slash ? skep_arena_strndup(w->arena, glob, (size_t)(slash - glob)) : glob;
	struct names n = { fn, data, 0 };
	int r = w->is_foreign ? -ENOENT : skep_tracefs_events(category, name, one_tracepoint, &n);

	/* Where tracefs can be read, what is not in it is not. */
	if (r >= 0 || n.n || !w->types_diag || !world->btf)
		return r;
	return skep_tracepoint_known(world->btf, category, name, fn, data);
}

static void tell_types(struct skep_kernel_world *w, const char *category, const char *event,
		       const char *class)
{
	if (!w->types_told)
		skep_diag_add(
			w->types_diag, SKEP_DIAG_NOTE, SKEP_NO_LOC,
			"the fields of tracepoint %s:%s are as the kernel's types have them%s: what "
			"has no fixed length is taken for text",
			category, event,
			w->is_foreign ? "" : " (tracefs, which root may read, does not show them)");
	w->types_told = true;
	if (!skep_streq(class, event))
		skep_diag_add(w->types_diag, SKEP_DIAG_NOTE, SKEP_NO_LOC,
			      "tracepoint %s:%s is taken for one of the class %s", category, event,
			      class);
}

static int format_of(struct skep_kernel_world *w, const char *category, const char *event,
		     const char *key, char **ret_text)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const char *class;
	int r = w->is_foreign ? -ENOENT : skep_tracefs_event_format(key, ret_text);

	if (r == 0 || !w->types_diag || !w->world.btf)
		return r;
	r = skep_tracepoint_describe(w->world.btf, category, event, &text, &class);
	if (r == 0) {
		tell_types(w, category, event, class);
		*ret_text = TAKE_PTR(text.data);
	}
	return r;
}

static int tracepoint_format(const struct skep_world *world, const char *category,
			     const char *event, const char **ret_text)
{
	struct skep_kernel_world *w = world_self(world);
	const char *key = skep_arena_printf(w->arena, "%s/%s", category, event);
	char *text = skep_hash_get_str(&w->formats, key);
	int r;

	if (!text) {
		r = format_of(w, category, event, key, &text);
		if (r < 0)
			return r;
		skep_hash_set_str(&w->formats, key, skep_arena_strdup(w->arena, text));
		free(text);
		text = skep_hash_get_str(&w->formats, key);
	}
	*ret_text = text;
	return 0;
}

static int add_made(void *data, const char *event)
{
	struct skep_kernel_world *w = data;

	skep_hash_set_str(&w->made, skep_arena_strdup(w->arena, event), w);
	return 0;
}

/* Without the list every event may be one. */
static bool tracepoint_is_made(const struct skep_world *world, const char *path)
{
	struct skep_kernel_world *w = world_self(world);

	if (!w->made_known) {
		w->made_known = skep_tracefs_made_events(add_made, w);
		if (!w->made_known)
			w->made_known = 1;
	}
	return w->made_known < 0 || skep_has_prefix(path, "user_events/") ||
	       skep_hash_get_str(&w->made, path);
}

/* Kernel functions and symbols */

struct functions {
	skep_world_symbol_fn fn;
	void *data;
	const char *module_glob, *name;
	size_t n;
};

static int one_function(void *data, const char *module, const char *name)
{
	struct functions *f = data;
	struct skep_world_symbol sym = { .name = name, .module = module };

	f->n++;
	return f->fn(f->data, &sym);
}

/* For a name that the kernel's types do not know: in a module, or without a type. */
static int one_symbol(void *data, const struct skep_ksym *symbol)
{
	struct functions *f = data;

	if (!skep_streq(symbol->name, f->name) ||
	    !skep_glob_match(f->module_glob, symbol->module ? symbol->module : "vmlinux"))
		return 0;
	return one_function(f, symbol->module, symbol->name);
}

static int keep_function(void *data, const char *module, const char *name)
{
	struct skep_str *all = data;

	skep_str_addn(all, module ? module : "", (module ? strlen(module) : 0) + 1);
	skep_str_addn(all, name, strlen(name) + 1);
	return 0;
}

/* The kernel makes the list anew for each reader, which takes long; a script with many patterns reads it once. */
static int each_probeable(struct skep_kernel_world *w, struct functions *f)
{
	const char *end;
	int r = 0;

	if (!w->functions.len)
		r = skep_tracefs_functions("*", "*", keep_function, &w->functions, NULL);
	if (r < 0)
		skep_str_reset(&w->functions); /* half of them is as good as none */
	if (r < 0 || !w->functions.len)
		return r;
	end = w->functions.data + w->functions.len;
	for (const char *at = w->functions.data; r == 0 && at < end;) {
		const char *module = at, *name = at + strlen(at) + 1;

		at = name + strlen(name) + 1;
		if (skep_glob_match(f->name, name) &&
		    skep_glob_match(f->module_glob, module[0] ? module : "vmlinux"))
			r = one_function(f, module[0] ? module : NULL, name);
	}
	return r;
}

static int each_kernel_function(const struct skep_world *world, const char *module_glob,
				const char *glob, skep_world_symbol_fn fn, void *data)
{
	struct functions f = { fn, data, module_glob ? module_glob : "*", glob, 0 };
	uint32_t id;

	if (strchr(glob, '*'))
		return each_probeable(world_self(world), &f);
	if (world->btf && skep_glob_match(f.module_glob, "vmlinux") &&
	    skep_btf_find(world->btf, glob, SKEP_BTF_FUNC, &id) == 0)
		return one_function(&f, NULL, glob);
	return skep_kallsyms_each(one_symbol, &f);
}

/* The list of symbols is long: what was asked once is kept. */
static int kernel_symbol(const struct skep_world *world, const char *name, uint64_t *ret_address)
{
	struct skep_kernel_world *w = world_self(world);
	struct symbol *symbol = skep_hash_get_str(&w->symbols, name);

	if (!symbol) {
		symbol = skep_arena_calloc(w->arena, 1, sizeof(*symbol));
		symbol->error = skep_kallsyms_address(name, &symbol->address);
		skep_hash_set_str(&w->symbols, skep_arena_strdup(w->arena, name), symbol);
	}
	if (symbol->error < 0)
		return symbol->error;
	*ret_address = symbol->address;
	return 0;
}

/* Read once: what is loaded later is not this script's. */
static int each_program(const struct skep_world *world, uint32_t id, const char *glob,
			skep_world_program_fn fn, void *data)
{
	struct skep_kernel_world *w = world_self(world);
	int r = 0;

	if (!w->progs) {
		r = skep_progs_load(&w->progs);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; r == 0 && i < skep_progs_n(w->progs); i++) {
		const struct skep_prog_function *f = skep_progs_at(w->progs, i);
		struct skep_world_program out = { f->prog_id, f->prog_type, f->name, f->btf,
						  f->func };

		if ((!id || id == f->prog_id) && skep_glob_match(glob, f->name))
			r = fn(data, &out);
	}
	return r;
}

static const struct skep_btf *module_btf(const struct skep_world *world, const char *name)
{
	struct skep_kernel_world *w = world_self(world);
	struct module *m;

	for (m = w->modules; m; m = m->next) {
		if (skep_streq(m->name, name))
			return m->btf;
	}
	m = skep_arena_alloc(w->arena, sizeof(*m));
	m->name = skep_arena_strdup(w->arena, name);
	if (!world->btf || skep_module_btf(name, NULL, &m->btf) < 0)
		m->btf = NULL;
	m->next = w->modules;
	w->modules = m;
	return m->btf;
}

/* An answer costs a program that is loaded, so it is kept. */
static const char *kept_answer(struct skep_kernel_world *w, const char *key)
{
	return skep_hash_get_str(&w->kfuncs, key);
}

static bool keep_answer(struct skep_kernel_world *w, const char *key, bool yes)
{
	skep_hash_set_str(&w->kfuncs, key, (void *)(yes ? "yes" : "no"));
	return yes;
}

static bool kfunc_allowed(const struct skep_world *world, uint32_t prog_type, uint32_t attach_type,
			  uint32_t attach_btf_id, const char *name)
{
	struct skep_kernel_world *w = world_self(world);
	const char *key = skep_arena_printf(w->arena, "%u %u %u %s", prog_type, attach_type,
					    attach_btf_id, name);
	const char *kept = kept_answer(w, key);

	if (kept)
		return kept[0] == 'y';
	return keep_answer(w, key, skep_kfunc_allowed(prog_type, attach_type, attach_btf_id, name));
}

static bool helper_allowed(const struct skep_world *world, uint32_t prog_type, uint32_t attach_type,
			   int32_t helper)
{
	struct skep_kernel_world *w = world_self(world);
	const char *key =
		skep_arena_printf(w->arena, "%u %u helper %d", prog_type, attach_type, helper);
	const char *kept = kept_answer(w, key);

	if (kept)
		return kept[0] == 'y';
	return keep_answer(w, key, skep_feature_helper(prog_type, attach_type, helper));
}

static int cgroup_id(const struct skep_world *world, const char *path, uint64_t *ret_id)
{
	return skep_cgroup_id(path, ret_id);
}

static int cgroup_dir(const struct skep_world *world, const char *path, const char **ret_dir)
{
	_cleanup_free_ char *dir = NULL;
	int r = skep_cgroup_dir(path, &dir);

	if (r == 0)
		*ret_dir = skep_arena_strdup(world_self(world)->arena, dir);
	return r;
}

/* The first pid namespace has the same inode on every machine. */
static void look_at_namespace(struct skep_world *world)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == FIRST_PID_NS)
		return;
	world->pid_ns_dev = st.st_dev;
	world->pid_ns_ino = st.st_ino;
}

int skep_world_new(struct skep_diag *diag, struct skep_kernel_world **ret_world)
{
	struct skep_kernel_world *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->arena = skep_arena_new();
	w->world = (struct skep_world){
		.data = w,
		.n_cpus = skep_cpus_possible(),
		.has = has,
		.machine = true,
		.each_tracepoint = each_tracepoint,
		.tracepoint_format = tracepoint_format,
		.tracepoint_is_made = tracepoint_is_made,
		.each_kernel_function = each_kernel_function,
		.kernel_symbol = kernel_symbol,
		.each_program = each_program,
		.module_btf = module_btf,
		.helper_allowed = helper_allowed,
		.kfunc_allowed = kfunc_allowed,
		.interface = skep_world_interface,
		.each_interface = skep_world_each_interface,
		.cgroup_dir = cgroup_dir,
		.cgroup_id = cgroup_id,
	};
	world_add_user(&w->world);
	world_add_dwarf(&w->world);
	look_at_namespace(&w->world);
	if (skep_vmlinux_btf(NULL, &w->world.btf) < 0) {
		w->world.btf = NULL;
		skep_diag_warn(diag, SKEP_NO_LOC, "this kernel does not describe its types (BTF)");
		skep_diag_hint(diag, "arguments by name work only for tracepoints");
	}
	*ret_world = w;
	return 0;
}

void skep_world_read_types(struct skep_kernel_world *w, const struct skep_btf *btf,
			   struct skep_diag *diag)
{
	w->types_diag = diag;
	if (!btf)
		return;
	w->is_foreign = true;
	w->world.btf = btf;
	w->world.module_btf = NULL;
	w->world.each_program = NULL;
}

void skep_world_free(struct skep_kernel_world *w)
{
	if (!w)
		return;
	world_close_dwarf(w);
	world_close_user(w);
	for (struct module *m = w->modules; m; m = m->next)
		skep_btf_free(m->btf);
	skep_progs_free(w->progs);
	skep_hash_fini(&w->formats);
	skep_hash_fini(&w->made);
	skep_hash_fini(&w->kfuncs);
	skep_hash_fini(&w->symbols);
	skep_str_fini(&w->functions);
	skep_arena_free(w->arena);
	free(w);
	skep_vmlinux_release();
}

const struct skep_world *skep_world_get(const struct skep_kernel_world *world)
{
	return &world->world;
}
