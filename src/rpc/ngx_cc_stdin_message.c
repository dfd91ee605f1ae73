
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_stdin_message.h"
#include "ngx_cc_zone.h"


void
ngx_cc_stdin_message_taken(ngx_cc_answers_t *answers, ngx_cc_asked_t *asked,
    uint64_t accepted, uint64_t position)
{
    u_char         buf[NGX_CC_MESSAGE_SIZE];
    ngx_cc_json_t  w;

    ngx_cc_message_writer(&w, buf, sizeof(buf));
    ngx_cc_message_answer(&w, &asked->id);
    ngx_cc_json_lit(&w, "\"result\":{\"accepted\":");
    ngx_cc_json_uint(&w, accepted);
    ngx_cc_json_lit(&w, ",\"offset\":");
    ngx_cc_json_uint(&w, position);
    ngx_cc_json_raw(&w, asked->more.data, asked->more.len);
    ngx_cc_json_lit(&w, "}}");

    (void) ngx_cc_answers_put(answers, buf, w.pos - buf);
}


void
ngx_cc_stdin_message_stay(ngx_cc_answers_t *answers, ngx_cc_asked_t *asked,
    ngx_cc_command_t *cmd, ngx_int_t code, const void *text, size_t len,
    uint64_t position)
{
    u_char         buf[NGX_CC_MESSAGE_SIZE];
    ngx_cc_json_t  w;

    if (code == NGX_CC_ERROR_PARAMS) {
        ngx_cc_zone_refused(NGX_CC_REASON_REQUEST);
    }

    ngx_cc_message_writer(&w, buf, sizeof(buf));

    if (asked->id.len) {
        ngx_cc_message_answer(&w, &asked->id);
        ngx_cc_json_lit(&w, "\"error\":{\"code\":");
        ngx_cc_json_int(&w, code);
        ngx_cc_json_lit(&w, ",\"message\":");
        ngx_cc_json_string(&w, text, len);
        ngx_cc_json_lit(&w, ",\"data\":{\"offset\":");
        ngx_cc_json_uint(&w, position);
        ngx_cc_json_lit(&w, "}}}");

    } else {
        ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"method\":"
                            "\"process.error\",\"params\":{\"error\":");
        ngx_cc_json_string(&w, text, len);
        ngx_cc_json_lit(&w, ",\"code\":");
        ngx_cc_json_int(&w, code);
        ngx_cc_json_lit(&w, ",\"execution_id\":\"");
        ngx_cc_message_execution(&w, cmd->id, cmd->named);
        ngx_cc_json_lit(&w, "\"");
        ngx_cc_json_lit(&w, ",\"offset\":");
        ngx_cc_json_uint(&w, position);
        ngx_cc_json_lit(&w, "}}");
    }

    (void) ngx_cc_answers_put(answers, buf, w.pos - buf);
}
