
/*
 * Request headers that the core does not know, and texts of clients in our
 * log lines.
 */

#ifndef _NGX_CC_HEADER_H_INCLUDED_
#define _NGX_CC_HEADER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_CC_HEADER_PRINT  256         /* bytes of a client's text in a log */


/* where in the headers an iteration stands; private */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
    u_char           *pos;
} ngx_cc_header_iter_t;


/*
 * The number of request headers of that name (letter case ignored); *first is
 * the first of them, and is not touched when there is none.
 */
ngx_uint_t ngx_cc_header(ngx_http_request_t *r, ngx_str_t *name,
    ngx_table_elt_t **first);

/*
 * The items of the comma-separated lists in all headers of that name, one
 * after the other, without the blanks around them but with those inside: 1 and
 * "item" (in the header's memory), or 0 at the end.
 */
void ngx_cc_header_begin(ngx_http_request_t *r, ngx_cc_header_iter_t *it);
ngx_uint_t ngx_cc_header_item(ngx_cc_header_iter_t *it, ngx_str_t *name,
    ngx_str_t *item);

/* is the token (letter case ignored) such an item? */
ngx_uint_t ngx_cc_header_has(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *token);

/*
 * Is the media type of an item (RFC 9110, section 8.3.1) that one, letter case
 * ignored, whatever parameters follow?
 */
ngx_uint_t ngx_cc_header_media(ngx_str_t *item, const char *type);

/*
 * Writes a client's text to buf (NGX_CC_HEADER_PRINT bytes) as it may stand in
 * a log: one line of printable ASCII, others as \xHH, "..." when it is cut.
 * Returns what was written.
 */
ngx_str_t ngx_cc_header_print(u_char *buf, ngx_str_t *text);


#endif /* _NGX_CC_HEADER_H_INCLUDED_ */
