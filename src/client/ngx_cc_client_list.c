
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ngx_cc_client_list.h"
#include "ngx_cc_client_say.h"


#define NGX_CC_CLIENT_WHOLE   48         /* digits of an id */
#define NGX_CC_CLIENT_SHOWN   12         /* of them in a list */
#define NGX_CC_CLIENT_PAGE    100
#define NGX_CC_CLIENT_PAGES   1000       /* more is nonsense */
#define NGX_CC_CLIENT_WAIT    100000     /* ms, the longest that is served */
#define NGX_CC_CLIENT_PARTS   20         /* lists in a row that are partial */


/* one entry of a list; returns whether to stop there */

typedef int (*ngx_cc_client_each_pt)(ngx_cc_client_rpc_t *rpc, int i,
    void *data);


typedef struct {
    const char  *prefix;
    char         id[NGX_CC_CLIENT_ID];
    int          n;                      /* of those that begin like it */
    int          status;                 /* of the last one, for exit(3); -1:
                                            not known */
} ngx_cc_client_search_t;


static int ngx_cc_client_list_obeyed(ngx_cc_client_rpc_t *rpc,
    uint64_t request, int harmless);
static void ngx_cc_client_list_again(ngx_cc_client_rpc_t *rpc);
static int ngx_cc_client_list_each(ngx_cc_client_rpc_t *rpc,
    ngx_cc_client_each_pt each, void *data);
static const char *ngx_cc_client_list_path(int i, const char *name);
static const char *ngx_cc_client_list_field(ngx_cc_client_rpc_t *rpc, int i,
    const char *name);
static int ngx_cc_client_list_search(ngx_cc_client_rpc_t *rpc, int i,
    void *data);
static int ngx_cc_client_list_line(ngx_cc_client_rpc_t *rpc, int i,
    void *data);
static int ngx_cc_client_list_ps(ngx_cc_client_rpc_t *rpc);
static int ngx_cc_client_list_wait(ngx_cc_client_rpc_t *rpc, const char *id);
static int ngx_cc_client_list_cancel(ngx_cc_client_rpc_t *rpc,
    const char *id);
static uint64_t ngx_cc_client_list_request(ngx_cc_client_rpc_t *rpc,
    const char *id);
static void ngx_cc_client_list_age(char *text, size_t size, double seconds);


const char *
ngx_cc_client_list_id(ngx_cc_client_rpc_t *rpc)
{
    int          try;
    const char  *id, *dot;

    static ngx_cc_client_search_t  search;

    ngx_cc_client_rpc_need(rpc);
    id = rpc->args->id;

    if (strlen(id) >= NGX_CC_CLIENT_ID || *id == '\0') {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "this is no id");
    }

    /* the name of a node may stand before it */

    dot = strchr(id, '.');

    if (strlen(dot ? dot + 1 : id) >= NGX_CC_CLIENT_WHOLE) {
        return id;
    }

    rpc->quiet = 1;

    for (try = 0; try < NGX_CC_CLIENT_PARTS; try++) {
        memset(&search, 0, sizeof(search));
        search.prefix = id;

        if (!ngx_cc_client_list_each(rpc, ngx_cc_client_list_search, &search)
            || search.n > 1)
        {
            break;
        }
    }

    rpc->quiet = 0;

    if (search.n == 0) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no kept command begins with "
                           "%s (cc-run ps lists them)", id);
    }

    if (search.n > 1) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "more than one kept command "
                           "begins with %s", id);
    }

    return search.id;
}


int
ngx_cc_client_list(ngx_cc_client_rpc_t *rpc)
{
    const char  *id;

    if (rpc->args->verb == NGX_CC_VERB_PS) {
        ngx_cc_client_rpc_need(rpc);
        return ngx_cc_client_list_ps(rpc);
    }

    id = ngx_cc_client_list_id(rpc);

    if (rpc->args->verb == NGX_CC_VERB_WAIT) {
        return ngx_cc_client_list_wait(rpc, id);
    }

    if (rpc->args->verb == NGX_CC_VERB_CANCEL) {
        return ngx_cc_client_list_cancel(rpc, id);
    }

    while (!ngx_cc_client_list_obeyed(rpc, ngx_cc_client_list_request(rpc, id),
                                      0))
    {
        /* once more */
    }

    return 0;
}


