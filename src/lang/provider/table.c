/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of probe, in the order in which -l shows them. */
#include "lang/provider.h"

extern const struct skep_provider skep_provider_begin, skep_provider_end, skep_provider_interval,
	skep_provider_tracepoint;

const struct skep_provider *const skep_providers[] = {
	&skep_provider_begin,
	&skep_provider_end,
	&skep_provider_interval,
	&skep_provider_tracepoint,
	NULL,
};
