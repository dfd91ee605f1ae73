
/*
 * The key of kept commands: whoever has it may talk to their helpers.  It is
 * made once in the life of a master, or read from a file (cc_executor_secret),
 * and stays the same over reloads; a master that takes over by USR2 has its
 * own.  It stands in one page, which workers inherit by fork: locked, left out
 * of core dumps, not given to what a worker forks, wiped at the end.
 *
 * It never leaves this file.  What others get are MACs made with it (HMAC-
 * SHA256, see ngx_cc_hmac.h): the name of the pool, and for each command a key
 * of its own, which is all that its helper is ever told.
 *
 * Beside it stands the key of legacy MCP sessions, which may come from a file
 * of its own (cc_executor_session_key), because their ids outlive a restart.
 */

#ifndef _NGX_CC_KEY_H_INCLUDED_
#define _NGX_CC_KEY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_hmac.h"


#define NGX_CC_KEY_SIZE   32             /* bytes */
#define NGX_CC_KEY_POOL   16             /* hex digits, no NUL */
#define NGX_CC_KEY_NAME   8              /* bytes: those of a handle that a log
                                            may show */
#define NGX_CC_KEY_AUTH   NGX_CC_HMAC_SIZE


/* what a file says; whoever has one wipes it */

typedef struct {
    uint8_t        current[NGX_CC_KEY_SIZE];
    uint8_t        previous[NGX_CC_KEY_SIZE];
    uint32_t       keys;                 /* 1, or 2: there is a previous one */
} ngx_cc_key_pair_t;


/*
 * In init_module: makes the page, of "pair", or at random for NULL.  Where
 * there is one already, it stays.  NGX_OK; NGX_DECLINED when the one that stays
 * is not "pair" (nothing is told); NGX_ERROR (told).  This process is not
 * dumpable any more: it may run as the user of commands.
 */
ngx_int_t ngx_cc_key_make(const ngx_cc_key_pair_t *pair, ngx_log_t *log);

/*
 * In init_process.  "holds": this process is a worker and needs the key; it is
 * not dumpable (ngx_cc_spawner_client_undumpable()).  Else the page is
 * unmapped.  Nothing happens without one.
 */
void ngx_cc_key_enter(ngx_uint_t holds, ngx_log_t *log);

/*
 * In init_module, after ngx_cc_key_make(): the key of sessions is that of
 * "pair", or for NULL follows from the other one.  Where it was set before, it
 * stays: NGX_OK, or NGX_DECLINED when it is another one.
 */
ngx_int_t ngx_cc_key_sessions(const ngx_cc_key_pair_t *pair);

/*
 * The key of sessions (NGX_CC_KEY_SIZE bytes, in the page), the current or the
 * "previous" (1) one; NULL: there is none.
 */
const uint8_t *ngx_cc_key_session(ngx_uint_t previous);

/* in exit_process and exit_master: wipes it */
void ngx_cc_key_leave(void);

/* 1 when there is one */
ngx_uint_t ngx_cc_key_there(void);

/*
 * HMAC(key, label || n bytes at p), with the current key or the "previous" one.
 * NGX_OK, or NGX_DECLINED: there is no such key.
 */
ngx_int_t ngx_cc_key_mac(ngx_uint_t previous, const char *label,
    const void *p, size_t n, uint8_t mac[NGX_CC_HMAC_SIZE]);

/*
 * The pool in the names of sockets: 8 bytes of HMAC(key, "pool") as
 * lower-case hex digits.  NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_cc_key_pool(u_char text[NGX_CC_KEY_POOL]);

/*
 * The key of one command: HMAC(key, "helper" || name), "name" being the first
 * bytes of its handle.  The caller wipes it.  NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_cc_key_auth(const uint8_t name[NGX_CC_KEY_NAME],
    uint8_t auth[NGX_CC_KEY_AUTH]);


#endif /* _NGX_CC_KEY_H_INCLUDED_ */
