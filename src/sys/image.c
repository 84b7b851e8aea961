/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/str.h"
#include "obj/btf_format.h"
#include "sys/bpf.h"

#define BPF_FS 0xcafe4a11 /* statfs */
#define RECORDS_MAX 1000000u
#define MAPS_MAX 4096u
#define BTF_MAX (64u << 20)

static bool by_id(const char *name)
{
	return skep_has_prefix(name, "id:");
}

bool skep_image_is_name(const char *name)
{
	struct statfs fs;

	return by_id(name) || (statfs(name, &fs) == 0 && (uint32_t)fs.f_type == BPF_FS);
}

/* What a descriptor of the kernel's is, as /proc names it: "bpf-prog", "bpf-map", "bpf_link". */
static void name_of_kind(int fd, char ret_kind[32])
{
	char path[64], link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[MAX(n, 0)] = 0;
	snprintf(ret_kind, 32, "%.31s", strchr(link, ':') ? strchr(link, ':') + 1 : "something");
}

static int cannot_open(const char *name, const char *what, int r, struct skep_diag *diag)
{
	if (r == -ENOENT)
		skep_diag_error(diag, SKEP_NO_LOC, "there is no %s '%s' in the kernel", what, name);
	else
		skep_diag_error(diag, SKEP_NO_LOC, "cannot open the %s '%s': %s", what, name,
				strerror(-r));
	if (!skep_image_is_name(name) && access(name, F_OK) == 0)
		skep_diag_hint(diag,
			       "it is no file of a file system of type bpf, where %ss are kept",
			       what);
	else if (r == -EPERM || r == -EACCES)
		skep_diag_hint(diag, "what others loaded is shown to root only");
	return r;
}

/* @want: "prog" or "map". */
static int open_object(const char *name, enum skep_bpf_cmd cmd, const char *want,
		       struct skep_diag *diag)
{
	const char *what = skep_streq(want, "prog") ? "program" : want;
	_cleanup_close_ int fd = -1;
	char kind[32], *end;

	if (by_id(name)) {
		unsigned long id = strtoul(name + 3, &end, 10);

		if (!name[3] || *end || name[3] == '-' || id > UINT32_MAX) {
			skep_diag_error(diag, SKEP_NO_LOC, "'%s' is no id: it is written id:42",
					name);
			return -EINVAL;
		}
		fd = skep_bpf_fd_by_id(cmd, (uint32_t)id);
	} else {
		fd = skep_bpf_obj_get(name);
	}
	if (fd < 0)
		return cannot_open(name, what, fd, diag);
	name_of_kind(fd, kind);
	if (!skep_has_suffix(kind, want)) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' keeps a %s, not a %s", name,
				skep_has_suffix(kind, "prog")  ? "program"
				: skep_has_suffix(kind, "map") ? "map"
							       : "link",
				what);
		return -EINVAL;
	}
	return TAKE_FD(fd);
}

int skep_image_open(const char *name, struct skep_diag *diag)
{
	return open_object(name, SKEP_BPF_PROG_FD_BY_ID, "prog", diag);
}

int skep_image_open_map(const char *name, struct skep_diag *diag)
{
	return open_object(name, SKEP_BPF_MAP_FD_BY_ID, "map", diag);
}

static int read_btf(uint32_t id, struct skep_arena *arena, struct skep_image *image)
{
	_cleanup_close_ int fd = skep_bpf_fd_by_id(SKEP_BPF_BTF_FD_BY_ID, id);
	struct skep_bpf_btf_info info = {};
	uint32_t size = sizeof(info);
	void *data;
	int r = fd < 0 ? fd : skep_bpf_obj_info(fd, &info, &size);

	if (r == 0 && info.btf_size > BTF_MAX)
		r = -E2BIG;
	if (r < 0)
		return r;
	data = skep_arena_alloc(arena, info.btf_size);
	info = (struct skep_bpf_btf_info){ .btf = skep_bpf_ptr(data), .btf_size = info.btf_size };
	size = sizeof(info);
	r = skep_bpf_obj_info(fd, &info, &size);
	if (r == 0) {
		image->btf = data;
		image->btf_size = info.btf_size;
	}
	return r;
}

/* Room for all that the kernel said it has. */
struct room {
	struct skep_bpf_prog_info info;
	uint64_t *addresses;
	uint32_t *sizes;
	uint8_t *native;
};

