
/*
 * The kept commands of an owner, or all that somebody may observe, whatever
 * worker started them: from the index, and what their helpers say, as far as
 * they answer in time.  With "bound" behind them the bound ones that can be
 * seen: those are there while they run, and leave nothing.
 */

#ifndef _NGX_CC_KEPT_LIST_H_INCLUDED_
#define _NGX_CC_KEPT_LIST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_observe.h"


#define NGX_CC_KEPT_LIST_MOST   100      /* rows */


typedef struct ngx_cc_kept_list_s  ngx_cc_kept_list_t;


typedef enum {
    NGX_CC_KEPT_LIST_RUNNING = 0,
    NGX_CC_KEPT_LIST_EXITED,
    NGX_CC_KEPT_LIST_LOST,
    NGX_CC_KEPT_LIST_ANY
} ngx_cc_kept_list_state_e;


typedef struct {
    ngx_cc_kept_list_t    *list;
    ngx_cc_index_told_t    index;
    ngx_cc_ask_t          *ask;
    ngx_cc_wire_entry_t    entry;        /* what its helper said, if there is
                                            a text */
    u_char                *text;         /* label and shown, or NULL */
    unsigned               heard:1;
    unsigned               gone:1;
    unsigned               foreign:1;    /* it is not to be seen, or bound and
                                            gone */
} ngx_cc_kept_list_row_t;


/* what is wanted; only used during the call, but for "owner", "observe" */

typedef struct {
    const uint8_t         *owner;        /* NGX_CC_OWNER_SIZE bytes */
    const ngx_cc_observe_t  *observe;    /* those of others, too; or NULL */
    ngx_uint_t             bound;        /* bound ones, too */
    const ngx_str_t       *after;        /* id of the last one of the page
                                            before; NULL = from the first */
    ngx_cc_kept_list_state_e  state;
    ngx_uint_t             over;         /* with ANY: only those that ended */
    ngx_uint_t             limit;        /* rows, at most LIST_MOST */
    const ngx_str_t       *label;        /* only rows that have it; or NULL */
    ngx_log_t             *log;
    void                 (*done)(void *data);
    void                  *data;
} ngx_cc_kept_list_spec_t;


struct ngx_cc_kept_list_s {
    ngx_cc_kept_list_spec_t  spec;
    ngx_event_t            timer;
    ngx_uint_t             n;            /* rows */
    ngx_uint_t             next;         /* to be asked */
    ngx_uint_t             open;
    ngx_str_t              label;        /* wanted, own memory; or data NULL */
    unsigned               more:1;       /* there are more than these */
    unsigned               partial:1;    /* some helpers have not answered */
    ngx_cc_kept_list_row_t row[NGX_CC_KEPT_LIST_MOST];
};


/*
 * Gathers.  done() comes once, from the event loop, 200 ms later at the latest;
 * the caller frees the list then, or before.  NGX_OK and *list; NGX_DECLINED:
 * "after" is not known; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_kept_list(const ngx_cc_kept_list_spec_t *spec,
    ngx_cc_kept_list_t **list);

void ngx_cc_kept_list_free(ngx_cc_kept_list_t *list);

/*
 * Is this row one of those wanted?  Its helper knows the label, and whether it
 * may be observed
 */
ngx_uint_t ngx_cc_kept_list_wanted(ngx_cc_kept_list_row_t *row);

/*
 * Label and command line of a row, into its text; len 0 where its helper has
 * said nothing
 */
void ngx_cc_kept_list_texts(const ngx_cc_kept_list_row_t *row,
    ngx_str_t *label, ngx_str_t *shown);


#endif /* _NGX_CC_KEPT_LIST_H_INCLUDED_ */
