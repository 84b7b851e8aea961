/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aim: where a program is attached, from text. The section of many programs says it (SEC("kprobe/vfs_read")); of others
 * it only says the kind (SEC("xdp")), and whoever runs the object has to say which interface, cgroup or map it shall be.
 *
 *	kind               place                                             when none is given
 *	tracepoint         sched/sched_switch                                of the section, as all down to usdt
 *	raw_tp, tp_btf     sched_switch
 *	fentry, lsm        vfs_read
 *	kprobe             vfs_read+0x10, tcp_*
 *	uprobe             /bin/bash:readline+4, libc.so.6:mall*, /bin/bash:0x1234
 *	usdt               /usr/bin/node:node:gc__start
 *	iter               pid:N, map:MAP, cgroup:DIR                        everything
 *	perf_event         profile:hz:99, software:page-faults:100, hardware:cache-misses   profile:hz:99
 *	xdp                eth0, eth0:generic, eth0:driver
 *	tc, tcx, netkit    eth0, then any of :ingress :egress :first :last :before=PROGRAM :after=PROGRAM
 *	netfilter          ipv4:local_in, ipv6:forward:-100, ipv4:pre_routing:-50:defrag
 *	socket             eth0, any
 *	sk_reuseport       PID:FD of a socket that shares its port
 *	sk_lookup, flow_dissector     a name of `ip netns`, a path, a PID    our own namespace
 *	sk_msg, sk_skb     MAP                                               the object's only map of sockets
 *	xdp/devmap         MAP:KEY:eth0
 *	xdp/cpumap         MAP:KEY:QUEUE-SIZE
 *	cgroup/…, sockops, lsm_cgroup  a directory of cgroup v2, its root is /
 *	lwt_…              a route as `ip route` has it: 10.1.0.0/16 dev eth0 via 10.0.0.1
 *	lirc_mode2         /dev/lirc0
 *	freplace           PROGRAM
 *	syscall                                                              attaching runs it once
 *	struct_ops                                                           the struct in .struct_ops.link that it is in
 *
 * PROGRAM is id:7, a path below /sys/fs/bpf, or a name that only one program has; MAP likewise, and the object's own maps
 * come first. An interface name never holds a colon, so what follows one is an option.
 *
 *	r = skep_spec_aim(&spec, prog, (const char *[]){ "eth0" }, 1, arena, diag);
 *	r = engine->load(...);		// afterwards: some places matter when it is loaded
 *
 * Nothing here asks a kernel: whether the place is there is found out when it is attached.
 */
#pragma once

#include "obj/section.h"

struct skep_arena;

/* What the place of such a program is, for people ("a network interface"); NULL: it has none. */
const char *skep_aim_wants(enum skep_attach_kind kind);

/*
 * Attaches program @prog of @spec to these places, and to none that its section names. @n_places 0: to what its section
 * names, or else to the default of its kind. -EINVAL: it is not such a place; -EDESTADDRREQ: there is no default, the diag
 * says what is wanted. @spec is left as it was then. A program without a section cannot be aimed.
 */
int skep_spec_aim(struct skep_spec *spec, uint32_t prog, const char *const *places, size_t n_places,
		  struct skep_arena *arena, struct skep_diag *diag) _must_check_;

/* For the reader of objects: one record for what stands behind the '/' of a section. */
int skep_aim_section(const struct skep_section_row *row, struct skep_spec_prog *prog,
		     uint32_t index, const char *text, struct skep_arena *arena,
		     struct skep_diag *diag, bool *ret_any,
		     struct skep_spec_attach *ret_attach) _must_check_;
