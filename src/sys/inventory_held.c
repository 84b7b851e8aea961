/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds programs, maps and links: processes by their files, and paths in file systems of type bpf. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sys/file.h"
#include "sys/inventory_files.h"

#define DEPTH_MAX 16
#define MOUNTS_BYTES_MAX (1u << 20)

static void add_holder(struct skep_inventory_kept *k, enum skep_inventory_kind kind, uint32_t id,
		       uint32_t pid, int fd)
{
	if (k->holders.len >= SKEP_INVENTORY_HOLDERS_MAX)
		k->left_out++;
	else
		skep_vec_add(&k->holders, (struct skep_inventory_holder){ kind, id, pid, fd });
}

static void take_record(void *data, const struct skep_file_record *record)
{
	if (record->kind <= SKEP_INVENTORY_PERF)
		add_holder(data, (enum skep_inventory_kind)record->kind, record->id, record->pid,
			   (int)record->fd);
}

/* --- in /proc --------------------------------------------------------------------------------- */

bool skep_inventory_kind_of(const char *link, enum skep_inventory_kind *ret_kind)
{
	/* A link that is opened by its file is called otherwise than one that was made. */
	static const struct {
		const char *name;
		enum skep_inventory_kind kind;
	} names[] = {
		{ "bpf-prog", SKEP_INVENTORY_PROG },
		{ "bpf-map", SKEP_INVENTORY_MAP },
		{ "bpf_link", SKEP_INVENTORY_LINK },
		{ "bpf-link", SKEP_INVENTORY_LINK },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(link, names[i].name)) {
			*ret_kind = names[i].kind;
			return true;
		}
	if (!strstr(link, "[perf_event]"))
		return false;
	*ret_kind = SKEP_INVENTORY_PERF;
	return true;
}

static bool number_after(const char *text, const char *key, uint32_t *ret_number)
{
	const char *at = strstr(text, key);

	if (at)
		*ret_number = (uint32_t)strtoul(at + strlen(key), NULL, 10);
	return at;
}

/* The program of a perf event: of those that trace something by name. */
static bool perf_prog(uint32_t pid, int fd, uint32_t *ret_id)
{
	struct skep_bpf_task_fd_query attr = { .pid = pid, .fd = (uint32_t)fd };

	if (skep_bpf(SKEP_BPF_TASK_FD_QUERY, &attr, sizeof(attr)) < 0)
		return false;
	*ret_id = attr.prog_id;
	return true;
}

static void look_at_descriptor(struct skep_inventory_kept *k, int proc, uint32_t pid, int fd)
{
	static const char *const keys[] = { "prog_id:", "map_id:", "link_id:" };
	_cleanup_free_ char *info = NULL;
	enum skep_inventory_kind kind;
	char path[64], link[128];
	uint32_t id;
	ssize_t n;

	snprintf(path, sizeof(path), "%u/fd/%d", pid, fd);
	n = readlinkat(proc, path, link, sizeof(link) - 1);
	if (n <= 0)
		return;
	link[n] = 0;
	if (!skep_has_prefix(link, "anon_inode:") || !skep_inventory_kind_of(link, &kind))
		return;
	if (kind == SKEP_INVENTORY_PERF) {
		if (perf_prog(pid, fd, &id))
			add_holder(k, kind, id, pid, fd);
		return;
	}
	snprintf(path, sizeof(path), "%u/fdinfo/%d", pid, fd);
	if (skep_file_read_at(proc, path, 4096, &info, NULL) == 0 &&
	    number_after(info, keys[kind], &id))
		add_holder(k, kind, id, pid, fd);
}

static void look_at_process(struct skep_inventory_kept *k, int proc, uint32_t pid)
{
	const struct dirent *e;
	char path[32];
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%u/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]))
			look_at_descriptor(k, proc, pid, atoi(e->d_name));
	closedir(dir);
}

static void look_at_proc(struct skep_inventory_kept *k)
{
	const struct dirent *e;
	DIR *dir = opendir("/proc");

	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]))
			look_at_process(k, dirfd(dir), (uint32_t)atoi(e->d_name));
	closedir(dir);
}

bool skep_inventory_take_holders(struct skep_inventory_kept *k)
{
	if (k->iter_fd < 0 && !k->iter_failed) {
		k->iter_fd = skep_files_open();
		k->iter_failed = k->iter_fd < 0;
	}
	if (k->iter_fd >= 0 && skep_files_read(k->iter_fd, take_record, k) == 0)
		return true;
	k->holders.len = 0;
	look_at_proc(k);
	return false;
}

/* --- pins ------------------------------------------------------------------------------------- */

static void look_at_pin(struct skep_inventory_kept *k, const char *path)
{
	/* All three kinds of objects have their id in one of the first two words. */
	struct {
		uint32_t words[64];
	} info = {};
	uint32_t size = sizeof(info);
	enum skep_inventory_kind kind;
	char self[64], link[128];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	if (k->pins.len >= SKEP_INVENTORY_PINS_MAX) {
		k->left_out++;
		return;
	}
	fd = skep_bpf_obj_get(path);
	if (fd < 0)
		return;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, link, sizeof(link) - 1);
	link[MAX(n, 0)] = 0;
	if (!skep_inventory_kind_of(link, &kind) || skep_bpf_obj_info(fd, &info, &size) < 0)
		return;
	skep_vec_add(&k->pins, (struct skep_inventory_pin){ kind, info.words[1],
							    skep_arena_strdup(k->arena, path) });
}

static void walk(struct skep_inventory_kept *k, const char *path, unsigned depth)
{
	const struct dirent *e;
	DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;

	if (!dir) {
		k->left_out += depth >= DEPTH_MAX;
		return;
	}
	while ((e = readdir(dir))) {
		char below[4096];

		if (e->d_name[0] == '.' ||
		    snprintf(below, sizeof(below), "%s/%s", path, e->d_name) >= (int)sizeof(below))
			continue;
		if (e->d_type == DT_DIR)
			walk(k, below, depth + 1);
		else if (e->d_type == DT_REG)
			look_at_pin(k, below);
	}
	closedir(dir);
}

void skep_inventory_take_pins(struct skep_inventory_kept *k)
{
	_cleanup_free_ char *mounts = NULL;
	char *line, *rest;

	if (skep_file_read("/proc/self/mounts", MOUNTS_BYTES_MAX, &mounts, NULL) < 0)
		return;
	for (line = strtok_r(mounts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *place = strchr(line, ' '), *type = place ? strchr(place + 1, ' ') : NULL;

		if (!type || !skep_has_prefix(type, " bpf "))
			continue;
		*type = 0;
		walk(k, place + 1, 0);
	}
}
