
#include <string.h>
#include "ngx_cc_wire.h"
#include "ngx_cc_wire_kept.h"


static int ngx_cc_wire_check_start(const ngx_cc_wire_start_t *start,
    size_t n);
static int ngx_cc_wire_check_keep(const ngx_cc_wire_start_t *start);
static int ngx_cc_wire_count(uint32_t argc, uint32_t envc, uint32_t nread,
    uint32_t nwrite, uint32_t ncontrol);
static int ngx_cc_wire_check_terminal(const ngx_cc_wire_start_t *start);
static int ngx_cc_wire_side(uint32_t n);
static int ngx_cc_wire_check_values(const ngx_cc_wire_msg_t *msg);
static int ngx_cc_wire_check_connect(const ngx_cc_wire_connect_t *msg);
static ngx_cc_wire_type_e ngx_cc_wire_check_message(const void *p, size_t n);
static int ngx_cc_wire_check_bundle(const ngx_cc_wire_head_t *bundle,
    size_t n);
static int ngx_cc_wire_check_again(const ngx_cc_wire_head_t *bundle,
    const ngx_cc_wire_head_t *msg, const uint32_t *last);
static int ngx_cc_wire_check_cgroup(const ngx_cc_wire_cgroup_t *cgroup);


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
    [NGX_CC_WIRE_CONNECT] = { sizeof(ngx_cc_wire_connect_t), 0 },
    [NGX_CC_WIRE_CONNECTED] = { sizeof(ngx_cc_wire_connected_t),
                                NGX_CC_CGROUP_FLAGS },
    [NGX_CC_WIRE_START] = { sizeof(ngx_cc_wire_start_t),
                            NGX_CC_START_FLAGS },
    [NGX_CC_WIRE_CREDIT] = { sizeof(ngx_cc_wire_credit_t), 0 },
    [NGX_CC_WIRE_SIGNAL] = { sizeof(ngx_cc_wire_signal_t),
                             NGX_CC_SIGNAL_UNTOLD },
    [NGX_CC_WIRE_CANCEL] = { sizeof(ngx_cc_wire_head_t),
                             NGX_CC_CAUSE_FLAGS },
    [NGX_CC_WIRE_INPUT] = { sizeof(ngx_cc_wire_input_t),
                            NGX_CC_INPUT_EOF|NGX_CC_INPUT_MORE },
    [NGX_CC_WIRE_RESIZE] = { sizeof(ngx_cc_wire_resize_t), 0 },
    [NGX_CC_WIRE_RELEASE] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_ABANDON] = { sizeof(ngx_cc_wire_head_t),
                              NGX_CC_CAUSE_FLAGS },
    [NGX_CC_WIRE_STARTED] = { sizeof(ngx_cc_wire_started_t), 0 },
    [NGX_CC_WIRE_FAILED] = { sizeof(ngx_cc_wire_failed_t), 0 },
    [NGX_CC_WIRE_OUTPUT] = { sizeof(ngx_cc_wire_output_t), 0 },
    [NGX_CC_WIRE_INPUT_DONE] = { sizeof(ngx_cc_wire_input_t),
                                 NGX_CC_INPUT_CLOSED|NGX_CC_INPUT_LONG },
    [NGX_CC_WIRE_ENDED] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_SIGNALLED] = { sizeof(ngx_cc_wire_signal_t), 0 },
    [NGX_CC_WIRE_UNPASSED] = { sizeof(ngx_cc_wire_unpassed_t), 0 },
    [NGX_CC_WIRE_EXITED] = { sizeof(ngx_cc_wire_exited_t),
                             NGX_CC_EXITED_REUSABLE|NGX_CC_EXITED_PIPES },

    [NGX_CC_WIRE_HELLO] = { sizeof(ngx_cc_wire_hello_t), 0 },
    [NGX_CC_WIRE_PROOF] = { sizeof(ngx_cc_wire_hello_t), 0 },
    [NGX_CC_WIRE_ATTACH] = { sizeof(ngx_cc_wire_attach_t),
                             NGX_CC_ATTACH_FLAGS },
    [NGX_CC_WIRE_READ] = { sizeof(ngx_cc_wire_read_t), 0 },
    [NGX_CC_WIRE_MARK] = { sizeof(ngx_cc_wire_mark_t), 0 },
    [NGX_CC_WIRE_FLOW] = { sizeof(ngx_cc_wire_head_t),
                           NGX_CC_ATTACH_LOSSY },
    [NGX_CC_WIRE_WAIT] = { sizeof(ngx_cc_wire_wait_t), NGX_CC_WAIT_FLAGS },
    [NGX_CC_WIRE_UNWAIT] = { sizeof(ngx_cc_wire_woke_t), 0 },
    [NGX_CC_WIRE_REMOVE] = { sizeof(ngx_cc_wire_head_t),
                             NGX_CC_REMOVE_FORCE },
    [NGX_CC_WIRE_LIST] = { sizeof(ngx_cc_wire_list_t), 0 },
    [NGX_CC_WIRE_ACK] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_TOLD] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_KEEP] = { sizeof(ngx_cc_wire_reach_t), 0 },
    [NGX_CC_WIRE_LISTEN] = { sizeof(ngx_cc_wire_reach_t), 0 },
    [NGX_CC_WIRE_DELIVERED] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_WELCOME] = { sizeof(ngx_cc_wire_hello_t), 0 },
    [NGX_CC_WIRE_ATTACHED] = { sizeof(ngx_cc_wire_attached_t),
                               NGX_CC_ATTACHED_FLAGS },
    [NGX_CC_WIRE_DATA] = { sizeof(ngx_cc_wire_data_t), 0 },
    [NGX_CC_WIRE_WOKE] = { sizeof(ngx_cc_wire_woke_t), 0 },
    [NGX_CC_WIRE_REMOVED] = { sizeof(ngx_cc_wire_removed_t), 0 },
    [NGX_CC_WIRE_DETACHED] = { sizeof(ngx_cc_wire_detached_t), 0 },
    [NGX_CC_WIRE_STATE] = { sizeof(ngx_cc_wire_state_t),
                            NGX_CC_ATTACHED_FLAGS },
    [NGX_CC_WIRE_ENTRY] = { sizeof(ngx_cc_wire_entry_t),
                            NGX_CC_ATTACHED_FLAGS },
    [NGX_CC_WIRE_KEPT] = { sizeof(ngx_cc_wire_reached_t), 0 },
    [NGX_CC_WIRE_LISTENING] = { sizeof(ngx_cc_wire_reached_t), 0 },
    [NGX_CC_WIRE_FREE] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_BUNDLE] = { sizeof(ngx_cc_wire_head_t), 0 },
    [NGX_CC_WIRE_AGAIN] = { sizeof(ngx_cc_wire_again_t), 0 }
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
    ngx_cc_wire_type_e  type;

    type = ngx_cc_wire_check_message(p, n);

    /* that is none by itself */

    return type == NGX_CC_WIRE_AGAIN ? 0 : type;
}


