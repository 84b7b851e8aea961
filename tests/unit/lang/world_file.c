/* SPDX-License-Identifier: Apache-2.0 */
#include "world_file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "isa/progkind.h"

static const struct world_file *self(const struct skep_world *world)
{
	return world->data;
}

static bool has(const struct skep_world *world, enum skep_world_feature feature)
{
	return self(world)->features & (1u << feature);
}

static char *read_all(struct skep_arena *arena, const char *path, size_t *ret_size)
{
	char *data = skep_arena_alloc(arena, 1 << 16);
	FILE *f = fopen(path, "re");

	if (!f)
		return NULL;
	*ret_size = fread(data, 1, (1 << 16) - 1, f);
	fclose(f);
	return data;
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int each_in(const struct skep_world *world, const char *category, const char *glob,
		   skep_world_name_fn fn, void *data)
{
	char path[PATH_MAX], name[PATH_MAX];
	struct dirent **list;
	int n, r = 0;

	snprintf(path, sizeof(path), "%s/events/%s", self(world)->dir, category);
	n = scandir(path, &list, visible, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", category, list[i]->d_name);
		if (r >= 0 && skep_glob_match(glob, name))
			r = fn(data, name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return r;
}

static int each_tracepoint(const struct skep_world *world, const char *glob, skep_world_name_fn fn,
			   void *data)
{
	char path[PATH_MAX];
	struct dirent **list;
	int n, r = 0;

	if (self(world)->no_tracepoints)
		return -EACCES;
	snprintf(path, sizeof(path), "%s/events", self(world)->dir);
	n = scandir(path, &list, visible, alphasort);
	for (int i = 0; i < n; i++) {
		if (r >= 0)
			r = each_in(world, list[i]->d_name, glob, fn, data);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return r;
}

static int tracepoint_format(const struct skep_world *world, const char *category,
			     const char *event, const char **ret_text)
{
	char path[PATH_MAX];
	size_t size;

	snprintf(path, sizeof(path), "%s/events/%s/%s", self(world)->dir, category, event);
	*ret_text = read_all(self(world)->arena, path, &size);
	return *ret_text ? 0 : -ENOENT;
}

static int each_kernel_function(const struct skep_world *world, const char *module_glob,
				const char *glob, skep_world_symbol_fn fn, void *data)
{
	/* The symbol table is there without world.btf as well. */
	const struct skep_btf *btf = self(world)->btf;
	int r = 0;

	if (!skep_glob_match(module_glob, "vmlinux"))
		return 0;
	for (uint32_t id = 0; r >= 0 && (id = skep_btf_next(btf, id, SKEP_BTF_FUNC));) {
		struct skep_world_symbol symbol = { .name = skep_btf_name(btf, id) };

		if (symbol.name[0] != '_' && skep_glob_match(glob, symbol.name))
			r = fn(data, &symbol);
	}
	return r;
}

static int each_user_function(const struct skep_world *world, const char *binary, int pid,
			      const char *glob, struct skep_diag *diag, skep_world_symbol_fn fn,
			      void *data)
{
	static const char *const names[] = { "main", "read_line", "read_word", "write_line" };
	int r = 0;

	if (skep_streq(binary, "/bin/script"))
		return -ENOEXEC;
	if (!skep_glob_match(binary, "/bin/demo") && !skep_streq(binary, "libdemo"))
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(names) && r >= 0; i++) {
		struct skep_world_symbol symbol = {
			.name = names[i],
			.module = "/bin/demo",
			.offset = 0x1000 + i * 0x100,
			.size = 0x80,
		};

		if (skep_glob_match(glob, symbol.name))
			r = fn(data, &symbol);
	}
	return r;
}

/* /bin/demo has shop:sale(int, char *) at two places, shop:gate() with a counter, shop:odd(a float). */
static int each_usdt(const struct skep_world *world, const char *binary, int pid,
		     const char *provider_glob, const char *glob, struct skep_diag *diag,
		     skep_world_usdt_fn fn, void *data)
{
	static const struct skep_usdt_arg sale[] = {
		{ .kind = SKEP_USDT_REG, .size = 4, .is_signed = true, .base = "ax" },
		{ .kind = SKEP_USDT_MEM, .size = 8, .base = "sp", .scale = 1, .value = 8 },
	};
	static const struct skep_usdt_arg odd[] = { { .size = 8 } };
	static const struct skep_world_usdt probes[] = {
		{ "/bin/demo", "shop", "sale", 0x1010, 0, 0x401010, "-4@%eax 8@8(%rsp)", sale, 2 },
		{ "/bin/demo", "shop", "sale", 0x1090, 0, 0x401090, "-4@%eax 8@8(%rsp)", sale, 2 },
		{ "/bin/demo", "shop", "gate", 0x1110, 0x3000, 0x401110, "", NULL, 0 },
		{ "/bin/demo", "shop", "odd", 0x1210, 0, 0x401210, "8f@%xmm0", odd, 1 },
	};
	int r = 0;

	if (!skep_streq(binary, "/bin/demo") && !(skep_streq(binary, "*") && pid))
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(probes) && r >= 0; i++)
		if (skep_glob_match(provider_glob, probes[i].provider) &&
		    skep_glob_match(glob, probes[i].name))
			r = fn(data, &probes[i]);
	return r;
}

static int user_offset(const struct skep_world *world, const char *binary, int pid,
		       uint64_t address, struct skep_diag *diag,
		       struct skep_world_symbol *ret_symbol)
{
	if (!skep_streq(binary, "/bin/demo"))
		return -ENOENT;
	if (address < 0x401000 || address >= 0x402000)
		return -ERANGE;
	*ret_symbol =
		(struct skep_world_symbol){ .module = "/bin/demo", .offset = address - 0x400000 };
	return 0;
}

static int kernel_symbol(const struct skep_world *world, const char *name, uint64_t *ret_address)
{
	static const char *const names[] = { "avenrun", "runqueues", "__per_cpu_offset" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (skep_streq(names[i], name)) {
			*ret_address = UINT64_C(0xffffffff81000000) + i * 0x1000;
			return 0;
		}
	}
	return -ENOENT;
}

static bool helper_allowed(const struct skep_world *world, uint32_t prog_type, uint32_t attach_type,
			   int32_t helper)
{
	return helper != self(world)->no_helper;
}

/* Only typed programs, and only those functions that have "lend" in their names. */
static bool kfunc_allowed(const struct skep_world *world, uint32_t prog_type, uint32_t attach_type,
			  uint32_t attach_btf_id, const char *name)
{
	return prog_type == SKEP_PROG_TRACING && strstr(name, "lend");
}

static int cgroup_id(const struct skep_world *world, const char *path, uint64_t *ret_id)
{
	if (!skep_streq(path, "/system.slice"))
		return -ENOENT;
	*ret_id = 42;
	return 0;
}

static const struct skep_world_interface interfaces[] = {
	{ "lo", 1, true },
	{ "eth0", 2, true },
	{ "tun0", 3, false },
};

static int interface(const struct skep_world *world, const char *name,
		     struct skep_world_interface *ret_interface)
{
	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++) {
		if (!skep_streq(interfaces[i].name, name))
			continue;
		*ret_interface = interfaces[i];
		return 0;
	}
	return -ENOENT;
}

static int each_interface(const struct skep_world *world, const char *glob, skep_world_name_fn fn,
			  void *data)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(interfaces) && r >= 0; i++)
		if (skep_glob_match(glob, interfaces[i].name))
			r = fn(data, interfaces[i].name);
	return r;
}

