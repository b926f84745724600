/* A fit: see fit.h. */
#include "model/fit.h"

#include "model/codec.h"

static const struct {
    const char *name;
    BlUnit unit;
} kinds[BL_FIT_CHECKS] = {
    {"memory.size", BL_UNIT_BYTES},
    {"cpu.size", BL_UNIT_NONE},
    {"memory.reservation", BL_UNIT_BYTES},
    {"memory.use", BL_UNIT_BYTES},
    {"cpu.reservation", BL_UNIT_PERMYRIAD_CORE},
    {"cpu.overcommit", BL_UNIT_NONE},
};

BlFit *bl_fit_new(void)
{
    return g_new0(BlFit, 1);
}

void bl_fit_free(BlFit *fit)
{
    if (fit == NULL)
        return;
    for (guint i = 0; i < BL_FIT_CHECKS; i++)
        g_free(fit->checks[i].text);
    g_free(fit->text);
    g_free(fit);
}

const char *bl_fit_kind_name(BlFitKind kind)
{
    return kind < BL_FIT_CHECKS ? kinds[kind].name : "unknown";
}

BlUnit bl_fit_kind_unit(BlFitKind kind)
{
    return kind < BL_FIT_CHECKS ? kinds[kind].unit : BL_UNIT_NONE;
}

static json_t *amount_to_json(BlFitKind kind, gint64 amount)
{
    if (amount < 0)
        return json_null();
    return kinds[kind].unit == BL_UNIT_PERMYRIAD_CORE ? bl_ratio_to_json(amount)
                                                      : json_integer(amount);
}

static json_t *check_to_json(BlFitKind kind, const BlFitCheck *check)
{
    json_t *fits =
        check->result == BL_FIT_UNKNOWN ? json_null() : json_boolean(check->result == BL_FIT_YES);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "name", kinds[kind].name, "fits", fits,
                     "needed", amount_to_json(kind, check->needed), "taken",
                     amount_to_json(kind, check->taken), "limit",
                     amount_to_json(kind, check->limit), "text", check->text);
}

json_t *bl_fit_to_json(const BlFit *fit)
{
    json_t *checks = json_array();
    for (guint i = 0; i < BL_FIT_CHECKS; i++)
        json_array_append_new(checks, check_to_json(i, &fit->checks[i]));
    return json_pack("{s:b, s:s, s:s, s:s, s:o}", "fits", fit->fits, "class", fit->class_name,
                     "classFrom", bl_class_source_name(fit->class_source), "text", fit->text,
                     "checks", checks);
}
