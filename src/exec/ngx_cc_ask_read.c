
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask_read.h"


static void ngx_cc_ask_read_more(ngx_cc_ask_t *ask, ngx_uint_t max);


/* is there output, or has one to wait for it? */

void
ngx_cc_ask_read(ngx_cc_ask_t *ask)
{
    ngx_uint_t            stream;
    ngx_cc_attached_t    *attached;
    ngx_cc_wire_wait_t    wait;

    stream = ask->spec.stream;
    attached = &ask->answer.attached;

    if (ask->spec.wait == 0
        || (attached->flags & NGX_CC_ATTACHED_OVER)
        || attached->bytes[stream] > attached->from[stream])
    {
        ngx_cc_ask_read_more(ask, ask->spec.max);
        return;
    }

    ngx_cc_wire_init(&wait, NGX_CC_WIRE_WAIT, 0, sizeof(wait));
    wait.serial = 1;
    wait.until = NGX_CC_UNTIL_OUTPUT;
    wait.streams = stream == NGX_CC_STDOUT ? NGX_CC_EOF_STDOUT
                                           : NGX_CC_EOF_STDERR;
    wait.timeout = ask->spec.wait;
    wait.from[stream] = attached->from[stream];

    ngx_cc_ask_send(ask, &wait);
}


void
ngx_cc_ask_read_again(ngx_cc_ask_t *ask)
{
    ask->waited = 1;
    ngx_cc_ask_read_more(ask, ask->spec.max);
}


static void
ngx_cc_ask_read_more(ngx_cc_ask_t *ask, ngx_uint_t max)
{
    ngx_uint_t           stream;
    ngx_cc_attached_t   *attached;
    ngx_cc_wire_read_t   read;

    stream = ask->spec.stream;
    attached = &ask->answer.attached;

    /* READ would be answered only when there is something */

    if (attached->bytes[stream] <= attached->from[stream]
        && !(ask->waited && ask->answer.woke.bytes[stream]
                            > attached->from[stream]))
    {
        ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
        return;
    }

    ngx_cc_wire_init(&read, NGX_CC_WIRE_READ, 0, sizeof(read));
    read.max = ngx_min(max, NGX_CC_WIRE_MAX_DATA);

    ngx_cc_ask_send(ask, &read);
}


/* one stream of it, as far as it is in one piece and not too much */

void
ngx_cc_ask_read_data(ngx_cc_ask_t *ask, const ngx_cc_wire_data_t *data)
{
    size_t                       pos, n;
    ngx_cc_ask_answer_t         *answer;
    const ngx_cc_wire_record_t  *rec;

    answer = &ask->answer;
    pos = 0;

    if (ask->read == NULL) {
        ask->read = ngx_alloc(ask->spec.max + 1, ngx_cycle->log);

        if (ask->read == NULL) {
            ngx_cc_ask_finish(ask, NGX_CC_ASKED_BUSY);
            return;
        }
    }

    while ((rec = ngx_cc_wire_kept_record(data, &pos)) != NULL) {

        if (rec->stream != ask->spec.stream) {
            continue;
        }

        if (rec->len == 0) {
            if (answer->len) {
                goto done;
            }

            answer->dropped += rec->to - rec->offset;
            answer->from = rec->to;
            continue;
        }

        n = ngx_min(rec->len, ask->spec.max - answer->len);
        ngx_memcpy(ask->read + answer->len, rec + 1, n);
        answer->len += n;

        if (answer->len == ask->spec.max) {
            goto done;
        }
    }

    if (answer->from + answer->len < answer->attached.bytes[ask->spec.stream]) {
        ngx_cc_ask_read_more(ask, ask->spec.max - answer->len);
        return;
    }

done:

    answer->data = ask->read;
    ngx_cc_ask_finish(ask, NGX_CC_ASKED_OK);
}
