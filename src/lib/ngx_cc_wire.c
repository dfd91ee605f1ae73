
#include <string.h>
#include "ngx_cc_wire.h"


static int ngx_cc_wire_check_start(const ngx_cc_wire_start_t *start,
    size_t n);
static int ngx_cc_wire_check_values(const ngx_cc_wire_msg_t *msg);


/* size: of the fixed part; flags: those that may be set */

static const struct {
    uint16_t  size;
    uint16_t  flags;
} ngx_cc_wire_types[NGX_CC_WIRE_TYPES] = {
    [NGX_CC_WIRE_SUPPLY] = { sizeof(ngx_cc_wire_supply_t), 0 },
    [NGX_CC_WIRE_KILL] = { sizeof(ngx_cc_wire_helper_t), 0 },
    [NGX_CC_WIRE_HELPER] = { sizeof(ngx_cc_wire_helper_t), 0 },
    [NGX_CC_WIRE_GONE] = { sizeof(ngx_cc_wire_helper_t), 0 },
    [NGX_CC_WIRE_NOFORK] = { sizeof(ngx_cc_wire_failed_t), 0 },
    [NGX_CC_WIRE_START] = { sizeof(ngx_cc_wire_start_t),
                            NGX_CC_START_FLAGS },
    [NGX_CC_WIRE_CREDIT] = { sizeof(ngx_cc_wire_credit_t), 0 },
    [NGX_CC_WIRE_SIGNAL] = { sizeof(ngx_cc_wire_signal_t), 0 },
    [NGX_CC_WIRE_CANCEL] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_INPUT] = { sizeof(ngx_cc_wire_input_t), NGX_CC_INPUT_EOF },
    [NGX_CC_WIRE_RELEASE] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_ABANDON] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_STARTED] = { sizeof(ngx_cc_wire_started_t), 0 },
    [NGX_CC_WIRE_FAILED] = { sizeof(ngx_cc_wire_failed_t), 0 },
    [NGX_CC_WIRE_OUTPUT] = { sizeof(ngx_cc_wire_output_t), 0 },
    [NGX_CC_WIRE_INPUT_DONE] = { sizeof(ngx_cc_wire_input_t),
                                 NGX_CC_INPUT_CLOSED },
    [NGX_CC_WIRE_EXITED] = { sizeof(ngx_cc_wire_exited_t),
                             NGX_CC_EXITED_REUSABLE|NGX_CC_EXITED_PIPES }
};


void
ngx_cc_wire_init(void *msg, ngx_cc_wire_type_e type, uint32_t run,
    size_t size)
{
    ngx_cc_wire_head_t  *head = msg;

    memset(msg, 0, size);

    head->magic = NGX_CC_WIRE_MAGIC;
    head->version = NGX_CC_WIRE_VERSION;
    head->type = type;
    head->run = run;
    head->size = size;
}


ngx_cc_wire_type_e
ngx_cc_wire_check(const void *p, size_t n)
{
    size_t                    size;
    const ngx_cc_wire_msg_t  *msg = p;

    if (n < sizeof(ngx_cc_wire_head_t)
        || msg->head.magic != NGX_CC_WIRE_MAGIC
        || msg->head.version != NGX_CC_WIRE_VERSION
        || msg->head.size != n
        || msg->head.type >= NGX_CC_WIRE_TYPES)
    {
        return 0;
    }

    size = ngx_cc_wire_types[msg->head.type].size;

    if (size == 0 || n < size
        || (msg->head.flags & ~ngx_cc_wire_types[msg->head.type].flags))
    {
        return 0;
    }

    switch (msg->head.type) {

    case NGX_CC_WIRE_START:
        return ngx_cc_wire_check_start(p, n) ? NGX_CC_WIRE_START : 0;

    case NGX_CC_WIRE_INPUT:
        if (msg->input.len > NGX_CC_WIRE_MAX_INPUT
            || n != size + msg->input.len)
        {
            return 0;
        }

        return NGX_CC_WIRE_INPUT;

    default:
        if (n != size || !ngx_cc_wire_check_values(msg)) {
            return 0;
        }

        return msg->head.type;
    }
}


