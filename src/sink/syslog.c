/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as messages of syslog (RFC 5424), one datagram each: the fields are structured data, and the message's text as well.
 *
 *	<14>1 2026-01-31T12:00:00.123456Z host execsnoop 4711 exec [row@32473 pid="1" comm="sh"] pid=1 comm=sh
 *
 * Nothing is ever waited for: a message that the other side has no room for is counted as lost. What a network loses nobody
 * knows. 32473 is the number that RFC 5612 gives to whoever has none of his own.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "record/schema.h"
#include "sink/sink_priv.h"

#define MESSAGE_MAX 8192 /* bytes; longer ones are cut, or lost when their fields do not fit */
#define NAME_BYTES 32
#define HOST_BYTES 255

struct syslog_sink {
	struct skep_sink sink;
	int socket;
	struct sockaddr_un to; /* where it is, when it is no network's */
	char host[64];
	struct skep_str message;
	struct skep_deliver_counts counts;
};

/* A name as the header and parameters have it: printable, without what parts them. */
static void add_name(const char *name, size_t max, struct skep_str *out)
{
	size_t n = 0;

	for (; *name && n < max; name++, n++)
		skep_str_addc(out,
			      *name > ' ' && *name < 0x7f && !strchr("=]\"", *name) ? *name : '_');
	if (!n)
		skep_str_addc(out, '-');
}

/* @quoted: as a parameter's value. What is not UTF-8 becomes U+FFFD; a line stays one. */
static void add_text(const char *text, size_t len, bool quoted, struct skep_str *out)
{
	size_t n;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = skep_utf8_len(text + i, len - i);
		if (n == 0)
			skep_str_add(out, "\xef\xbf\xbd");
		else if (n == 1 && (unsigned char)text[i] < ' ')
			skep_str_addc(out, ' ');
		else if (quoted && strchr("\"\\]", text[i]))
			skep_str_addf(out, "\\%c", text[i]);
		else
			skep_str_addn(out, text + i, n);
	}
}

static void add_head(struct syslog_sink *s, const char *row, uint64_t time_ns)
{
	_cleanup_(skep_str_fini)
	struct skep_str time = {};
	char *end;

	/* Quoted, and with three digits more than there may be. */
	skep_json_time(time_ns, &time);
	end = strchr(skep_str_text(&time), '.');
	skep_str_addf(&s->message, "<14>1 %.*sZ ", end ? (int)(end + 6 - time.data) : 0,
		      time.data + 1);
	add_name(s->host, HOST_BYTES, &s->message);
	skep_str_addc(&s->message, ' ');
	add_name(s->sink.name, NAME_BYTES, &s->message);
	skep_str_addf(&s->message, " %d ", getpid());
	add_name(row, NAME_BYTES, &s->message);
	skep_str_add(&s->message, " [row@32473");
}

static int connect_unix(const struct sockaddr_un *to)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* The receiver may have begun anew, with a socket of the same name. */
static bool connect_again(struct syslog_sink *s)
{
	int fd;

	if (errno != ECONNREFUSED && errno != ENOTCONN)
		return false;
	fd = connect_unix(&s->to);
	if (fd < 0) {
		errno = -fd;
		return false;
	}
	close(s->socket);
	s->socket = fd;
	return true;
}

/* Nobody listens there: what was sent before is lost, as the network says only when more comes, or when it is asked. */
static void refuse_last(struct syslog_sink *s)
{
	if (!s->counts.delivered)
		return;
	s->counts.delivered--;
	s->counts.lost[SKEP_DELIVER_UNSENT]++;
	snprintf(s->counts.why, sizeof(s->counts.why), "--to syslog: nobody listens there");
}

