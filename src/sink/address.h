/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of sinks: "PORT", "ADDRESS:PORT", "[::1]:9464".
 *
 *	fd = skep_address_listen("9464", &text, &beyond, diag);	// on loopback
 */
#pragma once

#include "base/diag.h"
#include "base/str.h"

#define SKEP_PROM_PORT "9464"

/*
 * A socket that listens. @arg NULL: as OTEL_EXPORTER_PROMETHEUS_HOST and _PORT say, or localhost:9464; port 0 is any that is
 * free. @ret_text: where it is, with the port; *@ret_beyond: not only this machine reaches it.
 */
int skep_address_listen(const char *arg, struct skep_str *ret_text, bool *ret_beyond,
			struct skep_diag *diag) _must_check_;

/* Whether it is the URL of a place to send to: http:// or https://, a host, perhaps a port from 1 to 65535, perhaps a path. */
bool skep_url_is_place(const char *url);