static ngx_cc_wire_type_e
ngx_cc_wire_check_message(const void *p, size_t n)
{
    size_t                    size;
    const ngx_cc_wire_msg_t  *msg = p;

    if (n < sizeof(ngx_cc_wire_head_t)
        || msg->head.magic != NGX_CC_WIRE_MAGIC
        || (msg->head.version != NGX_CC_WIRE_VERSION
            && msg->head.type != NGX_CC_WIRE_CONNECT
            && msg->head.type != NGX_CC_WIRE_CONNECTED)
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

    case NGX_CC_WIRE_BUNDLE:
        return ngx_cc_wire_check_bundle(p, n) ? NGX_CC_WIRE_BUNDLE : 0;

    default:
        if (msg->head.type >= NGX_CC_WIRE_HELLO) {
            return ngx_cc_wire_kept_check(p, n) ? msg->head.type : 0;
        }

        if (n != size || !ngx_cc_wire_check_values(msg)) {
            return 0;
        }

        return msg->head.type;
    }
}


static int
ngx_cc_wire_check_bundle(const ngx_cc_wire_head_t *bundle, size_t n)
{
    size_t                     left, pos;
    uint32_t                   last[NGX_CC_WIRE_TYPES];
    const ngx_cc_wire_head_t  *msg;

    if (n > NGX_CC_WIRE_MAX_BUNDLE) {
        return 0;
    }

    memset(last, 0, sizeof(last));

    for (pos = sizeof(*bundle); pos < n; pos += NGX_CC_WIRE_ALIGN(msg->size)) {
        msg = (const ngx_cc_wire_head_t *) ((const uint8_t *) bundle + pos);
        left = n - pos;

        if (left < sizeof(*msg) || msg->size > left
            || NGX_CC_WIRE_ALIGN(msg->size) > left
            || msg->type == NGX_CC_WIRE_BUNDLE || msg->run != bundle->run
            || ngx_cc_wire_check_message(msg, msg->size) == 0)
        {
            return 0;
        }

        if (msg->type != NGX_CC_WIRE_AGAIN) {
            last[msg->type] = pos;

        } else if (!ngx_cc_wire_check_again(bundle, msg, last)) {
            return 0;
        }
    }

    return 1;
}


