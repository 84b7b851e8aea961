/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/map_info.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys/bpf.h"
#include "sys/inventory_priv.h"
#include "sys/progs.h"

#define NAME_LEN 15 /* what the kernel keeps */

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
		.is_frozen = skep_inventory_fdinfo(fd, "frozen:") == 1,
	};
	memcpy(name, info.name, sizeof(info.name));
	if (info.btf_id && skep_progs_btf(info.btf_id, &ret_info->btf) < 0)
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
