
/*
 * Ids of legacy sessions: whatever a client sends is either one that was made
 * with the key for this owner, byte for byte, or refused.
 */

#include "fuzz.h"
#include "ngx_cc_session_id.h"


static const uint8_t  key[NGX_CC_SESSION_ID_KEY] = "fuzz";
static const uint8_t  owner[32] = "owner";


/* any text; nobody guesses a MAC */

static void
strange(const uint8_t *p, size_t n)
{
    char                 *text;
    ngx_cc_session_id_t   id;

    text = fuzz_copy(p, n);
    fuzz_check(ngx_cc_session_id_check(key, text, n, owner, 0, &id) == -1);
    free(text);
}


/* a good one, with some characters changed or cut off */

static void
spoiled(fuzz_in_t *in)
{
    char                  text[NGX_CC_SESSION_ID_TEXT], *changed;
    size_t                i, n;
    ngx_cc_handle_t       h;
    ngx_cc_session_id_t   id;

    fuzz_check(ngx_cc_session_id_make(key, fuzz_u16(in), owner, fuzz_u16(in),
                                      text) == 0);
    changed = fuzz_copy(text, sizeof(text));
    n = sizeof(text) - fuzz_byte(in) % 3;

    while (fuzz_left(in)) {
        i = fuzz_byte(in) % sizeof(text);
        changed[i] = fuzz_byte(in);
    }

    fuzz_check((ngx_cc_session_id_check(key, changed, n, owner, 0, &id) == 0)
               == (n == sizeof(text) && memcmp(text, changed, n) == 0));

    ngx_cc_session_id_call(key, changed, in->end, 0, &h);
    free(changed);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_in_t  in = { data, data + size };

    if (fuzz_byte(&in) & 1) {
        strange(in.p, fuzz_left(&in));

    } else {
        spoiled(&in);
    }

    return 0;
}
