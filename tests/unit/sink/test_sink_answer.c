/* SPDX-License-Identifier: Apache-2.0 */
/* What answers of a receiver mean: delivered, again, lost, and how much of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "sink/answer.h"

static struct skep_attempt judged(long status, int grpc_status, const char *body, size_t len,
				  enum skep_otlp_protocol protocol)
{
	struct skep_http_answer answer = { .status = status,
					   .retry_after_ms = status == 429 ? 7000 : -1,
					   .grpc_status = grpc_status };
	struct skep_attempt a = {};

	skep_str_addn(&answer.body, body, len);
	skep_answer_judge(&answer, protocol, 10, "http://x/v1/logs", &a);
	skep_http_answer_fini(&answer);
	return a;
}

/* What the receiver says itself is told, however it says it; a page for people is no answer. */
static void test_words(void **state)
{
	static const struct {
		long status;
		const char *type, *body, *location, *why;
		uint64_t n_lost;
	} cases[] = {
		{ 401, "text/plain", "no token,\r\nsorry\n", "",
		  "http://x: HTTP status 401: no token,  sorry", 10 },
		{ 400, "application/json", "{\"code\": 3, \"message\": \"bad thing\"}", "",
		  "http://x: HTTP status 400: bad thing", 10 },
		{ 400, "application/x-protobuf",
		  "\x08\x03\x12\x09"
		  "bad thing",
		  "", "http://x: HTTP status 400: bad thing", 10 },
		{ 307, "text/html", "<html>", "https://y/v1/logs",
		  "http://x: HTTP status 307, which points to https://y/v1/logs", 10 },
		{ 404, "", "", "", "http://x: HTTP status 404", 10 },
		{ 200, "text/html; charset=utf-8", "<html>log in", "",
		  "http://x: answers with a page (text/html): this is no receiver of OTLP", 10 },
		{ 200, "application/json", "{}", "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct skep_http_answer answer = { .status = cases[i].status,
						   .retry_after_ms = -1,
						   .grpc_status = -1 };
		struct skep_attempt a = {};

		skep_str_add(&answer.type, cases[i].type);
		skep_str_add(&answer.location, cases[i].location);
		skep_str_add(&answer.body, cases[i].body);
		skep_answer_judge(&answer, SKEP_OTLP_HTTP_PROTOBUF, 10, "http://x", &a);
		skep_http_answer_fini(&answer);
		assert_string_equal(a.why, cases[i].why);
		assert_int_equal(a.n_lost, cases[i].n_lost);
	}
}

static void test_status(void **state)
{
	static const struct {
		long status;
		bool again;
		uint64_t n_lost;
		enum skep_deliver_loss loss;
	} cases[] = {
		{ 200, false, 0, 0 },
		{ 202, false, 0, 0 },
		{ 429, true, 0, 0 },
		{ 502, true, 0, 0 },
		{ 503, true, 0, 0 },
		{ 504, true, 0, 0 },
		{ 400, false, 10, SKEP_DELIVER_REJECTED },
		{ 401, false, 10, SKEP_DELIVER_REJECTED },
		{ 404, false, 10, SKEP_DELIVER_REJECTED },
		{ 413, false, 10, SKEP_DELIVER_LARGE },
		{ 500, false, 10, SKEP_DELIVER_REJECTED },
		{ 301, false, 10, SKEP_DELIVER_REJECTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct skep_attempt a = judged(cases[i].status, -1, "", 0, SKEP_OTLP_HTTP_PROTOBUF);

		assert_int_equal(a.again, cases[i].again);
		assert_int_equal(a.n_lost, cases[i].n_lost);
		if (a.n_lost)
			assert_int_equal(a.loss, cases[i].loss);
		assert_int_equal(a.pause_ms, cases[i].status == 429 ? 7000 : -1);
	}
}

static void test_partial(void **state)
{
	/* partial_success { rejected: 3, error_message: "no" } */
	static const char some[] = "\x0a\x06\x08\x03\x12\x02no";
	static const char json[] =
		"{\"partialSuccess\":{\"rejectedLogRecords\":\"4\",\"errorMessage\":\"why\"}}";
	static const char frame[] = "\0\0\0\0\x08\x0a\x06\x08\x03\x12\x02no";
	struct skep_attempt a;

	(void)state;
	a = judged(200, -1, some, sizeof(some) - 1, SKEP_OTLP_HTTP_PROTOBUF);
	assert_false(a.again);
	assert_int_equal(a.n_lost, 3);
	assert_non_null(strstr(a.why, "no"));
	a = judged(200, -1, json, sizeof(json) - 1, SKEP_OTLP_HTTP_JSON);
	assert_int_equal(a.n_lost, 4);
	assert_non_null(strstr(a.why, "why"));
	a = judged(200, 0, frame, sizeof(frame) - 1, SKEP_OTLP_GRPC);
	assert_int_equal(a.n_lost, 3);
	/* Cut anywhere it says less, and reads nothing behind. */
	for (size_t n = 0; n < sizeof(some); n++)
		judged(200, -1, some, n, SKEP_OTLP_HTTP_PROTOBUF);
	/* More than there were. */
	a = judged(200, -1, "{\"rejectedDataPoints\": 99999999999999999999}", 42,
		   SKEP_OTLP_HTTP_JSON);
	assert_false(a.again);
}

static void test_partial_json(void **state)
{
	static const struct {
		const char *body;
		uint64_t rejected;
		const char *why;
	} cases[] = {
		/* What looks like a member inside of a text is none. */
		{ "{\"partialSuccess\":{\"errorMessage\":\"the field \\\"rejected\\\": 7 is old\","
		  "\"rejectedLogRecords\":\"1\"}}",
		  1, "the field \"rejected\": 7 is old" },
		{ "{\"errorMessage\":\"the field \\\"rejected\\\": 7 is old\","
		  "\"rejectedLogRecords\":\"1\"}",
		  1, "the field \"rejected\": 7 is old" },
		{ " { \"partialSuccess\" : { \"rejectedSpans\" : 12 , \"errorMessage\" : \"\" } } ",
		  12, "" },
		{ "{\"partialSuccess\":{\"errorMessage\":\"\\u00e4\\ud83d\\ude00\\n\\ud800x\"}}", 0,
		  "\xc3\xa4\xf0\x9f\x98\x80\n\xef\xbf\xbdx" },
		/* Of something else. */
		{ "{\"x\":{\"rejectedSpans\":3},\"y\":[{\"rejectedSpans\":4}],\"z\":[]}", 0, "" },
		{ "{\"partialSuccess\":{\"x\":{\"rejectedSpans\":3},\"rejectedSpans\":2}}", 2, "" },
		{ "{\"partialSuccess\":{\"rejectedSpans\":null,\"errorMessage\":null}}", 0, "" },
		{ "{\"partialSuccess\":{\"rejectedSpans\":\"-3\"}}", 0, "" },
		{ "{\"rejectedSpans\":99999999999999999999}", INT64_MAX, "" },
		/* Nonsense. A number that is cut is none. */
		{ "", 0, "" },
		{ "{\"rejectedSpans\":12", 0, "" },
		{ "{\"rejectedSpans\":12,", 12, "" },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 0, "" },
		{ "<html>\"rejectedSpans\":3,</html>", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *body = cases[i].body;
		size_t len = strlen(body);
		_cleanup_(skep_str_fini)
		struct skep_str why = {};

		assert_int_equal(skep_answer_rejected((const uint8_t *)body, len, true, &why),
				 cases[i].rejected);
		assert_string_equal(skep_str_text(&why), cases[i].why);
		/* Cut anywhere, in a block of its own: nothing behind it is read. */
		for (size_t n = 1; n < len; n++) {
			_cleanup_free_ uint8_t *part = malloc(n);

			assert_non_null(part);
			memcpy(part, body, n);
			skep_str_reset(&why);
			skep_answer_rejected(part, n, true, &why);
		}
	}
}

static void test_grpc(void **state)
{
	static const int again[] = { 1, 4, 10, 11, 14, 15 },
			 never[] = { 2, 3, 5, 7, 8, 12, 13, 16 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(again); i++)
		assert_true(judged(200, again[i], "", 0, SKEP_OTLP_GRPC).again);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		struct skep_attempt a = judged(200, never[i], "", 0, SKEP_OTLP_GRPC);

		assert_false(a.again);
		assert_int_equal(a.n_lost, 10);
	}
}

