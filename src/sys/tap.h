/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tap: copies of the packets of one UDP port, on all interfaces of the network namespace that the caller is in, both ways.
 *
 *	r = skep_tap_open(53, &fd);		// readable when there is one
 *	n = skep_tap_read(fd, buffer, sizeof(buffer));
 *
 * What loops back to this machine comes once. A packet begins with its IP header, whatever interface it is of. It needs CAP_NET_RAW, changes nothing and is gone with the
 * descriptor. The kernel runs a filter of a dozen instructions on each packet as long as the tap is open. Of IPv6, packets with
 * extension headers are not among them, of IPv4 no later piece of one.
 */
#pragma once

#include "base/macros.h"

int skep_tap_open(uint16_t port, int *ret_fd) _must_check_;
/* Bytes of the next packet, as many as there is room for; 0: none waits. */
size_t skep_tap_read(int fd, void *buffer, size_t size);
/* Packets that found no room since the last time that this was asked. */
uint64_t skep_tap_lost(int fd);
