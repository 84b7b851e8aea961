/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends: the attributes of the resource. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "sink/settings.h"
#include "sink/traces.h"

static void drop_attributes(struct skep_otlp_settings *s, size_t n)
{
	for (; s->n_attributes > n; s->n_attributes--) {
		free((void *)s->attributes[s->n_attributes - 1].name);
		free((void *)s->attributes[s->n_attributes - 1].value);
	}
}

/* The first one of a name stays: who comes first knows better. */
static int take_attribute(void *data, char *key, char *value)
{
	struct skep_otlp_settings *s = data;
	bool known = false, room = s->n_attributes < SKEP_OTLP_ATTRIBUTES_MAX;

	for (size_t i = 0; i < s->n_attributes; i++)
		known |= skep_streq(s->attributes[i].name, key);
	if (!known && room) {
		s->attributes[s->n_attributes++] = (struct skep_attribute){ key, value };
		return 0;
	}
	free(key);
	free(value);
	return known ? 0 : -E2BIG;
}

static void add_attribute(struct skep_otlp_settings *s, const char *key, const char *value)
{
	(void)!take_attribute(s, skep_env_copy(key, strlen(key)),
			      skep_env_copy(value, strlen(value)));
}

/* Two that run at once are two writers, whose series must not be one: a random UUID (RFC 9562, 5.4) tells them apart. */
static void add_instance(struct skep_otlp_settings *s)
{
	const uint64_t *bits = skep_traces_seed();
	char text[37];

	snprintf(text, sizeof(text),
		 "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
		 bits[0] >> 32, bits[0] >> 16 & 0xffff, bits[0] & 0xfff,
		 0x8000 | (bits[1] >> 48 & 0x3fff), bits[1] & 0xffffffffffff);
	add_attribute(s, "service.instance.id", text);
}

void skep_otlp_resource(struct skep_env *env, struct skep_otlp_settings *s)
{
	struct utsname name;
	size_t n;

	if (skep_env_has(env, "OTEL_SDK_DISABLED"))
		s->disabled = skep_env_truth(env);
	if (skep_env_has(env, "OTEL_SERVICE_NAME"))
		add_attribute(s, "service.name", env->value);
	n = s->n_attributes;
	if (skep_env_has(env, "OTEL_RESOURCE_ATTRIBUTES") &&
	    !skep_env_each_pair(env, take_attribute, s)) {
		drop_attributes(s, n);
		skep_env_warn(env, "no attribute",
			      "it is a list of at most 64: name=value,name=value");
	}
	add_attribute(s, "service.name", "skep");
	add_attribute(s, "service.version", SKEP_VERSION);
	add_instance(s);
	add_attribute(s, "telemetry.sdk.name", "skep");
	add_attribute(s, "telemetry.sdk.language", "c");
	add_attribute(s, "telemetry.sdk.version", SKEP_VERSION);
	if (uname(&name) == 0) {
		add_attribute(s, "host.name", name.nodename);
		add_attribute(s, "os.type", "linux");
		add_attribute(s, "os.version", name.release);
		add_attribute(s, "host.arch", name.machine);
	}
}

void skep_otlp_resource_fini(struct skep_otlp_settings *s)
{
	drop_attributes(s, 0);
}
