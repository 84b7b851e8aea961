/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map that is in the kernel: what it is, the types that came with it, and its whole name, of which the kernel keeps 15
 * bytes.
 *
 *	fd = skep_image_open_map("id:17", diag);
 *	r = skep_map_info_read(fd, &info);
 *	skep_typed_field(info.btf, info.key_type, ...);
 *	skep_map_info_fini(&info);
 *
 * Types are a comfort: a map without them, or with such as this reader does not know, has btf NULL.
 */
#pragma once

#include "obj/btf.h"

struct skep_map_info {
	uint32_t id, type, key_size, value_size, max_entries, flags;
	char *name;
	struct skep_btf *btf; /* or NULL */
	uint32_t key_type, value_type;
	bool is_frozen; /* user space cannot write it any more */
};

int skep_map_info_read(int fd, struct skep_map_info *ret_info) _must_check_;
void skep_map_info_fini(struct skep_map_info *info);
