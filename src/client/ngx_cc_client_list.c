
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ngx_cc_client_list.h"


#define NGX_CC_CLIENT_WHOLE   48         /* digits of an id */
#define NGX_CC_CLIENT_SHOWN   12         /* of them in a list */
#define NGX_CC_CLIENT_PAGE    100
#define NGX_CC_CLIENT_WAIT    100000     /* ms, the longest that is served */


/* one entry of a list; returns what stop() wants: 0 = go on */

typedef int (*ngx_cc_client_each_pt)(ngx_cc_client_rpc_t *rpc, int i,
    void *data);


typedef struct {
    const char  *prefix;
    char         id[NGX_CC_CLIENT_ID];
    int          n;
} ngx_cc_client_search_t;


static int ngx_cc_client_list_each(ngx_cc_client_rpc_t *rpc,
    ngx_cc_client_each_pt each, void *data);
static const char *ngx_cc_client_list_field(ngx_cc_client_rpc_t *rpc, int i,
    const char *name);
static int ngx_cc_client_list_search(ngx_cc_client_rpc_t *rpc, int i,
    void *data);
static int ngx_cc_client_list_line(ngx_cc_client_rpc_t *rpc, int i,
    void *data);
static int ngx_cc_client_list_code(ngx_cc_client_rpc_t *rpc, int i,
    void *data);
static int ngx_cc_client_list_ps(ngx_cc_client_rpc_t *rpc);
static int ngx_cc_client_list_wait(ngx_cc_client_rpc_t *rpc, const char *id);
static void ngx_cc_client_list_age(char *text, size_t size, double seconds);


const char *
ngx_cc_client_list_id(ngx_cc_client_rpc_t *rpc)
{
    const char  *id;

    static ngx_cc_client_search_t  search;

    ngx_cc_client_rpc_need(rpc);
    id = rpc->args->id;

    if (strlen(id) >= NGX_CC_CLIENT_ID || *id == '\0') {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "this is no id");
    }

    if (strlen(id) >= NGX_CC_CLIENT_WHOLE) {
        return id;
    }

    search.prefix = id;
    (void) ngx_cc_client_list_each(rpc, ngx_cc_client_list_search, &search);

    if (search.n != 1) {
        (void) fprintf(stderr, "cc-run: %s kept command begins with %s\n",
                       search.n ? "more than one" : "no", id);
        exit(NGX_CC_CLIENT_FAILED);
    }

    return search.id;
}


int
ngx_cc_client_list(ngx_cc_client_rpc_t *rpc)
{
    uint64_t        request;
    const char     *id;
    ngx_cc_json_t  *w;

    if (rpc->args->verb == NGX_CC_VERB_PS) {
        ngx_cc_client_rpc_need(rpc);
        return ngx_cc_client_list_ps(rpc);
    }

    id = ngx_cc_client_list_id(rpc);

    switch (rpc->args->verb) {

    case NGX_CC_VERB_WAIT:
        return ngx_cc_client_list_wait(rpc, id);

    case NGX_CC_VERB_SIGNAL:
        w = ngx_cc_client_rpc_begin(rpc, "signal",
                                    6 * strlen(rpc->args->signal) + 1024);
        ngx_cc_json_lit(w, "\"signal\":");
        ngx_cc_json_cstring(w, rpc->args->signal);
        break;

    case NGX_CC_VERB_PAUSE:
        w = ngx_cc_client_rpc_begin(rpc, "signal", 1024);
        ngx_cc_json_lit(w, "\"signal\":\"STOP\"");
        break;

    case NGX_CC_VERB_RESUME:
        w = ngx_cc_client_rpc_begin(rpc, "signal", 1024);
        ngx_cc_json_lit(w, "\"signal\":\"CONT\"");
        break;

    case NGX_CC_VERB_CANCEL:
        w = ngx_cc_client_rpc_begin(rpc, "signal", 1024);
        ngx_cc_json_lit(w, "\"signal\":\"TERM\"");
        break;

    default:
        w = ngx_cc_client_rpc_begin(rpc, "remove", 1024);

        if (rpc->args->force) {
            ngx_cc_json_lit(w, "\"force\":true");

        } else {
            ngx_cc_json_lit(w, "\"force\":false");
        }
    }

    ngx_cc_json_lit(w, ",\"execution_id\":");
    ngx_cc_json_cstring(w, id);
    request = ngx_cc_client_rpc_end(rpc);

    (void) ngx_cc_client_rpc_wait(rpc, request, NGX_CC_CLIENT_FAILED);

    return 0;
}


static int
ngx_cc_client_list_ps(ngx_cc_client_rpc_t *rpc)
{
    if (!rpc->args->json) {
        (void) printf("%-*s  %-10s %8s %5s  %s\n", NGX_CC_CLIENT_SHOWN, "ID",
                      "STATE", "AGE", "EXIT", "COMMAND");
    }

    return ngx_cc_client_list_each(rpc, ngx_cc_client_list_line, NULL);
}


/* waits until it is over, and asks how */

