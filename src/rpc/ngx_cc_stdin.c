
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_request.h"
#include "ngx_cc_stdin.h"
#include "ngx_cc_stdin_message.h"


#define NGX_CC_STDIN_SMALL   512         /* bytes of a block: nothing waits */
#define NGX_CC_STDIN_BLOCK   16384       /* something does */
#define NGX_CC_STDIN_LARGE   65536       /* the most */
#define NGX_CC_STDIN_TEXT    256         /* of a refusal */

/* what a request costs beside its id: its struct, and malloc()'s own */

#define NGX_CC_STDIN_ASK     (sizeof(ngx_cc_stdin_ask_t) + 16)


struct ngx_cc_stdin_block_s {
    ngx_cc_stdin_block_t  *next;
    u_char                *pos;
    u_char                *last;
    u_char                *end;
    ngx_uint_t             eof;          /* behind it, on a terminal */
    ngx_uint_t             more;         /* kept: its message goes on */
};


/* a request; its id is behind it in the same memory */

struct ngx_cc_stdin_ask_s {
    ngx_cc_stdin_ask_t    *next;
    uint64_t               end;          /* position behind its bytes */
    uint32_t               len;          /* how many they are */
    uint32_t               eof;          /* on a terminal, which one; else 1 */
    ngx_cc_asked_t         asked;
};


static ngx_int_t ngx_cc_stdin_admit(ngx_cc_stdin_t *in,
    ngx_cc_input_t *input, ngx_cc_asked_t *asked);
static ngx_int_t ngx_cc_stdin_room(ngx_cc_stdin_t *in, size_t len,
    size_t request, u_char *text, u_char **end);
static ngx_int_t ngx_cc_stdin_append(ngx_cc_stdin_t *in, ngx_str_t *data);
static ngx_cc_stdin_block_t *ngx_cc_stdin_block(ngx_cc_stdin_t *in, size_t n);
static ngx_int_t ngx_cc_stdin_finish(ngx_cc_stdin_t *in);
static void ngx_cc_stdin_too_long(ngx_cc_stdin_t *in);
static ngx_uint_t ngx_cc_stdin_waits(ngx_cc_stdin_t *in,
    ngx_cc_stdin_ask_t *ask);
static ngx_int_t ngx_cc_stdin_remember(ngx_cc_stdin_t *in,
    ngx_cc_input_t *input, ngx_cc_asked_t *asked);
static void ngx_cc_stdin_settle(ngx_cc_stdin_t *in);
static void ngx_cc_stdin_forget(ngx_cc_stdin_t *in);
static void ngx_cc_stdin_shut(ngx_cc_stdin_t *in);
static void ngx_cc_stdin_less(ngx_cc_stdin_t *in, size_t n);
static void ngx_cc_stdin_count(ngx_cc_stdin_t *in);
static uint64_t ngx_cc_stdin_place(const ngx_cc_stdin_t *in);


void
ngx_cc_stdin_init(ngx_cc_stdin_t *in, ngx_cc_command_t *cmd,
    ngx_cc_answers_t *answers, ngx_cc_stdin_share_t *share, ngx_uint_t open,
    ngx_log_t *log)
{
    ngx_memzero(in, sizeof(ngx_cc_stdin_t));

    in->cmd = cmd;
    in->answers = answers;
    in->share = share;
    in->open = open ? 1 : 0;
    in->terminal = (cmd->cols != 0);
    in->log = log;
}


void
ngx_cc_stdin_from(ngx_cc_stdin_t *in, uint64_t position, ngx_uint_t open)
{
    in->position = position;
    in->passed = position;
    in->taken = position;
    in->open = open ? 1 : 0;
}


