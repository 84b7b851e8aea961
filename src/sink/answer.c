/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define WHY_MAX 1024  /* of a message in JSON */
#define WORDS_MAX 160 /* bytes of what it says about a request as a whole */

/* Bytes that are read from the front. */
struct reader {
	const uint8_t *at, *end;
};

static bool varint(struct reader *r, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		uint8_t byte = *r->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* The next field: its number, and a value or bytes. False: the end, or nonsense. */
static bool next_field(struct reader *r, uint64_t *ret_number, uint64_t *ret_value,
		       struct reader *ret_bytes)
{
	uint64_t tag, len;

	if (!varint(r, &tag))
		return false;
	*ret_number = tag >> 3;
	*ret_value = 0;
	*ret_bytes = (struct reader){};
	switch (tag & 7) {
	case 0:
		return varint(r, ret_value);
	case 1:
		len = 8;
		break;
	case 5:
		len = 4;
		break;
	case 2:
		if (!varint(r, &len))
			return false;
		break;
	default:
		return false;
	}
	if (len > (uint64_t)(r->end - r->at))
		return false;
	*ret_bytes = (struct reader){ r->at, r->at + len };
	r->at += len;
	return true;
}

/* ExportXServiceResponse: 1 partial_success: 1 rejected items, 2 message. */
static uint64_t rejected_protobuf(struct reader r, struct skep_str *ret_why)
{
	struct reader bytes, text;
	uint64_t number, value, rejected = 0;

	while (next_field(&r, &number, &value, &bytes)) {
		if (number != 1)
			continue;
		while (bytes.at < bytes.end && next_field(&bytes, &number, &value, &text)) {
			if (number == 1)
				rejected = value;
			else if (number == 2 && text.at)
				skep_str_addn(ret_why, text.at, (size_t)(text.end - text.at));
		}
		break;
	}
	return rejected;
}

static bool is_rejected(const char *name)
{
	return skep_streq(name, "rejectedLogRecords") || skep_streq(name, "rejectedDataPoints") ||
	       skep_streq(name, "rejectedSpans");
}

/*
 * {"partialSuccess": {"rejectedLogRecords": "4", "errorMessage": "why"}}, or its members without it around them, as some receivers
 * have them. Whether it is well-formed to its end decides nothing: better a loss too many is told than none.
 */
static uint64_t rejected_json(struct skep_json *j, bool outer, struct skep_str *ret_why)
{
	uint64_t rejected = 0;
	char why[WHY_MAX];
	const char *name;

	if (!skep_json_enter(j, '{'))
		return 0;
	while ((name = skep_json_member(j))) {
		if (outer && skep_streq(name, "partialSuccess")) {
			rejected = rejected_json(j, false, ret_why);
		} else if (is_rejected(name)) {
			skep_json_u64(j, &rejected);
		} else if (skep_streq(name, "errorMessage") &&
			   skep_json_text(j, why, sizeof(why))) {
			skep_str_reset(ret_why);
			skep_str_add(ret_why, why);
		}
	}
	return MIN(rejected, (uint64_t)INT64_MAX);
}

uint64_t skep_answer_rejected(const uint8_t *bytes, size_t size, bool json,
			      struct skep_str *ret_why)
{
	struct skep_json j = skep_json((const char *)bytes, size);

	return json ? rejected_json(&j, true, ret_why)
		    : rejected_protobuf((struct reader){ bytes, bytes + size }, ret_why);
}

static void take_partial(const struct skep_http_answer *answer, enum skep_otlp_protocol protocol,
			 const char *url, struct skep_attempt *ret)
{
	_cleanup_(skep_str_fini)
	struct skep_str why = {};
	const uint8_t *bytes = (const uint8_t *)skep_str_text(&answer->body);
	size_t size = answer->body.len,
	       skip = protocol == SKEP_OTLP_GRPC ? MIN(size, (size_t)5) : 0;

	ret->n_lost = skep_answer_rejected(bytes + skip, size - skip,
					   protocol == SKEP_OTLP_HTTP_JSON, &why);
	ret->loss = SKEP_DELIVER_REJECTED;
	if (ret->n_lost || why.len)
		snprintf(ret->why, sizeof(ret->why), "%s: %s", url,
			 why.len ? skep_str_text(&why) : "some items were rejected");
}

static void refuse(uint64_t n_items, enum skep_deliver_loss loss, struct skep_attempt *ret)
{
	ret->n_lost = n_items;
	ret->loss = loss;
}

/* The field with this number of a message; false: it is not there. */
static bool find_field(struct reader message, uint64_t wanted, uint64_t *ret_value,
		       struct reader *ret_bytes)
{
	uint64_t number;

	while (next_field(&message, &number, ret_value, ret_bytes))
		if (number == wanted)
			return true;
	return false;
}

/* What the receiver says of it, in one line: google.rpc.Status, as JSON or protobuf, or a text for people. */
static void add_words(const struct skep_http_answer *answer, struct skep_str *out)
{
	const char *text = skep_str_text(&answer->body);
	struct skep_json j = skep_json(text, answer->body.len);
	struct reader all = { (const uint8_t *)text, (const uint8_t *)text + answer->body.len },
		      message = { all.at, all.end };
	char found[WORDS_MAX] = "";
	const char *name;
	uint64_t value;

	if (answer->location.len)
		skep_str_addf(out, ", which points to %s", skep_str_text(&answer->location));
	if (*text == '{' && skep_json_enter(&j, '{'))
		while ((name = skep_json_member(&j)))
			if (skep_streq(name, "message") && skep_json_text(&j, found, sizeof(found)))
				message = (struct reader){ (const uint8_t *)found,
							   (const uint8_t *)found + strlen(found) };
	if (strstr(skep_str_text(&answer->type), "protobuf") &&
	    !find_field(all, 2, &value, &message))
		return;
	if (message.at == message.end || strstr(skep_str_text(&answer->type), "html"))
		return;
	skep_str_add(out, ": ");
	for (size_t i = 0; i < WORDS_MAX && message.at + i < message.end; i++) {
		char c = (char)message.at[i];

		skep_str_addc(out, (unsigned char)c < ' ' || c == 0x7f ? ' ' : c);
	}
	while (out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

static void judge_http(const struct skep_http_answer *answer, uint64_t n_items, const char *url,
		       struct skep_attempt *ret)
{
	_cleanup_(skep_str_fini)
	struct skep_str words = {};

	add_words(answer, &words);
	snprintf(ret->why, sizeof(ret->why), "%s: HTTP status %ld%s", url, answer->status,
		 skep_str_text(&words));
	switch (answer->status) {
	case 429:
	case 502:
	case 503:
	case 504:
		ret->again = true;
		ret->pause_ms = answer->retry_after_ms;
		return;
	case 413:
		refuse(n_items, SKEP_DELIVER_LARGE, ret);
		return;
	default:
		refuse(n_items, SKEP_DELIVER_REJECTED, ret);
	}
}

/* google.rpc.Status: 3 details, Any: 1 type_url, 2 value; RetryInfo: 1 retry_delay, Duration: 1 seconds, 2 nanos. */
static int64_t retry_delay_ms(struct reader status)
{
	static const char type[] = "/google.rpc.RetryInfo";
	struct reader any, url, info, delay, none;
	uint64_t number, value, seconds, nanos;

	while (next_field(&status, &number, &value, &any)) {
		if (number != 3 || !find_field(any, 1, &value, &url) ||
		    !find_field(any, 2, &value, &info) ||
		    url.end - url.at < (ptrdiff_t)strlen(type) ||
		    memcmp(url.end - strlen(type), type, strlen(type)) != 0 ||
		    !find_field(info, 1, &value, &delay))
			continue;
		if (!find_field(delay, 1, &seconds, &none))
			seconds = 0;
		if (!find_field(delay, 2, &nanos, &none))
			nanos = 0;
		if ((int64_t)seconds < 0 || (int64_t)nanos < 0)
			return 0;
		return (int64_t)(MIN(seconds, SKEP_HTTP_PAUSE_MAX_MS / 1000) * 1000 +
				 MIN(nanos, (uint64_t)999999999) / 1000000);
	}
	return -1;
}

/* Whatever is no digit of base64 is passed over. */
static size_t from_base64(const char *text, uint8_t *bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t value = 0;
	unsigned bits = 0;
	size_t n = 0;

	for (; *text; text++) {
		const char *digit = strchr(digits, *text);

		if (!digit)
			continue;
		value = value << 6 | (uint32_t)(digit - digits);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		bytes[n++] = (uint8_t)(value >> bits);
	}
	return n;
}

int64_t skep_answer_retry_info(const char *details)
{
	_cleanup_free_ uint8_t *bytes = malloc(strlen(details) + 1);
	size_t n = bytes ? from_base64(details, bytes) : 0;

	return retry_delay_ms((struct reader){ bytes, bytes + n });
}

/* Codes of gRPC that may be tried again. RESOURCE_EXHAUSTED (8) may only when it says when. */
static bool again_grpc(int status)
{
	switch (status) {
	case 1:	 /* CANCELLED */
	case 4:	 /* DEADLINE_EXCEEDED */
	case 10: /* ABORTED */
	case 11: /* OUT_OF_RANGE */
	case 14: /* UNAVAILABLE */
	case 15: /* DATA_LOSS */
		return true;
	default:
		return false;
	}
}

void skep_answer_judge(const struct skep_http_answer *answer, enum skep_otlp_protocol protocol,
		       uint64_t n_items, const char *url, struct skep_attempt *ret)
{
	ret->pause_ms = -1;
	if (answer->status < 200 || answer->status > 299) {
		judge_http(answer, n_items, url, ret);
		return;
	}
	/* A page for people, as of a proxy that wants to know who it is. */
	if (skep_has_prefix(skep_str_text(&answer->type), "text/html")) {
		snprintf(ret->why, sizeof(ret->why),
			 "%s: answers with a page (text/html): this is no receiver of OTLP", url);
		refuse(n_items, SKEP_DELIVER_REJECTED, ret);
		return;
	}
	if (protocol != SKEP_OTLP_GRPC || answer->grpc_status == 0) {
		take_partial(answer, protocol, url, ret);
		return;
	}
	snprintf(ret->why, sizeof(ret->why), "%s: gRPC status %d %s", url, answer->grpc_status,
		 skep_str_text(&answer->grpc_message));
	ret->pause_ms = skep_answer_retry_info(skep_str_text(&answer->grpc_details));
	if (ret->pause_ms < 0)
		ret->pause_ms = answer->retry_after_ms;
	ret->again =
		again_grpc(answer->grpc_status) || (answer->grpc_status == 8 && ret->pause_ms >= 0);
	if (!ret->again)
		refuse(n_items,
		       strstr(skep_str_text(&answer->grpc_message), "larger than max")
			       ? SKEP_DELIVER_LARGE
			       : SKEP_DELIVER_REJECTED,
		       ret);
}