/* "last": where the last message of each type is, 0 = there was none */

static int
ngx_cc_wire_check_again(const ngx_cc_wire_head_t *bundle,
    const ngx_cc_wire_head_t *msg, const uint32_t *last)
{
    uint32_t                   at;
    const ngx_cc_wire_head_t  *before;

    at = ((const ngx_cc_wire_again_t *) msg)->at;

    if (at < sizeof(*bundle) || at % 8
        || at >= (size_t) ((const uint8_t *) msg - (const uint8_t *) bundle))
    {
        return 0;
    }

    before = (const ngx_cc_wire_head_t *) ((const uint8_t *) bundle + at);

    return before->type < NGX_CC_WIRE_TYPES && last[before->type] == at;
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

    case NGX_CC_WIRE_CONNECT:
        return ngx_cc_wire_check_connect(&msg->connect);

    case NGX_CC_WIRE_CONNECTED:
        return memchr(msg->connected.build, '\0', NGX_CC_WIRE_BUILD)
               && msg->connected.refusal < NGX_CC_REFUSALS;

    case NGX_CC_WIRE_CANCEL:
    case NGX_CC_WIRE_ABANDON:
        return msg->head.flags < NGX_CC_CAUSES;

    case NGX_CC_WIRE_SIGNAL:
    case NGX_CC_WIRE_SIGNALLED:
        return msg->signal.signo >= 1 && msg->signal.signo <= 64
               && msg->signal.to < ((msg->head.flags & NGX_CC_SIGNAL_UNTOLD)
                                    ? NGX_CC_SIGNAL_TARGETS
                                    : NGX_CC_SIGNAL_TREE + 1);

    case NGX_CC_WIRE_UNPASSED:
        return msg->unpassed.signo >= 1 && msg->unpassed.signo <= 64
               && msg->unpassed.reason < NGX_CC_UNPASSED_REASONS;

    case NGX_CC_WIRE_RESIZE:
        return ngx_cc_wire_side(msg->resize.cols)
               && ngx_cc_wire_side(msg->resize.rows);

    case NGX_CC_WIRE_INPUT_DONE:
        return msg->input.len <= NGX_CC_WIRE_MAX_INPUT;

    case NGX_CC_WIRE_STARTED:
        return msg->started.pid > 0;

    case NGX_CC_WIRE_OUTPUT:
        return (msg->output.eof & ~(NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR))
               == 0;

    case NGX_CC_WIRE_EXITED:
        return msg->exited.pid > 0 && msg->exited.cause < NGX_CC_CAUSES
               && msg->exited.reserved == 0;

    default:
        return 1;
    }
}


static int
ngx_cc_wire_check_connect(const ngx_cc_wire_connect_t *msg)
{
    return memchr(msg->build, '\0', NGX_CC_WIRE_BUILD)
           && memchr(msg->user, '\0', NGX_CC_WIRE_USER)
           && msg->user[0] != '\0'
           && msg->ring > 0 && msg->ring <= NGX_CC_WIRE_MAX_RING
           && msg->nice >= -20 && msg->nice <= 19 && msg->enclosed <= 1;
}


