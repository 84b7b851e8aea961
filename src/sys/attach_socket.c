/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets. A filter (SEC("socket")) gets a packet socket of ours on the interface, for the program to look at what passes:
 * what it lets through lands in the socket's small buffer, which nobody reads, and changes nothing for others. A
 * sk_reuseport program belongs to a socket of another process, and so to its whole group.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "base/str.h"
#include "sys/explain.h"
#include "sys/kernel_priv.h"

/* Not in every header: include/uapi/asm-generic/socket.h. */
#define ATTACH_BPF 50
#define ATTACH_REUSEPORT_EBPF 52
#define DETACH_REUSEPORT_BPF 68

/* Bound last, so that no packet comes before the filter. */
static int open_filtered(int prog_fd, uint32_t ifindex)
{
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)ifindex,
	};
	int smallest = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &smallest, sizeof(smallest)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, ATTACH_BPF, &prog_fd, sizeof(prog_fd)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int skep_attach_socket(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       const struct skep_attach_target *t, struct skep_diag *diag)
{
	bool any = skep_streq(t->name, "any");
	uint32_t ifindex = any ? 0 : if_nametoindex(t->name);
	int r;

	if (!any && !ifindex) {
		skep_diag_error(diag, a->loc,
				"cannot attach %s: there is no network interface '%s'",
				a->probe ? a->probe : "the probe", t->name);
		return -ENODEV;
	}
	r = open_filtered(loaded->progs[a->prog].fd, ifindex);
	if (r >= 0)
		return skep_kernel_add_link(loaded, a->prog, r);
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
	return r;
}

/*
 * Groups of sockets that share a port.
 */

static int borrow_socket(const char *name)
{
	_cleanup_close_ int process = -1;
	int pid, number, fd;
	char rest;

	if (sscanf(name, "%d:%d%c", &pid, &number, &rest) != 2 || pid <= 0 || number < 0)
		return -EDOM;
	process = pidfd_open(pid, 0);
	fd = process < 0 ? -1 : pidfd_getfd(process, number, 0);
	return fd < 0 ? -errno : fd;
}

static void release_group(void *data)
{
	int fd = (int)(intptr_t)data, nothing = 0;

	(void)!setsockopt(fd, SOL_SOCKET, DETACH_REUSEPORT_BPF, &nothing, sizeof(nothing));
	close(fd);
}

int skep_attach_reuseport(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			  const struct skep_attach_target *t, struct skep_diag *diag)
{
	int prog_fd = loaded->progs[a->prog].fd, r;
	_cleanup_close_ int fd = borrow_socket(t->name);

	if (fd == -EDOM) {
		skep_diag_error(diag, a->loc, "cannot attach %s: '%s' is not PID:FD",
				a->probe ? a->probe : "the probe", t->name);
		skep_diag_hint(diag, "ss -tlnp shows which process has which socket: pid=…,fd=…");
		return -EINVAL;
	}
	r = fd < 0 ? fd : 0;
	if (r == 0 &&
	    setsockopt(fd, SOL_SOCKET, ATTACH_REUSEPORT_EBPF, &prog_fd, sizeof(prog_fd)) < 0)
		r = -errno;
	if (r == 0)
		return skep_kernel_add_undo(loaded, a->prog, release_group,
					    (void *)(intptr_t)TAKE_FD(fd));
	skep_explain_attach(SKEP_DIAG_ERROR, a, t->name, r, diag);
	if (r == -EBADF)
		skep_diag_hint(diag, "the process has no such descriptor open");
	else if (r == -ENOTSOCK || r == -EINVAL)
		skep_diag_hint(diag, "it has to be a socket with SO_REUSEPORT that is bound");
	return r;
}
