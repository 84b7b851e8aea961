/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "base/dl.h"

int64_t skep_http_retry_after(const char *text, int64_t now)
{
	struct tm tm = {};
	char *end;
	long long seconds;

	errno = 0;
	seconds = strtoll(text, &end, 10);
	if (end > text && !*end && !errno && seconds >= 0)
		return seconds > (int64_t)SKEP_HTTP_PAUSE_MAX_MS / 1000
			       ? (int64_t)SKEP_HTTP_PAUSE_MAX_MS
			       : seconds * 1000;
	/* RFC 9110, 5.6.7: the form that senders have to use. */
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return -1;
	seconds = (long long)timegm(&tm) - now;
	if (seconds <= 0)
		return 0;
	return seconds > (int64_t)SKEP_HTTP_PAUSE_MAX_MS / 1000 ? (int64_t)SKEP_HTTP_PAUSE_MAX_MS
								: seconds * 1000;
}

void skep_http_answer_fini(struct skep_http_answer *answer)
{
	skep_str_fini(&answer->type);
	skep_str_fini(&answer->location);
	skep_str_fini(&answer->body);
	skep_str_fini(&answer->grpc_message);
	skep_str_fini(&answer->grpc_details);
}

#ifdef SKEP_HAVE_CURL
#include <curl/curl.h>

/* In the order of the names below. */
static struct {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
	CURLcode (*easy_perform)(CURL *curl);
	CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
	void (*easy_cleanup)(CURL *curl);
	const char *(*easy_strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
} curl;
static const char *const curl_names[] = {
	"curl_global_init",   "curl_easy_init",	   "curl_easy_setopt",
	"curl_easy_perform",  "curl_easy_getinfo", "curl_easy_cleanup",
	"curl_easy_strerror", "curl_slist_append", "curl_slist_free_all",
};
static struct skep_dl curl_dl = SKEP_DL("libcurl.so.4", "libcurl4");

struct skep_http {
	CURL *easy;
	char why[CURL_ERROR_SIZE];
};

static size_t take_body(char *bytes, size_t size, size_t n, void *data)
{
	struct skep_http_answer *answer = data;
	size_t room = SKEP_HTTP_ANSWER_MAX - answer->body.len;

	skep_str_addn(&answer->body, bytes, MIN(size * n, room));
	return size * n;
}

/* The value of a header called @name, without the blanks around it; false: it is another one. */
static bool header_value(const char *line, size_t len, const char *name, struct skep_str *out)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return false;
	line += n + 1;
	len -= n + 1;
	for (; len && (*line == ' ' || *line == '\t'); line++)
		len--;
	for (; len && strchr("\r\n \t", line[len - 1]);)
		len--;
	skep_str_addn(out, line, len);
	return true;
}

/* Headers, and of gRPC the trailers. */
static size_t take_header(char *line, size_t size, size_t n, void *data)
{
	struct skep_http_answer *answer = data;
	_cleanup_(skep_str_fini)
	struct skep_str value = {};

	if (header_value(line, size * n, "retry-after", &value))
		answer->retry_after_ms = skep_http_retry_after(skep_str_text(&value), time(NULL));
	else if (header_value(line, size * n, "content-type", &value))
		skep_str_add(&answer->type, skep_str_text(&value));
	else if (header_value(line, size * n, "location", &value))
		skep_str_add(&answer->location, skep_str_text(&value));
	else if (header_value(line, size * n, "grpc-status", &value))
		answer->grpc_status = atoi(skep_str_text(&value));
	else if (header_value(line, size * n, "grpc-message", &value))
		skep_str_add(&answer->grpc_message, skep_str_text(&value));
	else if (header_value(line, size * n, "grpc-status-details-bin", &value))
		skep_str_add(&answer->grpc_details, skep_str_text(&value));
	return size * n;
}

#define SET(http, option, value) ((void)curl.easy_setopt((http)->easy, CURLOPT_##option, (value)))

/* What is the same for all requests. */
static void set_options(struct skep_http *http)
{
	SET(http, NOSIGNAL, 1L);
	SET(http, ERRORBUFFER, http->why);
	SET(http, WRITEFUNCTION, take_body);
	SET(http, HEADERFUNCTION, take_header);
	SET(http, POST, 1L);
	SET(http, USERAGENT, "skep/" SKEP_VERSION);
}

static void set_request(struct skep_http *http, const struct skep_http_request *q)
{
	SET(http, URL, q->url);
	SET(http, POSTFIELDS, q->body);
	SET(http, POSTFIELDSIZE_LARGE, (curl_off_t)q->size);
	SET(http, TIMEOUT_MS, (long)q->timeout_ms);
	SET(http, HTTP_VERSION,
	    q->grpc ? (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : (long)CURL_HTTP_VERSION_1_1);
	/* libcurl 7.88 (Debian 12) has an error in the second request over a connection of HTTP/2. */
	SET(http, FORBID_REUSE, (long)q->grpc);
	if (q->ca_file)
		SET(http, CAINFO, q->ca_file);
	SET(http, SSLCERT, q->cert_file);
	SET(http, SSLKEY, q->key_file);
}

int skep_http_open(struct skep_http **ret_http)
{
	int r = skep_dl_open(&curl_dl, curl_names, ARRAY_SIZE(curl_names), &curl);
	struct skep_http *http;

	if (r < 0)
		return r;
	http = calloc(1, sizeof(*http));
	if (!http)
		return -ENOMEM;
	curl.global_init(CURL_GLOBAL_DEFAULT);
	http->easy = curl.easy_init();
	if (!http->easy) {
		free(http);
		return -ENOMEM;
	}
	set_options(http);
	*ret_http = http;
	return 0;
}

void skep_http_close(struct skep_http *http)
{
	if (!http)
		return;
	curl.easy_cleanup(http->easy);
	free(http);
}

static int error_of(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return -EHOSTUNREACH;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_PEER_FAILED_VERIFICATION:
		return -EINVAL;
	default:
		return -ECONNRESET;
	}
}

int skep_http_post(struct skep_http *http, const struct skep_http_request *request,
		   struct skep_http_answer *ret_answer, const char **ret_why)
{
	struct skep_http_answer answer = { .retry_after_ms = -1, .grpc_status = -1 };
	struct curl_slist *headers = NULL;
	CURLcode code;

	/* No question whether the body may come: that costs a round trip. */
	headers = curl.slist_append(headers, "Expect:");
	for (size_t i = 0; i < request->n_headers; i++)
		headers = curl.slist_append(headers, request->headers[i]);
	http->why[0] = '\0';
	set_request(http, request);
	SET(http, HTTPHEADER, headers);
	SET(http, WRITEDATA, &answer);
	SET(http, HEADERDATA, &answer);
	code = curl.easy_perform(http->easy);
	curl.slist_free_all(headers);
	SET(http, HTTPHEADER, NULL);
	if (code != CURLE_OK) {
		skep_http_answer_fini(&answer);
		*ret_why = http->why[0] ? http->why : curl.easy_strerror(code);
		return error_of(code);
	}
	curl.easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &answer.status);
	*ret_answer = answer;
	return 0;
}
#else
struct skep_http {
	int nothing;
};

int skep_http_open(struct skep_http **ret_http)
{
	return -ENOTSUP;
}

void skep_http_close(struct skep_http *http)
{
}

int skep_http_post(struct skep_http *http, const struct skep_http_request *request,
		   struct skep_http_answer *ret_answer, const char **ret_why)
{
	return -ENOTSUP;
}
#endif