static int
ngx_cc_wire_check_start(const ngx_cc_wire_start_t *start, size_t n)
{
    size_t                   len;
    uint32_t                 i, count, env, control;
    const char              *p, *last, *end;
    const ngx_cc_confine_t  *confine;

    confine = &start->confine;

    if (start->text > NGX_CC_WIRE_MAX_TEXT
        || n != sizeof(ngx_cc_wire_start_t) + start->text
        || start->argc == 0
        || !ngx_cc_wire_count(start->argc, start->envc, confine->nread,
                              confine->nwrite, start->ncontrol)
        || !ngx_cc_wire_check_terminal(start)
        || (confine->flags & ~NGX_CC_CONFINE_FLAGS)
        || (confine->umask & ~0777)
        || confine->nice < -20 || confine->nice > 19
        || !ngx_cc_wire_check_cgroup(&confine->cgroup)
        || !ngx_cc_wire_check_keep(start))
    {
        return 0;
    }

    p = (const char *) (start + 1);
    last = p + start->text;
    env = 3 + start->argc;
    control = env + start->envc + confine->nread + confine->nwrite;
    count = control + start->ncontrol;

    if ((start->head.flags & NGX_CC_START_SCRIPT)
        && (start->head.flags & (NGX_CC_START_DASH|NGX_CC_START_BASH)))
    {
        return 0;
    }

    if (start->head.flags & NGX_CC_START_KEEP) {
        count += 2;
    }

    for (i = 0; i < count; i++) {
        end = memchr(p, '\0', last - p);

        if (end == NULL) {
            return 0;
        }

        len = end - p;

        if (len > NGX_CC_WIRE_MAX_STRING) {
            return 0;
        }

        if ((i == 2 || (i == control && start->ncontrol)) && len == 0) {
            /* no program */
            return 0;
        }

        if (i >= env && i < env + start->envc
            && (*p == '=' || memchr(p, '=', len) == NULL))
        {
            return 0;
        }

        p = end + 1;
    }

    return p == last;
}


static int
ngx_cc_wire_check_cgroup(const ngx_cc_wire_cgroup_t *cgroup)
{
    static const ngx_cc_wire_cgroup_t  none;

    if (!(cgroup->flags & NGX_CC_CGROUP_WANTED)) {
        return memcmp(cgroup, &none, sizeof(none)) == 0;
    }

    return !(cgroup->flags & ~(NGX_CC_CGROUP_WANTED|NGX_CC_CGROUP_REQUIRED
                               |NGX_CC_CGROUP_SWAP))
           && ((cgroup->flags & NGX_CC_CGROUP_SWAP) || cgroup->swap == 0)
           && cgroup->cpu <= NGX_CC_CGROUP_MAX_CPU
           && cgroup->weight <= NGX_CC_CGROUP_MAX_WEIGHT;
}


static int
ngx_cc_wire_check_keep(const ngx_cc_wire_start_t *start)
{
    ngx_cc_wire_keep_t  rest;

    static const ngx_cc_wire_keep_t  none;

    if (start->head.flags & NGX_CC_START_KEEP) {
        return !(start->head.flags & NGX_CC_START_KEEPABLE)
               && ngx_cc_wire_kept_limits(&start->keep);
    }

    rest = start->keep;

    if (start->head.flags & NGX_CC_START_KEEPABLE) {
        rest.output = 0;
    }

    return memcmp(&rest, &none, sizeof(none)) == 0
           && start->keep.output <= NGX_CC_KEEP_MAX_OUTPUT;
}


static int
ngx_cc_wire_check_terminal(const ngx_cc_wire_start_t *start)
{
    if (!(start->head.flags & NGX_CC_START_TTY)) {
        return start->cols == 0 && start->rows == 0
               && !(start->head.flags & NGX_CC_START_NOECHO);
    }

    return (start->head.flags & NGX_CC_START_STDIN)
           && !(start->head.flags & NGX_CC_START_MERGE)
           && ngx_cc_wire_side(start->cols) && ngx_cc_wire_side(start->rows);
}


static int
ngx_cc_wire_side(uint32_t n)
{
    return n >= 1 && n <= NGX_CC_WIRE_MAX_SIDE;
}


/* not too many strings, without an overflow */

static int
ngx_cc_wire_count(uint32_t argc, uint32_t envc, uint32_t nread,
    uint32_t nwrite, uint32_t ncontrol)
{
    return (uint64_t) argc + envc + nread + nwrite + ncontrol
           <= NGX_CC_WIRE_MAX_STRINGS;
}


static void
ngx_cc_wire_measure(const char *text, size_t *sum, size_t *max)
{
    size_t  len;

    len = strlen(text);
    *sum += len + 1;
    *max = len > *max ? len : *max;
}