static int make_room(const struct skep_bpf_prog_info *has, struct skep_arena *arena,
		     struct skep_image *image, struct room *room)
{
	if (has->xlated_len / sizeof(*image->insns) > SKEP_IMAGE_INSNS_MAX ||
	    has->jited_len > SKEP_IMAGE_NATIVE_MAX || has->nr_map_ids > MAPS_MAX ||
	    has->nr_func_info > RECORDS_MAX || has->nr_line_info > RECORDS_MAX ||
	    has->nr_jited_line_info > RECORDS_MAX || has->nr_jited_ksyms > RECORDS_MAX ||
	    has->nr_jited_func_lens > RECORDS_MAX)
		return -E2BIG;
	image->insns = skep_arena_alloc(arena, has->xlated_len);
	image->map_ids = skep_arena_calloc(arena, has->nr_map_ids, sizeof(*image->map_ids));
	image->funcs = skep_arena_calloc(arena, has->nr_func_info, sizeof(*image->funcs));
	image->lines = skep_arena_calloc(arena, has->nr_line_info, sizeof(*image->lines));
	image->native_lines =
		skep_arena_calloc(arena, has->nr_jited_line_info, sizeof(*image->native_lines));
	room->addresses = skep_arena_calloc(arena, has->nr_jited_ksyms, sizeof(*room->addresses));
	room->sizes = skep_arena_calloc(arena, has->nr_jited_func_lens, sizeof(*room->sizes));
	room->native = skep_arena_alloc(arena, has->jited_len);
	room->info = (struct skep_bpf_prog_info){
		.xlated_len = has->xlated_len,
		.xlated_insns = skep_bpf_ptr(image->insns),
		.jited_len = has->jited_len,
		.jited_insns = skep_bpf_ptr(room->native),
		.nr_map_ids = has->nr_map_ids,
		.map_ids = skep_bpf_ptr(image->map_ids),
		.nr_func_info = has->nr_func_info,
		.func_info_rec_size = sizeof(*image->funcs),
		.func_info = skep_bpf_ptr(image->funcs),
		.nr_line_info = has->nr_line_info,
		.line_info_rec_size = sizeof(*image->lines),
		.line_info = skep_bpf_ptr(image->lines),
		.nr_jited_line_info = has->nr_jited_line_info,
		.jited_line_info_rec_size = sizeof(*image->native_lines),
		.jited_line_info = skep_bpf_ptr(image->native_lines),
		.nr_jited_ksyms = has->nr_jited_ksyms,
		.jited_ksyms = skep_bpf_ptr(room->addresses),
		.nr_jited_func_lens = has->nr_jited_func_lens,
		.jited_func_lens = skep_bpf_ptr(room->sizes),
	};
	return 0;
}

/* The machine code lies one function behind the other. A kernel that hides it gives nothing. */
static void take_native(const struct room *room, struct skep_arena *arena, struct skep_image *image)
{
	const struct skep_bpf_prog_info *info = &image->info;
	size_t n = MIN(info->nr_jited_ksyms, info->nr_jited_func_lens);
	uint32_t at = 0;

	if (!info->jited_insns)
		return;
	image->natives = skep_arena_calloc(arena, n, sizeof(*image->natives));
	for (size_t i = 0; i < n && room->sizes[i] <= info->jited_len - at; i++) {
		image->natives[image->n_natives++] =
			(struct skep_image_native){ room->addresses[i], room->native + at,
						    room->sizes[i] };
		at += room->sizes[i];
	}
}

int skep_image_read(int fd, struct skep_arena *arena, struct skep_image *ret_image)
{
	struct skep_image image = {};
	struct skep_bpf_prog_info has = {};
	uint32_t size = sizeof(has);
	struct room room = {};
	int r = skep_bpf_obj_info(fd, &has, &size);

	if (r == 0)
		r = make_room(&has, arena, &image, &room);
	if (r < 0)
		return r;
	image.info = room.info;
	size = sizeof(image.info);
	r = skep_bpf_obj_info(fd, &image.info, &size);
	if (r < 0)
		return r;
	image.n_insns = image.info.xlated_insns
				? MIN(image.info.xlated_len, has.xlated_len) / sizeof(*image.insns)
				: 0;
	image.n_maps = MIN(image.info.nr_map_ids, has.nr_map_ids);
	image.n_funcs = MIN(image.info.nr_func_info, has.nr_func_info);
	image.n_lines = MIN(image.info.nr_line_info, has.nr_line_info);
	if (!image.info.jited_line_info || image.info.nr_jited_line_info != image.n_lines)
		image.native_lines = NULL;
	take_native(&room, arena, &image);
	if (image.info.btf_id && read_btf(image.info.btf_id, arena, &image) < 0)
		image.n_funcs = image.n_lines = 0;
	*ret_image = image;
	return 0;
}

const char *skep_image_text(const struct skep_image *image, uint32_t offset)
{
	struct skep_btf_header h;
	const char *strings;

	if (!image->btf || image->btf_size < sizeof(h))
		return "";
	memcpy(&h, image->btf, sizeof(h));
	if ((uint64_t)h.header_len + h.strings_off + h.strings_len > image->btf_size ||
	    offset >= h.strings_len)
		return "";
	strings = (const char *)image->btf + h.header_len + h.strings_off;
	return memchr(strings + offset, 0, h.strings_len - offset) ? strings + offset : "";
}
