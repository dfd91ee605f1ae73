
/*
 * What those are granted who have proved themselves: to be told what command it
 * is (LIST), or to watch it (ATTACH).  Who may not learns neither why nor
 * whether there is one.
 */

#ifndef _NGX_CC_WATCHER_GRANT_H_INCLUDED_
#define _NGX_CC_WATCHER_GRANT_H_INCLUDED_


#include "ngx_cc_stay.h"


/*
 * ATTACH: "w" becomes ATTACHED with the rights that it has, from where it
 * asked, or DENIED; a contradiction ends the connection.
 */
void ngx_cc_watcher_grant(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_attach_t *attach);

/*
 * What a WAIT has asked for ahead, of one that is ATTACHED: as if ATTACH (DATA,
 * LOSSY, BRIEF), READ and LIST had come from it, for once.
 */
void ngx_cc_watcher_grant_read(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wait_t *wait);

/*
 * Where reading begins: "from" as of ATTACH, or (not NULL) the mark of this
 * reader.
 */
void ngx_cc_watcher_grant_from(ngx_cc_stay_t *stay,
    const int64_t from[NGX_CC_STREAMS], const uint8_t *reader,
    uint64_t where[NGX_CC_STREAMS]);

/* LIST of one that is not attached: it will be told, and closed */
void ngx_cc_watcher_grant_list(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_list_t *list);

/* 1: the name of a reader or a realm, n bytes, is that of nobody: all are 0 */
int ngx_cc_watcher_grant_nobody(const uint8_t *p, size_t n);


#endif /* _NGX_CC_WATCHER_GRANT_H_INCLUDED_ */
