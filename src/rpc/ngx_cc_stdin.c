
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_notice.h"
#include "ngx_cc_request.h"
#include "ngx_cc_stdin.h"


typedef struct {
    ngx_queue_t        queue;
    ngx_str_t          id;               /* behind the data, same memory */
    u_char            *data;
    size_t             len;
    size_t             pos;              /* given to the command */
    size_t             accepted;         /* taken by it */
    unsigned           eof:1;
    unsigned           flying:1;
} ngx_cc_stdin_input_t;


static ngx_cc_stdin_input_t *ngx_cc_stdin_first(ngx_cc_stdin_t *in);
static void ngx_cc_stdin_done(ngx_cc_stdin_t *in,
    ngx_cc_stdin_input_t *input);
static void ngx_cc_stdin_free(ngx_cc_stdin_t *in,
    ngx_cc_stdin_input_t *input);


void
ngx_cc_stdin_init(ngx_cc_stdin_t *in, ngx_cc_command_t *cmd,
    ngx_cc_answers_t *answers, ngx_uint_t open, ngx_log_t *log)
{
    ngx_memzero(in, sizeof(ngx_cc_stdin_t));
    ngx_queue_init(&in->inputs);

    in->cmd = cmd;
    in->answers = answers;
    in->open = open ? 1 : 0;
    in->log = log;
}


ngx_int_t
ngx_cc_stdin_add(ngx_cc_stdin_t *in, ngx_str_t *data, ngx_uint_t eof,
    ngx_str_t *id, size_t limit)
{
    ngx_cc_stdin_input_t  *input;

    if (!in->open) {
        ngx_cc_notice_refuse(in->answers, id, NGX_CC_ERROR_PARAMS,
                             ngx_cc_text("stdin of this process is not open "
                                         "(params.open_stdin of execute)"));
        return NGX_OK;
    }

    if (in->ninputs == NGX_CC_STDIN_INPUTS || in->bytes + data->len > limit) {
        ngx_cc_notice_refuse(in->answers, id, NGX_CC_ERROR_LIMIT,
                             ngx_cc_text("too much input waits for this "
                                         "process"));
        return NGX_OK;
    }

    input = ngx_calloc(sizeof(ngx_cc_stdin_input_t) + data->len + id->len,
                       in->log);

    if (input == NULL) {
        return NGX_ERROR;
    }

    input->data = (u_char *) (input + 1);
    input->len = data->len;
    input->id.data = input->data + data->len;
    input->id.len = id->len;
    input->eof = eof ? 1 : 0;

    if (data->len) {
        ngx_memcpy(input->data, data->data, data->len);
    }

    if (id->len) {
        ngx_memcpy(input->id.data, id->data, id->len);
    }

    ngx_queue_insert_tail(&in->inputs, &input->queue);
    in->ninputs++;
    in->bytes += data->len;

    if (eof) {
        in->open = 0;
    }

    ngx_cc_stdin_feed(in);

    return NGX_OK;
}


void
ngx_cc_stdin_feed(ngx_cc_stdin_t *in)
{
    ssize_t                n;
    ngx_cc_stdin_input_t  *input;

    while (in->cmd->state == NGX_CC_COMMAND_RUNNING
           && (input = ngx_cc_stdin_first(in)) != NULL)
    {
        if (input->flying) {
            return;
        }

        n = ngx_cc_command_input(in->cmd, input->data + input->pos,
                                 input->len - input->pos, input->eof);

        if (n == NGX_BUSY || n == NGX_ERROR) {
            return;
        }

        if (n == NGX_DECLINED) {
            ngx_cc_stdin_done(in, input);
            continue;
        }

        input->pos += n;
        input->flying = 1;
    }
}


void
ngx_cc_stdin_fed(ngx_cc_stdin_t *in)
{
    ngx_cc_stdin_input_t  *input;

    input = ngx_cc_stdin_first(in);

    if (input == NULL) {
        return;
    }

    input->flying = 0;
    input->accepted += in->cmd->accepted;

    if (in->cmd->stdin_closed || input->pos == input->len) {
        ngx_cc_stdin_done(in, input);
    }

    ngx_cc_stdin_feed(in);
}


void
ngx_cc_stdin_end(ngx_cc_stdin_t *in)
{
    ngx_cc_stdin_input_t  *input;

    in->open = 0;

    while ((input = ngx_cc_stdin_first(in)) != NULL) {
        ngx_cc_stdin_done(in, input);
    }
}


void
ngx_cc_stdin_close(ngx_cc_stdin_t *in)
{
    ngx_cc_stdin_input_t  *input;

    while ((input = ngx_cc_stdin_first(in)) != NULL) {
        ngx_cc_stdin_free(in, input);
    }
}


static ngx_cc_stdin_input_t *
ngx_cc_stdin_first(ngx_cc_stdin_t *in)
{
    if (ngx_queue_empty(&in->inputs)) {
        return NULL;
    }

    return ngx_queue_data(ngx_queue_head(&in->inputs), ngx_cc_stdin_input_t,
                          queue);
}


/* all of it is taken, or nobody reads it any more */

static void
ngx_cc_stdin_done(ngx_cc_stdin_t *in, ngx_cc_stdin_input_t *input)
{
    u_char         buf[NGX_CC_NOTICE_SIZE];
    ngx_cc_json_t  w;

    if (input->id.len) {
        ngx_cc_notice_writer(&w, buf, sizeof(buf));
        ngx_cc_notice_answer(&w, &input->id);
        ngx_cc_json_lit(&w, "\"result\":{\"accepted\":");
        ngx_cc_json_uint(&w, input->accepted);
        ngx_cc_json_lit(&w, "}}");
        (void) ngx_cc_answers_put(in->answers, buf, w.pos - buf);
    }

    ngx_cc_stdin_free(in, input);
}


static void
ngx_cc_stdin_free(ngx_cc_stdin_t *in, ngx_cc_stdin_input_t *input)
{
    ngx_queue_remove(&input->queue);
    in->ninputs--;
    in->bytes -= input->len;
    ngx_free(input);
}
