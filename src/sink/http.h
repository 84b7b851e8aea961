/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: one POST and its answer. libcurl does it, opened on first use; connections stay open between requests, but
 * for those of gRPC.
 *
 *	struct skep_http *http;
 *	r = skep_http_open(&http);			// -ENOENT: there is no libcurl here
 *	r = skep_http_post(http, &request, &answer);	// 0: there is an answer, whatever its status
 *	skep_http_answer_fini(&answer);
 *	skep_http_close(http);
 *
 * For one thread. A static program (the edge build) has no libcurl: -ENOTSUP.
 */
#pragma once

#include "base/str.h"

#define SKEP_HTTP_ANSWER_MAX (4u << 20) /* bytes of a body; what is beyond is dropped */
#define SKEP_HTTP_HEADERS_MAX 64
#define SKEP_HTTP_PAUSE_MAX_MS (24 * 3600 * UINT64_C(1000)) /* nobody is waited for longer */

struct skep_http_request {
	const char *url;
	uint64_t timeout_ms;
	const char *ca_file, *cert_file,
		*key_file; /* PEM; NULL: the system's authorities, no certificate of ours */
	bool grpc;	   /* HTTP/2 without asking, and its trailers */
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	const void *body;
	size_t size;
};

struct skep_http_answer {
	long status;
	int64_t retry_after_ms; /* -1: it does not say */
	int grpc_status;	/* -1: none came */
	struct skep_str grpc_message;
	struct skep_str grpc_details; /* grpc-status-details-bin, as it came: base64 */
	struct skep_str type;	      /* Content-Type, "" when it does not say */
	struct skep_str location;     /* where it points to, or "" */
	struct skep_str body;
};

struct skep_http;

int skep_http_open(struct skep_http **ret_http) _must_check_;
void skep_http_close(struct skep_http *http); /* accepts NULL */

/*
 * -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH, -ECONNRESET: no answer, it may be tried again; -EINVAL: it never will work (the
 * address, a certificate). *@ret_why is static text or the library's, until the next call.
 */
int skep_http_post(struct skep_http *http, const struct skep_http_request *request,
		   struct skep_http_answer *ret_answer, const char **ret_why) _must_check_;
void skep_http_answer_fini(struct skep_http_answer *answer);

/* A Retry-After: seconds, or a date; milliseconds from @now on (seconds since 1970). -1: it is neither. */
int64_t skep_http_retry_after(const char *text, int64_t now);
