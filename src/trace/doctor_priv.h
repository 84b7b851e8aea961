/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor's features stand on (doctor_change.c): for its own files. */
#pragma once

#include "trace/doctor.h"

/* Whether a kernel of this configuration has it; unknown: that comes with its version, or hangs on the machine. */
enum skep_doctor_answer skep_doctor_configured(const char *config, enum skep_feature feature);
/* Of a feature that is missing: why, and what would give it. */
void skep_doctor_why(const struct skep_doctor *d, enum skep_feature feature, struct skep_str *out);
void skep_doctor_change(const struct skep_doctor *d, enum skep_feature feature,
			struct skep_str *out);
