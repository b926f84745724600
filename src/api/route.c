/* The route table: every path of the API, once.
 *
 * Dispatch, the OpenAPI document, the problem that lists what exists, and the command line's paths
 * come from it. Rows stand in the order of BlRouteId.
 */
#include "api/server.h"

static const BlRoute routes[BL_ROUTE_COUNT] = {
    {BL_ROUTE_STATUS, "GET", BL_ROLE_VIEWER, "/api/v1/status",
     "The host: boundaries, who suffers, the mode"},
    {BL_ROUTE_VMS, "GET", BL_ROLE_VIEWER, "/api/v1/vms",
     "All guests with their figures and controls; query: at, for a time in the past"},
    {BL_ROUTE_VM, "GET", BL_ROLE_VIEWER, "/api/v1/vms/{name}", "One guest, by name or UUID"},
    {BL_ROUTE_HISTORY, "GET", BL_ROLE_VIEWER, "/api/v1/history",
     "The host's figures over time; query: since, until, step (2, 60 or 3600 seconds)"},
    {BL_ROUTE_VM_HISTORY, "GET", BL_ROLE_VIEWER, "/api/v1/vms/{name}/history",
     "A guest's figures over time, also of one that is gone; query: since, until, step"},
    {BL_ROUTE_EXPLAIN, "GET", BL_ROLE_VIEWER, "/api/v1/vms/{name}/explain",
     "Why a guest is as fast or slow as it is, in sentences"},
    {BL_ROUTE_BLAME, "GET", BL_ROLE_VIEWER, "/api/v1/blame",
     "Who ran while guests waited for a CPU, in the last minute, in seconds; query: vm"},
    {BL_ROUTE_DECISIONS, "GET", BL_ROLE_VIEWER, "/api/v1/decisions",
     "Decisions with reason, expectation and effect; query: after, limit, vm, since, until"},
    {BL_ROUTE_EVENTS, "GET", BL_ROLE_VIEWER, "/api/v1/events",
     "Decisions and whatever else happens, as it happens, as server-sent events; resumes after "
     "Last-Event-ID"},
    {BL_ROUTE_NOTES, "GET", BL_ROLE_VIEWER, "/api/v1/notes",
     "What happened besides decisions: guests, libvirt, operators; query: after, limit, vm, since, "
     "until"},
    {BL_ROUTE_FIGURES, "GET", BL_ROLE_VIEWER, "/api/v1/figures",
     "The host and all guests with their figures, every two seconds, as server-sent events"},
    {BL_ROUTE_TRACE, "GET", BL_ROLE_OPERATOR, "/api/v1/trace",
     "The last samples and plans as a trace (JSON lines); query: seconds"},
    {BL_ROUTE_POLICY, "GET", BL_ROLE_VIEWER, "/api/v1/policy",
     "The policy in force: its files and every default"},
    {BL_ROUTE_FIT, "GET", BL_ROLE_VIEWER, "/api/v1/fit",
     "Would one more guest fit, and why; query: memory, vcpus, class, name, uuid, metadata, count"},
    {BL_ROUTE_AUDIT, "GET", BL_ROLE_VIEWER, "/api/v1/audit",
     "What the host and its guests could do better, with the change that it takes; query: rule"},
    {BL_ROUTE_VM_AUDIT, "GET", BL_ROLE_VIEWER, "/api/v1/vms/{name}/audit",
     "The same of one guest; query: rule"},
    {BL_ROUTE_SIZES, "GET", BL_ROLE_VIEWER, "/api/v1/size",
     "How many vCPUs and how much memory each guest should have, by its demand of the last weeks"},
    {BL_ROUTE_VM_SIZE, "GET", BL_ROLE_VIEWER, "/api/v1/vms/{name}/size", "The same of one guest"},
    {BL_ROUTE_METRICS, "GET", BL_ROLE_VIEWER, "/metrics",
     "The same figures for Prometheus, as OpenMetrics where that is asked for"},
    {BL_ROUTE_OPENAPI, "GET", BL_ROLE_VIEWER, "/api/v1/openapi.json",
     "This description of the API"},
    {BL_ROUTE_MODE_SET, "POST", BL_ROLE_ADMIN, "/api/v1/mode",
     "Sets how far Ballast may go: {\"mode\": \"observe\" | \"advise\" | \"enforce\"}"},
    {BL_ROUTE_CLASS_SET, "POST", BL_ROLE_OPERATOR, "/api/v1/vms/{name}/class",
     "Gives a guest a class: {\"class\": NAME}; null returns it to the policy's choice"},
    {BL_ROUTE_APPROVE, "POST", BL_ROLE_OPERATOR, "/api/v1/decisions/{id}/approve",
     "Approves a proposed decision"},
    {BL_ROUTE_DEFINITION, "POST", BL_ROLE_ADMIN, "/api/v1/vms/{name}/definition",
     "Changes a guest's definition for its next start: {\"rule\": RULE of the audit, \"undo\": "
     "false, \"dryRun\": false}"},
    {BL_ROUTE_SIZE_SET, "POST", BL_ROLE_ADMIN, "/api/v1/vms/{name}/size",
     "Sets the number of vCPUs that is advised for its next start: {\"undo\": false, \"dryRun\": "
     "false, \"live\": false}; live: vCPUs that it gains are added to the guest as it runs"},
    {BL_ROUTE_UNDO, "POST", BL_ROLE_OPERATOR, "/api/v1/decisions/{id}/undo",
     "Takes back what a decision changed, and leaves it alone for an hour"},
    {BL_ROUTE_POLICY_CHECK, "POST", BL_ROLE_VIEWER, "/api/v1/policy/check",
     "Checks a policy and changes nothing: {\"text\": what would be in the policy's first file}"},
    {BL_ROUTE_POLICY_RELOAD, "POST", BL_ROLE_ADMIN, "/api/v1/policy/reload",
     "Reads the policy files again; nothing changes when they hold an error"},
    {BL_ROUTE_ADMIT, "POST", BL_ROLE_ADMIN, "/api/v1/admissions",
     "A guest is about to start: {\"name\", \"uuid\", \"memory\", \"vcpus\", \"balloon\", "
     "\"metadata\"}; tells whether it may, and keeps room for it"},
    {BL_ROUTE_SESSION, "POST", BL_ROLE_NONE, "/api/v1/session",
     "Over TCP, for browsers: {\"token\": TOKEN} is kept as a cookie; null ends that"},
};

const BlRoute *bl_route(BlRouteId id)
{
    g_return_val_if_fail((guint)id < BL_ROUTE_COUNT, NULL);
    return &routes[id];
}
