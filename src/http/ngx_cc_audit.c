
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_audit.h"
#include "ngx_cc_audit_command.h"
#include "ngx_cc_conf.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_names.h"


struct ngx_cc_audit_s {
    ngx_cc_recorder_t       recorder;    /* first: it is what others see */
    ngx_cc_audit_conf_t    *conf;
    const char             *dialect;
    uint64_t                opened;      /* ms since 1970 */
    u_char                  session[NGX_CC_UUID_TEXT];
    ngx_str_t               server;      /* of the configuration */
    ngx_str_t               location;
    ngx_str_t               owner;       /* own memory, like the next */
    ngx_str_t               peer;
};


static void ngx_cc_audit_command(ngx_cc_recorder_t *w,
    ngx_cc_record_event_e event, const ngx_cc_record_entry_t *entry);
static void ngx_cc_audit_command_refused(ngx_cc_recorder_t *w,
    const char **argv, uint32_t argc, ngx_str_t *line, const char *trace,
    ngx_str_t *why);
static void ngx_cc_audit_release(ngx_cc_recorder_t *w);
static ngx_cc_conf_location_t *ngx_cc_audit_location(ngx_int_t index);
static void ngx_cc_audit_place(ngx_http_request_t *r, ngx_str_t *server,
    ngx_str_t *location);
static void ngx_cc_audit_begin(ngx_cc_json_t *w, const char *event,
    ngx_str_t *server, ngx_str_t *location, ngx_str_t *owner,
    ngx_str_t *peer);
static void ngx_cc_audit_session(ngx_cc_json_t *w, ngx_cc_audit_t *audit,
    const char *event);
static void ngx_cc_audit_end(ngx_cc_json_t *w, ngx_cc_audit_conf_t *conf);
static u_char *ngx_cc_audit_ascii(u_char *dst, u_char *end, const u_char *p,
    const u_char *last);
static uint64_t ngx_cc_audit_now(void);


/*
 * One line as JSON, and as it is written.  The caps above times 6, the longest
 * escape of a byte, and what stands around them, fit.
 */

static u_char  ngx_cc_audit_line[NGX_CC_AUDIT_FILE_LINE];
static u_char  ngx_cc_audit_out[NGX_CC_AUDIT_FILE_LINE];


ngx_int_t
ngx_cc_audit_open(ngx_http_request_t *r, ngx_cc_caller_t *caller,
    const u_char *session, const char *dialect, ngx_cc_audit_t **audit)
{
    u_char               *p;
    ngx_str_t            *peer;
    ngx_cc_json_t         w;
    ngx_cc_audit_t       *a;
    ngx_cc_loc_conf_t    *lcf;

    *audit = NULL;
    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    if (lcf->audit.file == NULL) {
        return NGX_OK;
    }

    peer = &r->connection->addr_text;

    /* its commands can end after the request */

    a = ngx_calloc(sizeof(ngx_cc_audit_t) + caller->owner.len + peer->len,
                   r->connection->log);

    if (a == NULL) {
        return NGX_ERROR;
    }

    a->recorder.refs = 1;
    a->recorder.command = ngx_cc_audit_command;
    a->recorder.refused = ngx_cc_audit_command_refused;
    a->recorder.release = ngx_cc_audit_release;

    a->conf = &lcf->audit;
    a->dialect = dialect;
    a->opened = ngx_cc_audit_now();
    ngx_memcpy(a->session, session, NGX_CC_UUID_TEXT);
    ngx_cc_audit_place(r, &a->server, &a->location);

    p = (u_char *) (a + 1);

    a->owner.data = p;
    a->owner.len = caller->owner.len;
    p = ngx_cpymem(p, caller->owner.data, caller->owner.len);

    a->peer.data = p;
    a->peer.len = peer->len;
    ngx_memcpy(p, peer->data, peer->len);

    ngx_cc_audit_session(&w, a, "session.opened");
    ngx_cc_audit_end(&w, a->conf);

    *audit = a;

    return NGX_OK;
}


