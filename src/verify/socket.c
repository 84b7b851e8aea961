/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets in the stable views of programs: struct bpf_sock, bpf_tcp_sock and bpf_xdp_sock. Which fields may be read and how
 * wide is the kernel's UAPI; nothing can be written here.
 */
#include <errno.h>

#include "verify/walk.h"

/* Places in struct bpf_sock. */
enum {
	SOCK_TYPE = 8,
	SOCK_PRIORITY_END = 24,
	SOCK_SRC_IP4 = 24,
	SOCK_SRC_PORT = 44,
	SOCK_DST_PORT = 48,
	SOCK_DST_PORT_END = 50,
	SOCK_DST_IP4 = 52,
	SOCK_SIZE = 80,
};

/* Places in struct bpf_tcp_sock: all fields have 4 bytes but these two. */
enum {
	TCP_BYTES_RECEIVED = 80,
	TCP_BYTES_ACKED = 88,
	TCP_SIZE = 112,
};

#define XDP_SOCK_SIZE 4

/* A part of a field of 4 bytes: 1, 2 or 4 of them. */
static bool part_of_field(uint32_t size)
{
	return size <= 4;
}

static bool sock_allows(int64_t off, uint32_t size)
{
	/* mark and others in front are read whole, from their beginning; so is the second half of the port's room, never */
	if (off == 0 || off == 16 || off == 20)
		return size == 4;
	if (off >= SOCK_DST_PORT && off < SOCK_DST_PORT_END)
		return size == 4 ? off == SOCK_DST_PORT : size <= 2;
	if (off >= SOCK_DST_PORT_END && off < SOCK_DST_IP4)
		return false;
	if (off >= SOCK_SRC_IP4 && off < SOCK_SRC_PORT)
		return part_of_field(size);
	if (off >= SOCK_DST_IP4 && off < 72)
		return part_of_field(size);
	/* the others give parts only from their first byte on */
	return off % 4 == 0 ? part_of_field(size) : size == 4;
}

static bool tcp_allows(int64_t off, uint32_t size)
{
	return off == TCP_BYTES_RECEIVED || off == TCP_BYTES_ACKED ? size == 8 : size == 4;
}

static bool allows(enum skep_value_kind kind, int64_t off, uint32_t size)
{
	switch (kind) {
	case SKEP_VALUE_SOCK:
		return off < SOCK_SIZE && sock_allows(off, size);
	case SKEP_VALUE_SOCK_COMMON: /* what a request or a closing socket has as well */
		return off < SOCK_SIZE && !(off >= SOCK_TYPE && off < SOCK_PRIORITY_END) &&
		       sock_allows(off, size);
	case SKEP_VALUE_TCP_SOCK:
		return off < TCP_SIZE && tcp_allows(off, size);
	default:
		return off < XDP_SOCK_SIZE && size == 4;
	}
}

int skep_access_socket(struct skep_walk *walk, const struct skep_access *access,
		       const struct skep_value *pointer)
{
	int64_t off = (int64_t)pointer->off + access->off;

	if (access->direction == SKEP_WRITE)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "%s cannot be written", skep_value_kind_text(pointer));
	if (off >= 0 && off % access->size == 0 && allows(pointer->kind, off, access->size))
		return 0;
	skep_report(walk, SKEP_REASON_ACCESS, (int)access->reg,
		    "%u bytes at offset %lld of %s cannot be read so", access->size, (long long)off,
		    skep_value_kind_text(pointer));
	skep_report_hint(walk, "read whole fields of the structure that the kernel documents");
	return -EINVAL;
}
