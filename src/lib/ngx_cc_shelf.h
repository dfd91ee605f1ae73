
/*
 * The index of kept commands, over all workers: which there are, whose, in
 * which process, and how they ended.  It is only an index: the truth about a
 * command is in its helper, and what stands here heals when somebody dies.
 * In plain shared memory, C11 atomics, no mutex; it lives in the memory of
 * ngx_cc_slots, has the same locations, and knows workers by what
 * ngx_cc_slots_enter() gave them.
 *
 * Every location that keeps commands has a table of entries.  An entry is
 *
 *   RESERVED   by a worker, before START; free again when that worker dies
 *   RUNNING    handed over to a helper (pid and start time): nobody's death but
 *              the helper's changes that
 *   FINISHED   the command is over, its helper still has the output
 *   ENDED      the helper is gone, too; how it ended is remembered until
 *              "forgotten", and at most NGX_CC_SHELF_TIMES times as often as
 *              there are places: the oldest one goes first
 *
 * The first three count for the location's limit and for that of their owner,
 * exactly.  A helper that is gone without a word leaves a RUNNING entry, until
 * its monitor, or the next one (ngx_cc_shelf_mind()), makes it ENDED and
 * "lost": so there is one who tells of it.
 *
 * A call is an entry apart: of a bound command that can be reached.  It is
 * RESERVED, then RUNNING until it is removed or its helper is gone; it counts
 * with others of its sort only, nobody monitors it, and nothing is remembered
 * of it.
 *
 * ngx_cc_shelf_make() is called by one process at a time (nginx's master); all
 * other functions by anyone at any time.  Times are us since 1970.
 */

#ifndef _NGX_CC_SHELF_H_INCLUDED_
#define _NGX_CC_SHELF_H_INCLUDED_


#include "ngx_cc_slots.h"


#define NGX_CC_SHELF_NAME       8        /* bytes: the first of a handle */
#define NGX_CC_SHELF_OWNER      32       /* bytes of a digest */
#define NGX_CC_SHELF_TIMES      4        /* times max_kept: ENDED entries */
#define NGX_CC_SHELF_MEMORY     86400000000ULL   /* us that an end is remembered
                                            after its helper has gone */

/* what ngx_cc_shelf_reserve() returns besides 0 */

#define NGX_CC_SHELF_FULL       (-1)     /* the location's limit */
#define NGX_CC_SHELF_SHARE      (-2)     /* the owner's limit */


/* what an entry is of */

typedef enum {
    NGX_CC_SHELF_KEPT = 0,
    NGX_CC_SHELF_CALL,                   /* a call */
    NGX_CC_SHELF_CALL_LISTED,            /* the same, but lists have it */
    NGX_CC_SHELF_OBSERVED                /* bound, only there to be seen: lists
                                            have it; counts apart from calls */
} ngx_cc_shelf_sort_e;


typedef enum {
    NGX_CC_SHELF_FREE = 0,
    NGX_CC_SHELF_RESERVED,
    NGX_CC_SHELF_RUNNING,
    NGX_CC_SHELF_FINISHED,
    NGX_CC_SHELF_ENDED,
    NGX_CC_SHELF_STATES
} ngx_cc_shelf_state_e;


/* which entry; all zero = none.  It never means a later one in its place. */

typedef struct {
    uint32_t              location;      /* its index, + 1 */
    uint32_t              index;
    uint64_t              name;          /* its bytes */
} ngx_cc_shelf_place_t;


/* of a birth: given by the worker that hands over */

typedef struct {
    int32_t               helper;        /* its pid */
    int32_t               pid;           /* of the command */
    uint64_t              ticks;         /* when the helper was born:
                                            ngx_cc_slots_start_time() */
    uint64_t              start;         /* of the command */
} ngx_cc_shelf_birth_t;


/* of an end */

typedef struct {
    int32_t               status;        /* as from waitpid() */
    uint32_t              cause;         /* ngx_cc_cause_e */
    uint64_t              ended;
    uint64_t              bytes[2];      /* of each stream */
} ngx_cc_shelf_end_t;


/* a copy of an entry, all its parts of one moment */

typedef struct {
    ngx_cc_shelf_place_t  place;
    ngx_cc_shelf_state_e  state;         /* never FREE or RESERVED */
    unsigned              read:1;        /* somebody has got all its output */
    unsigned              lost:1;        /* its helper died: the end was not
                                            told by it */
    unsigned              call:1;        /* of any sort but KEPT */
    unsigned              listed:1;      /* a call that lists have */
    unsigned              monitored:1;   /* by a worker that is alive, or was
                                            not yet seen to be dead */
    uint8_t               name[NGX_CC_SHELF_NAME];
    uint8_t               owner[NGX_CC_SHELF_OWNER];
    ngx_cc_shelf_birth_t  birth;
    ngx_cc_shelf_end_t    end;           /* FINISHED, ENDED */
    uint64_t              gone;          /* ENDED: when the helper was */
} ngx_cc_shelf_entry_t;


/* a walk over entries; zeroed at first, "owner" and "location" may be set */

