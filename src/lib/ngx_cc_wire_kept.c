
#include <string.h>
#include "ngx_cc_wire_kept.h"


#define NGX_CC_WIRE_KEPT_STREAMS  (NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR)


static int ngx_cc_wire_kept_check_data(const ngx_cc_wire_data_t *data,
    size_t n);
static int ngx_cc_wire_kept_check_wait(const ngx_cc_wire_wait_t *wait,
    size_t n);
static int ngx_cc_wire_kept_check_entry(const ngx_cc_wire_entry_t *entry,
    size_t n);
static int ngx_cc_wire_kept_check_reach(const ngx_cc_wire_reach_t *reach,
    size_t n);
static size_t ngx_cc_wire_kept_size(const ngx_cc_wire_record_t *rec);


int
ngx_cc_wire_kept_check(const void *p, size_t n)
{
    const ngx_cc_wire_kept_msg_t  *msg = p;

    switch (msg->head.type) {

    case NGX_CC_WIRE_DATA:
        return ngx_cc_wire_kept_check_data(p, n);

    case NGX_CC_WIRE_WAIT:
        return ngx_cc_wire_kept_check_wait(p, n);

    case NGX_CC_WIRE_ENTRY:
        return ngx_cc_wire_kept_check_entry(p, n);

    case NGX_CC_WIRE_KEEP:
    case NGX_CC_WIRE_LISTEN:
        return ngx_cc_wire_kept_check_reach(p, n);

    case NGX_CC_WIRE_KEPT:
    case NGX_CC_WIRE_LISTENING:
        return n == sizeof(ngx_cc_wire_reached_t)
               && msg->reached.error >= 0
               && msg->reached.reserved == 0;

    case NGX_CC_WIRE_HELLO:
    case NGX_CC_WIRE_PROOF:
    case NGX_CC_WIRE_WELCOME:
        return n == sizeof(ngx_cc_wire_hello_t);

    case NGX_CC_WIRE_ATTACH:
        return n == sizeof(ngx_cc_wire_attach_t);

    case NGX_CC_WIRE_ATTACHED:
        return n == sizeof(ngx_cc_wire_attached_t)
               && msg->attached.denied < NGX_CC_DENIED_REASONS
               && msg->attached.pid >= 0
               && msg->attached.cause < NGX_CC_CAUSES
               && msg->attached.held[0] <= msg->attached.bytes[0]
               && msg->attached.held[1] <= msg->attached.bytes[1]
               && msg->attached.from[0] <= msg->attached.bytes[0]
               && msg->attached.from[1] <= msg->attached.bytes[1];

    case NGX_CC_WIRE_READ:
        return n == sizeof(ngx_cc_wire_read_t)
               && msg->read.max <= NGX_CC_WIRE_MAX_DATA
               && msg->read.reserved == 0;

    case NGX_CC_WIRE_MARK:
        return n == sizeof(ngx_cc_wire_mark_t);

    case NGX_CC_WIRE_FLOW:
    case NGX_CC_WIRE_REMOVE:
    case NGX_CC_WIRE_ACK:
    case NGX_CC_WIRE_TOLD:
    case NGX_CC_WIRE_DELIVERED:
    case NGX_CC_WIRE_FREE:
        return n == sizeof(ngx_cc_wire_head_t);

    case NGX_CC_WIRE_WOKE:
    case NGX_CC_WIRE_UNWAIT:
        return n == sizeof(ngx_cc_wire_woke_t)
               && msg->woke.serial != 0
               && msg->woke.reason < NGX_CC_WOKES
               && msg->woke.which < NGX_CC_WIRE_MAX_PATTERNS
               && msg->woke.stream < 2;

    case NGX_CC_WIRE_REMOVED:
        return n == sizeof(ngx_cc_wire_removed_t)
               && msg->removed.denied < NGX_CC_DENIED_REASONS
               && msg->removed.reserved == 0;

    case NGX_CC_WIRE_DETACHED:
        return n == sizeof(ngx_cc_wire_detached_t)
               && msg->detached.reason < NGX_CC_DETACHED_REASONS
               && msg->detached.reserved == 0;

    case NGX_CC_WIRE_STATE:
        return n == sizeof(ngx_cc_wire_state_t)
               && msg->state.reserved == 0;

    case NGX_CC_WIRE_LIST:
        return n == sizeof(ngx_cc_wire_list_t);

    case NGX_CC_WIRE_AGAIN:
        return n == sizeof(ngx_cc_wire_again_t)
               && msg->again.reserved == 0;

    default:
        return 0;
    }
}


