/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/named.h"

#include <errno.h>
#include <string.h>

#include "sys/bpf.h"
#include "sys/image.h"

#define NAME_BYTES 15 /* of a name, as the kernel keeps it */

/* What differs between the two. */
struct kind {
	const char *what;
	enum skep_bpf_cmd next, open;
};

static const struct kind prog_kind = { "program", SKEP_BPF_PROG_NEXT_ID, SKEP_BPF_PROG_FD_BY_ID };
static const struct kind map_kind = { "map", SKEP_BPF_MAP_NEXT_ID, SKEP_BPF_MAP_FD_BY_ID };

static void name_of(const struct kind *kind, int fd, char out[16])
{
	struct skep_bpf_prog_info prog = {};
	struct skep_bpf_map_info map = {};
	bool is_prog = kind == &prog_kind;
	uint32_t size = is_prog ? sizeof(prog) : sizeof(map);
	int r = skep_bpf_obj_info(fd, is_prog ? (void *)&prog : &map, &size);

	memcpy(out, is_prog ? prog.name : map.name, 16);
	if (r < 0)
		*out = 0;
}

/* Functions of objects have longer names than the kernel keeps. */
static bool is_called(const struct kind *kind, int fd, const char *name)
{
	char theirs[16];

	name_of(kind, fd, theirs);
	return *theirs && !strncmp(theirs, name, NAME_BYTES);
}

static int find(const struct kind *kind, const char *name, struct skep_diag *diag)
{
	_cleanup_close_ int found = -1;
	uint32_t id = 0;
	int r;

	while ((r = skep_bpf_next_id(kind->next, id, &id)) == 0) {
		_cleanup_close_ int fd = skep_bpf_fd_by_id(kind->open, id);

		if (fd < 0 || !is_called(kind, fd, name))
			continue;
		if (found >= 0) {
			skep_diag_error(diag, SKEP_NO_LOC, "more than one %s is called '%s'",
					kind->what, name);
			skep_diag_hint(diag, "say which: id:N (skep ps, bpftool %s show)",
				       kind == &prog_kind ? "prog" : "map");
			return -EEXIST;
		}
		found = TAKE_FD(fd);
	}
	if (found < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "no %s in the kernel is called '%s'", kind->what,
				name);
		return r == -EPERM ? r : -ENOENT;
	}
	return TAKE_FD(found);
}

int skep_named_prog(const char *name, struct skep_diag *diag)
{
	return skep_image_is_name(name) ? skep_image_open(name, diag)
					: find(&prog_kind, name, diag);
}

int skep_named_map(const char *name, struct skep_diag *diag)
{
	return skep_image_is_name(name) ? skep_image_open_map(name, diag)
					: find(&map_kind, name, diag);
}