static int cgroup_dir(const struct skep_world *world, const char *path, const char **ret_dir)
{
	uint64_t id;
	int r = cgroup_id(world, path, &id);

	if (r == 0)
		*ret_dir = "/cgroup/system.slice";
	return r;
}

void world_file_open(struct world_file *f, const char *dir)
{
	char path[PATH_MAX];
	size_t size = 0;
	char *data;

	f->dir = dir;
	f->arena = skep_arena_new();
	f->features = UINT32_MAX;
	snprintf(path, sizeof(path), "%s/world.btf", dir);
	data = read_all(f->arena, path, &size);
	if (!data || skep_btf_parse(data, size, NULL, NULL, NULL, &f->btf) < 0) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	f->world = (struct skep_world){
		.data = f,
		.n_cpus = 4,
		.btf = f->btf,
		.has = has,
		.machine = true,
		.each_tracepoint = each_tracepoint,
		.tracepoint_format = tracepoint_format,
		.each_kernel_function = each_kernel_function,
		.each_user_function = each_user_function,
		.user_offset = user_offset,
		.each_usdt = each_usdt,
		.kernel_symbol = kernel_symbol,
		.helper_allowed = helper_allowed,
		.kfunc_allowed = kfunc_allowed,
		.interface = interface,
		.each_interface = each_interface,
		.cgroup_dir = cgroup_dir,
		.cgroup_id = cgroup_id,
	};
}

void world_file_close(struct world_file *f)
{
	skep_btf_free(f->btf);
	skep_arena_free(f->arena);
}
