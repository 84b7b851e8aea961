/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver's answer means for the items of a request. */
#pragma once

#include "sink/deliver.h"
#include "sink/http.h"
#include "sink/settings.h"

void skep_answer_judge(const struct skep_http_answer *answer, enum skep_otlp_protocol protocol,
		       uint64_t n_items, const char *url, struct skep_attempt *ret_attempt);
/* How long gRPC's RetryInfo in this base64 (grpc-status-details-bin) asks to wait, in milliseconds; -1: it has none. */
int64_t skep_answer_retry_info(const char *details);
/*
 * How many items an Export...Response says were rejected, of its partial_success; *ret_why receives its message. 0 also when
 * the bytes make no sense. For fuzzing as well: they come from outside.
 */
uint64_t skep_answer_rejected(const uint8_t *bytes, size_t size, bool json,
			      struct skep_str *ret_why);
