/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inventory: every program, map and link that the kernel holds, where programs are attached, and who holds what.
 *
 *	ids of the kernel ──► progs, maps, links
 *	links, perf events, netlink, cgroups, maps of programs ──► places: where a program is run
 *	files of all processes (an iterator, else /proc), file systems of type bpf ──► holders, pins
 *
 * What of a program never changes (its name, what its instructions may do, memory) is read once and kept from one take to
 * the next. What vanishes while it is looked at is left out. The result is of the moment when it was taken, and lives until
 * the next take.
 *
 *	r = skep_inventory_new(&inv);
 *	r = skep_inventory_take(inv, &options, diag);
 *	for (size_t i = 0; i < inv->n_progs; i++)
 *		puts(inv->progs[i].name);
 *	skep_inventory_free(inv);
 *
 * Not seen: attachments to sockets (SO_ATTACH_BPF), lirc devices, and to interfaces of other network namespaces.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"

/* Bounds; what is beyond is counted in `left_out`. */
#define SKEP_INVENTORY_OBJECTS_MAX 100000 /* programs; maps; links */
#define SKEP_INVENTORY_HOLDERS_MAX 200000
#define SKEP_INVENTORY_PINS_MAX 20000
#define SKEP_INVENTORY_CGROUPS_MAX 10000

/* What a program may do to others, as its kind and the functions of the kernel that it calls allow. */
/* clang-format off */
#define SKEP_ABILITIES(X) \
	X(WRITE_USER, "write-user", "writes the memory of programs") \
	X(OVERRIDE, "override", "replaces what functions of the kernel return") \
	X(SIGNAL, "signal", "sends signals") \
	X(DROP, "drop", "decides which packets go on") \
	X(DENY, "deny", "decides what programs may do") \
	X(REDIRECT, "redirect", "sends packets elsewhere") \
	X(PACKET, "packet", "changes packets") \
	X(SOCKET, "socket", "changes sockets and their options") \
	X(REPLACE, "replace", "stands in for functions of the kernel") \
	X(BPF, "bpf", "loads programs")
/* clang-format on */

enum skep_ability {
#define SKEP_ABILITY_ROW_(constant, word, means) SKEP_CAN_##constant,
	SKEP_ABILITIES(SKEP_ABILITY_ROW_)
#undef SKEP_ABILITY_ROW_
	SKEP_N_ABILITIES,
};

const char *skep_ability_word(enum skep_ability ability);
const char *skep_ability_means(enum skep_ability ability);

#define SKEP_UNKNOWN UINT64_MAX

struct skep_inventory_prog {
	uint32_t id, type, uid;
	const char *name; /* whole, where its types tell it; "" when it has none */
	uint8_t tag[8];
	uint64_t loaded_ns;    /* since boot */
	uint64_t runs, run_ns; /* while statistics were on, since it was loaded */
	uint64_t misses;       /* SKEP_UNKNOWN: not counted on this kernel */
	uint32_t n_insns, native_bytes;
	uint64_t bytes; /* of memory; SKEP_UNKNOWN */
	uint32_t attach_btf_obj, attach_btf_id;
	const uint32_t *maps; /* ids */
	size_t n_maps;
	uint32_t can;	 /* bits of enum skep_ability */
	bool can_hidden; /* the kernel does not show what it calls: `can` is what its kind allows */
};

/* Where a program is run: by a link, or attached in one of the older ways. */
struct skep_inventory_place {
	uint32_t prog, link,
		map;	  /* ids; 0: none; of a map that holds programs, or sockets that run them */
	const char *kind; /* "kprobe", "tcx ingress", "tail call" */
	const char *
		text; /* "do_nanosleep", "eth0"; "" when all is said, or the kernel does not say more */
	uint64_t cgroup; /* its id, for those who know paths; 0: none */
};

struct skep_inventory_link {
	uint32_t id, type, prog;
	const char *kind; /* "perf_event" */
	uint64_t misses;  /* of kprobes; SKEP_UNKNOWN: not counted */
};

struct skep_inventory_map {
	uint32_t id, type, key_size, value_size, max_entries, flags;
	const char *name;
	uint64_t bytes; /* of memory; SKEP_UNKNOWN */
	uint64_t
		entries; /* in use, of a ring bytes; SKEP_UNKNOWN: not counted, or it makes no sense */
	bool more;	 /* and there are more: counting was broken off */
};

enum skep_inventory_kind {
	SKEP_INVENTORY_PROG,
	SKEP_INVENTORY_MAP,
	SKEP_INVENTORY_LINK,
	SKEP_INVENTORY_PERF, /* a perf event; the id is of its program */
};

/* A process with a descriptor of it. */
struct skep_inventory_holder {
	enum skep_inventory_kind kind;
	uint32_t id, pid;
	int fd;
};

struct skep_inventory_pin {
	enum skep_inventory_kind kind;
	uint32_t id;
	const char *path;
};

struct skep_inventory_options {
	const char *cgroups; /* where version 2 is mounted, or NULL */
	bool counts;	     /* entries of maps are counted */
};

struct skep_inventory {
	struct skep_inventory_prog *progs; /* ascending by id, as the others */
	size_t n_progs;
	struct skep_inventory_map *maps;
	size_t n_maps;
	struct skep_inventory_link *links;
	size_t n_links;
	struct skep_inventory_place *places; /* ascending by program */
	size_t n_places;
	struct skep_inventory_holder *holders; /* ascending by kind, id, process */
	size_t n_holders;
	struct skep_inventory_pin *pins; /* likewise */
	size_t n_pins;
	bool by_iterator;  /* holders were found by a program, not in /proc */
	uint64_t left_out; /* beyond a bound */
	struct skep_inventory_kept *kept;
};

int skep_inventory_new(struct skep_inventory **ret_inv) _must_check_;
/* -EPERM: it takes CAP_SYS_ADMIN to see what others loaded; the diag says so. */
int skep_inventory_take(struct skep_inventory *inv, const struct skep_inventory_options *options,
			struct skep_diag *diag) _must_check_;
void skep_inventory_free(struct skep_inventory *inv);
SKEP_DEFINE_CLEANUP(struct skep_inventory, skep_inventory_free)

/* NULL: none such. */
const struct skep_inventory_prog *skep_inventory_prog(const struct skep_inventory *inv,
						      uint32_t id);
const struct skep_inventory_map *skep_inventory_map(const struct skep_inventory *inv, uint32_t id);
/* The first of an object's holders, pins, of a program's places; *ret_n: how many follow each other. */
const struct skep_inventory_holder *skep_inventory_holders(const struct skep_inventory *inv,
							   enum skep_inventory_kind kind,
							   uint32_t id, size_t *ret_n);
const struct skep_inventory_pin *skep_inventory_pins(const struct skep_inventory *inv,
						     enum skep_inventory_kind kind, uint32_t id,
						     size_t *ret_n);
const struct skep_inventory_place *skep_inventory_places(const struct skep_inventory *inv,
							 uint32_t prog, size_t *ret_n);
