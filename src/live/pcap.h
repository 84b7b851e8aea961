/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets in pcap files, as tcpdump and Wireshark read them: times in nanoseconds, link type RAW (a packet begins with its IP
 * header).
 *
 *	r = skep_pcap_open("out.pcap", &pcap);
 *	r = skep_pcap_begin(pcap);
 *	r = skep_pcap_add(pcap, realtime_ns, bytes, len, len_on_the_wire);
 *	r = skep_pcap_close(pcap);		// the first error of any write
 *
 * A file that is there is replaced when it begins: of several, all can be opened first.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct skep_pcap;

int skep_pcap_open(const char *path, struct skep_pcap **ret_pcap) _must_check_;
/* Empties the file. */
int skep_pcap_begin(struct skep_pcap *pcap) _must_check_;
int skep_pcap_add(struct skep_pcap *pcap, uint64_t realtime_ns, const void *bytes, uint32_t len,
		  uint32_t wire_len) _must_check_;
/* What was added so far is in the file afterwards. */
int skep_pcap_flush(struct skep_pcap *pcap);
int skep_pcap_close(struct skep_pcap *pcap); /* accepts NULL */
