/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/map_info.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys/bpf.h"
#include "sys/file.h"

#define BTF_MAX (64u << 20)
#define NAME_LEN 15 /* what the kernel keeps */

static int read_btf(uint32_t id, struct skep_btf **ret_btf)
{
	_cleanup_close_ int fd = skep_bpf_fd_by_id(SKEP_BPF_BTF_FD_BY_ID, id);
	struct skep_bpf_btf_info info = {};
	uint32_t size = sizeof(info);
	_cleanup_free_ void *data = NULL;
	int r = fd < 0 ? fd : skep_bpf_obj_info(fd, &info, &size);

	if (r < 0)
		return r;
	if (!info.btf_size || info.btf_size > BTF_MAX)
		return -EFBIG;
	data = malloc(info.btf_size);
	if (!data)
		return -ENOMEM;
	info = (struct skep_bpf_btf_info){ .btf = skep_bpf_ptr(data), .btf_size = info.btf_size };
	size = sizeof(info);
	r = skep_bpf_obj_info(fd, &info, &size);
	if (r == 0)
		r = skep_btf_parse(data, info.btf_size, NULL, skep_btf_release_malloc, NULL,
				   ret_btf);
	if (r == 0)
		(void)TAKE_PTR(data);
	return r;
}

/* The variable that the map was, whose name is the map's. */
static const char *whole_name(const struct skep_btf *btf, const char *name)
{
	uint32_t id = 0;

	if (!btf || strlen(name) < NAME_LEN)
		return name;
	while ((id = skep_btf_next(btf, id, SKEP_BTF_VAR)))
		if (skep_has_prefix(skep_btf_name(btf, id), name))
			return skep_btf_name(btf, id);
	return name;
}

static bool is_frozen(int fd)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (skep_file_read(path, 4096, &text, NULL) < 0)
		return false;
	at = strstr(text, "frozen:");
	return at && atoi(at + 7) == 1;
}

int skep_map_info_read(int fd, struct skep_map_info *ret_info)
{
	struct skep_bpf_map_info info = {};
	uint32_t size = sizeof(info);
	char name[17] = "";
	int r = skep_bpf_obj_info(fd, &info, &size);

	if (r < 0)
		return r;
	*ret_info = (struct skep_map_info){
		.id = info.id,
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
		.max_entries = info.max_entries,
		.flags = info.map_flags,
		.key_type = info.btf_key_type_id,
		.value_type = info.btf_value_type_id,
		.is_frozen = is_frozen(fd),
	};
	memcpy(name, info.name, sizeof(info.name));
	if (info.btf_id && read_btf(info.btf_id, &ret_info->btf) < 0)
		ret_info->btf = NULL;
	ret_info->name = strdup(whole_name(ret_info->btf, name));
	if (!ret_info->name) {
		skep_map_info_fini(ret_info);
		return -ENOMEM;
	}
	return 0;
}

void skep_map_info_fini(struct skep_map_info *info)
{
	free(info->name);
	skep_btf_free(info->btf);
	*info = (struct skep_map_info){};
}