typedef struct {
    const uint8_t        *owner;         /* only those of this digest */
    unsigned              calls:1;       /* calls, else kept commands */
    unsigned              listed:1;      /* of calls those that lists have */
    uint32_t              location;      /* only there: its index, + 1 */
    uint32_t              at;            /* the location it is in, + 1 */
    uint32_t              index;
} ngx_cc_shelf_walk_t;


/* how many there are */

typedef struct {
    uint32_t              state[NGX_CC_SHELF_STATES];    /* kept commands */
    uint32_t              calls;
} ngx_cc_shelf_count_t;


/*
 * Sees to it that a location (of ngx_cc_slots_location()) has room for "max"
 * commands and their ends, and for so many calls.  Returns 0, or -1 when the
 * memory is used up.
 */
int ngx_cc_shelf_make(ngx_cc_slots_t *slots, int location, uint32_t max,
    uint32_t calls);

/*
 * 1 when the location with that hash has an entry, so that it must not be
 * retired (ngx_cc_slots_retire()): what it kept is found until it is gone.
 */
int ngx_cc_shelf_holds(ngx_cc_slots_t *slots, uint64_t hash);

/*
 * Reserves a place for the command with this name while fewer than "max" of the
 * location and fewer than "share" of this owner (0 = any) are RESERVED, RUNNING
 * or FINISHED; both sorts of calls count together.  Returns 0 and "place", or
 * NGX_CC_SHELF_FULL, _SHARE.
 */
int ngx_cc_shelf_reserve(ngx_cc_slots_process_t *self, int location,
    const uint8_t name[NGX_CC_SHELF_NAME], const uint8_t *owner,
    ngx_cc_shelf_sort_e sort, uint32_t max, uint32_t share, uint64_t now,
    ngx_cc_shelf_place_t *place);

/* gives a reservation back: it was not started; an empty one is ignored */
void ngx_cc_shelf_release(ngx_cc_slots_process_t *self,
    ngx_cc_shelf_place_t *place);

/*
 * RESERVED -> RUNNING, this process is its monitor (of a call nobody is).
 * Returns 0, or -1 when it was not reserved (any more).
 */
int ngx_cc_shelf_hand_over(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place, const ngx_cc_shelf_birth_t *birth);

/* the entry of that name: 1 and "entry", or 0 */
int ngx_cc_shelf_find(ngx_cc_slots_t *slots,
    const uint8_t name[NGX_CC_SHELF_NAME], ngx_cc_shelf_entry_t *entry);

/* the next entry of a walk: 1 and "entry", or 0 at the end */
int ngx_cc_shelf_next(ngx_cc_slots_t *slots, ngx_cc_shelf_walk_t *walk,
    ngx_cc_shelf_entry_t *entry);

/*
 * RUNNING -> FINISHED; or, "gone" not 0: its helper was gone then without a
 * word, -> ENDED and lost.  Returns 0, or -1 when somebody else was first, or
 * there is no such entry.
 */
int ngx_cc_shelf_finish(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place, const ngx_cc_shelf_end_t *end,
    uint64_t gone);

/* somebody has got all its output, or read to its end; 0 or -1 */
int ngx_cc_shelf_read(ngx_cc_slots_t *slots,
    const ngx_cc_shelf_place_t *place);

/* FINISHED -> ENDED: its output is gone, its place is free; 0 or -1 */
int ngx_cc_shelf_forget(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place, uint64_t now);

/* any but RESERVED -> free: nothing is known of it any more; 0 or -1 */
int ngx_cc_shelf_remove(ngx_cc_slots_t *slots,
    const ngx_cc_shelf_place_t *place);

/*
 * The one of a location that may be forgotten for a new one: FINISHED and read,
 * the oldest end.  "owner" not NULL: of this owner only.  1 and "entry", or 0.
 */
int ngx_cc_shelf_oldest(ngx_cc_slots_t *slots, int location,
    const uint8_t *owner, ngx_cc_shelf_entry_t *entry);

/*
 * This process becomes the monitor of a RUNNING command that has none, or whose
 * monitor is dead: 0; or -1.  _unmonitor(): it is so no longer.
 */
int ngx_cc_shelf_monitor(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place);
void ngx_cc_shelf_unmonitor(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place);

/*
 * Finds a RUNNING one that has no monitor, or a dead one, and becomes its
 * monitor: 1 and "place", or 0.
 */
int ngx_cc_shelf_mind(ngx_cc_slots_process_t *self,
    ngx_cc_shelf_place_t *place);

/*
 * Looks at the next "n" entries: reservations of dead workers, helpers that
 * have left after the end, ends that are too old.  *cursor is 0 at first.
 */
void ngx_cc_shelf_tend(ngx_cc_slots_process_t *self, uint64_t *cursor,
    uint32_t n, uint64_t now);

/* how many entries all locations have room for: one round of _tend() */
uint32_t ngx_cc_shelf_size(ngx_cc_slots_t *slots);

/* how many of a location are in which state, and how many calls there are */
void ngx_cc_shelf_count(ngx_cc_slots_t *slots, int location,
    ngx_cc_shelf_count_t *count);

/* is another one after every change of any entry */
uint64_t ngx_cc_shelf_changes(ngx_cc_slots_t *slots);


#endif /* _NGX_CC_SHELF_H_INCLUDED_ */
