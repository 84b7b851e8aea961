/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/portable.h"

#include <errno.h>
#include <string.h>

static const struct skep_portable *self(const struct skep_world *world)
{
	return world->data;
}

/*
 * What every kernel from 6.1 on can be built with. What came later is not asked for; where it only makes attaching faster
 * (multi links), the machine that runs the script chooses.
 */
static bool has(const struct skep_world *world, enum skep_world_feature feature)
{
	static const bool baseline[SKEP_WORLD_FEATURE_MAX] = {
		[SKEP_WORLD_RAW_TP] = true,
		[SKEP_WORLD_TP_BTF] = true,
		[SKEP_WORLD_FENTRY] = true,
		[SKEP_WORLD_KPROBE] = true,
		[SKEP_WORLD_CURRENT_TASK_BTF] = true,
		[SKEP_WORLD_COOKIE] = true,
		[SKEP_WORLD_LOOP] = true,
		[SKEP_WORLD_OVERRIDE] = true,
		[SKEP_WORLD_VPRINTK] = true,
		[SKEP_WORLD_FOR_EACH] = true,
		[SKEP_WORLD_PERCPU_ELEM] = true,
	};

	/* The probes that want these look for them where the script runs, and say so at their place. */
	if (feature == SKEP_WORLD_LSM || feature == SKEP_WORLD_XDP || feature == SKEP_WORLD_TC ||
	    feature == SKEP_WORLD_CGROUP)
		return true;
	if (baseline[feature])
		self(world)->needs->features |= UINT64_C(1) << feature;
	return baseline[feature];
}

static int each_tracepoint(const struct skep_world *world, const char *glob, skep_world_name_fn fn,
			   void *data)
{
	const struct skep_world *under = self(world)->under;

	return under->each_tracepoint ? under->each_tracepoint(under, glob, fn, data) : 0;
}

static int tracepoint_format(const struct skep_world *world, const char *category,
			     const char *event, const char **ret_text)
{
	const struct skep_world *under = self(world)->under;

	return under->tracepoint_format ? under->tracepoint_format(under, category, event, ret_text)
					: -ENOENT;
}

static bool tracepoint_is_made(const struct skep_world *world, const char *path)
{
	const struct skep_world *under = self(world)->under;

	return under->tracepoint_is_made && under->tracepoint_is_made(under, path);
}

/* A function of a module keeps its module, where this machine knows it: its types are there. */
static int each_kernel_function(const struct skep_world *world, const char *module_glob,
				const char *glob, skep_world_symbol_fn fn, void *data)
{
	const char *module = module_glob && !strchr(module_glob, '*') ? module_glob : NULL;
	struct skep_world_symbol symbol = { .name = glob, .module = module };

	return fn(data, &symbol);
}

static int zero(const struct skep_world *world, const char *name, uint64_t *ret_number)
{
	*ret_number = 0;
	return 0;
}

static int each_user_function(const struct skep_world *world, const char *binary, int pid,
			      const char *glob, struct skep_diag *diag, skep_world_symbol_fn fn,
			      void *data)
{
	struct skep_world_symbol symbol = { .name = glob, .module = binary };

	return fn(data, &symbol);
}

static int user_offset(const struct skep_world *world, const char *binary, int pid,
		       uint64_t address, struct skep_diag *diag,
		       struct skep_world_symbol *ret_symbol)
{
	*ret_symbol = (struct skep_world_symbol){ .module = binary, .offset = address };
	return 0;
}

static int user_line(const struct skep_world *world, const char *binary, int pid, const char *file,
		     unsigned line, unsigned column, struct skep_diag *diag,
		     skep_world_symbol_fn fn, void *data, unsigned *ret_nearest)
{
	struct skep_world_symbol symbol = { .module = binary };

	return fn(data, &symbol);
}

static int each_usdt(const struct skep_world *world, const char *binary, int pid,
		     const char *provider_glob, const char *glob, struct skep_diag *diag,
		     skep_world_usdt_fn fn, void *data)
{
	const struct skep_world *under = self(world)->under;

	if (!under->each_usdt)
		return -ENOENT;
	return under->each_usdt(under, binary, pid, provider_glob, glob, diag, fn, data);
}

static bool helper_allowed(const struct skep_world *world, uint32_t prog_type, uint32_t attach_type,
			   int32_t helper)
{
	const struct skep_world *under = self(world)->under;

	return !under->helper_allowed ||
	       under->helper_allowed(under, prog_type, attach_type, helper);
}

/* Which headers its packets have is a matter of its name: those of this machine's, or Ethernet's. */
static int interface(const struct skep_world *world, const char *name,
		     struct skep_world_interface *ret_interface)
{
	const struct skep_world *under = self(world)->under;
	struct skep_world_interface here;
	bool known = under->interface && under->interface(under, name, &here) == 0;

	*ret_interface = (struct skep_world_interface){
		.name = name,
		.has_frames = !known || here.has_frames,
	};
	return 0;
}

static int cgroup_dir(const struct skep_world *world, const char *path, const char **ret_dir)
{
	*ret_dir = path;
	return 0;
}

void skep_portable_init(struct skep_portable *portable, const struct skep_world *under,
			struct skep_needs *needs, unsigned cpus)
{
	*portable = (struct skep_portable){
		.under = under,
		.needs = needs,
		.world = {
			.data = portable,
			.n_cpus = cpus ? cpus : MAX(under->n_cpus, (unsigned)SKEP_PORTABLE_CPUS),
			.btf = under->btf,
			.has = has,
			.each_tracepoint = each_tracepoint,
			.tracepoint_format = tracepoint_format,
			.tracepoint_is_made = tracepoint_is_made,
			.each_kernel_function = each_kernel_function,
			.kernel_symbol = zero,
			.cgroup_id = zero,
			.each_user_function = each_user_function,
			.each_user_demangled = each_user_function,
			.user_offset = user_offset,
			.user_line = user_line,
			.each_usdt = each_usdt,
			.helper_allowed = helper_allowed,
			.interface = interface,
			.cgroup_dir = cgroup_dir,
		},
	};
}
