/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receiver answers: partial success as protobuf and as JSON, and what gRPC says about the next try. The bytes lie in a
 * block of their own, so that what reads behind them is seen. What is told is a text and no more than int64 counts.
 */
#include <stdlib.h>
#include <string.h>

#include "sink/answer.h"

#define SIZE_MAX_FUZZED 8192
#define WHY_MAX_JSON 1100 /* the bound of the message, and a character */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *block = NULL;
	_cleanup_free_ char *details = NULL;
	_cleanup_(skep_str_fini)
	struct skep_str why = {};

	if (size > SIZE_MAX_FUZZED)
		return 0;
	block = malloc(size);
	details = strndup((const char *)data, size);
	if ((!block && size) || !details)
		return 0;
	if (size)
		memcpy(block, data, size);
	skep_answer_rejected(block, size, false, &why);
	skep_str_reset(&why);
	if (skep_answer_rejected(block, size, true, &why) > INT64_MAX ||
	    strlen(skep_str_text(&why)) != why.len || why.len > WHY_MAX_JSON)
		abort();
	if (skep_answer_retry_info(details) < -1)
		abort();
	return 0;
}
