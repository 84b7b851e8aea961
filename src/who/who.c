/* SPDX-License-Identifier: Apache-2.0 */
#include "who/who.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sys/groups.h"
#include "sys/tap.h"
#include "who/cgroup.h"
#include "who/dns.h"
#include "who/tables.h"
#include "who/users.h"
#include "who/who_priv.h"

#define SHORT_ID 12
#define DNS_PACKET_MAX 9000 /* of a longer one the end is missing, which makes it a bad one */

/* The name of a probe, or what stands behind its last colon when the value is so marked. */
static void probe(void *data, uint64_t value, struct skep_str *out)
{
	const struct skep_who_options *o = &((struct skep_who *)data)->options;
	uint64_t index = value & ~(uint64_t)SKEP_PROBE_FUNC;
	const char *name = index < o->n_probe_names ? o->probe_names[index] : NULL, *colon;

	if (!name) {
		skep_str_addf(out, "probe %" PRIu64, index);
		return;
	}
	if (value & SKEP_PROBE_FUNC && o->probe_funcs && o->probe_funcs[index]) {
		skep_str_add(out, o->probe_funcs[index]);
		return;
	}
	colon = value & SKEP_PROBE_FUNC ? strrchr(name, ':') : NULL;
	skep_str_add(out, colon ? colon + 1 : name);
}

static void username(void *data, uint32_t uid, struct skep_str *out)
{
	const char *name = skep_user_name(uid);

	if (name)
		skep_str_add(out, name);
	else
		skep_str_addf(out, "%" PRIu32, uid);
}

static void cgroup_path(void *data, uint64_t id, struct skep_str *out)
{
	struct skep_who *who = data;
	const struct skep_place *place = NULL;

	if (skep_cgroup_path(id, out) >= 0)
		return;
	if (who->groups)
		place = skep_places_by_id(&who->processes.places, "", id);
	if (place)
		skep_str_add(out, place->path);
	else
		skep_str_addf(out, "cgroup %" PRIu64, id);
}

static void cgroup_label(void *data, uint64_t id, unsigned what, struct skep_str *out)
{
	struct skep_who *who = data;
	const struct skep_place *place = skep_places_by_id(&who->processes.places, "", id);

	if (!what || !place)
		skep_places_label(&who->processes.places, "", id, out);
	else if (what == 2 && place->is_id)
		skep_str_addn(out, place->id, MIN(strlen(place->id), (size_t)SHORT_ID));
	else
		skep_str_add(out, what == 1 ? place->image : place->id);
}

static void process(void *data, const struct skep_process *process, enum skep_process_what what,
		    struct skep_str *out)
{
	struct skep_who *who = data;

	skep_process_add(&who->processes, "", process, what, out);
}

/* Cgroups that come and go */

static void learn_group(void *data, const struct skep_group_news *news, bool is_v1)
{
	struct skep_who *who = data;

	skep_places_learn(&who->processes.places, "", news->id | (is_v1 ? SKEP_PLACE_V1 : 0),
			  news->path, news->maker);
}

static void catch_up(void *data)
{
	struct skep_who *who = data;

	skep_groups_read(who->groups, learn_group, who);
}

int skep_who_groups_fd(const struct skep_who *who)
{
	return who->groups ? skep_groups_fd(who->groups) : -1;
}

void skep_who_groups_read(struct skep_who *who)
{
	if (who->groups)
		catch_up(who);
}

/* Names of addresses */

static uint64_t now_s(void)
{
	return skep_clock_ns(CLOCK_MONOTONIC) / 1000000000;
}

static bool host(void *data, const uint8_t *address, struct skep_str *out)
{
	const struct skep_who *who = data;
	const char *name = who->dns ? skep_dns_find(who->dns, address, now_s()) : NULL;

	if (name)
		skep_str_add(out, name);
	return name;
}

int skep_who_dns_fd(const struct skep_who *who)
{
	return who->tap;
}