size_t
ngx_cc_wire_text_size(const ngx_cc_wire_strings_t *s, size_t *longest)
{
    size_t    sum, max;
    uint32_t  i;

    sum = 0;
    max = 0;

    ngx_cc_wire_measure(s->cwd, &sum, &max);
    ngx_cc_wire_measure(s->beneath, &sum, &max);
    ngx_cc_wire_measure(s->program, &sum, &max);

    for (i = 0; i < s->argc; i++) {
        ngx_cc_wire_measure(s->argv[i], &sum, &max);
    }

    for (i = 0; i < s->envc; i++) {
        ngx_cc_wire_measure(s->env[i], &sum, &max);
    }

    for (i = 0; i < s->npaths; i++) {
        ngx_cc_wire_measure(s->paths[i], &sum, &max);
    }

    for (i = 0; i < s->ncontrol; i++) {
        ngx_cc_wire_measure(s->control[i], &sum, &max);
    }

    if (s->label && s->shown) {
        ngx_cc_wire_measure(s->label, &sum, &max);
        ngx_cc_wire_measure(s->shown, &sum, &max);
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
    int        keep;
    char      *p;
    size_t     text, longest;
    uint32_t   i;

    keep = (start->head.flags & NGX_CC_START_KEEP) != 0;
    text = ngx_cc_wire_text_size(s, &longest);

    if (text > NGX_CC_WIRE_MAX_TEXT || longest > NGX_CC_WIRE_MAX_STRING
        || s->argc == 0
        || !ngx_cc_wire_count(s->argc, s->envc, s->npaths, 0, s->ncontrol)
        || s->npaths != start->confine.nread + start->confine.nwrite
        || s->program[0] == '\0'
        || keep != (s->label != NULL) || keep != (s->shown != NULL))
    {
        return 0;
    }

    p = (char *) (start + 1);
    p = ngx_cc_wire_put(p, s->cwd);
    p = ngx_cc_wire_put(p, s->beneath);
    p = ngx_cc_wire_put(p, s->program);

    for (i = 0; i < s->argc; i++) {
        p = ngx_cc_wire_put(p, s->argv[i]);
    }

    for (i = 0; i < s->envc; i++) {
        p = ngx_cc_wire_put(p, s->env[i]);
    }

    for (i = 0; i < s->npaths; i++) {
        p = ngx_cc_wire_put(p, s->paths[i]);
    }

    for (i = 0; i < s->ncontrol; i++) {
        p = ngx_cc_wire_put(p, s->control[i]);
    }

    if (keep) {
        p = ngx_cc_wire_put(p, s->label);
        (void) ngx_cc_wire_put(p, s->shown);
    }

    start->argc = s->argc;
    start->envc = s->envc;
    start->ncontrol = s->ncontrol;
    start->text = text;
    start->head.size = sizeof(ngx_cc_wire_start_t) + text;

    return start->head.size;
}


/* one text after the other, then NULL */

static const char *
ngx_cc_wire_take(const char *p, uint32_t n, const char ***vector)
{
    while (n--) {
        *(*vector)++ = p;
        p += strlen(p) + 1;
    }

    *(*vector)++ = NULL;

    return p;
}


void
ngx_cc_wire_start_unpack(const ngx_cc_wire_start_t *start,
    ngx_cc_wire_strings_t *s, const char **vector)
{
    const char  *p;

    s->argc = start->argc;
    s->envc = start->envc;
    s->npaths = start->confine.nread + start->confine.nwrite;
    s->ncontrol = start->ncontrol;

    p = (const char *) (start + 1);

    s->cwd = p;
    p += strlen(p) + 1;

    s->beneath = p;
    p += strlen(p) + 1;

    s->program = p;
    p += strlen(p) + 1;

    s->argv = vector;
    p = ngx_cc_wire_take(p, s->argc, &vector);

    s->env = vector;
    p = ngx_cc_wire_take(p, s->envc, &vector);
    vector++;

    s->paths = vector;
    p = ngx_cc_wire_take(p, s->npaths, &vector);

    s->control = vector;
    p = ngx_cc_wire_take(p, s->ncontrol, &vector);

    s->label = NULL;
    s->shown = NULL;

    if (start->head.flags & NGX_CC_START_KEEP) {
        s->label = p;
        s->shown = p + strlen(p) + 1;
    }
}