static void send_message(struct syslog_sink *s)
{
	size_t len = s->message.len;
	ssize_t n;

	if (len > MESSAGE_MAX) {
		len = MESSAGE_MAX;
		while (((unsigned char)s->message.data[len] & 0xc0) == 0x80)
			len--;
	}
	s->counts.requests++;
	n = send(s->socket, s->message.data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && s->to.sun_family) {
		if (connect_again(s))
			n = send(s->socket, s->message.data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else if (n < 0 && errno == ECONNREFUSED) {
		refuse_last(s);
		n = send(s->socket, s->message.data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (n >= 0) {
		s->counts.delivered++;
		return;
	}
	s->counts.lost[SKEP_DELIVER_FULL]++;
	snprintf(s->counts.why, sizeof(s->counts.why), "--to syslog: %s", strerror(errno));
}

static void add_row(struct skep_sink *base, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver, uint64_t time_ns)
{
	struct syslog_sink *s = (struct syslog_sink *)base;
	_cleanup_(skep_str_fini)
	struct skep_str line = {}, value = {};
	bool mark = false;

	skep_str_reset(&s->message);
	add_head(s, schema->name, time_ns ? time_ns : skep_clock_ns(CLOCK_REALTIME));
	for (size_t i = 0; i < schema->n_fields; i++) {
		if (skep_field_is_none(&schema->fields[i], payload))
			continue;
		skep_str_reset(&value);
		skep_field_cell(&schema->fields[i], payload, resolver, &value);
		skep_str_addc(&s->message, ' ');
		add_name(schema->fields[i].name, NAME_BYTES, &s->message);
		skep_str_add(&s->message, "=\"");
		add_text(skep_str_text(&value), value.len, true, &s->message);
		skep_str_addc(&s->message, '"');
		skep_str_addf(&line, " %s=", schema->fields[i].name);
		add_text(skep_str_text(&value), value.len, false, &line);
	}
	skep_str_addc(&s->message, ']');
	if (s->message.len > MESSAGE_MAX) {
		s->counts.lost[SKEP_DELIVER_LARGE]++;
		return;
	}
	/* What is not ASCII says so by a byte order mark in front. */
	for (size_t i = 0; i < line.len && !mark; i++)
		mark = (line.data[i] & 0x80) != 0;
	skep_str_add(&s->message, mark ? " \xef\xbb\xbf" : " ");
	if (line.len)
		skep_str_addn(&s->message, line.data + 1, line.len - 1);
	send_message(s);
}

static int open_unix(struct syslog_sink *s, const char *path)
{
	if (strlen(path) >= sizeof(s->to.sun_path))
		return -ENAMETOOLONG;
	s->to.sun_family = AF_UNIX;
	strcpy(s->to.sun_path, path);
	return connect_unix(&s->to);
}

/* "HOST", "HOST:PORT", "[ADDRESS]:PORT". */
static int connect_udp(const char *at)
{
	struct addrinfo wish = { .ai_socktype = SOCK_DGRAM }, *found;
	bool bracket = *at == '[';
	const char *end = bracket ? strchr(at, ']') : strchr(at, ':');
	_cleanup_free_ char *host =
		end ? strndup(at + bracket, (size_t)(end - at) - bracket) : strdup(at);
	const char *colon = end ? strchr(end, ':') : NULL;
	int fd;

	if (!host || getaddrinfo(host, colon ? colon + 1 : "514", &wish, &found) != 0)
		return -EHOSTUNREACH;
	fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0)
		skep_closep(&fd);
	freeaddrinfo(found);
	return fd < 0 ? -EHOSTUNREACH : fd;
}

static int open_syslog(struct skep_sink *base, const char *arg, struct skep_diag *diag)
{
	struct syslog_sink *s = (struct syslog_sink *)base;
	struct utsname name;

	if (uname(&name) == 0)
		snprintf(s->host, sizeof(s->host), "%s", name.nodename);
	if (arg && skep_has_prefix(arg, "udp://"))
		s->socket = connect_udp(arg + strlen("udp://"));
	else if (!arg || skep_streq(arg, "unix") || *arg == '/')
		s->socket = open_unix(s, arg && *arg == '/' ? arg : "/dev/log");
	else
		s->socket = -EINVAL;
	if (s->socket >= 0)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "cannot send to syslog at %s: %s",
			arg ? arg : "/dev/log", strerror(-s->socket));
	skep_diag_hint(diag, "--to takes syslog, syslog=/PATH/OF/SOCKET and syslog=udp://HOST:514");
	return s->socket;
}

static void counts_of(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
	*ret_counts = ((struct syslog_sink *)base)->counts;
}

static void close_syslog(struct skep_sink *base, struct skep_deliver_counts *ret_counts)
{
	struct syslog_sink *s = (struct syslog_sink *)base;

	if (s->socket > 0) {
		int error = 0;
		socklen_t size = sizeof(error);

		(void)getsockopt(s->socket, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error == ECONNREFUSED && !s->to.sun_family)
			refuse_last(s);
		close(s->socket);
	}
	skep_str_fini(&s->message);
	*ret_counts = s->counts;
}

const struct skep_sink_kind skep_sink_syslog = {
	.name = "syslog",
	.size = sizeof(struct syslog_sink),
	.open = open_syslog,
	.row = add_row,
	.counts = counts_of,
	.close = close_syslog,
};
