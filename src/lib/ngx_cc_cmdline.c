
#include <string.h>
#include "ngx_cc_cmdline.h"


static ngx_cc_cmdline_e ngx_cc_cmdline_refuse(ngx_cc_cmdline_t *res,
    ngx_cc_cmdline_e error, const char *line, size_t len, size_t at);


/* what a shell would act on; "#" and "~" and "=" too, wherever they stand */

static const char  ngx_cc_cmdline_operators[] = ";&|<>()$`\n*?[~#={";

static const char  ngx_cc_cmdline_pairs[][3] = {
    "&&", "||", ";;", "<<", ">>", "<(", ">(", "$(", "${"
};


ngx_cc_cmdline_e
ngx_cc_cmdline_split(const char *line, size_t len, char *out,
    ngx_cc_cmdline_t *res)
{
    char    ch, quote;
    char   *start, *word;
    size_t  i, opened;

    memset(res, 0, sizeof(*res));

    start = out;
    word = NULL;
    quote = '\0';
    opened = 0;

    for (i = 0; i < len; i++) {
        ch = line[i];

        if (ch == '\0') {
            return ngx_cc_cmdline_refuse(res, NGX_CC_CMDLINE_NUL, line, len,
                                         i);
        }

        if (quote == '\'') {
            if (ch == '\'') {
                quote = '\0';

            } else {
                *out++ = ch;
            }

            continue;
        }

        if (quote == '\0' && (ch == ' ' || ch == '\t')) {
            if (word) {
                *out++ = '\0';
                res->argc++;
                word = NULL;
            }

            continue;
        }

        if (ch == '\\') {
            if (i + 1 == len) {
                return ngx_cc_cmdline_refuse(res,
                                             quote ? NGX_CC_CMDLINE_QUOTE
                                                   : NGX_CC_CMDLINE_ESCAPE,
                                             line, len, quote ? opened : i);
            }

            ch = line[++i];

            if (ch == '\n') {
                /* the line goes on */
                continue;
            }

            if (ch == '\0') {
                return ngx_cc_cmdline_refuse(res, NGX_CC_CMDLINE_NUL, line,
                                             len, i);
            }

            if (word == NULL) {
                word = out;
            }

            if (quote && strchr("$`\"\\", ch) == NULL) {
                *out++ = '\\';
            }

            *out++ = ch;
            continue;
        }

        if (quote == '"') {
            if (ch == '"') {
                quote = '\0';
                continue;
            }

            if (ch == '$' || ch == '`') {
                return ngx_cc_cmdline_refuse(res, NGX_CC_CMDLINE_OPERATOR,
                                             line, len, i);
            }

            *out++ = ch;
            continue;
        }

        if (strchr(ngx_cc_cmdline_operators, ch)) {
            return ngx_cc_cmdline_refuse(res, NGX_CC_CMDLINE_OPERATOR, line,
                                         len, i);
        }

        if (word == NULL) {
            word = out;
        }

        if (ch == '\'' || ch == '"') {
            quote = ch;
            opened = i;
            continue;
        }

        *out++ = ch;
    }

    if (quote) {
        return ngx_cc_cmdline_refuse(res, NGX_CC_CMDLINE_QUOTE, line, len,
                                     opened);
    }

    if (word) {
        *out++ = '\0';
        res->argc++;
    }

    res->len = out - start;

    return res->argc ? NGX_CC_CMDLINE_OK : NGX_CC_CMDLINE_EMPTY;
}


static ngx_cc_cmdline_e
ngx_cc_cmdline_refuse(ngx_cc_cmdline_t *res, ngx_cc_cmdline_e error,
    const char *line, size_t len, size_t at)
{
    size_t  i;

    memset(res, 0, sizeof(*res));
    res->at = at;
    res->op[0] = line[at];

    if (error == NGX_CC_CMDLINE_OPERATOR && at + 1 < len) {
        for (i = 0; i < sizeof(ngx_cc_cmdline_pairs) / 3; i++) {
            if (memcmp(ngx_cc_cmdline_pairs[i], line + at, 2) == 0) {
                res->op[1] = line[at + 1];
            }
        }
    }

    return error;
}
