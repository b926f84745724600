/* `ballast replay FILE`: the engine over a recorded trace. Prints the plan of every tick; with
 * --check compares it, byte for byte, with the plan that the daemon made then. */
#include "cli/command.h"
#include "core/engine.h"
#include "model/codec.h"
#include "trace/trace.h"

typedef struct {
    BlEngine *engine;
    BlPolicy *policy;
    BlPlan *plan;
    char *made; /* the plan of the last sample, as text */
    gboolean check;
    guint ticks, differing;
} Replay;

static gboolean policy_take(Replay *replay, const json_t *files)
{
    BlPolicy *policy = bl_cli_policy_from_trace(files, stderr);
    if (policy == NULL)
        return FALSE;
    g_clear_pointer(&replay->policy, bl_policy_unref);
    replay->policy = policy;
    return TRUE;
}

static gboolean sample_take(Replay *replay, const BlTraceRecord *record)
{
    if (replay->policy == NULL) {
        fprintf(stderr, "ballast: line %u of the trace: a sample before any policy\n",
                record->line);
        return FALSE;
    }
    bl_engine_step(replay->engine, replay->policy, record->sample, replay->plan);
    json_t *json = bl_plan_to_json(replay->plan);
    g_free(replay->made);
    replay->made = json_dumps(json, BL_JSON_LINE);
    json_decref(json);
    replay->ticks++;
    if (!replay->check)
        puts(replay->made);
    return TRUE;
}

static void plan_compare(Replay *replay, const BlTraceRecord *record)
{
    if (!replay->check || g_strcmp0(record->plan, replay->made) == 0)
        return;
    if (replay->differing++ == 0)
        fprintf(stderr,
                "ballast: line %u of the trace: the plan differs\n  recorded: %s\n  replayed: "
                "%s\n",
                record->line, record->plan, replay->made != NULL ? replay->made : "(none)");
}

static int replay_run(Replay *replay, BlTraceReader *reader)
{
    for (;;) {
        BlTraceRecord record;
        g_autoptr(GError) error = NULL;
        gboolean good = TRUE;
        if (!bl_trace_read(reader, &record, &error)) {
            fprintf(stderr, "ballast: %s\n", error->message);
            return BL_EXIT_FAILED;
        }
        if (record.kind == BL_TRACE_END)
            break;
        if (record.kind == BL_TRACE_POLICY)
            good = policy_take(replay, record.files);
        else if (record.kind == BL_TRACE_SAMPLE)
            good = sample_take(replay, &record);
        else
            plan_compare(replay, &record);
        bl_trace_record_clear(&record);
        if (!good)
            return BL_EXIT_FAILED;
    }
    if (replay->check)
        fprintf(stderr, "ballast: %u plans, %u differ\n", replay->ticks, replay->differing);
    return replay->differing == 0 ? BL_EXIT_DONE : BL_EXIT_FAILED;
}

int bl_command_replay(int argc, char **argv)
{
    Replay replay = {0};
    g_autoptr(GOptionContext) context = g_option_context_new("FILE");
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"check", 0, 0, G_OPTION_ARG_NONE, &replay.check,
         "compare with the recorded plans instead of printing", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2) {
        fprintf(stderr, "ballast: replay: %s\n",
                error != NULL ? error->message : "needs one FILE; try ballast help replay");
        return BL_EXIT_USAGE;
    }
    g_autoptr(BlTraceReader) reader = bl_trace_reader_open(argv[1], &error);
    if (reader == NULL) {
        fprintf(stderr, "ballast: %s\n", error->message);
        return BL_EXIT_FAILED;
    }
    replay.engine = bl_engine_new(bl_trace_reader_mode(reader));
    replay.plan = bl_plan_new();
    int code = replay_run(&replay, reader);
    bl_engine_free(replay.engine);
    bl_plan_free(replay.plan);
    bl_policy_unref(replay.policy);
    g_free(replay.made);
    return code;
}