ngx_cc_recorder_t *
ngx_cc_audit_recorder(ngx_cc_audit_t *audit)
{
    return audit ? &audit->recorder : NULL;
}


void
ngx_cc_audit_close(ngx_cc_audit_t *audit, ngx_uint_t code,
    ngx_uint_t commands, off_t bytes_out)
{
    ngx_cc_json_t  w;

    if (audit == NULL) {
        return;
    }

    ngx_cc_audit_session(&w, audit, "session.closed");
    ngx_cc_json_lit(&w, ",\"code\":");
    ngx_cc_json_uint(&w, code);
    ngx_cc_json_lit(&w, ",\"duration\":");
    ngx_cc_json_seconds(&w, (ngx_cc_audit_now() - audit->opened) * 1000);
    ngx_cc_json_lit(&w, ",\"commands\":");
    ngx_cc_json_uint(&w, commands);
    ngx_cc_json_lit(&w, ",\"bytes_out\":");
    ngx_cc_json_uint(&w, bytes_out);
    ngx_cc_audit_end(&w, audit->conf);

    ngx_cc_record_release(&audit->recorder);
}


void
ngx_cc_audit_refused(ngx_http_request_t *r, ngx_uint_t status,
    ngx_cc_reason_e reason, ngx_str_t *text)
{
    ngx_str_t           server, location, *owner;
    ngx_cc_json_t       w;
    ngx_cc_caller_t    *caller;
    ngx_cc_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    if (lcf->audit.file == NULL) {
        return;
    }

    caller = (r == r->main) ? ngx_cc_caller(r) : NULL;
    owner = caller ? &caller->owner : NULL;
    ngx_cc_audit_place(r, &server, &location);

    ngx_cc_audit_begin(&w, "session.refused", &server, &location, owner,
                       &r->connection->addr_text);
    ngx_cc_audit_command_text(&w, "method", r->method_name.data,
                              r->method_name.len, NGX_CC_AUDIT_OWNER);
    ngx_cc_json_lit(&w, ",\"status\":");
    ngx_cc_json_uint(&w, status);
    ngx_cc_json_lit(&w, ",\"reason\":");
    ngx_cc_json_cstring(&w, ngx_cc_totals_reason_name(reason));
    ngx_cc_audit_command_text(&w, "error", text->data, text->len,
                              NGX_CC_AUDIT_TEXT);
    ngx_cc_audit_end(&w, &lcf->audit);
}


void
ngx_cc_audit_heard(const ngx_cc_index_told_t *told,
    const ngx_cc_wire_exited_t *exited,
    const ngx_cc_wire_unpassed_t *unpassed)
{
    ngx_cc_json_t            w;
    ngx_cc_record_entry_t    entry;
    ngx_cc_conf_location_t  *location;

    location = ngx_cc_audit_location(told->location);

    if (location == NULL || location->conf->audit.file == NULL) {
        return;
    }

    ngx_memzero(&entry, sizeof(ngx_cc_record_entry_t));
    (void) ngx_hex_dump(entry.execution, (u_char *) told->name,
                        NGX_CC_INDEX_NAME);
    entry.pid = exited ? exited->pid : told->pid;
    entry.exited = exited;
    entry.cause = told->cause;

    ngx_cc_audit_begin(&w, unpassed ? "command.unpassed" : "command.ended",
                       &location->server, &location->name, NULL, NULL);
    ngx_cc_audit_command_execution(&w, &entry);

    if (unpassed) {
        ngx_cc_audit_command_unpassed(&w, unpassed);

    } else {
        ngx_cc_audit_command_ended(&w, &entry);
    }

    ngx_cc_audit_end(&w, &location->conf->audit);
}


/* the one with that index in the zone; NULL: there is none any more */

static ngx_cc_conf_location_t *
ngx_cc_audit_location(ngx_int_t index)
{
    ngx_uint_t               i;
    ngx_cc_main_conf_t      *mcf;
    ngx_cc_conf_location_t  *location;

    mcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                              ngx_cc_executor_module);
    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {
        if (location[i].conf->spec.command.slots == index) {
            return &location[i];
        }
    }

    return NULL;
}


