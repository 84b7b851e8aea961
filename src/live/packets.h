/* SPDX-License-Identifier: Apache-2.0 */
/* Inside live: the pcap files of skboutput(), one for each name however many statements write to it. */
#pragma once

#include "live/session.h"

struct skep_packets; /* of a session */

/* Opens all files of the plan. An error is told at its statement. */
int skep_packets_open(struct skep_session *s) _must_check_;
/* The payload of a PACKET row: see plan.h. -EINVAL: it makes no sense. */
int skep_packets_add(struct skep_session *s, const struct skep_plan_action *action,
		     const uint8_t *payload, size_t len) _must_check_;
void skep_packets_flush(struct skep_session *s);
/* What could not be written is told. */
void skep_packets_close(struct skep_session *s);
