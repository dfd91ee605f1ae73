
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_json_write.h"
#include "ngx_cc_mcp_meta.h"
#include "ngx_cc_mcp_result.h"
#include "ngx_cc_message.h"
#include "ngx_cc_names.h"
#include "ngx_cc_words.h"


/* where the small texts are written */

typedef struct {
    ngx_cc_mcp_result_t   *result;
    ngx_cc_mcp_outcome_t  *outcome;
    ngx_cc_mcp_parts_t    *parts;    /* of the result */
    size_t                 limit[NGX_CC_STREAMS];
} ngx_cc_mcp_builder_t;


static void ngx_cc_mcp_result_limits(ngx_cc_mcp_builder_t *b);
static void ngx_cc_mcp_result_output(ngx_cc_mcp_builder_t *b, ngx_uint_t i,
    ngx_cc_mcp_part_e kind);
static u_char ngx_cc_mcp_result_last(ngx_cc_mcp_builder_t *b, ngx_uint_t i);
static void ngx_cc_mcp_result_content(ngx_cc_mcp_builder_t *b);
static u_char *ngx_cc_mcp_result_end(ngx_cc_mcp_builder_t *b, u_char *p,
    u_char *last);
static void ngx_cc_mcp_result_structure(ngx_cc_mcp_builder_t *b);
static const char *ngx_cc_mcp_result_status(ngx_cc_mcp_outcome_t *outcome);


void
ngx_cc_mcp_result_init(ngx_cc_mcp_result_t *result,
    ngx_cc_mcp_outcome_t *outcome)
{
    ngx_uint_t             i;
    ngx_cc_mcp_builder_t   b;

    b.result = result;
    b.outcome = outcome;
    b.parts = &result->parts;
    ngx_cc_mcp_parts_init(b.parts, result->text, NGX_CC_MCP_RESULT_TEXT);

    ngx_cc_mcp_result_limits(&b);

    if (outcome->cmd) {
        for (i = 0; i < NGX_CC_STREAMS; i++) {
            ngx_cc_capture_cut(&outcome->capture[i], b.limit[i],
                               &result->cut[i]);
        }
    }

    ngx_cc_json_lit(&b.parts->w, "{\"jsonrpc\":\"2.0\",\"id\":");
    ngx_cc_mcp_parts_add(b.parts, outcome->id->data, outcome->id->len,
                         NGX_CC_MCP_PART_JSON);
    ngx_cc_json_lit(&b.parts->w, ",\"result\":{");

    if (outcome->modern) {
        ngx_cc_json_lit(&b.parts->w, "\"resultType\":\"complete\",");
    }

    ngx_cc_json_lit(&b.parts->w, "\"content\":[{\"type\":\"text\",\"text\":\"");
    ngx_cc_mcp_result_content(&b);
    ngx_cc_json_lit(&b.parts->w, "\"}],\"structuredContent\":");
    ngx_cc_mcp_result_structure(&b);
    ngx_cc_json_lit(&b.parts->w, ",\"isError\":");
    ngx_cc_json_bool(&b.parts->w, outcome->cmd == NULL || outcome->error.len
                           || outcome->cmd->cause != NGX_CC_CAUSE_EXIT
                           || outcome->cmd->status != 0);

    if (outcome->modern) {
        ngx_cc_json_lit(&b.parts->w, ",\"_meta\":{" NGX_CC_MCP_SERVER "}");
    }

    ngx_cc_json_lit(&b.parts->w, "}}");
    ngx_cc_mcp_parts_end(b.parts);
}


