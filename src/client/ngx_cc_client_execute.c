
#include <string.h>
#include "ngx_cc_client_execute.h"
#include "ngx_cc_client_terminal.h"


static void ngx_cc_client_encoding(const ngx_cc_client_rpc_t *rpc,
    ngx_cc_json_t *w);


uint64_t
ngx_cc_client_execute(ngx_cc_client_rpc_t *rpc, int has_stdin)
{
    int                          i;
    size_t                       k, room;
    unsigned                     cols, rows;
    const char                  *value;
    ngx_cc_json_t               *w;
    const ngx_cc_client_args_t  *args;

    args = rpc->args;
    room = 1024;

    for (i = 0; i < args->argc; i++) {
        room += 6 * strlen(args->argv[i]) + 3;
    }

    for (k = 0; k < args->nenv; k++) {
        room += 6 * strlen(args->env[k]) + 6;
    }

    room += args->cwd ? 6 * strlen(args->cwd) : 0;
    room += args->label ? 6 * strlen(args->label) : 0;

    w = ngx_cc_client_rpc_begin(rpc, "execute", room);

    if (args->argc == 1) {
        ngx_cc_json_lit(w, "\"command\":");
        ngx_cc_json_cstring(w, args->argv[0]);

    } else {
        ngx_cc_json_lit(w, "\"args\":[");

        for (i = 0; i < args->argc; i++) {
            if (i) {
                ngx_cc_json_lit(w, ",");
            }

            ngx_cc_json_cstring(w, args->argv[i]);
        }

        ngx_cc_json_lit(w, "]");
    }

    ngx_cc_client_encoding(rpc, w);

    /* of a terminal it stays open for those who will attach */

    if (has_stdin || (args->detach && args->tty && !args->no_stdin)) {
        ngx_cc_json_lit(w, ",\"open_stdin\":true");
    }

    if (args->cwd) {
        ngx_cc_json_lit(w, ",\"cwd\":");
        ngx_cc_json_cstring(w, args->cwd);
    }

    if (args->timeout > 0) {
        ngx_cc_json_lit(w, ",\"timeout\":");
        ngx_cc_json_seconds(w, (uint64_t) (args->timeout * 1e6));
    }

    if (args->keep) {
        ngx_cc_json_lit(w, ",\"on_disconnect\":\"keep\"");
    }

    if (args->label) {
        ngx_cc_json_lit(w, ",\"label\":");
        ngx_cc_json_cstring(w, args->label);
    }

    if (args->merge) {
        ngx_cc_json_lit(w, ",\"stderr\":\"merge\"");
    }

    if (args->tty) {
        (void) ngx_cc_client_terminal_size(&cols, &rows);
        ngx_cc_json_lit(w, ",\"tty\":{\"cols\":");
        ngx_cc_json_uint(w, cols);
        ngx_cc_json_lit(w, ",\"rows\":");
        ngx_cc_json_uint(w, rows);
        ngx_cc_json_lit(w, "}");
    }

    if (args->nenv) {
        ngx_cc_json_lit(w, ",\"env\":{");

        for (k = 0; k < args->nenv; k++) {
            if (k) {
                ngx_cc_json_lit(w, ",");
            }

            value = strchr(args->env[k], '=');
            ngx_cc_json_string(w, args->env[k], value - args->env[k]);
            ngx_cc_json_lit(w, ":");
            ngx_cc_json_cstring(w, value + 1);
        }

        ngx_cc_json_lit(w, "}");
    }

    return ngx_cc_client_rpc_end(rpc);
}


uint64_t
ngx_cc_client_attach(ngx_cc_client_rpc_t *rpc, const char *id,
    const uint64_t offset[2], int write)
{
    ngx_cc_json_t  *w;

    w = ngx_cc_client_rpc_begin(rpc, "attach", 1024);

    ngx_cc_json_lit(w, "\"execution_id\":");
    ngx_cc_json_cstring(w, id);
    ngx_cc_client_encoding(rpc, w);
    ngx_cc_json_lit(w, ",\"stdout\":");
    ngx_cc_json_uint(w, offset[0]);
    ngx_cc_json_lit(w, ",\"stderr\":");
    ngx_cc_json_uint(w, offset[1]);

    if (write) {
        ngx_cc_json_lit(w, ",\"mode\":\"write\"");
    }

    return ngx_cc_client_rpc_end(rpc);
}


static void
ngx_cc_client_encoding(const ngx_cc_client_rpc_t *rpc, ngx_cc_json_t *w)
{
    ngx_cc_json_lit(w, ",\"output\":\"chunk\",\"encoding\":");
    ngx_cc_json_cstring(w, rpc->ws.wanted ? "binary" : "base64");
}