static void
ngx_cc_audit_command(ngx_cc_recorder_t *recorder, ngx_cc_record_event_e event,
    const ngx_cc_record_entry_t *entry)
{
    ngx_cc_json_t    w;
    ngx_cc_audit_t  *audit = (ngx_cc_audit_t *) recorder;

    switch (event) {

    case NGX_CC_RECORD_STARTED:
        ngx_cc_audit_session(&w, audit, "command.started");
        ngx_cc_audit_command_execution(&w, entry);
        ngx_cc_audit_command_asked(&w, audit->conf, entry);
        ngx_cc_json_lit(&w, ",\"timeout\":");
        ngx_cc_json_seconds(&w, (uint64_t) entry->timeout * 1000);
        break;

    case NGX_CC_RECORD_FAILED:
        ngx_cc_audit_session(&w, audit, "command.failed");
        ngx_cc_audit_command_execution(&w, entry);
        ngx_cc_audit_command_asked(&w, audit->conf, entry);
        ngx_cc_json_lit(&w, ",\"stage\":");
        ngx_cc_json_cstring(&w, ngx_cc_names_stage(entry->stage));
        ngx_cc_json_lit(&w, ",\"errno\":");
        ngx_cc_json_int(&w, entry->error);
        break;

    case NGX_CC_RECORD_SIGNALLED:
        ngx_cc_audit_session(&w, audit, "command.signalled");
        ngx_cc_audit_command_execution(&w, entry);
        ngx_cc_json_lit(&w, ",\"signal\":");
        ngx_cc_json_cstring(&w, entry->signal);
        break;

    case NGX_CC_RECORD_UNPASSED:
        ngx_cc_audit_session(&w, audit, "command.unpassed");
        ngx_cc_audit_command_execution(&w, entry);
        ngx_cc_audit_command_unpassed(&w, entry->unpassed);
        break;

    case NGX_CC_RECORD_OBSERVED:
        ngx_cc_audit_session(&w, audit, "command.observed");
        ngx_cc_json_lit(&w, ",\"action\":");
        ngx_cc_json_cstring(&w, entry->action);

        if (entry->execution[0]) {
            ngx_cc_audit_command_execution(&w, entry);
        }

        break;

    default:                             /* NGX_CC_RECORD_ENDED */
        ngx_cc_audit_session(&w, audit, "command.ended");
        ngx_cc_audit_command_execution(&w, entry);
        ngx_cc_audit_command_ended(&w, entry);
        break;
    }

    ngx_cc_audit_end(&w, audit->conf);
}


static void
ngx_cc_audit_command_refused(ngx_cc_recorder_t *recorder, const char **argv,
    uint32_t argc, ngx_str_t *line, const char *trace, ngx_str_t *why)
{
    ngx_cc_json_t     w;
    ngx_cc_audit_t   *audit = (ngx_cc_audit_t *) recorder;
    ngx_cc_sha256_t   sha;

    ngx_cc_audit_session(&w, audit, "command.refused");

    if (trace) {
        ngx_cc_audit_command_trace(&w, trace);
    }

    if (argc) {
        ngx_cc_audit_command_argv(&w, audit->conf, argv, argc);

    } else if (line->len && audit->conf->hash) {
        ngx_cc_sha256_init(&sha);
        ngx_cc_sha256_update(&sha, line->data, line->len);
        ngx_cc_audit_command_digest(&w, "command_sha256", &sha);

    } else if (line->len) {
        ngx_cc_audit_command_text(&w, "command", line->data, line->len,
                                  NGX_CC_AUDIT_ARGV);
    }

    ngx_cc_audit_command_text(&w, "error", why->data, why->len,
                              NGX_CC_AUDIT_TEXT);
    ngx_cc_audit_end(&w, audit->conf);
}


static void
ngx_cc_audit_release(ngx_cc_recorder_t *recorder)
{
    ngx_free(recorder);
}


static void
ngx_cc_audit_place(ngx_http_request_t *r, ngx_str_t *server,
    ngx_str_t *location)
{
    ngx_cc_loc_conf_t         *lcf;
    ngx_http_core_srv_conf_t  *cscf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    *server = cscf->server_name;
    *location = lcf->identity.name;
}