ngx_int_t
ngx_cc_stdin_fill(ngx_cc_stdin_t *in, ngx_str_t *data, ngx_uint_t eof)
{
    if (ngx_cc_stdin_append(in, data) != NGX_OK) {
        return NGX_ERROR;
    }

    if (eof && ngx_cc_stdin_finish(in) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_cc_stdin_feed(in);

    return NGX_OK;
}


ngx_int_t
ngx_cc_stdin_add(ngx_cc_stdin_t *in, ngx_cc_input_t *input,
    ngx_cc_asked_t *asked)
{
    if (!in->open) {
        ngx_cc_stdin_message_stay(in->answers, asked, in->cmd,
                                  NGX_CC_ERROR_PARAMS,
                                  ngx_cc_text("stdin of this process is not "
                                              "open (params.open_stdin of "
                                              "execute)"),
                                  ngx_cc_stdin_place(in));
        return NGX_OK;
    }

    /* who is not read any more cannot be too fast */

    if (!in->closed && ngx_cc_stdin_admit(in, input, asked) != NGX_OK) {
        return NGX_OK;
    }

    if (ngx_cc_stdin_append(in, &input->data) != NGX_OK
        || (input->eof && ngx_cc_stdin_finish(in) != NGX_OK)
        || (asked->id.len
            && ngx_cc_stdin_remember(in, input, asked) != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (in->closed) {
        ngx_cc_stdin_shut(in);
    }

    ngx_cc_stdin_feed(in);
    ngx_cc_stdin_settle(in);

    return NGX_OK;
}


void
ngx_cc_stdin_feed(ngx_cc_stdin_t *in)
{
    u_char                *p;
    size_t                 len;
    ssize_t                n;
    ngx_uint_t             eof;
    ngx_cc_stdin_block_t  *b;

    if (in->cmd->state != NGX_CC_COMMAND_RUNNING || in->busy || in->closed) {
        return;
    }

    b = in->first;

    if (b == NULL && (!in->eof || in->eof_given)) {
        return;
    }

    p = b ? b->pos : (u_char *) "";
    len = b ? b->last - b->pos : 0;
    eof = in->terminal ? b && b->eof
                       : in->eof && (b == NULL || b->next == NULL);

    n = ngx_cc_command_input(in->cmd, p, len, b && b->more, eof);

    if (n == NGX_BUSY || n == NGX_ERROR) {
        return;
    }

    if (n == NGX_DECLINED) {
        ngx_cc_stdin_shut(in);
        ngx_cc_stdin_settle(in);
        return;
    }

    in->busy = 1;
    in->flying = n;

    if (in->terminal) {
        in->eof_flying = (eof && (size_t) n == len);

    } else {
        in->eof_given = (eof && (size_t) n == len);
    }

    if (b == NULL) {
        return;
    }

    b->pos += n;

    if (b->pos == b->last) {
        in->first = b->next;
        ngx_free(b);
    }

    if (in->first == NULL) {
        in->last = NULL;
    }
}


void
ngx_cc_stdin_fed(ngx_cc_stdin_t *in)
{
    size_t  n;

    if (!in->busy) {
        return;
    }

    if (in->cmd->stdin_long) {
        ngx_cc_stdin_too_long(in);
        return;
    }

    n = in->flying;
    in->busy = 0;
    in->flying = 0;
    in->passed += n;
    in->eofs_passed += in->eof_flying;
    in->eof_flying = 0;
    ngx_cc_stdin_less(in, n);

    if (in->cmd->stdin_closed) {
        in->taken += ngx_min(in->cmd->accepted, n);
        ngx_cc_stdin_count(in);
        ngx_cc_stdin_shut(in);

    } else {
        in->taken += n;
        ngx_cc_stdin_count(in);
        ngx_cc_stdin_feed(in);
    }

    ngx_cc_stdin_settle(in);
}


void
ngx_cc_stdin_end(ngx_cc_stdin_t *in)
{
    in->open = 0;
    ngx_cc_stdin_shut(in);
    ngx_cc_stdin_settle(in);
}


void
ngx_cc_stdin_close(ngx_cc_stdin_t *in)
{
    ngx_cc_stdin_shut(in);

    while (in->asks) {
        ngx_cc_stdin_forget(in);
    }
}


/* may it wait here?  NGX_DECLINED: no, and that has been answered */

static ngx_int_t
ngx_cc_stdin_admit(ngx_cc_stdin_t *in, ngx_cc_input_t *input,
    ngx_cc_asked_t *asked)
{
    size_t     request;
    u_char     text[NGX_CC_STDIN_TEXT], *p;
    ngx_int_t  code;

    code = NGX_CC_ERROR_LIMIT;

    if (input->placed ? input->offset != ngx_cc_stdin_place(in)
                      : in->refusing)
    {

        if (in->refusing) {
            p = ngx_slprintf(text, text + NGX_CC_STDIN_TEXT,
                             "an earlier input of this process was refused: "
                             "wait for accepted, then go on with "
                             "params.offset %uL", in->named);

        } else {
            code = NGX_CC_ERROR_PARAMS;
            p = ngx_slprintf(text, text + NGX_CC_STDIN_TEXT,
                             "params.offset is %uL, but stdin of this "
                             "process stands at %uL", input->offset,
                             ngx_cc_stdin_place(in));
        }

        goto refused;
    }

    request = asked->id.len
              ? NGX_CC_STDIN_ASK + asked->id.len + asked->more.len : 0;

    if (ngx_cc_stdin_room(in, input->data.len, request, text, &p) == NGX_OK) {
        in->refusing = 0;
        return NGX_OK;
    }

refused:

    /* it stays the same, whatever others write meanwhile */

    in->named = ngx_cc_stdin_place(in);
    in->refusing = 1;
    ngx_cc_stdin_message_stay(in->answers, asked, in->cmd, code, text,
                              p - text, in->named);

    return NGX_DECLINED;
}


/* NGX_OK, or NGX_DECLINED and a text, which ends at *end */

static ngx_int_t
ngx_cc_stdin_room(ngx_cc_stdin_t *in, size_t len, size_t request,
    u_char *text, u_char **end)
{
    size_t   limit;
    u_char  *last;

    limit = in->share->limit;
    last = text + NGX_CC_STDIN_TEXT;

    if (len > limit) {
        *end = ngx_slprintf(text, last,
                            "an input of %uz bytes is more than may wait "
                            "for a process, %uz: send it in pieces, from "
                            "params.offset %uL", len, limit,
                            ngx_cc_stdin_place(in));
        return NGX_DECLINED;
    }

    if (in->bytes + len > limit) {
        text = ngx_slprintf(text, last,
                            "%uz bytes of input wait for this process, %uz "
                            "may", in->bytes, limit);

    } else if (in->share->bytes + len > 2 * limit) {
        text = ngx_slprintf(text, last,
                            "%uz bytes of input wait for the processes of "
                            "this session, %uz may", in->share->bytes,
                            2 * limit);

    } else if (in->requests + request > limit
               || in->share->requests + request > 2 * limit)
    {
        text = ngx_slprintf(text, last, "too many inputs wait");

    } else {
        return NGX_OK;
    }

    *end = ngx_slprintf(text, last, ": wait for accepted, then go on with "
                        "params.offset %uL", ngx_cc_stdin_place(in));

    return NGX_DECLINED;
}


/*
 * Others may write to a kept command: a message that does not fit into a block
 * begins another one, so that each block is of whole messages, or of one that
 * goes on.
 */

static ngx_int_t
ngx_cc_stdin_append(ngx_cc_stdin_t *in, ngx_str_t *data)
{
    size_t                 n, left;
    u_char                *p;
    ngx_cc_stdin_block_t  *b;

    p = data->data;

    for (left = data->len; left; left -= n) {
        b = in->last;

        if (b == NULL || b->last == b->end || b->eof
            || (in->cmd->kept && left > (size_t) (b->end - b->last)))
        {
            b = ngx_cc_stdin_block(in, left);

            if (b == NULL) {
                return NGX_ERROR;
            }
        }

        n = ngx_min(left, (size_t) (b->end - b->last));
        b->last = ngx_cpymem(b->last, p, n);
        b->more = (n < left);
        p += n;

        in->position += n;
        in->bytes += n;

        if (in->share) {
            in->share->bytes += n;
        }
    }

    return NGX_OK;
}


/* an empty block at the end, for n bytes or the first of them */

static ngx_cc_stdin_block_t *
ngx_cc_stdin_block(ngx_cc_stdin_t *in, size_t n)
{
    size_t                 least;
    ngx_cc_stdin_block_t  *b;

    least = in->bytes ? NGX_CC_STDIN_BLOCK : NGX_CC_STDIN_SMALL;
    n = ngx_max(n, least);
    n = ngx_min(n, NGX_CC_STDIN_LARGE);

    b = ngx_alloc(sizeof(ngx_cc_stdin_block_t) + n, in->log);

    if (b == NULL) {
        return NULL;
    }

    b->next = NULL;
    b->pos = (u_char *) (b + 1);
    b->last = b->pos;
    b->end = b->pos + n;
    b->eof = 0;
    b->more = 0;

    if (in->last) {
        in->last->next = b;

    } else {
        in->first = b;
    }

    in->last = b;

    return b;
}


/* the end of what was appended: of a terminal, just of that */

static ngx_int_t
ngx_cc_stdin_finish(ngx_cc_stdin_t *in)
{
    ngx_cc_stdin_block_t  *b;

    if (!in->terminal) {
        in->eof = 1;
        in->open = 0;
        return NGX_OK;
    }

    b = in->last;

    if (b == NULL || b->eof) {
        b = ngx_cc_stdin_block(in, 0);

        if (b == NULL) {
            return NGX_ERROR;
        }
    }

    b->eof = 1;
    in->eofs++;

    return NGX_OK;
}


/* who waits for the bytes that were appended last */

static ngx_int_t
ngx_cc_stdin_remember(ngx_cc_stdin_t *in, ngx_cc_input_t *input,
    ngx_cc_asked_t *asked)
{
    size_t               n;
    ngx_cc_stdin_ask_t  *ask;

    n = asked->id.len + asked->more.len;
    ask = ngx_alloc(sizeof(ngx_cc_stdin_ask_t) + n, in->log);

    if (ask == NULL) {
        return NGX_ERROR;
    }

    ask->next = NULL;
    ask->end = in->position;
    ask->len = input->data.len;
    ask->eof = !input->eof ? 0 : in->terminal ? in->eofs : 1;
    ngx_cc_asked_copy(&ask->asked, asked, (u_char *) (ask + 1));

    if (in->asks) {
        in->last_ask->next = ask;

    } else {
        in->asks = ask;
    }

    in->last_ask = ask;
    n += NGX_CC_STDIN_ASK;
    in->requests += n;

    if (in->share) {
        in->share->requests += n;
    }

    return NGX_OK;
}


/* answers whoever has waited long enough */

static void
ngx_cc_stdin_settle(ngx_cc_stdin_t *in)
{
    uint64_t             start, end;
    ngx_cc_stdin_ask_t  *ask;

    while ((ask = in->asks) != NULL) {

        if (!in->closed && ngx_cc_stdin_waits(in, ask)) {
            return;
        }

        end = ngx_min(ask->end, in->taken);
        start = ask->end - ask->len;

        ngx_cc_stdin_message_taken(in->answers, &ask->asked,
                                   end > start ? end - start : 0,
                                   end + in->others);
        ngx_cc_stdin_forget(in);
    }
}


static ngx_uint_t
ngx_cc_stdin_waits(ngx_cc_stdin_t *in, ngx_cc_stdin_ask_t *ask)
{
    if (ask->end > in->passed) {
        return 1;
    }

    if (ask->eof == 0) {
        return 0;
    }

    return in->terminal ? ask->eof > in->eofs_passed
                        : !in->eof_given || in->busy;
}


/*
 * The terminal takes what is before a line of more bytes than the kernel holds.
 * That line, and what came behind it, are refused.
 */

static void
ngx_cc_stdin_too_long(ngx_cc_stdin_t *in)
{
    size_t           n;
    u_char           text[NGX_CC_STDIN_TEXT], *p;
    ngx_cc_asked_t   nobody;

    n = ngx_min(in->cmd->accepted, in->flying);
    in->taken += n;
    in->passed += n;

    ngx_cc_stdin_count(in);
    ngx_cc_stdin_settle(in);

    ngx_cc_stdin_shut(in);
    in->closed = 0;
    in->eof_flying = 0;
    in->eofs = in->eofs_passed;
    in->position = in->passed;
    in->named = in->position + in->others;
    in->refusing = 1;

    p = ngx_slprintf(text, text + NGX_CC_STDIN_TEXT,
                     "a line of more than 4095 bytes: a terminal that reads "
                     "lines would cut it; go on with params.offset %uL",
                     in->named);

    if (in->asks == NULL && in->share) {
        ngx_memzero(&nobody, sizeof(nobody));
        ngx_cc_stdin_message_stay(in->answers, &nobody, in->cmd,
                                  NGX_CC_ERROR_PARAMS, text, p - text,
                                  in->named);
    }

    while (in->asks) {
        ngx_cc_stdin_message_stay(in->answers, &in->asks->asked, in->cmd,
                                  NGX_CC_ERROR_PARAMS, text, p - text,
                                  in->named);
        ngx_cc_stdin_forget(in);
    }
}


/* the first of those who wait */

static void
ngx_cc_stdin_forget(ngx_cc_stdin_t *in)
{
    size_t               n;
    ngx_cc_stdin_ask_t  *ask;

    ask = in->asks;
    in->asks = ask->next;
    n = NGX_CC_STDIN_ASK + ask->asked.id.len + ask->asked.more.len;
    in->requests -= n;

    if (in->share) {
        in->share->requests -= n;
    }

    ngx_free(ask);
}


/* the command will not read any more: all that waits is answered */

static void
ngx_cc_stdin_shut(ngx_cc_stdin_t *in)
{
    ngx_cc_stdin_block_t  *b;

    in->closed = 1;

    while ((b = in->first) != NULL) {
        in->first = b->next;
        ngx_free(b);
    }

    in->last = NULL;
    in->busy = 0;
    in->flying = 0;
    ngx_cc_stdin_less(in, in->bytes);
}


static void
ngx_cc_stdin_less(ngx_cc_stdin_t *in, size_t n)
{
    in->bytes -= n;

    if (in->share) {
        in->share->bytes -= n;
    }
}


/* what the command has taken in all and is not ours came before ours */

static void
ngx_cc_stdin_count(ngx_cc_stdin_t *in)
{
    if (in->cmd->kept && in->cmd->stdin_taken > in->taken) {
        in->others = in->cmd->stdin_taken - in->taken;
    }
}


/* the position of the next byte, as this writer is told */

static uint64_t
ngx_cc_stdin_place(const ngx_cc_stdin_t *in)
{
    return in->refusing ? in->named : in->position + in->others;
}