ngx_int_t
ngx_cc_mcp_result_refused(ngx_cc_mcp_reply_t *rp, ngx_cc_spec_t *spec)
{
    size_t                 n;
    u_char                *p;
    ngx_uint_t             more;
    ngx_cc_capture_t       capture[NGX_CC_STREAMS];
    ngx_cc_mcp_result_t   *result;
    ngx_cc_mcp_outcome_t   outcome;

    n = NGX_CC_MCP_RESULT_TEXT + rp->id.len;
    p = ngx_palloc(rp->pool, n);
    result = ngx_palloc(rp->pool, sizeof(ngx_cc_mcp_result_t));

    if (p == NULL || result == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&outcome, sizeof(ngx_cc_mcp_outcome_t));
    ngx_memzero(capture, sizeof(capture));

    outcome.id = &rp->id;
    outcome.modern = rp->modern;
    outcome.capture = capture;
    outcome.error.data = spec->text;
    outcome.error.len = spec->len;

    ngx_cc_mcp_result_init(result, &outcome);
    n = ngx_cc_mcp_result_pull(result, p, n, &more);

    return ngx_cc_answers_put(rp->answers, p, n);
}


size_t
ngx_cc_mcp_result_pull(ngx_cc_mcp_result_t *result, u_char *p, size_t room,
    ngx_uint_t *more)
{
    return ngx_cc_mcp_parts_pull(&result->parts, p, room, more);
}


/* without a limit of its own each stream gets what the other leaves */

static void
ngx_cc_mcp_result_limits(ngx_cc_mcp_builder_t *b)
{
    size_t                 half, n;
    ngx_uint_t             i;
    ngx_cc_mcp_outcome_t  *outcome;

    outcome = b->outcome;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        b->limit[i] = outcome->limit;

        if (outcome->together) {
            half = outcome->limit / 2;
            n = ngx_min(outcome->capture[!i].total, half);
            b->limit[i] = outcome->limit - n;
        }

        if (outcome->cmd) {
            /* less, when memory was missing */
            b->limit[i] = ngx_min(b->limit[i], outcome->capture[i].limit);
        }
    }
}


/* what is left of a stream, with a mark where something was left out */

static void
ngx_cc_mcp_result_output(ngx_cc_mcp_builder_t *b, ngx_uint_t i,
    ngx_cc_mcp_part_e kind)
{
    u_char                *mark, *last;
    ngx_uint_t             j;
    ngx_cc_capture_cut_t  *cut;

    cut = &b->result->cut[i];
    ngx_cc_mcp_parts_add(b->parts, cut->head.data, cut->head.len, kind);

    if (cut->cut == 0) {
        return;
    }

    mark = b->result->mark[i];
    last = ngx_slprintf(mark, mark + sizeof(b->result->mark[i]),
                        "\n[... %uL bytes left out ...]\n", cut->cut);
    ngx_cc_mcp_parts_add(b->parts, mark, last - mark, NGX_CC_MCP_PART_EXACT);

    for (j = 0; j < NGX_CC_CAPTURE_PIECES - 1; j++) {
        ngx_cc_mcp_parts_add(b->parts, cut->tail[j].data, cut->tail[j].len,
                             kind);
    }
}


/* the last byte that is shown of a stream, '\n' when there is none */

static u_char
ngx_cc_mcp_result_last(ngx_cc_mcp_builder_t *b, ngx_uint_t i)
{
    ngx_uint_t             j;
    ngx_cc_capture_cut_t  *cut;

    cut = &b->result->cut[i];

    for (j = NGX_CC_CAPTURE_PIECES - 1; j--; /* void */ ) {
        if (cut->tail[j].len) {
            return cut->tail[j].data[cut->tail[j].len - 1];
        }
    }

    if (cut->cut || cut->head.len == 0) {
        return '\n';
    }

    return cut->head.data[cut->head.len - 1];
}


/* the text: stdout, stderr, how it ended */

