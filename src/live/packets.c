/* SPDX-License-Identifier: Apache-2.0 */
#include "live/packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "live/pcap.h"

struct packet_file {
	const struct skep_plan_action *action; /* the first one */
	struct skep_pcap *pcap;
};

struct skep_packets {
	SKEP_VEC(struct packet_file);
};

static struct packet_file *find(struct skep_packets *p, const char *path)
{
	for (size_t i = 0; p && i < p->len; i++)
		if (skep_streq(p->data[i].action->text, path))
			return &p->data[i];
	return NULL;
}

static int cannot(struct skep_session *s, const struct skep_plan_action *action, int error)
{
	skep_diag_error(s->diag, action->loc, "cannot write packets to '%s': %s", action->text,
			strerror(-error));
	return error;
}

static int open_one(struct skep_session *s, const struct skep_plan_action *action)
{
	struct packet_file file = { .action = action };
	int r;

	if (!s->packets)
		s->packets = calloc(1, sizeof(*s->packets));
	if (!s->packets)
		return -ENOMEM;
	r = skep_pcap_open(action->text, &file.pcap);
	if (r < 0)
		return cannot(s, action, r);
	skep_vec_add(s->packets, file);
	return 0;
}

/* What is in the files stays until all of them can be written. */
int skep_packets_open(struct skep_session *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->plan->n_actions; i++) {
		const struct skep_plan_action *action = &s->plan->actions[i];

		if (action->kind == SKEP_ACTION_PACKET && !find(s->packets, action->text))
			r = open_one(s, action);
	}
	for (size_t i = 0; r == 0 && s->packets && i < s->packets->len; i++) {
		r = skep_pcap_begin(s->packets->data[i].pcap);
		if (r < 0)
			r = cannot(s, s->packets->data[i].action, r);
	}
	return r;
}

int skep_packets_add(struct skep_session *s, const struct skep_plan_action *action,
		     const uint8_t *payload, size_t len)
{
	struct packet_file *file = find(s->packets, action->text);
	uint32_t wire_len, have;
	uint64_t boot_ns;

	if (!file || len < SKEP_PACKET_HEAD)
		return -EINVAL;
	memcpy(&boot_ns, payload, sizeof(boot_ns));
	memcpy(&wire_len, payload + 8, sizeof(wire_len));
	memcpy(&have, payload + 12, sizeof(have));
	if (have > len - SKEP_PACKET_HEAD)
		return -EINVAL;
	/* An error stays with the file and is told when it is closed. */
	(void)!skep_pcap_add(file->pcap, boot_ns + (uint64_t)s->clock_offset_ns,
			     payload + SKEP_PACKET_HEAD, have, wire_len);
	return 0;
}

void skep_packets_flush(struct skep_session *s)
{
	for (size_t i = 0; s->packets && i < s->packets->len; i++)
		skep_pcap_flush(s->packets->data[i].pcap);
}

void skep_packets_close(struct skep_session *s)
{
	if (!s->packets)
		return;
	for (size_t i = 0; i < s->packets->len; i++) {
		const struct packet_file *file = &s->packets->data[i];
		int r = skep_pcap_close(file->pcap);

		if (r < 0)
			skep_diag_warn(s->diag, file->action->loc,
				       "packets are missing in '%s': %s", file->action->text,
				       strerror(-r));
	}
	skep_vec_fini(s->packets);
	free(s->packets);
	s->packets = NULL;
}
