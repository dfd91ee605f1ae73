
/*
 * How many sessions and commands a location has, over all workers: slots in
 * plain shared memory, C11 atomics, no mutex, self-healing.
 *
 * Every location (named by a hash) has two tables, one of sessions and one of
 * commands.  A slot is one 64-bit word: 0 = free, else {generation, process}.
 * A claim is one compare-and-set in the first "limit" slots, so the limit is
 * exact by construction; there is no counter that a crash could leave wrong.
 *
 * Who claims is a *process*: an index below NGX_CC_SLOTS_PROCESSES (nginx's
 * ngx_process_slot) plus a generation that ngx_cc_slots_enter() raises.  When
 * a process is killed, its successor in the same index frees what it held;
 * and whoever finds a table full frees the slots of processes that are gone
 * (pid does not exist, or has another start time).
 *
 * A slot can also count for *keys*: hashes of the client's address and of the
 * owner, each with a limit of its own (ngx_cc_slots_share()).
 *
 * Tables grow in blocks and never shrink, so workers of two configurations
 * use them together during a reload.  ngx_cc_slots_init() and _location() are
 * called by one process at a time (nginx's master, while it reads the
 * configuration); all other functions by anyone at any time.
 */

#ifndef _NGX_CC_SLOTS_H_INCLUDED_
#define _NGX_CC_SLOTS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>


#define NGX_CC_SLOTS_PROCESSES   1024

#define NGX_CC_SLOTS_SESSIONS    0
#define NGX_CC_SLOTS_COMMANDS    1
#define NGX_CC_SLOTS_KINDS       2

#define NGX_CC_SLOTS_ADDRESS     0       /* what a key means */
#define NGX_CC_SLOTS_OWNER       1
#define NGX_CC_SLOTS_KEYS        2


typedef struct ngx_cc_slots_s  ngx_cc_slots_t;   /* in the shared memory */


/* one claimed slot; all zero = none */

typedef struct {
    uint32_t        location;    /* index of ngx_cc_slots_location(), + 1 */
    uint32_t        kind;
    uint32_t        index;
    uint64_t        owner;
} ngx_cc_slot_t;


/* a process that claims slots, private memory of that process */

typedef struct {
    ngx_cc_slots_t *slots;
    uint64_t        owner;       /* {generation, process + 1} */
} ngx_cc_slots_process_t;


/*
 * Prepares "size" bytes at p, zeroed and aligned to 64 bytes; all later
 * functions work on the result, wherever a process has it mapped.  Returns
 * NULL when size is too small for anything.
 */
ngx_cc_slots_t *ngx_cc_slots_init(void *p, size_t size);

/*
 * Retires every location whose hash stays() denies and which has no slot in
 * use: ngx_cc_slots_location() gives its tables to another one.  A process that
 * still claims slots there by the old index is counted for the new location
 * until it frees them.  "data" is passed through.
 */
void ngx_cc_slots_retire(ngx_cc_slots_t *slots,
    int (*stays)(void *data, uint64_t hash), void *data);

/*
 * Finds the tables of the location with this hash (not 0), takes those of a
 * retired one, or makes new ones, and sees to it
 * that they have at least the given numbers of slots.  Returns its index, or
 * -1 when the memory is used up.
 */
int ngx_cc_slots_location(ngx_cc_slots_t *slots, uint64_t hash,
    uint32_t sessions, uint32_t commands);

/*
 * This process begins to use index "process": frees what earlier generations
 * of that index held and fills "self".  "start" is the process' start time in
 * clock ticks, field 22 of /proc/PID/stat (ngx_cc_slots_start_time()).
 * Returns 0, or -1 when the index is out of range.
 */
int ngx_cc_slots_enter(ngx_cc_slots_process_t *self, ngx_cc_slots_t *slots,
    uint32_t process, pid_t pid, uint64_t start);

/* frees everything that this process holds (a clean exit) */
void ngx_cc_slots_leave(ngx_cc_slots_process_t *self);

/*
 * Claims a slot of that kind while fewer than "limit" are in use at this
 * location.  Returns 0 and fills "slot", or -1 when the limit is reached.
 */
int ngx_cc_slots_claim(ngx_cc_slots_process_t *self, int location, int kind,
    uint32_t limit, ngx_cc_slot_t *slot);

/*
 * Lets a claimed slot count for this key, too, while fewer than "limit" slots
 * of its table do.  "what" is NGX_CC_SLOTS_ADDRESS or _OWNER.  Returns 0, or -1
 * when the limit is reached: the slot is still claimed then.  As exact as a
 * claim; of several that try at the same moment at least one gets the last
 * place.
 */
int ngx_cc_slots_share(ngx_cc_slots_process_t *self, ngx_cc_slot_t *slot,
    int what, uint64_t key, uint32_t limit);

/*
 * The same with a fair share of "max", the limit of the claim: three quarters,
 * rounded up, of those slots that no other key has.  So an owner without any
 * gets the one that it has claimed, and an owner with many leaves some for it
 * (not of fewer than four).  What others have is counted once: two keys that
 * grow at the same moment may get one more than their share.
 */
int ngx_cc_slots_share_fairly(ngx_cc_slots_process_t *self,
    ngx_cc_slot_t *slot, int what, uint64_t key, uint32_t max);

/* frees a claimed slot and zeroes "slot"; a zero slot is ignored */
void ngx_cc_slots_free(ngx_cc_slots_process_t *self, ngx_cc_slot_t *slot);

/* the number of slots in use now */
uint32_t ngx_cc_slots_count(ngx_cc_slots_t *slots, int location, int kind);

/*
 * How many slots of that kind have been freed for processes that could not do
 * it themselves any more, at all locations
 */
uint64_t ngx_cc_slots_healed(ngx_cc_slots_t *slots, int kind);

/* 1 when the process that entered with that index last still exists */
int ngx_cc_slots_alive(ngx_cc_slots_t *slots, uint32_t process);

/* 1 when "owner", of a ngx_cc_slots_process_t, does not exist any more */
int ngx_cc_slots_gone(ngx_cc_slots_t *slots, uint64_t owner);

/*
 * 1 when there is no process with that pid and start time (0 = unknown), or it
 * has ended and nobody has waited for it yet.  One that may not be looked at
 * (/proc hides it) counts as alive as long as the pid exists.
 */
int ngx_cc_slots_dead(pid_t pid, uint64_t start);

/* the start time of a process in clock ticks, or 0 when there is none */
uint64_t ngx_cc_slots_start_time(pid_t pid);


#endif /* _NGX_CC_SLOTS_H_INCLUDED_ */