static void
ngx_cc_mcp_result_content(ngx_cc_mcp_builder_t *b)
{
    u_char                 text[1024], *p;
    ngx_cc_mcp_outcome_t  *outcome;

    static const char  lossy[] = "[some of it is not UTF-8: U+FFFD stands for "
                                 "that]\\n";

    outcome = b->outcome;
    p = text;

    if (outcome->cmd && outcome->error.len == 0) {

        ngx_cc_mcp_result_output(b, NGX_CC_STDOUT,
                                 NGX_CC_MCP_PART_READABLE);

        if (ngx_cc_mcp_result_last(b, NGX_CC_STDOUT) != '\n') {
            ngx_cc_json_lit(&b->parts->w, "\\n");
        }

        if (outcome->capture[NGX_CC_STDERR].total) {
            ngx_cc_json_lit(&b->parts->w, "[stderr]\\n");
            ngx_cc_mcp_result_output(b, NGX_CC_STDERR,
                                     NGX_CC_MCP_PART_READABLE);

            if (ngx_cc_mcp_result_last(b, NGX_CC_STDERR) != '\n') {
                ngx_cc_json_lit(&b->parts->w, "\\n");
            }
        }

        ngx_cc_mcp_parts_add(b->parts, lossy, sizeof(lossy) - 1,
                             NGX_CC_MCP_PART_LOSSY);

        p = ngx_cc_mcp_result_end(b, p, text + sizeof(text));

    } else {
        p = ngx_slprintf(p, text + sizeof(text), "[not started: %V]",
                         &outcome->error);
    }

    (void) ngx_cc_json_escape(&b->parts->w.pos, b->parts->w.end, text,
                              p - text, 1, &(int) { 0 });
}


static u_char *
ngx_cc_mcp_result_end(ngx_cc_mcp_builder_t *b, u_char *p, u_char *last)
{
    ngx_uint_t             i;
    const char            *signal;
    ngx_cc_command_t      *cmd;
    ngx_cc_capture_cut_t  *cut;
    ngx_cc_mcp_outcome_t  *outcome;

    static const char  *stream[] = { "stdout", "stderr" };

    outcome = b->outcome;
    cmd = outcome->cmd;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        cut = &b->result->cut[i];

        if (cut->cut) {
            p = ngx_slprintf(p, last, "[%s cut: %uL of its %uL bytes are left "
                                      "out; max_output_bytes shows more, up "
                                      "to %d]\n", stream[i], cut->cut,
                             outcome->capture[i].total,
                             16 * 1024 * 1024);
        }
    }

    if (cmd->swept) {
        p = ngx_slprintf(p, last, "[%uD background process%s ended]\n",
                         cmd->swept, cmd->swept == 1 ? " was" : "es were");
    }

    if (cmd->pipes_open) {
        p = ngx_slprintf(p, last, "[another process still holds the output "
                                  "open]\n");
    }

    switch (cmd->cause) {

    case NGX_CC_CAUSE_TIMEOUT:
        return ngx_slprintf(p, last, "[timed out after %M ms]",
                            outcome->timeout);

    case NGX_CC_CAUSE_SILENCE:
        return ngx_slprintf(p, last, "[ended after %M ms without output]",
                            outcome->silence);

    default:
        break;
    }

    if (ngx_cc_names_limit(cmd->cause)) {
        p = ngx_slprintf(p, last, "[ended: it ");
        p = ngx_cc_words_limit(p, last, cmd);
        return ngx_slprintf(p, last, "]");
    }

    if (cmd->cause == NGX_CC_CAUSE_SHUTDOWN && !cmd->unknown) {
        p = ngx_slprintf(p, last, "[ended: the server is shutting down]\n");
    }

    if (cmd->unknown) {
        return ngx_slprintf(p, last, "[%s]", ngx_cc_words_unknown(cmd));
    }

    signal = ngx_cc_names_exit_signal(cmd->status);

    if (signal) {
        p = ngx_slprintf(p, last, "[killed by %s, ", signal);

    } else {
        p = ngx_slprintf(p, last, "[exit code %d, ",
                         ngx_cc_names_exit_code(cmd->status));
    }

    return ngx_slprintf(p, last, "%uL.%uL s]", cmd->elapsed / 1000000,
                        cmd->elapsed / 100000 % 10);
}


