
/*
 * A datagram of a helper or worker that has gone mad: it is refused, or every
 * field of it may be used.
 */

#include "fuzz.h"
#include "ngx_cc_wire_kept.h"


/* the strings of a START that was accepted: all of them, and back again */

static void
strings(const ngx_cc_wire_start_t *start, size_t size)
{
    size_t                  i, n, longest;
    const char             *end, **vector, **last;
    ngx_cc_wire_start_t    *again;
    ngx_cc_wire_strings_t   s;

    n = start->argc + start->envc + start->confine.nread
        + start->confine.nwrite + start->ncontrol;
    vector = malloc((n + 5) * sizeof(char *));
    fuzz_check(vector != NULL);
    ngx_cc_wire_start_unpack(start, &s, vector);

    fuzz_check(s.program[0] != '\0');
    fuzz_check(s.argc == start->argc && s.envc == start->envc);
    fuzz_check(s.argc + s.envc + s.npaths + s.ncontrol == n);

    /* one behind the other, to the last byte */

    last = s.ncontrol ? s.control : s.npaths ? s.paths : s.envc ? s.env
                                                                : s.argv;
    i = s.ncontrol ? s.ncontrol : s.npaths ? s.npaths : s.envc ? s.envc
                                                               : s.argc;
    end = last[i - 1] + strlen(last[i - 1]) + 1;

    if (start->head.flags & NGX_CC_START_KEEP) {
        fuzz_check(s.label == end);
        fuzz_check(s.shown == s.label + strlen(s.label) + 1);
        end = s.shown + strlen(s.shown) + 1;
    }

    fuzz_check(end == (const char *) (start + 1) + start->text);

    fuzz_check(s.argv[s.argc] == NULL);
    fuzz_check(s.env[s.envc] == NULL);
    fuzz_check(s.paths[s.npaths] == NULL);
    fuzz_check(s.control[s.ncontrol] == NULL);
    fuzz_check(s.ncontrol == 0 || s.control[0][0] != '\0');

    fuzz_check(ngx_cc_wire_text_size(&s, &longest) == start->text);
    fuzz_check(longest <= NGX_CC_WIRE_MAX_STRING);

    again = fuzz_copy(start, size);
    memset(again + 1, 0xff, start->text);
    fuzz_check(ngx_cc_wire_start_pack(again, &s) == size);
    fuzz_check(memcmp(again, start, size) == 0);

    free(again);
    free(vector);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t            *msg;
    ngx_cc_wire_head_t  head;
    ngx_cc_wire_type_e  type;

    if (size < 1) {
        return 0;
    }

    msg = fuzz_copy(data + 1, size - 1);
    size--;

    /* half of them have a head that lets them in */

    if ((data[0] & 1) && size >= sizeof(head)) {
        memcpy(&head, msg, sizeof(head));
        head.magic = NGX_CC_WIRE_MAGIC;
        head.version = NGX_CC_WIRE_VERSION;
        head.type %= NGX_CC_WIRE_TYPES;
        head.size = size;
        memcpy(msg, &head, sizeof(head));
    }

    type = ngx_cc_wire_check(msg, size);

    if (type) {
        memcpy(&head, msg, sizeof(head));
        fuzz_check(head.magic == NGX_CC_WIRE_MAGIC && head.size == size);
        fuzz_check(head.type == type && type < NGX_CC_WIRE_TYPES);
    }

    if (type == NGX_CC_WIRE_START) {
        fuzz_check(!(head.flags & NGX_CC_START_SCRIPT)
                   || !(head.flags & (NGX_CC_START_DASH|NGX_CC_START_BASH)));
        strings((ngx_cc_wire_start_t *) msg, size);
    }

    if (type == NGX_CC_WIRE_RESIZE) {
        const ngx_cc_wire_resize_t  *resize = (ngx_cc_wire_resize_t *) msg;

        fuzz_check(resize->cols >= 1 && resize->cols <= 1000
                   && resize->rows >= 1 && resize->rows <= 1000);
    }

    if (type == NGX_CC_WIRE_SIGNAL) {
        const ngx_cc_wire_signal_t  *signal = (ngx_cc_wire_signal_t *) msg;

        fuzz_check(signal->signo >= 1 && signal->signo <= 64
                   && signal->to < NGX_CC_SIGNAL_TARGETS);
    }

    if (type == NGX_CC_WIRE_KEEP || type == NGX_CC_WIRE_LISTEN) {
        const ngx_cc_wire_reach_t  *reach = (ngx_cc_wire_reach_t *) msg;

        fuzz_check(size == sizeof(*reach) + reach->label + reach->shown
                   && reach->keep.watchers >= 1
                   && (type == NGX_CC_WIRE_KEEP ? reach->resume == 0
                                                : reach->run_limit == 0));
    }

    if (type == NGX_CC_WIRE_INPUT) {
        fuzz_check(((ngx_cc_wire_input_t *) msg)->len
                   == size - sizeof(ngx_cc_wire_input_t));
    }

    free(msg);

    return 0;
}