static int
ngx_cc_wire_kept_check_data(const ngx_cc_wire_data_t *data, size_t n)
{
    size_t                       size, left;
    const uint8_t               *p;
    const ngx_cc_wire_record_t  *rec;

    left = n - sizeof(ngx_cc_wire_data_t);

    if (data->len != left || left > NGX_CC_WIRE_MAX_DATA
        || (data->eof & ~NGX_CC_WIRE_KEPT_STREAMS))
    {
        return 0;
    }

    p = (const uint8_t *) (data + 1);

    while (left) {
        rec = (const ngx_cc_wire_record_t *) p;

        if (left < sizeof(ngx_cc_wire_record_t)
            || rec->len > left - sizeof(ngx_cc_wire_record_t)
            || rec->stream >= 2
            || rec->to < rec->offset
            || (rec->len ? rec->to - rec->offset != rec->len
                         : rec->to == rec->offset || rec->seq))
        {
            return 0;
        }

        size = ngx_cc_wire_kept_size(rec);

        if (size > left) {
            return 0;
        }

        p += size;
        left -= size;
    }

    return 1;
}


static int
ngx_cc_wire_kept_check_wait(const ngx_cc_wire_wait_t *wait, size_t n)
{
    uint16_t        len;
    uint32_t        i;
    size_t          left;
    const uint8_t  *p;

    left = n - sizeof(ngx_cc_wire_wait_t);

    if (wait->text != left || wait->serial == 0
        || wait->until >= NGX_CC_UNTILS
        || wait->streams == 0 || (wait->streams & ~NGX_CC_WIRE_KEPT_STREAMS)
        || wait->n > NGX_CC_WIRE_MAX_PATTERNS
        || wait->max > NGX_CC_WIRE_MAX_DATA || wait->reserved
        || (wait->head.flags & (NGX_CC_WAIT_READ|NGX_CC_WAIT_MARK))
           == NGX_CC_WAIT_MARK)
    {
        return 0;
    }

    p = (const uint8_t *) (wait + 1);

    for (i = 0; i < wait->n; i++) {

        if (left < sizeof(len)) {
            return 0;
        }

        memcpy(&len, p, sizeof(len));
        p += sizeof(len);
        left -= sizeof(len);

        if (len == 0 || len > NGX_CC_WIRE_MAX_PATTERN || len > left) {
            return 0;
        }

        p += len;
        left -= len;
    }

    return left == 0;
}


static int
ngx_cc_wire_kept_check_entry(const ngx_cc_wire_entry_t *entry, size_t n)
{
    return entry->denied < NGX_CC_DENIED_REASONS
           && entry->label <= NGX_CC_WIRE_MAX_LABEL
           && entry->shown <= NGX_CC_WIRE_MAX_SHOWN
           && n == sizeof(ngx_cc_wire_entry_t) + entry->label + entry->shown
           && entry->pid >= 0
           && entry->cause < NGX_CC_CAUSES
           && entry->read <= 1
           && entry->reserved == 0;
}


static int
ngx_cc_wire_kept_check_reach(const ngx_cc_wire_reach_t *reach, size_t n)
{
    return reach->label <= NGX_CC_WIRE_MAX_LABEL
           && reach->shown <= NGX_CC_WIRE_MAX_SHOWN
           && n == sizeof(ngx_cc_wire_reach_t) + reach->label + reach->shown
           && memchr(reach + 1, '\0', reach->label + reach->shown) == NULL
           && (reach->head.type == NGX_CC_WIRE_KEEP ? reach->resume == 0
                                                    : reach->run_limit == 0)
           && ngx_cc_wire_kept_limits(&reach->keep);
}


int
ngx_cc_wire_kept_limits(const ngx_cc_wire_keep_t *keep)
{
    return keep->output <= NGX_CC_KEEP_MAX_OUTPUT
           && keep->watchers >= 1
           && keep->watchers <= NGX_CC_KEEP_MAX_WATCHERS
           && keep->waits <= NGX_CC_KEEP_MAX_WAITS
           && (keep->flags & ~NGX_CC_KEEP_FLAGS) == 0;
}


const ngx_cc_wire_record_t *
ngx_cc_wire_kept_record(const ngx_cc_wire_data_t *data, size_t *pos)
{
    const ngx_cc_wire_record_t  *rec;

    if (*pos >= data->len) {
        return NULL;
    }

    rec = (const ngx_cc_wire_record_t *) ((const uint8_t *) (data + 1) + *pos);
    *pos += ngx_cc_wire_kept_size(rec);

    return rec;
}


const ngx_cc_wire_head_t *
ngx_cc_wire_kept_next(const ngx_cc_wire_head_t *bundle, size_t *pos)
{
    size_t                     at;
    const ngx_cc_wire_head_t  *msg;

    at = sizeof(*bundle) + *pos;

    if (at >= bundle->size) {
        return NULL;
    }

    msg = (const ngx_cc_wire_head_t *) ((const uint8_t *) bundle + at);
    *pos += NGX_CC_WIRE_ALIGN(msg->size);

    if (msg->type == NGX_CC_WIRE_AGAIN) {
        at = ((const ngx_cc_wire_again_t *) msg)->at;
        msg = (const ngx_cc_wire_head_t *) ((const uint8_t *) bundle + at);
    }

    return msg;
}


/* with its payload, padded */

static size_t
ngx_cc_wire_kept_size(const ngx_cc_wire_record_t *rec)
{
    return sizeof(ngx_cc_wire_record_t) + NGX_CC_WIRE_ALIGN(rec->len);
}
