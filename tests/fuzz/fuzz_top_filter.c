/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a filter of skep top, byte by byte as it is typed, and what the screen then shows. */
#include <stdlib.h>
#include <string.h>

#include "top/ui.h"

#define INPUT_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct skep_top_watching w;
	static struct skep_top_machine machine;
	struct skep_top_frame frame = {};
	struct skep_top_scene scene;
	struct skep_top_ui ui;
	bool is_new;

	if (size > INPUT_MAX || !size)
		return -1;
	if (!w.page_size)
		skep_top_watching_init(&w, NULL, false);
	for (uint32_t pid = 1; pid < 4; pid++) {
		struct skep_top_process *p = skep_top_table_get(&w.processes, &pid, &is_new);

		memcpy(p->comm, data, MIN(size, sizeof(p->comm) - 1));
		p->cpu = pid;
	}
	skep_top_ui_init(&ui, SKEP_TOP_PROCESSES, 1000);
	skep_top_ui_looked(&ui, &w);
	for (size_t i = 0; i < size; i++) {
		skep_top_ui_key(&ui, &w, data[i]);
		if (ui.rows.len > 3 || ui.kind >= SKEP_TOP_N_KINDS)
			abort();
	}
	scene = skep_top_ui_scene(&ui, &w, &machine);
	scene.columns = data[0];
	scene.lines = 12;
	skep_top_frame_draw(&frame, &scene);
	skep_top_frame_fini(&frame);
	skep_top_ui_fini(&ui);
	return 0;
}
