
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_parts.h"
#include "ngx_cc_message.h"


void
ngx_cc_mcp_parts_init(ngx_cc_mcp_parts_t *parts, u_char *text, size_t size)
{
    ngx_memzero(parts, sizeof(ngx_cc_mcp_parts_t));
    ngx_cc_message_writer(&parts->w, text, size);
    parts->begun = text;
}


void
ngx_cc_mcp_parts_add(ngx_cc_mcp_parts_t *parts, const void *p, size_t n,
    ngx_cc_mcp_part_e kind)
{
    ngx_cc_mcp_part_t  *part;

    ngx_cc_mcp_parts_end(parts);

    if (n == 0 || parts->nparts == NGX_CC_MCP_PARTS_MAX) {
        return;
    }

    part = &parts->part[parts->nparts++];
    part->data = p;
    part->len = n;
    part->kind = kind;
}


void
ngx_cc_mcp_parts_end(ngx_cc_mcp_parts_t *parts)
{
    ngx_cc_mcp_part_t  *part;

    if (parts->w.pos == parts->begun
        || parts->nparts == NGX_CC_MCP_PARTS_MAX)
    {
        return;
    }

    part = &parts->part[parts->nparts++];
    part->data = parts->begun;
    part->len = parts->w.pos - parts->begun;
    part->kind = NGX_CC_MCP_PART_JSON;

    parts->begun = parts->w.pos;
}


size_t
ngx_cc_mcp_parts_pull(ngx_cc_mcp_parts_t *parts, u_char *p, size_t room,
    ngx_uint_t *more)
{
    size_t              n, len;
    u_char             *pos, *end;
    ngx_cc_mcp_part_t  *part;

    pos = p;
    end = p + room;

    while (parts->current < parts->nparts) {

        part = &parts->part[parts->current];
        len = part->len - parts->pos;

        if (part->kind != NGX_CC_MCP_PART_READABLE) {
            /* no sequence goes on behind what is ours */
            parts->readable.state = 0;
        }

        switch (part->kind) {

        case NGX_CC_MCP_PART_EXACT:
            n = ngx_cc_json_escape(&pos, end, part->data + parts->pos, len,
                                   1, &parts->lossy);
            break;

        case NGX_CC_MCP_PART_READABLE:
            n = ngx_cc_readable_escape(&parts->readable, &pos, end,
                                       part->data + parts->pos, len,
                                       &parts->lossy);
            break;

        default:
            n = len;

            if (part->kind == NGX_CC_MCP_PART_JSON || parts->lossy) {
                n = ngx_min(len, (size_t) (end - pos));
                pos = ngx_cpymem(pos, part->data + parts->pos, n);
            }
        }

        parts->pos += n;

        if (parts->pos < part->len) {
            break;
        }

        parts->current++;
        parts->pos = 0;
    }

    *more = parts->current < parts->nparts;

    return pos - p;
}


void
ngx_cc_mcp_parts_rewind(ngx_cc_mcp_parts_t *parts)
{
    parts->current = 0;
    parts->pos = 0;
    parts->lossy = 0;
    ngx_memzero(&parts->readable, sizeof(ngx_cc_readable_t));
}
