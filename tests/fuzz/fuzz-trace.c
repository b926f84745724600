/* Fuzz target: the trace's reader, and the engine over whatever samples it lets through. */
#include <stddef.h>
#include <stdint.h>

#include "core/engine.h"
#include "core/explain.h"
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static BlPolicy *policy_make(void)
{
    BlPolicy *policy = bl_policy_new();
    BlClass *critical = bl_policy_add_class(policy, "critical");
    critical->cpu_ready = 100;
    BlClass *batch = bl_policy_add_class(policy, "batch");
    batch->cpu_idle_allowed = TRUE;
    policy->default_class = 1;
    return policy;
}

static void engine_run(BlEngine *engine, const BlPolicy *policy, const BlSample *sample)
{
    g_autoptr(BlPlan) plan = bl_plan_new();
    g_autoptr(BlView) view = bl_view_new();
    g_autoptr(GString) text = g_string_new(NULL);
    bl_engine_step(engine, policy, sample, plan);
    for (guint i = 0; i < plan->decisions->len; i++)
        bl_explain_decision(text, &g_array_index(plan->decisions, BlDecision, i));
    bl_engine_view(engine, policy, view);
    bl_explain_host(text, view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(BlTraceReader) reader = bl_trace_reader_new((const char *)data, size, NULL);
    if (reader == NULL)
        return 0;
    g_autoptr(BlPolicy) policy = policy_make();
    g_autoptr(BlEngine) engine = bl_engine_new(bl_trace_reader_mode(reader));
    for (;;) {
        BlTraceRecord record;
        if (!bl_trace_read(reader, &record, NULL))
            return 0;
        BlTraceKind kind = record.kind;
        if (kind == BL_TRACE_SAMPLE)
            engine_run(engine, policy, record.sample);
        bl_trace_record_clear(&record);
        if (kind == BL_TRACE_END)
            return 0;
    }
}