static void test_retry_after(void **state)
{
	struct tm tm = { .tm_year = 126, .tm_mon = 10, .tm_mday = 28, .tm_hour = 12 };
	int64_t now = (int64_t)timegm(&tm);

	(void)state;
	assert_int_equal(skep_http_retry_after("0", now), 0);
	assert_int_equal(skep_http_retry_after("12", now), 12000);
	assert_int_equal(skep_http_retry_after("Sat, 28 Nov 2026 12:00:30 GMT", now), 30000);
	assert_int_equal(skep_http_retry_after("Sat, 28 Nov 2026 11:00:30 GMT", now), 0);
	assert_int_equal(skep_http_retry_after("999999999999", now), 86400000);
	assert_int_equal(skep_http_retry_after("", now), -1);
	assert_int_equal(skep_http_retry_after("-1", now), -1);
	assert_int_equal(skep_http_retry_after("soon", now), -1);
}

/* What gRPC's own code writes for google.rpc.Status with a RetryInfo of 2.5 s, and with another kind of detail. */
static void test_retry_info(void **state)
{
	static const char info[] =
		"CAgSCXNsb3cgZG93bho2Cih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuUmV0cnlJbmZvEgoKCAgCEIDKte4B",
			  other[] =
				  "CAgaLgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLkVycm9ySW5mbxICYWI=";
	struct skep_http_answer answer = { .status = 200, .retry_after_ms = -1, .grpc_status = 8 };
	struct skep_attempt a = {};

	(void)state;
	assert_int_equal(skep_answer_retry_info(info), 2500);
	assert_int_equal(skep_answer_retry_info(other), -1);
	assert_int_equal(skep_answer_retry_info(""), -1);
	for (size_t i = 0; i < sizeof(info); i++) {
		char cut[sizeof(info)];

		memcpy(cut, info, i);
		cut[i] = '\0';
		assert_true(skep_answer_retry_info(cut) <= 2500);
	}
	/* Only with it may RESOURCE_EXHAUSTED be tried again. */
	skep_answer_judge(&answer, SKEP_OTLP_GRPC, 10, "http://x", &a);
	assert_false(a.again);
	assert_int_equal(a.n_lost, 10);
	a = (struct skep_attempt){};
	skep_str_add(&answer.grpc_details, info);
	skep_answer_judge(&answer, SKEP_OTLP_GRPC, 10, "http://x", &a);
	assert_true(a.again);
	assert_int_equal(a.pause_ms, 2500);
	assert_int_equal(a.n_lost, 0);
	skep_http_answer_fini(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	   cmocka_unit_test(test_status),
		cmocka_unit_test(test_partial),	   cmocka_unit_test(test_partial_json),
		cmocka_unit_test(test_grpc),	   cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_retry_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
