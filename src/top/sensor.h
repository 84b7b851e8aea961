/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sensors: the scripts that tell skep top what it shows (scripts/). One is opened when somebody first looks at what it tells, and
 * costs nothing before. One that cannot work on this kernel says why, and what it would tell is left out.
 *
 *	skep_top_sensor_open(&sensors, SKEP_TOP_NET);
 *	watch = sensors.watch[SKEP_TOP_NET];		// or NULL, and sensors.why[SKEP_TOP_NET]
 *	skep_top_sensors_fini(&sensors);
 */
#pragma once

#include "live/watch.h"

enum skep_top_sensor {
	SKEP_TOP_TASKS,
	SKEP_TOP_NET,
	SKEP_TOP_GROUPS,
	SKEP_TOP_FILES,
	SKEP_TOP_CONNECTIONS,
	SKEP_TOP_N_SENSORS,
};

struct skep_top_sensors {
	const struct skep_scope *scope;	 /* of probes at what processes do themselves, or NULL */
	const struct skep_scope *groups; /* whose groups processes are asked for, or NULL */
	struct skep_watch *watch[SKEP_TOP_N_SENSORS];
	bool tried[SKEP_TOP_N_SENSORS];
	char *why[SKEP_TOP_N_SENSORS]; /* it does not work, in a sentence */
};

/* What its lack is called: "bytes over the network". */
extern const char *const skep_top_sensor_tells[SKEP_TOP_N_SENSORS];

void skep_top_sensors_open(struct skep_top_sensors *s, unsigned wanted /* bits */);
/* It is gone for good; @why is copied. */
void skep_top_sensor_close(struct skep_top_sensors *s, enum skep_top_sensor sensor,
			   const char *why);
void skep_top_sensors_fini(struct skep_top_sensors *s);

/* A number of a row; 0: it has no such field. */
uint64_t skep_top_number(const struct skep_schema *schema, const void *row, const char *name);
/* A text of it, also of an address; "" when there is none. */
void skep_top_text(const struct skep_schema *schema, const void *row, const char *name,
		   char *ret_text, size_t size);