static void
ngx_cc_mcp_result_structure(ngx_cc_mcp_builder_t *b)
{
    ngx_uint_t             ran, lost;
    const char            *signal;
    ngx_cc_json_t         *w;
    ngx_cc_command_t      *cmd;
    ngx_cc_mcp_outcome_t  *outcome;

    static const char  lossy[] = ",\"lossy\":true";

    w = &b->parts->w;
    outcome = b->outcome;
    cmd = outcome->cmd;

    ran = (cmd && outcome->error.len == 0);
    lost = (ran && cmd->unknown);
    signal = (ran && !lost) ? ngx_cc_names_exit_signal(cmd->status) : NULL;

    ngx_cc_json_lit(w, "{\"status\":");
    ngx_cc_json_cstring(w, ngx_cc_mcp_result_status(outcome));
    ngx_cc_json_lit(w, ",\"exit_code\":");

    if (ran && !lost && signal == NULL) {
        ngx_cc_json_int(w, ngx_cc_names_exit_code(cmd->status));

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"signal\":");

    if (signal) {
        ngx_cc_json_cstring(w, signal);

    } else {
        ngx_cc_json_lit(w, "null");
    }

    ngx_cc_json_lit(w, ",\"timed_out\":");
    ngx_cc_json_bool(w, ran && ngx_cc_names_timed_out(cmd->cause));
    ngx_cc_json_lit(w, ",\"stdout\":\"");

    if (ran) {
        ngx_cc_mcp_result_output(b, NGX_CC_STDOUT, NGX_CC_MCP_PART_EXACT);
    }

    ngx_cc_json_lit(w, "\",\"stderr\":\"");

    if (ran) {
        ngx_cc_mcp_result_output(b, NGX_CC_STDERR, NGX_CC_MCP_PART_EXACT);
    }

    ngx_cc_json_lit(w, "\",\"stdout_bytes\":");
    ngx_cc_json_uint(w, ran ? outcome->capture[NGX_CC_STDOUT].total : 0);
    ngx_cc_json_lit(w, ",\"stderr_bytes\":");
    ngx_cc_json_uint(w, ran ? outcome->capture[NGX_CC_STDERR].total : 0);
    ngx_cc_json_lit(w, ",\"truncated\":");
    ngx_cc_json_bool(w, ran && (b->result->cut[NGX_CC_STDOUT].cut
                                || b->result->cut[NGX_CC_STDERR].cut));

    if (ran) {
        ngx_cc_mcp_parts_add(b->parts, lossy, sizeof(lossy) - 1,
                             NGX_CC_MCP_PART_LOSSY);
    }

    ngx_cc_json_lit(w, ",\"duration_ms\":");
    ngx_cc_json_uint(w, ran ? cmd->elapsed / 1000 : 0);

    if (ran) {
        ngx_cc_json_lit(w, ",\"pid\":");
        ngx_cc_json_int(w, cmd->pid);
        ngx_cc_json_lit(w, ",\"pgid\":");
        ngx_cc_json_int(w, cmd->pid);
        ngx_cc_json_lit(w, ",\"descendants_killed\":");
        ngx_cc_json_uint(w, cmd->swept);
        ngx_cc_json_lit(w, ",\"pipes_open\":");
        ngx_cc_json_bool(w, cmd->pipes_open);
    }

    if (outcome->error.len) {
        ngx_cc_json_lit(w, ",\"error\":");
        ngx_cc_json_string(w, outcome->error.data, outcome->error.len);

    } else if (lost) {
        ngx_cc_json_lit(w, ",\"error\":");
        ngx_cc_json_cstring(w, ngx_cc_words_unknown(cmd));
    }

    ngx_cc_json_lit(w, "}");
}


static const char *
ngx_cc_mcp_result_status(ngx_cc_mcp_outcome_t *outcome)
{
    if (outcome->cmd == NULL || outcome->error.len) {
        return "failed";
    }

    if (ngx_cc_names_timed_out(outcome->cmd->cause)) {
        return "timed_out";
    }

    if (outcome->cmd->unknown) {
        return "failed";
    }

    return ngx_cc_names_exit_signal(outcome->cmd->status) ? "signaled"
                                                          : "exited";
}
