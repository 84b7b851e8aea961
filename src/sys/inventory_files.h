/* SPDX-License-Identifier: Apache-2.0 */
/* Inside sys: the files of all processes that belong to bpf(2), found by a program in the kernel. */
#pragma once

#include "obj/btf.h"
#include "sys/inventory_priv.h"

struct skep_file_record {
	uint32_t pid, fd;
	uint32_t kind; /* enum skep_inventory_kind */
	uint32_t id;
};

/* A link, to be read as often as wanted. Threads that share files come once. */
int skep_files_open(void) _must_check_;
int skep_files_read(int link, void (*each)(void *data, const struct skep_file_record *record),
		    void *data) _must_check_;
