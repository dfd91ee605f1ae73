
/*
 * The index of kept commands in the zone: which there are, whose, in which
 * process, how they ended.  It holds what is needed to find them, nothing that
 * would let anybody in: names, never secrets.
 *
 * A place is reserved before START; with STARTED it is handed over to the
 * helper: from then on it is alive while that process is, or, once its command
 * has ended, until it expires.  All functions take a few atomic steps and never
 * wait.
 */

#ifndef _NGX_CC_INDEX_H_INCLUDED_
#define _NGX_CC_INDEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_wire_kept.h"


#define NGX_CC_INDEX_NAME   8            /* bytes: the first ones of a handle */
#define NGX_CC_INDEX_OWNER  32           /* bytes of an owner's digest */


/* a place as a worker knows it; others may read "name" only */

typedef struct {
    uint8_t        name[NGX_CC_INDEX_NAME];
    uint32_t       location;
    uint32_t       index;
} ngx_cc_index_place_t;


typedef enum {
    NGX_CC_INDEX_RESERVED = 0,
    NGX_CC_INDEX_RUNNING,
    NGX_CC_INDEX_ENDED                   /* or lost: see its cause */
} ngx_cc_index_state_e;


/* what an entry says, a consistent copy */

typedef struct {
    uint8_t        name[NGX_CC_INDEX_NAME];
    uint8_t        owner[NGX_CC_INDEX_OWNER];
    ngx_int_t      location;             /* ngx_cc_slots_location() */
    ngx_cc_index_state_e  state;
    ngx_uint_t     call;                 /* it is one: bound */
    ngx_uint_t     alive;                /* the process of its helper is there,
                                            so it can be asked */
    pid_t          helper;
    pid_t          pid;                  /* of the command */
    uint64_t       start;                /* us since 1970 */
    uint64_t       ended;                /* us since 1970, 0 = not yet */
    int            status;               /* ENDED: as from waitpid() */
    ngx_cc_cause_e cause;                /* ENDED */
    uint64_t       bytes[2];             /* ENDED: that it wrote */
} ngx_cc_index_told_t;


typedef enum {
    NGX_CC_INDEX_OK = 0,
    NGX_CC_INDEX_FULL,                   /* max are kept */
    NGX_CC_INDEX_OWNER_FULL              /* max_per_owner are */
} ngx_cc_index_room_e;


/*
 * Reserves a place for a command of that name and owner, while fewer than "max"
 * of the location and (0 = any) "max_per_owner" of the owner are kept.  Places
 * of reservers that are gone are free.  Where all are taken, *oldest is the one
 * that ended first of those that ended and were read, of that owner if it is
 * his limit; its name is all 0 if there is none.
 */
ngx_cc_index_room_e ngx_cc_index_reserve(ngx_int_t location,
    const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_uint_t max,
    ngx_uint_t max_per_owner, ngx_cc_index_place_t *place,
    ngx_cc_index_told_t *oldest);

/*
 * The same for a call (a bound command that others can reach): those count
 * apart, and an owner may have a quarter of them.  "listed": lists have it.
 */
ngx_cc_index_room_e ngx_cc_index_reserve_call(ngx_int_t location,
    const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_uint_t max,
    ngx_uint_t listed, ngx_cc_index_place_t *place);

/*
 * The same for a bound command that can be reached only to be seen: those count
 * apart from calls, for all owners together.
 */
ngx_cc_index_room_e ngx_cc_index_reserve_observed(ngx_int_t location,
    const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_uint_t max,
    ngx_cc_index_place_t *place);

/* it was never started, or reached: the place is free */
void ngx_cc_index_release(ngx_cc_index_place_t *place);

/*
 * The helper with that pid hosts it from now on; this worker minds it (a call
 * nobody does: it is forgotten when its helper is free, or gone).  "start"
 * in us since 1970.  NGX_OK or NGX_ERROR (the process is not there any more).
 */
ngx_int_t ngx_cc_index_hand_over(ngx_cc_index_place_t *place, pid_t helper,
    pid_t pid, uint64_t start);

/*
 * It is over, as EXITED says, or (NULL) only its cause is known, because its
 * helper is gone.  It keeps its place as long as its helper is there, or until
 * ngx_cc_index_forget(); what it was stays in the index for a day more.  NGX_OK
 * for the first who says so, and "told"; NGX_DECLINED for others.
 */
ngx_int_t ngx_cc_index_ended(ngx_cc_index_place_t *place,
    const ngx_cc_wire_exited_t *exited, ngx_cc_cause_e cause,
    ngx_cc_index_told_t *told);

/* somebody has it to its end, so it may be evicted */
void ngx_cc_index_read(const uint8_t name[NGX_CC_INDEX_NAME]);

/* it ended, and makes room: the place is free, how it ended stays known */
void ngx_cc_index_evict(const uint8_t name[NGX_CC_INDEX_NAME]);

/*
 * Its helper has forgotten it: the place is free, nothing is known of it.  One
 * whose end has not been told yet stays for whoever minds it.
 */
void ngx_cc_index_forget(const uint8_t name[NGX_CC_INDEX_NAME]);

/* handed over, but it will not be kept: as if it had never been there */
void ngx_cc_index_withdraw(const ngx_cc_index_place_t *place);

/* is the process of its helper there? */
ngx_uint_t ngx_cc_index_alive(const ngx_cc_index_place_t *place);

/*
 * To be called now and then, for it also heals the index, a piece at a time.
 * Finds one that runs and that nobody minds (its monitor word is 0 or of a
 * process that is gone) and takes it: NGX_OK, or NGX_DECLINED.  unmind() gives
 * it back.
 */
ngx_int_t ngx_cc_index_mind(ngx_cc_index_place_t *place);
void ngx_cc_index_unmind(const ngx_cc_index_place_t *place);

/* what is known of that name: NGX_OK, or NGX_DECLINED */
ngx_int_t ngx_cc_index_find(const uint8_t name[NGX_CC_INDEX_NAME],
    ngx_cc_index_told_t *told);

/*
 * A walk over all entries of an owner that were handed over, at all locations:
 * *walk is 0 at first.  NGX_OK and "told", or NGX_DONE.
 */
ngx_int_t ngx_cc_index_next(uint64_t *walk,
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_cc_index_told_t *told);

/* the same for calls, of any owner ("owner" NULL) */
ngx_int_t ngx_cc_index_next_call(uint64_t *walk,
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_cc_index_told_t *told);

/* those of them, and of what can be seen only, that lists have */
ngx_int_t ngx_cc_index_next_listed(uint64_t *walk,
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_cc_index_told_t *told);

/* another number after every change of any entry of any location */
uint64_t ngx_cc_index_changes(void);

/* how many places of a location are taken: reserved, running, still there */
ngx_uint_t ngx_cc_index_count(ngx_int_t location);


#endif /* _NGX_CC_INDEX_H_INCLUDED_ */
