/* SPDX-License-Identifier: Apache-2.0 */
/* Inside sys: how an inventory is taken. Each file of inventory_*.c finds one sort of things. */
#pragma once

#include "base/hash.h"
#include "base/vec.h"
#include "sys/bpf.h"
#include "sys/inventory.h"

/* What of a program never changes. */
struct skep_inventory_known {
	uint32_t id;
	uint64_t load_time;
	bool seen; /* in this take */
	bool can_hidden;
	uint32_t can;
	uint64_t bytes;
	char *name;
	uint32_t *maps;
	size_t n_maps;
};

/* What stays from one take to the next. */
struct skep_inventory_kept {
	struct skep_arena *arena; /* of the take */
	const struct skep_inventory_options *options;
	struct {
		SKEP_VEC(struct skep_inventory_known);
	} known; /* ascending by id */
	struct skep_calls *calls;
	int iter_fd;	     /* link of the iterator over files, or -1 */
	bool iter_failed;    /* it cannot be had here */
	uint32_t vmlinux_id; /* of the kernel's BTF object; 0: not asked yet */
	uint64_t budget;     /* entries of maps that may still be counted in this take */
	struct {
		SKEP_VEC(struct skep_inventory_prog);
	} progs;
	struct {
		SKEP_VEC(struct skep_inventory_map);
	} maps;
	struct {
		SKEP_VEC(struct skep_inventory_link);
	} links;
	struct {
		SKEP_VEC(struct skep_inventory_place);
	} places;
	struct {
		SKEP_VEC(struct skep_inventory_holder);
	} holders;
	struct {
		SKEP_VEC(struct skep_inventory_pin);
	} pins;
	uint64_t left_out;
};

/* inventory_can.c: the functions of the kernel that do something to others, by their addresses. */
struct skep_calls;
/* Never fails: with hidden addresses nothing is known of calls. */
struct skep_calls *skep_calls_new(void);
void skep_calls_free(struct skep_calls *calls);
uint32_t skep_calls_can(const struct skep_calls *calls, int prog_fd,
			const struct skep_bpf_prog_info *info, bool *ret_hidden);

/* inventory_link.c */
void skep_inventory_take_link(struct skep_inventory_kept *k, int fd);
void skep_inventory_add_place(struct skep_inventory_kept *k, uint32_t prog, uint32_t link,
			      const char *kind, const char *text);
/* A type of the kernel's, or of a module's with the name of that in front. @object: BTF, @id: in it. */
void skep_inventory_add_type(struct skep_inventory_kept *k, uint32_t object, uint32_t id,
			     struct skep_str *out);
/* inventory_map.c */
void skep_inventory_take_map(struct skep_inventory_kept *k, int fd);
/* inventory_held.c: holders and pins. */
bool skep_inventory_take_holders(struct skep_inventory_kept *k);
void skep_inventory_take_pins(struct skep_inventory_kept *k);
/* inventory_hook.c: places of programs that no link holds. After everything else. */
void skep_inventory_take_hooks(struct skep_inventory_kept *k);
/* inventory_net.c: traffic control and XDP, by netlink. */
void skep_inventory_take_net(struct skep_inventory_kept *k, bool filters);

/* The number behind @key ("memlock:") in what /proc says of a descriptor of ours; SKEP_UNKNOWN. */
uint64_t skep_inventory_fdinfo(int fd, const char *key);
/* What a descriptor of ours is; false: nothing of bpf(2). */
bool skep_inventory_kind_of(const char *link, enum skep_inventory_kind *ret_kind);
