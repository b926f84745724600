/* Fuzz target: what the store remembers of a guest's demand; what is let through is merged, added
 * to, judged and written again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "core/size.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void advise(const BlSizeHistory *history)
{
    const BlSizeFacts facts = {BL_SIZE_ORDINARY, 4, 4096 * BL_MIB, 8, 65536 * BL_MIB};
    BlSizeAdvice advices[BL_SIZE_RESOURCES];
    bl_size_recommend(history, &facts, advices);
    if (advices[BL_SIZE_CPU].advised < 2 || advices[BL_SIZE_CPU].advised > 8 ||
        advices[BL_SIZE_MEMORY].advised < 2048 * BL_MIB ||
        advices[BL_SIZE_MEMORY].advised > 8192 * BL_MIB)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BlSizeHistory history, again;
    json_t *json = json_loadb((const char *)data, size, 0, NULL);
    gboolean read = bl_size_history_from_json(json, &history, NULL);
    json_decref(json);
    if (!read)
        return 0;
    json = bl_size_history_to_json(&history);
    if (!bl_size_history_from_json(json, &again, NULL) ||
        memcmp(&history, &again, sizeof history) != 0)
        abort();
    json_decref(json);
    advise(&history);
    bl_size_history_merge(&history, &again);
    bl_size_history_note(&history, 3, TRUE, 70);
    for (guint i = 0; i < BL_SIZE_RESOURCES; i++) {
        for (guint j = 0; j < 300; j++)
            bl_size_demand_add(&history.demands[i], BL_SIZE_THRIFTY, j * 7, j % 5 == 0);
    }
    advise(&history);
    return 0;
}