static int
ngx_cc_wire_check_values(const ngx_cc_wire_msg_t *msg)
{
    switch (msg->head.type) {

    case NGX_CC_WIRE_KILL:
    case NGX_CC_WIRE_HELPER:
    case NGX_CC_WIRE_GONE:
        return msg->helper.pid > 0;

    case NGX_CC_WIRE_NOFORK:
    case NGX_CC_WIRE_FAILED:
        return msg->failed.stage < NGX_CC_STAGES;

    case NGX_CC_WIRE_SIGNAL:
        return msg->signal.signo >= 1 && msg->signal.signo <= 64;

    case NGX_CC_WIRE_INPUT_DONE:
        return msg->input.len <= NGX_CC_WIRE_MAX_INPUT;

    case NGX_CC_WIRE_STARTED:
        return msg->started.pid > 0;

    case NGX_CC_WIRE_OUTPUT:
        return (msg->output.eof & ~(NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR))
               == 0;

    case NGX_CC_WIRE_EXITED:
        return msg->exited.pid > 0 && msg->exited.cause < NGX_CC_CAUSES;

    default:
        return 1;
    }
}


static int
ngx_cc_wire_check_start(const ngx_cc_wire_start_t *start, size_t n)
{
    size_t       len;
    uint32_t     i, count;
    const char  *p, *last, *end;

    if (start->text > NGX_CC_WIRE_MAX_TEXT
        || n != sizeof(ngx_cc_wire_start_t) + start->text
        || start->argc == 0
        || start->argc > NGX_CC_WIRE_MAX_STRINGS
        || start->envc > NGX_CC_WIRE_MAX_STRINGS - start->argc)
    {
        return 0;
    }

    p = (const char *) (start + 1);
    last = p + start->text;
    count = 2 + start->argc + start->envc;

    for (i = 0; i < count; i++) {
        end = memchr(p, '\0', last - p);

        if (end == NULL) {
            return 0;
        }

        len = end - p;

        if (len > NGX_CC_WIRE_MAX_STRING) {
            return 0;
        }

        if (i == 1 && len == 0) {
            /* no program */
            return 0;
        }

        if (i >= 2 + start->argc
            && (*p == '=' || memchr(p, '=', len) == NULL))
        {
            return 0;
        }

        p = end + 1;
    }

    return p == last;
}


size_t
ngx_cc_wire_text_size(const ngx_cc_wire_strings_t *s, size_t *longest)
{
    size_t    len, max, sum;
    uint32_t  i;

    max = strlen(s->cwd);
    sum = max + 1;

    len = strlen(s->program);
    sum += len + 1;
    max = len > max ? len : max;

    for (i = 0; i < s->argc; i++) {
        len = strlen(s->argv[i]);
        sum += len + 1;
        max = len > max ? len : max;
    }

    for (i = 0; i < s->envc; i++) {
        len = strlen(s->env[i]);
        sum += len + 1;
        max = len > max ? len : max;
    }

    if (longest) {
        *longest = max;
    }

    return sum;
}


static char *
ngx_cc_wire_put(char *p, const char *text)
{
    size_t  n;

    n = strlen(text) + 1;
    memcpy(p, text, n);

    return p + n;
}


size_t
ngx_cc_wire_start_pack(ngx_cc_wire_start_t *start,
    const ngx_cc_wire_strings_t *s)
{
    char      *p;
    size_t     text, longest;
    uint32_t   i;

    text = ngx_cc_wire_text_size(s, &longest);

    if (text > NGX_CC_WIRE_MAX_TEXT || longest > NGX_CC_WIRE_MAX_STRING
        || s->argc == 0 || s->argc > NGX_CC_WIRE_MAX_STRINGS
        || s->envc > NGX_CC_WIRE_MAX_STRINGS - s->argc
        || s->program[0] == '\0')
    {
        return 0;
    }

    p = (char *) (start + 1);
    p = ngx_cc_wire_put(p, s->cwd);
    p = ngx_cc_wire_put(p, s->program);

    for (i = 0; i < s->argc; i++) {
        p = ngx_cc_wire_put(p, s->argv[i]);
    }

    for (i = 0; i < s->envc; i++) {
        p = ngx_cc_wire_put(p, s->env[i]);
    }

    start->argc = s->argc;
    start->envc = s->envc;
    start->text = text;
    start->head.size = sizeof(ngx_cc_wire_start_t) + text;

    return start->head.size;
}


void
ngx_cc_wire_start_unpack(const ngx_cc_wire_start_t *start, const char **cwd,
    const char **program, const char **vector)
{
    uint32_t     i;
    const char  *p;

    p = (const char *) (start + 1);

    *cwd = p;
    p += strlen(p) + 1;

    *program = p;
    p += strlen(p) + 1;

    for (i = 0; i < start->argc; i++) {
        *vector++ = p;
        p += strlen(p) + 1;
    }

    *vector++ = NULL;

    for (i = 0; i < start->envc; i++) {
        *vector++ = p;
        p += strlen(p) + 1;
    }

    *vector = NULL;
}