/* what every line begins with; "owner" and "peer" may be NULL */

static void
ngx_cc_audit_begin(ngx_cc_json_t *w, const char *event, ngx_str_t *server,
    ngx_str_t *location, ngx_str_t *owner, ngx_str_t *peer)
{
    u_char       text[sizeof("\"2026-11-26T01:08:04.123Z\"")];
    ngx_tm_t     tm;
    ngx_time_t  *tp;

    w->pos = ngx_cc_audit_line;
    w->end = ngx_cc_audit_line + sizeof(ngx_cc_audit_line);
    w->overflow = 0;

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec, &tm);

    (void) ngx_snprintf(text, sizeof(text),
                        "\"%4d-%02d-%02dT%02d:%02d:%02d.%03MZ\"%Z",
                        tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                        (ngx_msec_t) tp->msec);

    ngx_cc_json_lit(w, "{\"time\":");
    ngx_cc_json_raw(w, text, sizeof(text) - 1);
    ngx_cc_json_lit(w, ",\"event\":");
    ngx_cc_json_cstring(w, event);
    ngx_cc_audit_command_text(w, "server", server->data, server->len,
                              NGX_CC_AUDIT_OWNER);
    ngx_cc_audit_command_text(w, "location", location->data, location->len,
                              NGX_CC_AUDIT_OWNER);

    if (owner) {
        ngx_cc_audit_command_text(w, "owner", owner->data, owner->len,
                                  NGX_CC_AUDIT_OWNER);

    } else {
        ngx_cc_json_lit(w, ",\"owner\":null");
    }

    if (peer) {
        ngx_cc_audit_command_text(w, "peer", peer->data, peer->len,
                                  NGX_CC_AUDIT_OWNER);

    } else {
        ngx_cc_json_lit(w, ",\"peer\":null");
    }
}


static void
ngx_cc_audit_session(ngx_cc_json_t *w, ngx_cc_audit_t *audit,
    const char *event)
{
    ngx_cc_audit_begin(w, event, &audit->server, &audit->location,
                       &audit->owner, &audit->peer);
    ngx_cc_audit_command_text(w, "session", audit->session, NGX_CC_UUID_TEXT,
                              NGX_CC_UUID_TEXT);
    ngx_cc_json_lit(w, ",\"dialect\":");
    ngx_cc_json_cstring(w, audit->dialect);
}


static void
ngx_cc_audit_end(ngx_cc_json_t *w, ngx_cc_audit_conf_t *conf)
{
    u_char  *last;

    last = ngx_cc_audit_ascii(ngx_cc_audit_out,
                              ngx_cc_audit_out + sizeof(ngx_cc_audit_out) - 2,
                              ngx_cc_audit_line, w->pos);
    *last++ = '}';
    *last++ = LF;

    ngx_cc_audit_file_write(conf->file, ngx_cc_audit_out,
                            last - ngx_cc_audit_out);
}


/*
 * Terminals and log viewers obey characters beyond ASCII, too: U+009B is an
 * escape sequence, U+202E turns the line around.  The text is valid UTF-8, and
 * those characters stand inside of JSON strings only.
 */

static u_char *
ngx_cc_audit_ascii(u_char *dst, u_char *end, const u_char *p,
    const u_char *last)
{
    uint32_t  ch;

    while (p < last && dst < end) {

        if (*p < 0x7f) {
            *dst++ = *p++;
            continue;
        }

        ch = (*p == 0x7f) ? *p++ : ngx_utf8_decode((u_char **) &p, last - p);

        if (ch >= 0x10000) {
            ch -= 0x10000;
            dst = ngx_slprintf(dst, end, "\\u%04xD", 0xd800 + (ch >> 10));
            ch = 0xdc00 + (ch & 0x3ff);
        }

        dst = ngx_slprintf(dst, end, "\\u%04xD", ch);
    }

    return dst;
}


static uint64_t
ngx_cc_audit_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}
