
/*
 * Random names: the handle of a command (which is also a right: its secret
 * half is never logged) and the id of a session.  All bits come from
 * getrandom(2), never from nginx's generator.
 */

#ifndef _NGX_CC_HANDLE_H_INCLUDED_
#define _NGX_CC_HANDLE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_HANDLE_SIZE    24     /* bytes: 8 of name, 16 of secret */
#define NGX_CC_HANDLE_TEXT    48     /* lower-case hex digits, no NUL */
#define NGX_CC_HANDLE_NAME    16     /* the digits that a log may show */
#define NGX_CC_UUID_TEXT      36


typedef struct {
    uint8_t         byte[NGX_CC_HANDLE_SIZE];
} ngx_cc_handle_t;


/*
 * Fills n bytes with randomness; small requests are served from a block that
 * is fetched 512 bytes at a time and wiped as it is used.  A child of fork()
 * has a block of its own.  Returns 0, or -1 with errno.
 */
int ngx_cc_random(void *p, size_t n);

/* a new handle; 0, or -1 with errno */
int ngx_cc_handle_make(ngx_cc_handle_t *h);

/* writes NGX_CC_HANDLE_TEXT digits (no NUL) and returns their end */
char *ngx_cc_handle_format(const ngx_cc_handle_t *h, char *text);

/* 0, or -1 when it is not exactly NGX_CC_HANDLE_TEXT lower-case digits */
int ngx_cc_handle_parse(const char *text, size_t len, ngx_cc_handle_t *h);

/* 1 when equal, else 0; the time taken does not tell where they differ */
int ngx_cc_handle_equal(const ngx_cc_handle_t *a, const ngx_cc_handle_t *b);

/* a random UUID, version 4 (RFC 9562): NGX_CC_UUID_TEXT characters, no NUL;
 * 0, or -1 with errno */
int ngx_cc_handle_uuid(char *text);


#endif /* _NGX_CC_HANDLE_H_INCLUDED_ */
