
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_hex.h"
#include "ngx_cc_mcp_trail.h"
#include "ngx_cc_utf8.h"


static ngx_int_t ngx_cc_mcp_trail_number(u_char **p, u_char *last,
    ngx_uint_t *n);


u_char *
ngx_cc_mcp_trail_event(u_char *p, uint64_t nonce,
    ngx_cc_mcp_trail_event_e kind, const ngx_str_t *request)
{
    p = ngx_slprintf(p, p + NGX_CC_MCP_TRAIL_NONCE + 1, "%016xL%c", nonce,
                     (int) kind);

    return (u_char *) ngx_cc_hex_write((char *) p, request->data,
                                       request->len);
}


ngx_int_t
ngx_cc_mcp_trail_event_read(const ngx_str_t *text, uint64_t *nonce,
    ngx_cc_mcp_trail_event_e *kind, ngx_str_t *request)
{
    size_t      i, n;
    uint8_t     byte[NGX_CC_MCP_TRAIL_NONCE / 2];
    const char *p;

    p = (const char *) text->data;
    n = NGX_CC_MCP_TRAIL_NONCE + 1;

    if (text->len <= n || text->len > NGX_CC_MCP_TRAIL_EVENT
        || (text->len - n) % 2 || ngx_cc_hex_read(p, byte, sizeof(byte)) != 0)
    {
        return NGX_DECLINED;
    }

    *nonce = 0;

    for (i = 0; i < sizeof(byte); i++) {
        *nonce = *nonce << 8 | byte[i];
    }

    *kind = p[n - 1];
    request->len = (text->len - n) / 2;

    return (*kind == NGX_CC_MCP_TRAIL_PRIMING
            || *kind == NGX_CC_MCP_TRAIL_ANSWER)
           && ngx_cc_hex_read(p + n, request->data, request->len) == 0
           ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_cc_mcp_trail_write(ngx_cc_mcp_trail_t *trail)
{
    size_t   n, room;
    u_char  *p, *last;

    if (trail->id.len > NGX_CC_WIRE_MAX_SHOWN) {
        return NGX_DECLINED;
    }

    p = ngx_cpymem(trail->shown, trail->id.data, trail->id.len);

    if (trail->line) {
        n = ngx_strlen(trail->line);
        room = trail->shown + NGX_CC_WIRE_MAX_SHOWN - p;

        if (n < room) {
            *p++ = '\n';
            p = ngx_cpymem(p, trail->line, n);

        } else if (room) {
            *p++ = '\n';
            n = ngx_cc_utf8_cut((const u_char *) trail->line, room - 1);
            p = ngx_cpymem(p, trail->line, n);
        }
    }

    *p = '\0';

    last = trail->label + sizeof(trail->label) - 1;
    p = ngx_slprintf(trail->label, last, "%016xL %uz %ui %M ", trail->nonce,
                     trail->output, trail->together, trail->timeout);

    if (trail->token.len <= (size_t) (last - p)
        && trail->token.len <= NGX_CC_MCP_TRAIL_TOKEN)
    {
        p = ngx_cpymem(p, trail->token.data, trail->token.len);
    }

    *p = '\0';

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_trail_read(ngx_cc_mcp_trail_t *trail,
    const ngx_cc_wire_entry_t *entry)
{
    u_char        *p, *last;
    ngx_uint_t     i, n[3];
    const u_char  *text;

    text = (const u_char *) (entry + 1);

    ngx_memcpy(trail->label, text, entry->label);
    ngx_memcpy(trail->shown, text + entry->label, entry->shown);

    trail->id.data = trail->shown;
    trail->id.len = entry->shown;

    p = ngx_strlchr(trail->shown, trail->shown + entry->shown, '\n');

    if (p) {
        trail->id.len = p - trail->shown;
    }

    p = trail->label;
    last = p + entry->label;
    trail->nonce = 0;

    for (i = 0; i < NGX_CC_MCP_TRAIL_NONCE && p < last; i++, p++) {
        trail->nonce = trail->nonce << 4
                       | (*p <= '9' ? *p - '0' : *p - 'a' + 10);
    }

    if (p == last || *p++ != ' ') {
        return NGX_DECLINED;
    }

    for (i = 0; i < 3; i++) {
        if (ngx_cc_mcp_trail_number(&p, last, &n[i]) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    trail->output = n[0];
    trail->together = n[1];
    trail->timeout = n[2];
    trail->token.data = p;
    trail->token.len = last - p;

    return NGX_OK;
}


/* digits, and a space behind them */

static ngx_int_t
ngx_cc_mcp_trail_number(u_char **p, u_char *last, ngx_uint_t *n)
{
    u_char     *space;
    ngx_int_t   value;

    space = ngx_strlchr(*p, last, ' ');

    if (space == NULL) {
        return NGX_DECLINED;
    }

    value = ngx_atoi(*p, space - *p);

    if (value == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *n = value;
    *p = space + 1;

    return NGX_OK;
}