static uint64_t
ngx_cc_client_list_request(ngx_cc_client_rpc_t *rpc, const char *id)
{
    ngx_cc_json_t               *w;
    const ngx_cc_client_args_t  *args;

    args = rpc->args;
    w = ngx_cc_client_rpc_begin(rpc, args->verb == NGX_CC_VERB_RM ? "remove"
                                                                  : "signal",
                                (args->signal ? 6 * strlen(args->signal) : 0)
                                + 1024);

    if (args->verb == NGX_CC_VERB_RM) {
        ngx_cc_json_lit(w, "\"force\":");
        ngx_cc_json_bool(w, args->force);

    } else {
        ngx_cc_json_lit(w, "\"signal\":");
        ngx_cc_json_cstring(w, args->verb == NGX_CC_VERB_PAUSE ? "STOP"
                               : args->verb == NGX_CC_VERB_RESUME ? "CONT"
                               : args->signal);
    }

    ngx_cc_json_lit(w, ",\"execution_id\":");
    ngx_cc_json_cstring(w, id);

    return ngx_cc_client_rpc_end(rpc);
}


/*
 * The answer has to be a result: 1.  0: ask again, on a new connection;
 * anything else ends the process.
 */

static int
ngx_cc_client_list_obeyed(ngx_cc_client_rpc_t *rpc, uint64_t request,
    int harmless)
{
    int  rc;

    rc = ngx_cc_client_rpc_wait(rpc, request);

    if (rc == 1) {
        ngx_cc_client_rpc_good(rpc);
        return 1;
    }

    if (rc == 0 && !ngx_cc_client_rpc_leaves(rpc)) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "%s",
                           ngx_cc_client_message_get(rpc->message,
                                                     "error.message", NULL));
    }

    if (rc == -1 && !harmless && rpc->ws.code != NGX_CC_CLIENT_LEAVES) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "%s",
                           ngx_cc_client_rpc_why(rpc));
    }

    ngx_cc_client_list_again(rpc);

    return 0;
}


/* a new connection, or the end of the process */

static void
ngx_cc_client_list_again(ngx_cc_client_rpc_t *rpc)
{
    const char  *error;

    if (ngx_cc_client_rpc_again(rpc, &error) != 0) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "%s", error);
    }
}


/* control is for those who are attached; the output is not for us */

static int
ngx_cc_client_list_cancel(ngx_cc_client_rpc_t *rpc, const char *id)
{
    uint64_t        request;
    ngx_cc_json_t  *w;

    do {
        rpc->quiet = 1;

        do {
            w = ngx_cc_client_rpc_begin(rpc, "attach", 1024);
            ngx_cc_json_lit(w, "\"mode\":\"write\",\"flow\":\"lossy\","
                               "\"stdout\":-1,\"stderr\":-1,"
                               "\"execution_id\":");
            ngx_cc_json_cstring(w, id);
            request = ngx_cc_client_rpc_end(rpc);

        } while (!ngx_cc_client_list_obeyed(rpc, request, 1));

        rpc->quiet = 0;

        w = ngx_cc_client_rpc_begin(rpc, "control", 1024);
        ngx_cc_json_lit(w, "\"type\":\"CANCEL\",\"execution_id\":");
        ngx_cc_json_cstring(w, id);
        request = ngx_cc_client_rpc_end(rpc);

    } while (!ngx_cc_client_list_obeyed(rpc, request, 0));

    return 0;
}


static int
ngx_cc_client_list_ps(ngx_cc_client_rpc_t *rpc)
{
    if (!rpc->args->json) {
        (void) printf("%-*s  %-10s %8s %5s  %s\n", NGX_CC_CLIENT_SHOWN, "ID",
                      "STATE", "AGE", "EXIT", "COMMAND");
    }

    if (ngx_cc_client_list_each(rpc, ngx_cc_client_list_line, NULL)) {
        ngx_cc_client_say("some did not answer in time: where only the id is "
                          "shown, more may be known");
    }

    return 0;
}


/* waits until it is over, and asks how */

static int
ngx_cc_client_list_wait(ngx_cc_client_rpc_t *rpc, const char *id)
{
    int                      try;
    uint64_t                 request;
    const char              *reason;
    ngx_cc_json_t           *w;
    ngx_cc_client_search_t   search;

    for ( ;; ) {
        w = ngx_cc_client_rpc_begin(rpc, "wait", 1024);
        ngx_cc_json_lit(w, "\"until\":\"exit\",\"timeout_ms\":");
        ngx_cc_json_uint(w, NGX_CC_CLIENT_WAIT);
        ngx_cc_json_lit(w, ",\"execution_id\":");
        ngx_cc_json_cstring(w, id);
        request = ngx_cc_client_rpc_end(rpc);

        if (!ngx_cc_client_list_obeyed(rpc, request, 1)) {
            continue;
        }

        reason = ngx_cc_client_message_get(rpc->message, "result.reason",
                                           NULL);

        if (reason && strcmp(reason, "reload") == 0) {
            ngx_cc_client_list_again(rpc);

        } else if (reason == NULL || strcmp(reason, "timeout") != 0) {
            break;
        }
    }

    rpc->quiet = 1;

    for (try = 0; try < NGX_CC_CLIENT_PARTS; try++) {
        memset(&search, 0, sizeof(search));
        search.prefix = id;
        search.status = -1;

        if (!ngx_cc_client_list_each(rpc, ngx_cc_client_list_search, &search)
            || search.n)
        {
            break;
        }
    }

    if (search.status == -1) {
        ngx_cc_client_say("it is over, but not known how it ended");
        return NGX_CC_CLIENT_FAILED;
    }

    return search.status;
}


