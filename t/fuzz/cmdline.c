
/*
 * A command line: words never grow, are ended, and quoted again give the same
 * words.
 */

#include "fuzz.h"
#include "ngx_cc_cmdline.h"


/* every word in quotes, as one line */

static char *
quote(const char *words, size_t argc, size_t len, size_t *size)
{
    char    *line, *p;
    size_t   i;

    line = malloc(len * 4 + argc * 3 + 1);
    fuzz_check(line != NULL);
    p = line;

    for (i = 0; i < argc; i++, words++) {
        *p++ = ' ';
        *p++ = '\'';

        for ( /* void */ ; *words; words++) {

            if (*words == '\'') {
                memcpy(p, "'\\''", 4);
                p += 4;

            } else {
                *p++ = *words;
            }
        }

        *p++ = '\'';
    }

    *size = p - line;

    return line;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char              *line, *out, *again;
    size_t             i, len, words;
    fuzz_in_t          in = { data, data + size };
    ngx_cc_cmdline_t   res, res2;
    ngx_cc_cmdline_e   rc;

    len = fuzz_left(&in);
    line = (char *) fuzz_take(&in, &len);
    out = malloc(len + 1);
    fuzz_check(out != NULL);
    memset(&res, 0, sizeof(res));

    rc = ngx_cc_cmdline_split(line, len, out, &res);

    switch (rc) {

    case NGX_CC_CMDLINE_OK:
        fuzz_check(res.argc > 0 && res.len <= len + 1 && res.len >= res.argc);
        fuzz_check(out[res.len - 1] == '\0');

        for (words = 0, i = 0; i < res.len; i++) {
            words += out[i] == '\0';
        }

        fuzz_check(words == res.argc);

        again = quote(out, res.argc, res.len, &len);
        free(line);
        line = again;
        again = malloc(len + 1);
        fuzz_check(again != NULL);
        fuzz_check(ngx_cc_cmdline_split(line, len, again, &res2)
                   == NGX_CC_CMDLINE_OK);
        fuzz_check(res2.argc == res.argc && res2.len == res.len);
        fuzz_check(memcmp(again, out, res.len) == 0);
        free(again);
        break;

    case NGX_CC_CMDLINE_OPERATOR:
        fuzz_check(res.at < len && strlen(res.op) > 0);
        fuzz_check(len - res.at >= strlen(res.op));
        fuzz_check(memcmp(line + res.at, res.op, strlen(res.op)) == 0);
        break;

    case NGX_CC_CMDLINE_QUOTE:
        fuzz_check(res.at < len);
        fuzz_check(res.op[0] == '\'' || res.op[0] == '"');
        break;

    case NGX_CC_CMDLINE_NUL:
        fuzz_check(res.at < len && line[res.at] == '\0');
        break;

    default:
        fuzz_check(rc == NGX_CC_CMDLINE_EMPTY || rc == NGX_CC_CMDLINE_ESCAPE);
    }

    free(line);
    free(out);

    return 0;
}
