
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_audit_command.h"
#include "ngx_cc_names.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_utf8.h"


void
ngx_cc_audit_command_execution(ngx_cc_json_t *w,
    const ngx_cc_record_entry_t *entry)
{
    ngx_cc_audit_command_text(w, "execution", entry->execution,
                              NGX_CC_HANDLE_NAME, NGX_CC_HANDLE_NAME);

    if (entry->pid) {
        ngx_cc_json_lit(w, ",\"pid\":");
        ngx_cc_json_int(w, entry->pid);
    }

    if (entry->trace[0]) {
        ngx_cc_audit_command_trace(w, entry->trace);
    }
}


/* the names are those of OpenTelemetry for logs that are not its own */

void
ngx_cc_audit_command_trace(ngx_cc_json_t *w, const char *parent)
{
    ngx_cc_audit_command_text(w, "trace_id", ngx_cc_trace_id(parent),
                              NGX_CC_TRACE_ID, NGX_CC_TRACE_ID);
    ngx_cc_audit_command_text(w, "span_id", ngx_cc_trace_span(parent),
                              NGX_CC_TRACE_SPAN, NGX_CC_TRACE_SPAN);
}


void
ngx_cc_audit_command_asked(ngx_cc_json_t *w, const ngx_cc_audit_conf_t *conf,
    const ngx_cc_record_entry_t *entry)
{
    u_char  cwd[NGX_CC_AUDIT_PATH + 1], *p;

    ngx_cc_audit_command_text(w, "program", entry->program,
                              ngx_strlen(entry->program), NGX_CC_AUDIT_TEXT);
    ngx_cc_audit_command_argv(w, conf, entry->argv, entry->argc);

    p = ngx_snprintf(cwd, sizeof(cwd), "%s%s%s", entry->cwd,
                     entry->beneath[0] ? "/" : "", entry->beneath);
    ngx_cc_audit_command_text(w, "cwd", cwd, p - cwd, NGX_CC_AUDIT_PATH);
}


void
ngx_cc_audit_command_argv(ngx_cc_json_t *w, const ngx_cc_audit_conf_t *conf,
    const char **argv, uint32_t argc)
{
    size_t            len, n, total, room;
    uint32_t          i;
    ngx_cc_sha256_t   sha;

    if (conf->hash) {
        ngx_cc_sha256_init(&sha);

        for (i = 0; i < argc; i++) {
            ngx_cc_sha256_update(&sha, argv[i], ngx_strlen(argv[i]) + 1);
        }

        ngx_cc_audit_command_digest(w, "argv_sha256", &sha);
        return;
    }

    ngx_cc_json_lit(w, ",\"argv\":[");

    total = 0;
    room = NGX_CC_AUDIT_ARGV;

    for (i = 0; i < argc; i++) {
        len = ngx_strlen(argv[i]);
        total += len + 1;

        if (room == 0) {
            continue;
        }

        n = len;

        if (n >= room) {
            n = ngx_cc_utf8_cut((u_char *) argv[i], room);
            room = 0;

        } else {
            room -= n + 1;
        }

        if (i) {
            ngx_cc_json_lit(w, ",");
        }

        ngx_cc_json_string(w, argv[i], n);
    }

    ngx_cc_json_lit(w, "]");

    if (total > NGX_CC_AUDIT_ARGV) {
        ngx_cc_json_lit(w, ",\"argv_bytes\":");
        ngx_cc_json_uint(w, total);
    }
}


void
ngx_cc_audit_command_digest(ngx_cc_json_t *w, const char *name,
    ngx_cc_sha256_t *sha)
{
    u_char  digest[NGX_CC_SHA256_SIZE], text[NGX_CC_SHA256_TEXT];

    ngx_cc_sha256_final(sha, digest);
    (void) ngx_hex_dump(text, digest, sizeof(digest));
    ngx_cc_audit_command_text(w, name, text, sizeof(text), sizeof(text));
}


void
ngx_cc_audit_command_ended(ngx_cc_json_t *w, const ngx_cc_record_entry_t *entry)
{
    const ngx_cc_wire_exited_t  *exited;

    exited = entry->exited;

    ngx_cc_json_lit(w, ",\"cause\":");
    ngx_cc_json_cstring(w, ngx_cc_names_cause(entry->cause));
    ngx_cc_json_lit(w, ",\"exit_code\":");

    if (exited == NULL) {
        ngx_cc_json_lit(w, "null");
        return;
    }

    ngx_cc_json_int(w, ngx_cc_names_exit_code(exited->status));
    ngx_cc_json_lit(w, ",\"duration\":");
    ngx_cc_json_seconds(w, exited->elapsed);
    ngx_cc_json_lit(w, ",\"stdout_bytes\":");
    ngx_cc_json_uint(w, exited->bytes[NGX_CC_STDOUT]);
    ngx_cc_json_lit(w, ",\"stderr_bytes\":");
    ngx_cc_json_uint(w, exited->bytes[NGX_CC_STDERR]);
    ngx_cc_json_lit(w, ",\"user_time\":");
    ngx_cc_json_seconds(w, exited->user);
    ngx_cc_json_lit(w, ",\"system_time\":");
    ngx_cc_json_seconds(w, exited->system);
    ngx_cc_json_lit(w, ",\"max_rss_kb\":");
    ngx_cc_json_uint(w, exited->max_rss);

    if (exited->memory_peak) {
        ngx_cc_json_lit(w, ",\"memory_peak\":");
        ngx_cc_json_uint(w, exited->memory_peak);
    }

    if (exited->pids_peak) {
        ngx_cc_json_lit(w, ",\"pids_peak\":");
        ngx_cc_json_uint(w, exited->pids_peak);
    }

    ngx_cc_json_lit(w, ",\"descendants_killed\":");
    ngx_cc_json_uint(w, exited->swept);
}


void
ngx_cc_audit_command_text(ngx_cc_json_t *w, const char *name, const void *p,
    size_t len, size_t max)
{
    if (len > max) {
        len = ngx_cc_utf8_cut(p, max);
    }

    ngx_cc_json_lit(w, ",");
    ngx_cc_json_cstring(w, name);
    ngx_cc_json_lit(w, ":");
    ngx_cc_json_string(w, p, len);
}


void
ngx_cc_audit_command_unpassed(ngx_cc_json_t *w,
    const ngx_cc_wire_unpassed_t *unpassed)
{
    char  why[NGX_CC_NAMES_UNPASSED];

    ngx_cc_names_unpassed(why, sizeof(why), unpassed);

    ngx_cc_json_lit(w, ",\"signal\":");
    ngx_cc_json_cstring(w, ngx_cc_names_signal(unpassed->signo));
    ngx_cc_json_lit(w, ",\"error\":");
    ngx_cc_json_cstring(w, why);
}