/*
 * All kept commands of this owner, page after page.  Returns 1 when a list was
 * partial: some helpers did not answer in time.
 */

static int
ngx_cc_client_list_each(ngx_cc_client_rpc_t *rpc, ngx_cc_client_each_pt each,
    void *data)
{
    int             i, page, partial;
    char            after[NGX_CC_CLIENT_ID];
    uint64_t        request;
    const char     *next;
    ngx_cc_json_t  *w;

    after[0] = '\0';
    partial = 0;

    for (page = 0; page < NGX_CC_CLIENT_PAGES; page++) {

        do {
            w = ngx_cc_client_rpc_begin(rpc, "list", 2048);
            ngx_cc_json_lit(w, "\"scope\":\"owner\",\"limit\":");
            ngx_cc_json_uint(w, NGX_CC_CLIENT_PAGE);

            if (after[0]) {
                ngx_cc_json_lit(w, ",\"after\":");
                ngx_cc_json_cstring(w, after);
            }

            request = ngx_cc_client_rpc_end(rpc);

        } while (!ngx_cc_client_list_obeyed(rpc, request, 1));

        partial |= ngx_cc_client_message_true(rpc->message, "result.partial");

        for (i = 0; i < NGX_CC_CLIENT_PAGE; i++) {

            if (ngx_cc_client_list_field(rpc, i, "name") == NULL) {
                break;
            }

            if (each(rpc, i, data)) {
                return partial;
            }
        }

        next = ngx_cc_client_message_get(rpc->message, "result.next", NULL);

        if (!ngx_cc_client_message_true(rpc->message, "result.more")
            || next == NULL)
        {
            break;
        }

        (void) snprintf(after, sizeof(after), "%s", next);
    }

    return partial;
}


/* valid until the next call */

static const char *
ngx_cc_client_list_path(int i, const char *name)
{
    static char  path[64];

    (void) snprintf(path, sizeof(path), "result.commands.%d.%s", i, name);

    return path;
}


static const char *
ngx_cc_client_list_field(ngx_cc_client_rpc_t *rpc, int i, const char *name)
{
    return ngx_cc_client_message_get(rpc->message,
                                     ngx_cc_client_list_path(i, name), NULL);
}


static int
ngx_cc_client_list_search(ngx_cc_client_rpc_t *rpc, int i, void *data)
{
    size_t                   n;
    const char              *id, *dot;
    ngx_cc_client_search_t  *search = data;

    id = ngx_cc_client_list_field(rpc, i, "execution_id");

    if (id == NULL) {
        return 0;
    }

    /* with the name of a node before it, or without, as "ps" shows it */

    n = strlen(search->prefix);
    dot = strchr(id, '.');

    if (strncmp(id, search->prefix, n) != 0
        && (dot == NULL || strncmp(dot + 1, search->prefix, n) != 0))
    {
        return 0;
    }

    search->n++;
    (void) snprintf(search->id, sizeof(search->id), "%s", id);
    search->status = ngx_cc_client_message_status(rpc->message,
                                        ngx_cc_client_list_path(i,
                                                                "exit_code"));

    return 0;
}


static int
ngx_cc_client_list_line(ngx_cc_client_rpc_t *rpc, int i, void *data)
{
    char         age[32], line[128];
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
    text = ngx_cc_client_list_field(rpc, i, "kept");

    if (text && strcmp(text, "false") == 0) {
        /* it ends with its connection, and leaves nothing */
        code = "bound";
    }

    text = ngx_cc_client_list_field(rpc, i, "label");

    if (text == NULL || *text == '\0') {
        text = ngx_cc_client_list_field(rpc, i, "command");
    }

    /* an id begins with its name */

    (void) snprintf(line, sizeof(line), "%.*s  %-10s %8s %5s  ",
                    NGX_CC_CLIENT_SHOWN,
                    ngx_cc_client_list_field(rpc, i, "name"),
                    state ? state : "", age, code ? code : "");
    ngx_cc_client_plain(stdout, line, ' ');
    ngx_cc_client_plain(stdout, text ? text : "", ' ');
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
