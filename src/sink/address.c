/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"

/* Parts @arg; both are malloc'ed, *ret_host NULL: none is named. */
static int part(const char *arg, char **ret_host, char **ret_port, struct skep_diag *diag)
{
	const char *colon = strrchr(arg, ':'), *port = colon ? colon + 1 : arg, *host = arg;
	size_t len = colon ? (size_t)(colon - arg) : 0, digits = strspn(port, "0123456789");

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len)) {
		digits = 0; /* an address of IPv6 wants brackets */
	}
	if (!digits || port[digits] || digits > 5 || atoi(port) > 65535) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is no address to listen on", arg);
		skep_diag_hint(diag, "it is PORT, ADDRESS:PORT or [ADDRESS]:PORT");
		return -EINVAL;
	}
	*ret_host = len ? strndup(host, len) : NULL;
	*ret_port = strdup(port);
	if (!*ret_port || (len && !*ret_host))
		skep_oom();
	return 0;
}

static bool is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

static int listen_on(const struct addrinfo *a)
{
	_cleanup_close_ int fd =
		socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, 64) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static void tell_place(int fd, struct skep_str *out)
{
	struct sockaddr_storage at;
	socklen_t size = sizeof(at);
	char host[64], port[8];

	if (getsockname(fd, (struct sockaddr *)&at, &size) < 0 ||
	    getnameinfo((struct sockaddr *)&at, size, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	skep_str_addf(out, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* A variable of the environment that is not empty, or @otherwise. */
static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

int skep_address_listen(const char *arg, struct skep_str *ret_text, bool *ret_beyond,
			struct skep_diag *diag)
{
	struct addrinfo wish = { .ai_socktype = SOCK_STREAM }, *found;
	_cleanup_free_ char *host = NULL, *port = NULL, *set = NULL;
	int r, fd;

	if (!arg) {
		if (asprintf(&set, "%s:%s", variable("OTEL_EXPORTER_PROMETHEUS_HOST", ""),
			     variable("OTEL_EXPORTER_PROMETHEUS_PORT", SKEP_PROM_PORT)) < 0)
			skep_oom();
		arg = set;
	}
	r = part(arg, &host, &port, diag);
	if (r < 0)
		return r;
	r = getaddrinfo(host ? host : "127.0.0.1", port, &wish, &found);
	if (r) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot listen on %s: %s", arg, gai_strerror(r));
		return -EINVAL;
	}
	fd = listen_on(found);
	*ret_beyond = !is_loopback(found->ai_addr);
	freeaddrinfo(found);
	if (fd < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot listen on %s: %s", arg, strerror(-fd));
		skep_diag_hint(diag, "another port is given with --to prom=PORT; 0 is any that is "
				     "free");
		return fd;
	}
	tell_place(fd, ret_text);
	return fd;
}

static bool is_port(const char *text, size_t len)
{
	unsigned long port = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || i > 4)
			return false;
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	return port > 0 && port <= 65535;
}

bool skep_url_is_place(const char *url)
{
	const char *host = skep_has_prefix(url, "http://")    ? url + 7
			   : skep_has_prefix(url, "https://") ? url + 8
							      : NULL;
	const char *end, *user, *colon;
	size_t len;

	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	if (!host)
		return false;
	end = host + strcspn(host, "/?#");
	user = memrchr(host, '@', (size_t)(end - host));
	host = user ? user + 1 : host;
	if (*host == '[') {
		const char *bracket = memchr(host, ']', (size_t)(end - host));

		if (!bracket || bracket == host + 1)
			return false;
		return bracket + 1 == end ||
		       (bracket[1] == ':' && is_port(bracket + 2, (size_t)(end - bracket - 2)));
	}
	colon = memchr(host, ':', (size_t)(end - host));
	len = (size_t)((colon ? colon : end) - host);
	return len > 0 && (!colon || is_port(colon + 1, (size_t)(end - colon - 1)));
}
