
/*
 * The slots of sessions and commands (lib/ngx_cc_slots), the index of kept ones
 * (lib/ngx_cc_shelf), ended sessions (lib/ngx_cc_ended), notices
 * (lib/ngx_cc_notices) and the totals (lib/ngx_cc_totals) in an nginx shared
 * zone: made when the configuration is read, entered by each worker.
 */

#ifndef _NGX_CC_ZONE_H_INCLUDED_
#define _NGX_CC_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ended.h"
#include "ngx_cc_notices.h"
#include "ngx_cc_slots.h"
#include "ngx_cc_totals.h"


/* a location that wants to be counted */

typedef struct {
    uint64_t        hash;        /* of whatever makes it this location */
    ngx_str_t       server;      /* its name, addresses, for labels */
    ngx_str_t       listen;
    ngx_str_t       name;        /* of the location */
    ngx_uint_t      sessions;    /* its limits */
    ngx_uint_t      commands;
    ngx_uint_t      kept;        /* commands, 0 = it keeps none */
    ngx_uint_t      calls;       /* that can be reached, 0 = none */
    ngx_int_t      *index;       /* where its index goes */
} ngx_cc_zone_location_t;


typedef struct {
    ngx_cc_slots_t  *slots;
    ngx_cc_totals_t *totals;
    ngx_cc_ended_t  *ended;      /* may be NULL: a small zone */
    ngx_cc_notices_t  *notices;
    ngx_array_t      locations;  /* of ngx_cc_zone_location_t */
} ngx_cc_zone_t;


/*
 * Adds the zone to the configuration; zone->locations may be filled until the
 * whole configuration is read.  "tag": the address that identifies the module.
 * Returns NGX_OK or NGX_ERROR (told).
 */
ngx_int_t ngx_cc_zone_add(ngx_conf_t *cf, ngx_cc_zone_t *zone, size_t size,
    void *tag);

/*
 * In init_module, when nothing can go wrong any more: what "old", the zone of
 * the configuration before, keeps is taken over if this is another one.
 */
void ngx_cc_zone_inherit(ngx_cc_zone_t *zone, ngx_cc_zone_t *old,
    ngx_log_t *log);

/* this worker begins to claim slots; NGX_OK or NGX_ERROR (told) */
ngx_int_t ngx_cc_zone_enter(ngx_cc_zone_t *zone, ngx_log_t *log);

/* this worker leaves cleanly: all its slots are free */
void ngx_cc_zone_leave(void);

/*
 * Claims a slot at the location with that index.  NGX_OK and "slot", or
 * NGX_BUSY when "limit" are in use.
 */
ngx_int_t ngx_cc_zone_claim(ngx_int_t location, int kind, ngx_uint_t limit,
    ngx_cc_slot_t *slot);

/*
 * Lets a claimed slot count for a key, too (see ngx_cc_slots_share()).  NGX_OK,
 * or NGX_BUSY when "limit" already do.
 */
ngx_int_t ngx_cc_zone_share(ngx_cc_slot_t *slot, int what, uint64_t key,
    ngx_uint_t limit);

/*
 * The same, with a fair share of the "max" slots of its table as the limit (see
 * ngx_cc_slots_share_fairly())
 */
ngx_int_t ngx_cc_zone_share_fairly(ngx_cc_slot_t *slot, int what,
    uint64_t key, ngx_uint_t max);

/*
 * This worker in ngx_cc_shelf (and its memory, "->slots"); NULL in any other
 * process, and when the worker has left
 */
ngx_cc_slots_process_t *ngx_cc_zone_worker(void);

/*
 * What workers know together of legacy sessions; NULL when this process is no
 * worker, or the zone has no room
 */
ngx_cc_ended_t *ngx_cc_zone_ended(void);
ngx_cc_notices_t *ngx_cc_zone_notices(void);

/* frees a slot; an empty one is ignored */
void ngx_cc_zone_free(ngx_cc_slot_t *slot);

/* 1 when a newer configuration than this worker's has been read: a reload */
ngx_uint_t ngx_cc_zone_reloaded(void);

/* adds n to a total, NGX_CC_TOTAL_...; nothing outside of a worker */
void ngx_cc_zone_count(ngx_uint_t total, uint64_t n);

/* counts a refusal; "reason" is one of ngx_cc_reason_e */
#define ngx_cc_zone_refused(reason)                                           \
    ngx_cc_zone_count(NGX_CC_TOTAL_REFUSED + (reason), 1)

/* counts a time in a histogram, us */
void ngx_cc_zone_time(const ngx_cc_totals_histogram_t *histogram,
    uint64_t us);

/* this worker's helpers now */
void ngx_cc_zone_helpers(const ngx_cc_totals_helpers_t *helpers);


#endif /* _NGX_CC_ZONE_H_INCLUDED_ */