static int
ngx_cc_client_list_wait(ngx_cc_client_rpc_t *rpc, const char *id)
{
    uint64_t                 request;
    const char              *reason;
    ngx_cc_json_t           *w;
    ngx_cc_client_search_t   search;

    do {
        w = ngx_cc_client_rpc_begin(rpc, "wait", 1024);
        ngx_cc_json_lit(w, "\"until\":\"exit\",\"timeout_ms\":");
        ngx_cc_json_uint(w, NGX_CC_CLIENT_WAIT);
        ngx_cc_json_lit(w, ",\"execution_id\":");
        ngx_cc_json_cstring(w, id);
        request = ngx_cc_client_rpc_end(rpc);

        (void) ngx_cc_client_rpc_wait(rpc, request, NGX_CC_CLIENT_FAILED);

        reason = ngx_cc_client_message_get(rpc->message, "result.reason",
                                           NULL);

        if (reason && strcmp(reason, "reload") == 0) {
            ngx_cc_client_ws_close(&rpc->ws);
            ngx_cc_client_rpc_need(rpc);
        }

    } while (reason && strcmp(reason, "exit") != 0);

    memset(&search, 0, sizeof(search));
    search.prefix = id;
    search.n = NGX_CC_CLIENT_FAILED;

    (void) ngx_cc_client_list_each(rpc, ngx_cc_client_list_code, &search);

    return search.n;
}


/* all kept commands of this owner, page after page */

static int
ngx_cc_client_list_each(ngx_cc_client_rpc_t *rpc, ngx_cc_client_each_pt each,
    void *data)
{
    int             i;
    char            after[NGX_CC_CLIENT_ID];
    uint64_t        request;
    const char     *id;
    ngx_cc_json_t  *w;

    after[0] = '\0';

    do {
        w = ngx_cc_client_rpc_begin(rpc, "list", 1024);
        ngx_cc_json_lit(w, "\"scope\":\"owner\",\"limit\":");
        ngx_cc_json_uint(w, NGX_CC_CLIENT_PAGE);

        if (after[0]) {
            ngx_cc_json_lit(w, ",\"after\":");
            ngx_cc_json_cstring(w, after);
        }

        request = ngx_cc_client_rpc_end(rpc);
        (void) ngx_cc_client_rpc_wait(rpc, request, NGX_CC_CLIENT_FAILED);

        for (i = 0; i < NGX_CC_CLIENT_PAGE; i++) {
            id = ngx_cc_client_list_field(rpc, i, "execution_id");

            if (id == NULL) {
                return 0;
            }

            (void) snprintf(after, sizeof(after), "%s", id);

            if (each(rpc, i, data)) {
                return 0;
            }
        }

    } while (i == NGX_CC_CLIENT_PAGE);

    return 0;
}


static const char *
ngx_cc_client_list_field(ngx_cc_client_rpc_t *rpc, int i, const char *name)
{
    char  path[64];

    (void) snprintf(path, sizeof(path), "result.commands.%d.%s", i, name);

    return ngx_cc_client_message_get(rpc->message, path, NULL);
}


static int
ngx_cc_client_list_search(ngx_cc_client_rpc_t *rpc, int i, void *data)
{
    const char              *id;
    ngx_cc_client_search_t  *search = data;

    id = ngx_cc_client_list_field(rpc, i, "execution_id");

    if (strncmp(id, search->prefix, strlen(search->prefix)) == 0) {
        search->n++;
        (void) snprintf(search->id, sizeof(search->id), "%s", id);
    }

    return 0;
}


/* the exit code of one that is over */

static int
ngx_cc_client_list_code(ngx_cc_client_rpc_t *rpc, int i, void *data)
{
    long                     code;
    const char              *text;
    ngx_cc_client_search_t  *search = data;

    if (strcmp(ngx_cc_client_list_field(rpc, i, "execution_id"),
               search->prefix) != 0)
    {
        return 0;
    }

    text = ngx_cc_client_list_field(rpc, i, "exit_code");

    if (text) {
        code = strtol(text, NULL, 10);
        search->n = (int) (code < 0 ? 128 - code : code);
    }

    return 1;
}


static int
ngx_cc_client_list_line(ngx_cc_client_rpc_t *rpc, int i, void *data)
{
    char         age[32];
    double       started;
    const char  *text, *code, *state;

    if (rpc->args->json) {
        return 0;
    }

    text = ngx_cc_client_list_field(rpc, i, "started");
    started = text ? strtod(text, NULL) : 0;
    ngx_cc_client_list_age(age, sizeof(age), (double) time(NULL) - started);

    code = ngx_cc_client_list_field(rpc, i, "exit_code");
    state = ngx_cc_client_list_field(rpc, i, "state");

    text = ngx_cc_client_list_field(rpc, i, "label");

    if (text == NULL || *text == '\0') {
        text = ngx_cc_client_list_field(rpc, i, "command");
    }

    (void) printf("%.*s  %-10s %8s %5s  ", NGX_CC_CLIENT_SHOWN,
                  ngx_cc_client_list_field(rpc, i, "execution_id"),
                  state ? state : "", age, code ? code : "");

    /* nothing of a command's text is for our terminal to obey */

    for ( /* void */ ; text && *text; text++) {
        (void) putchar(iscntrl((unsigned char) *text) ? ' ' : *text);
    }

    (void) putchar('\n');

    return 0;
}


static void
ngx_cc_client_list_age(char *text, size_t size, double seconds)
{
    unsigned long  s;

    s = seconds > 0 ? (unsigned long) seconds : 0;

    if (s < 120) {
        (void) snprintf(text, size, "%lus", s);

    } else if (s < 7200) {
        (void) snprintf(text, size, "%lum", s / 60);

    } else if (s < 172800) {
        (void) snprintf(text, size, "%luh", s / 3600);

    } else {
        (void) snprintf(text, size, "%lud", s / 86400);
    }
}