void skep_who_dns_read(struct skep_who *who)
{
	uint8_t packet[DNS_PACKET_MAX];
	size_t n;

	while (who->dns && (n = skep_tap_read(who->tap, packet, sizeof(packet))))
		skep_dns_packet(who->dns, packet, n, now_s());
}

bool skep_who_dns_counts(struct skep_who *who, struct skep_dns_counts *ret_counts,
			 uint64_t *ret_lost)
{
	if (!who || !who->dns)
		return false;
	*ret_counts = *skep_dns_counts(who->dns);
	*ret_lost = skep_tap_lost(who->tap);
	return true;
}

int skep_who_new(const struct skep_who_options *options, struct skep_who **ret_who)
{
	_cleanup_(skep_who_freep)
	struct skep_who *who = calloc(1, sizeof(*who));
	int r;

	if (!who)
		return -ENOMEM;
	who->options = *options;
	who->tap = -1;
	if (options->dns) {
		who->dns = skep_dns_new();
		r = skep_tap_open(53, &who->tap);
		if (r < 0)
			return r;
	}
	/* Without it, those that are gone before they are asked for are called so. */
	if (options->groups && skep_groups_open(&who->groups) == 0) {
		who->processes.places.catch_up = catch_up;
		who->processes.places.data = who;
	}
	if (options->unwind) {
		r = skep_usyms_new(SKEP_WHO_PROCS_MAX, &who->usyms);
		if (r == 0)
			r = skep_tables_new(options->engine, options->loaded, options->unwind,
					    who->usyms, &who->tables);
		if (r < 0)
			return r;
	}
	if (options->kept) {
		r = skep_kept_new(options->engine, options->loaded, options->kept, &who->kept);
		if (r < 0)
			return r;
	}
	who->resolver = (struct skep_resolver){
		.data = who,
		.ksym = skep_who_ksym,
		.usym = skep_who_usym,
		.kstack = skep_who_kstack,
		.ustack = skep_who_ustack,
		.probe = probe,
		.username = username,
		.timestamp = skep_who_timestamp,
		.cgroup_path = cgroup_path,
		.cgroup_label = cgroup_label,
		.host = host,
		.process = process,
	};
	*ret_who = TAKE_PTR(who);
	return 0;
}

void skep_who_free(struct skep_who *who)
{
	if (!who)
		return;
	skep_ksyms_fini(&who->ksyms);
	skep_tables_free(who->tables);
	skep_kept_free(who->kept);
	skep_usyms_free(who->usyms);
	skep_processes_fini(&who->processes);
	skep_dns_free(who->dns);
	skep_closep(&who->tap);
	skep_groups_close(who->groups);
	free(who->stack);
	free(who);
}

const struct skep_resolver *skep_who_resolver(const struct skep_who *who)
{
	return &who->resolver;
}

struct skep_kept *skep_who_kept(struct skep_who *who)
{
	return who->kept;
}

int skep_who_rest(struct skep_who *who)
{
	return skep_ksyms_rest(&who->ksyms);
}

void skep_who_observe(struct skep_who *who, uint32_t pid)
{
	if (!who->usyms && skep_usyms_new(SKEP_WHO_PROCS_MAX, &who->usyms) < 0)
		return;
	skep_usyms_observe(who->usyms, pid);
	if (who->tables)
		skep_tables_process(who->tables, pid);
}

void skep_who_preload(struct skep_who *who, const char *path)
{
	if (who->tables)
		skep_tables_preload(who->tables, path);
}

void skep_who_settle(struct skep_who *who)
{
	if (who && who->tables)
		skep_tables_settle(who->tables);
}

int skep_who_news(void *data, const void *bytes, size_t len)
{
	struct skep_unwind_news news;

	if (len < sizeof(news))
		return -EBADMSG;
	memcpy(&news, bytes, sizeof(news));
	skep_who_observe(data, news.tgid);
	return 0;
}
