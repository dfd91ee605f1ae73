
/* the index of kept commands, over processes that may die at any instruction */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_handle.h"
#include "ngx_cc_shelf_inherit.h"


#define PROCESSES  8
#define LIMIT      12           /* fewer than they want to hold */
#define SHARE      5
#define OWNERS     4
#define RESERVED   50000
#define KILLED     21
#define NOW        1000000000000000ULL


typedef struct {
    _Atomic uint64_t  reserved;      /* so far */
    _Atomic uint64_t  refused;
    _Atomic uint64_t  taken;         /* over from dead workers */
    _Atomic int       killed;        /* workers */
    _Atomic int       broken;        /* a line of this file */
} shared_t;


static ngx_cc_slots_t          *slots;
static ngx_cc_slots_process_t   self;
static shared_t                *shared;
static int                      location;
static uint8_t                  owners[OWNERS][NGX_CC_SHELF_OWNER];


static void *
memory(size_t size)
{
    void  *p;

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1,
             0);
    ck_assert_ptr_ne(p, MAP_FAILED);

    return p;
}


static void
enter(ngx_cc_slots_process_t *process, uint32_t index)
{
    if (ngx_cc_slots_enter(process, slots, index, getpid(),
                           ngx_cc_slots_start_time(getpid()))
        != 0)
    {
        _exit(2);
    }
}


/* a location that keeps commands, or -1 */

static int
where(uint64_t hash, uint32_t max)
{
    int  index;

    index = ngx_cc_slots_location(slots, hash, 1, 1);

    return index != -1 && ngx_cc_shelf_make(slots, index, max, 0) == 0
           ? index : -1;
}


static void
setup(void)
{
    int  i;

    slots = ngx_cc_slots_init(memory(1 << 22), 1 << 22);
    ck_assert_ptr_nonnull(slots);
    shared = memory(sizeof(shared_t));
    location = where(0x1234, LIMIT);
    ck_assert_int_ge(location, 0);
    enter(&self, 0);

    /* two of them share the first 8 bytes: other owners all the same */

    for (i = 0; i < OWNERS; i++) {
        memset(owners[i], 0x11, NGX_CC_SHELF_OWNER);
        owners[i][i < 2 ? 9 : 0] = i + 1;
    }
}


static ngx_cc_handle_t
handle(void)
{
    ngx_cc_handle_t  h;

    ck_assert_int_eq(ngx_cc_handle_make(&h), 0);

    return h;
}


static ngx_cc_shelf_birth_t
birth(pid_t pid)
{
    ngx_cc_shelf_birth_t  b;

    memset(&b, 0, sizeof(b));
    b.helper = pid;
    b.ticks = ngx_cc_slots_start_time(pid);
    b.start = NOW;
    b.pid = 77;

    return b;
}


static ngx_cc_shelf_end_t
end(uint64_t ended)
{
    ngx_cc_shelf_end_t  e;

    memset(&e, 0, sizeof(e));
    e.status = 3 << 8;
    e.cause = 1;
    e.ended = ended;
    e.bytes[0] = 5;
    e.bytes[1] = 6;

    return e;
}


/* a helper that only sleeps */

static pid_t
helper(void)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        for ( ;; ) {
            (void) pause();
        }
    }

    ck_assert_int_gt(pid, 0);

    return pid;
}


static void
gone(pid_t pid)
{
    (void) kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}


/* the same with a short name */

static int
take(ngx_cc_slots_process_t *process, int at, const uint8_t *name,
    const uint8_t *owner, uint32_t max, uint32_t share, uint64_t now,
    ngx_cc_shelf_place_t *place)
{
    return ngx_cc_shelf_reserve(process, at, name, owner, 0, max, share, now,
                                place);
}


static int
reserve(const uint8_t *owner, ngx_cc_shelf_place_t *place)
{
    ngx_cc_handle_t  h;

    h = handle();

    return take(&self, location, h.byte, owner, LIMIT, SHARE, NOW,
                place);
}


/* one of "owner" that has been born */

static ngx_cc_shelf_place_t
born(const uint8_t *owner, pid_t pid)
{
    ngx_cc_shelf_birth_t  b;
    ngx_cc_shelf_place_t  place;

    ck_assert_int_eq(reserve(owner, &place), 0);
    b = birth(pid);
    ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place, &b), 0);

    return place;
}


static void
finished(const ngx_cc_shelf_place_t *place, uint64_t when)
{
    ngx_cc_shelf_end_t  e;

    e = end(when);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, place, &e, 0), 0);
}


static uint32_t
count(ngx_cc_shelf_state_e state)
{
    ngx_cc_shelf_count_t  c;

    ngx_cc_shelf_count(slots, location, &c);

    return c.state[state];
}


static void
tend(uint64_t now)
{
    uint64_t  cursor;

    cursor = 0;
    ngx_cc_shelf_tend(&self, &cursor, ngx_cc_shelf_size(slots), now);
}


START_TEST(a_life)
{
    uint64_t              changes;
    ngx_cc_handle_t       h;
    ngx_cc_shelf_end_t    e;
    ngx_cc_shelf_birth_t  b;
    ngx_cc_shelf_place_t  place;
    ngx_cc_shelf_entry_t  entry;

    h = handle();
    b = birth(getpid());

    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 0);
    ck_assert_int_eq(take(&self, location, h.byte, owners[0], 1, 0, NOW,
                          &place), 0);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RESERVED), 1);

    /* not one of those that can be found, removed, monitored, or that end */

    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 0);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &place), -1);
    ck_assert_int_eq(ngx_cc_shelf_monitor(&self, &place), -1);
    ck_assert_int_eq(ngx_cc_shelf_read(slots, &place), -1);
    e = end(NOW + 5);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place, &e, 0), -1);

    changes = ngx_cc_shelf_changes(slots);
    ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place, &b), 0);
    ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place, &b), -1);
    ck_assert_uint_ne(ngx_cc_shelf_changes(slots), changes);

    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 1);
    ck_assert_int_eq(entry.state, NGX_CC_SHELF_RUNNING);
    ck_assert_mem_eq(entry.name, h.byte, NGX_CC_SHELF_NAME);
    ck_assert_mem_eq(entry.owner, owners[0], NGX_CC_SHELF_OWNER);
    ck_assert_mem_eq(&entry.birth, &b, sizeof(b));
    ck_assert_mem_eq(&entry.place, &place, sizeof(place));
    ck_assert_uint_eq(entry.monitored, 1);
    ck_assert_uint_eq(entry.end.ended, 0);
    ck_assert_uint_eq(entry.read, 0);

    changes = ngx_cc_shelf_changes(slots);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place, &e, 0), 0);
    ck_assert_uint_ne(ngx_cc_shelf_changes(slots), changes);

    /* once */

    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place, &e, 0), -1);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place, &e, NOW), -1);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 1);
    ck_assert_int_eq(entry.state, NGX_CC_SHELF_FINISHED);
    ck_assert_mem_eq(&entry.end, &e, sizeof(e));
    ck_assert_uint_eq(entry.monitored, 0);
    ck_assert_uint_eq(entry.lost, 0);

    /* read is a thing of its own */

    ck_assert_int_eq(ngx_cc_shelf_oldest(slots, location, NULL, &entry), 0);
    ck_assert_int_eq(ngx_cc_shelf_read(slots, &place), 0);
    ck_assert_int_eq(ngx_cc_shelf_oldest(slots, location, NULL, &entry), 1);
    ck_assert_mem_eq(&entry.place, &place, sizeof(place));
    ck_assert_uint_eq(entry.read, 1);

    ck_assert_int_eq(ngx_cc_shelf_forget(&self, &place, NOW), 0);
    ck_assert_int_eq(ngx_cc_shelf_forget(&self, &place, NOW), -1);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 1);
    ck_assert_int_eq(entry.state, NGX_CC_SHELF_ENDED);
    ck_assert_uint_eq(entry.read, 1);
    ck_assert_mem_eq(&entry.end, &e, sizeof(e));

    changes = ngx_cc_shelf_changes(slots);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &place), 0);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &place), -1);
    ck_assert_uint_ne(ngx_cc_shelf_changes(slots), changes);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 0);
    ck_assert_uint_eq(count(NGX_CC_SHELF_FREE), ngx_cc_shelf_size(slots));
}
END_TEST


/* the name of a place is that of one command, whoever comes after it */

START_TEST(places)
{
    ngx_cc_shelf_end_t    e;
    ngx_cc_shelf_place_t  old, new, none;

    old = born(owners[0], getpid());
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &old), 0);
    new = born(owners[0], getpid());
    ck_assert_uint_eq(old.index, new.index);

    e = end(NOW);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &old, &e, 0), -1);
    ck_assert_int_eq(ngx_cc_shelf_read(slots, &old), -1);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &old), -1);
    ngx_cc_shelf_unmonitor(&self, &old);
    ck_assert_int_eq(ngx_cc_shelf_monitor(&self, &old), -1);
    ck_assert_int_eq(ngx_cc_shelf_monitor(&self, &new), -1);   /* it is */
    ngx_cc_shelf_unmonitor(&self, &new);
    ck_assert_int_eq(ngx_cc_shelf_monitor(&self, &new), 0);

    memset(&none, 0, sizeof(none));
    ngx_cc_shelf_release(&self, &none);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &none), -1);
    none.location = 100;
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &none), -1);
    none = new;
    none.index = 1000000;
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &none), -1);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &new), 0);
}
END_TEST


START_TEST(limits)
{
    int                   i, n;
    ngx_cc_shelf_place_t  place[LIMIT], more;

    /* of one owner, of one who shares its key with him, of all */

    for (i = 0; i < SHARE; i++) {
        place[i] = born(owners[2], getpid());
    }

    ck_assert_int_eq(reserve(owners[2], &more), NGX_CC_SHELF_SHARE);
    ck_assert_uint_eq(more.location, 0);
    ck_assert_int_eq(reserve(owners[3], &more), 0);
    ngx_cc_shelf_release(&self, &more);
    ck_assert_uint_eq(more.location, 0);

    /* a finished one still counts, an ended one does not */

    finished(&place[0], NOW);
    ck_assert_int_eq(reserve(owners[2], &more), NGX_CC_SHELF_SHARE);
    ck_assert_int_eq(ngx_cc_shelf_forget(&self, &place[0], NOW), 0);
    place[0] = born(owners[2], getpid());

    for (n = SHARE; n < 2 * SHARE; n++) {
        place[n] = born(owners[3], getpid());
    }

    for ( /* void */ ; n < LIMIT; n++) {
        place[n] = born(owners[0], getpid());
    }

    ck_assert_int_eq(reserve(owners[0], &more), NGX_CC_SHELF_FULL);
    ck_assert_int_eq(reserve(owners[2], &more), NGX_CC_SHELF_FULL);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RUNNING), LIMIT);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RESERVED), 0);

    /* the limit of this call counts, and no location is none */

    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &place[LIMIT - 1]), 0);
    {
        ngx_cc_handle_t  h = handle();

        ck_assert_int_eq(take(&self, location, h.byte, owners[0], LIMIT - 1,
                              0, NOW, &more),
                         NGX_CC_SHELF_FULL);
        ck_assert_int_eq(take(&self, location, h.byte, owners[0], LIMIT, 0,
                              NOW, &more), 0);
        ck_assert_int_eq(take(&self, -1, h.byte, owners[0], LIMIT, 0, NOW,
                              &more),
                         NGX_CC_SHELF_FULL);
        ck_assert_int_eq(take(&self, 7, h.byte, owners[0], LIMIT, 0, NOW,
                              &more),
                         NGX_CC_SHELF_FULL);
    }
}
END_TEST


/* four times as many ends as places; the oldest goes */

START_TEST(ends)
{
    int                   i;
    ngx_cc_handle_t       first, h;
    ngx_cc_shelf_birth_t  b;
    ngx_cc_shelf_place_t  place;
    ngx_cc_shelf_entry_t  entry;

    first = handle();
    h = first;
    b = birth(getpid());

    for (i = 0; i < LIMIT * NGX_CC_SHELF_TIMES; i++) {
        ck_assert_int_eq(take(&self, location, h.byte, owners[0], LIMIT, 0,
                              NOW, &place), 0);
        ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place, &b), 0);
        finished(&place, NOW + i);
        ck_assert_int_eq(ngx_cc_shelf_forget(&self, &place, NOW + i), 0);
        h = handle();
    }

    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED), LIMIT * NGX_CC_SHELF_TIMES);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, first.byte, &entry), 1);

    place = born(owners[0], getpid());
    finished(&place, NOW + i);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, first.byte, &entry), 1);
    ck_assert_int_eq(ngx_cc_shelf_forget(&self, &place, NOW + i), 0);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, first.byte, &entry), 0);
    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED), LIMIT * NGX_CC_SHELF_TIMES);

    /* a day after their helpers were gone */

    tend(NOW + NGX_CC_SHELF_MEMORY);
    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED), LIMIT * NGX_CC_SHELF_TIMES);
    tend(NOW + NGX_CC_SHELF_MEMORY + 1);
    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED),
                      LIMIT * NGX_CC_SHELF_TIMES - 1);
    tend(NOW + NGX_CC_SHELF_MEMORY + i - 1);
    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED), 1);
    tend(NOW + NGX_CC_SHELF_MEMORY + i);
    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED), 0);
}
END_TEST


/* a table that grew smaller has room for new ones all the same */

START_TEST(full_of_ends)
{
    int                   i;
    ngx_cc_shelf_place_t  place;

    location = where(0x99, 1000);
    ck_assert_int_ge(location, 0);

    for (i = 0; i < 4000; i++) {
        place = born(owners[i % OWNERS], getpid());
        finished(&place, NOW + i);
        ck_assert_int_eq(ngx_cc_shelf_forget(&self, &place, NOW), 0);
    }

    ck_assert_int_eq(where(0x99, LIMIT), location);
    place = born(owners[0], getpid());
    finished(&place, NOW + i);
    ck_assert_int_eq(ngx_cc_shelf_forget(&self, &place, NOW), 0);
    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED), LIMIT * NGX_CC_SHELF_TIMES);
}
END_TEST


START_TEST(walks)
{
    int                   i, n, other;
    ngx_cc_handle_t       h;
    ngx_cc_shelf_walk_t   walk;
    ngx_cc_shelf_birth_t  b;
    ngx_cc_shelf_place_t  place;
    ngx_cc_shelf_entry_t  entry;

    other = where(0x5678, LIMIT);
    b = birth(getpid());

    for (i = 0; i < LIMIT; i++) {
        h = handle();
        ck_assert_int_eq(take(&self, i % 3 ? location : other, h.byte,
                              owners[i % OWNERS], LIMIT, 0, NOW,
                              &place), 0);
        ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place, &b), 0);
    }

    h = handle();
    ck_assert_int_eq(take(&self, location, h.byte, owners[0], LIMIT, 0, NOW,
                          &place), 0);

    memset(&walk, 0, sizeof(walk));

    for (n = 0; ngx_cc_shelf_next(slots, &walk, &entry); n++) {
        ck_assert_int_eq(entry.state, NGX_CC_SHELF_RUNNING);
    }

    ck_assert_int_eq(n, LIMIT);
    ck_assert_int_eq(ngx_cc_shelf_next(slots, &walk, &entry), 0);

    memset(&walk, 0, sizeof(walk));
    walk.owner = owners[1];

    for (n = 0; ngx_cc_shelf_next(slots, &walk, &entry); n++) {
        ck_assert_mem_eq(entry.owner, owners[1], NGX_CC_SHELF_OWNER);
    }

    ck_assert_int_eq(n, LIMIT / OWNERS);

    memset(&walk, 0, sizeof(walk));
    walk.location = other + 1;

    for (n = 0; ngx_cc_shelf_next(slots, &walk, &entry); n++) {
        ck_assert_uint_eq(entry.place.location, other + 1);
    }

    ck_assert_int_eq(n, LIMIT / 3);
}
END_TEST


/* helpers that die, monitors that die, workers that die with a reservation */

START_TEST(deaths)
{
    int                     status;
    pid_t                   pid, worker;
    ngx_cc_handle_t         h;
    ngx_cc_shelf_end_t      e;
    ngx_cc_shelf_birth_t    b;
    ngx_cc_shelf_place_t    place, seen;
    ngx_cc_shelf_entry_t    entry;
    ngx_cc_slots_process_t  child;

    h = handle();
    pid = helper();
    b = birth(pid);

    worker = fork();

    if (worker == 0) {
        enter(&child, 1);
        _exit(take(&child, location, h.byte, owners[0], LIMIT, 0, NOW,
                   &place) != 0
              || ngx_cc_shelf_hand_over(&child, &place, &b) != 0
              || take(&child, location, h.byte, owners[1], LIMIT, 0, NOW,
                      &place) != 0);
    }

    ck_assert_int_eq(waitpid(worker, &status, 0), worker);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RESERVED), 1);

    /* the reservation goes with its worker, the command is for another one */

    tend(NOW);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RESERVED), 0);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RUNNING), 1);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 1);
    ck_assert_int_eq(ngx_cc_shelf_mind(&self, &seen), 1);
    ck_assert_mem_eq(&entry.place, &seen, sizeof(seen));
    ck_assert_int_eq(ngx_cc_shelf_monitor(&self, &seen), -1);
    ck_assert_int_eq(ngx_cc_shelf_mind(&self, &seen), 0);

    /* as long as it has a monitor, its end is told by that one */

    gone(pid);
    tend(NOW);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RUNNING), 1);

    /* nor is it anybody's who only looks: the next monitor tells it */

    ngx_cc_shelf_unmonitor(&self, &entry.place);
    tend(NOW);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RUNNING), 1);
    ck_assert_int_eq(ngx_cc_shelf_mind(&self, &seen), 1);
    e = end(NOW + 7);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &seen, &e, NOW + 7), 0);
    ck_assert_int_eq(ngx_cc_shelf_mind(&self, &seen), 0);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 1);
    ck_assert_int_eq(entry.state, NGX_CC_SHELF_ENDED);
    ck_assert_uint_eq(entry.lost, 1);
    ck_assert_uint_eq(entry.end.ended, NOW + 7);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &entry.place), 0);

    /* a helper that leaves after the end, as it should */

    pid = helper();
    place = born(owners[0], pid);
    finished(&place, NOW);
    tend(NOW);
    ck_assert_uint_eq(count(NGX_CC_SHELF_FINISHED), 1);
    gone(pid);
    tend(NOW);
    ck_assert_uint_eq(count(NGX_CC_SHELF_FINISHED), 0);
    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED), 1);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &place), 0);

    /* whoever dies while it writes an end leaves one that can be ended */

    pid = helper();
    place = born(owners[0], pid);
    worker = fork();

    if (worker == 0) {
        uint64_t           word;
        ngx_cc_shelf_at_t  at;

        enter(&child, 1);
        word = ngx_cc_shelf_entry(slots, &place, &at)
               ? atomic_load(&at.block->word[at.i]) : 0;
        _exit(!ngx_cc_shelf_move(slots, &at, &word, NGX_CC_SHELF_WRITING, 0,
                                 ngx_cc_shelf_worker(child.owner)));
    }

    ck_assert_int_eq(waitpid(worker, &status, 0), worker);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RUNNING), 1);
    e = end(NOW);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place, &e, 0), -1);
    tend(NOW);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place, &e, 0), 0);
    gone(pid);
}
END_TEST


/* what nobody looked after makes room when it is needed */

START_TEST(healing)
{
    int                   i;
    pid_t                 pid;
    ngx_cc_shelf_place_t  place;

    pid = helper();

    for (i = 0; i < LIMIT; i++) {
        place = born(owners[2 + i % 2], getpid());
        ck_assert_int_eq(ngx_cc_shelf_remove(slots, &place), 0);
        location = where(0x1234, LIMIT);
    }

    for (i = 0; i < SHARE; i++) {
        place = born(owners[2], pid);
        finished(&place, NOW);
    }

    ck_assert_int_eq(reserve(owners[2], &place), NGX_CC_SHELF_SHARE);
    gone(pid);

    /* helpers are not looked at for each who asks */

    ck_assert_int_eq(reserve(owners[2], &place), NGX_CC_SHELF_SHARE);
    {
        ngx_cc_handle_t  h = handle();

        ck_assert_int_eq(take(&self, location, h.byte, owners[2], LIMIT,
                              SHARE, NOW + 1000000, &place), 0);
    }
    ck_assert_uint_eq(count(NGX_CC_SHELF_ENDED), SHARE);
}
END_TEST


/* into other memory: everything, once; nothing can be begun in the old one */

START_TEST(inherited)
{
    int                    i;
    ngx_cc_handle_t        h[4];
    ngx_cc_slots_t        *other;
    ngx_cc_shelf_end_t     e;
    ngx_cc_shelf_birth_t   b;
    ngx_cc_shelf_place_t   place[4], seen;
    ngx_cc_shelf_entry_t   entry;
    ngx_cc_slots_process_t  next;

    static const ngx_cc_shelf_state_e  state[] = {
        NGX_CC_SHELF_RUNNING, NGX_CC_SHELF_FINISHED, NGX_CC_SHELF_ENDED
    };

    b = birth(getpid());
    e = end(NOW);

    for (i = 0; i < 4; i++) {
        h[i] = handle();
        ck_assert_int_eq(take(&self, location, h[i].byte, owners[i], LIMIT, 0,
                              NOW, &place[i]), 0);

        if (i < 3) {
            ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place[i], &b), 0);
        }
    }

    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place[1], &e, 0), 0);
    ck_assert_int_eq(ngx_cc_shelf_read(slots, &place[1]), 0);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place[2], &e, NOW + 1), 0);

    /* it is not configured any more in the new one */

    other = ngx_cc_slots_init(memory(1 << 20), 1 << 20);
    ck_assert_ptr_nonnull(other);
    ck_assert_int_eq(ngx_cc_slots_location(other, 0x77, 1, 1), 0);
    ck_assert_uint_eq(ngx_cc_shelf_inherit(other, slots), 0);
    ck_assert_int_eq(ngx_cc_shelf_holds(other, 0x1234), 1);

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(ngx_cc_shelf_find(slots, h[i].byte, &entry), 0);
        ck_assert_int_eq(ngx_cc_shelf_find(other, h[i].byte, &entry), 1);
        ck_assert_int_eq(entry.state, state[i]);
        ck_assert_mem_eq(entry.owner, owners[i], NGX_CC_SHELF_OWNER);
        ck_assert_mem_eq(&entry.birth, &b, sizeof(b));
        ck_assert_uint_eq(entry.read, i == 1);
        ck_assert_uint_eq(entry.lost, i == 2);
        ck_assert_uint_eq(entry.monitored, 0);
    }

    ck_assert_uint_eq(entry.gone, NOW + 1);

    /* who works with the old one still */

    ck_assert_int_eq(ngx_cc_shelf_find(other, h[3].byte, &entry), 0);
    ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place[3], &b), -1);
    ck_assert_int_eq(ngx_cc_shelf_finish(&self, &place[0], &e, 0), -1);
    ck_assert_int_eq(take(&self, location, h[3].byte, owners[3], LIMIT, 0,
                          NOW, &place[3]),
                     NGX_CC_SHELF_FULL);

    /* and with the new one */

    ck_assert_int_eq(ngx_cc_slots_enter(&next, other, 0, getpid(),
                                        ngx_cc_slots_start_time(getpid())),
                     0);
    ck_assert_int_eq(ngx_cc_shelf_mind(&next, &seen), 1);
    ck_assert_int_eq(ngx_cc_shelf_mind(&next, &place[0]), 0);
    ck_assert_int_eq(ngx_cc_shelf_finish(&next, &seen, &e, 0), 0);

    /* without room they are counted */

    other = ngx_cc_slots_init(memory(1 << 16), 1 << 16);
    ck_assert_ptr_nonnull(other);
    ck_assert_uint_le(ngx_cc_shelf_inherit(other, next.slots), 3);
    ck_assert_int_eq(ngx_cc_shelf_find(next.slots, h[0].byte, &entry), 0);
}
END_TEST


static int
stays(void *data, uint64_t hash)
{
    return hash == *(uint64_t *) data || hash == 0x4321
           || ngx_cc_shelf_holds(slots, hash);
}


START_TEST(retired)
{
    int                   i, other;
    uint64_t              hash;
    ngx_cc_handle_t       h;
    ngx_cc_shelf_birth_t  b;
    ngx_cc_shelf_place_t  place;
    ngx_cc_shelf_entry_t  entry;

    h = handle();
    b = birth(getpid());

    /* one that keeps nothing has no entry, and no harm is done */

    other = ngx_cc_slots_location(slots, 0x4321, 1, 1);
    ck_assert_int_eq(take(&self, other, h.byte, owners[0], LIMIT, 0, NOW,
                          &place),
                     NGX_CC_SHELF_FULL);
    ck_assert_int_eq(ngx_cc_shelf_oldest(slots, other, NULL, &entry), 0);

    hash = 0x1234;
    other = where(0x5678, LIMIT);
    ck_assert_int_eq(take(&self, other, h.byte, owners[0], LIMIT, 0, NOW,
                          &place), 0);
    ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place, &b), 0);
    ck_assert_int_eq(ngx_cc_shelf_holds(slots, 0x5678), 1);
    ck_assert_int_eq(ngx_cc_shelf_holds(slots, 0x1234), 0);

    /* keeps nothing any more: what there is stays until it is gone */

    ngx_cc_slots_retire(slots, stays, &hash);
    ck_assert_int_ne(where(0x9999, LIMIT), other);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 1);
    ck_assert_int_eq(ngx_cc_shelf_remove(slots, &place), 0);

    ngx_cc_slots_retire(slots, stays, &hash);
    ck_assert_int_eq(where(0xabcd, LIMIT), other);
    ck_assert_int_eq(where(0x1234, LIMIT), location);

    for (i = 0; i < 10000; i++) {
        ngx_cc_slots_retire(slots, stays, &hash);
        ck_assert_int_ge(where(0x10000 + i, 50), 0);
    }

    /* the memory has an end, and says so */

    for (i = 0; i < 10000; i++) {
        if (where(0x20000 + i, 100) == -1) {
            break;
        }
    }

    ck_assert_int_lt(i, 10000);
}
END_TEST


/* calls: counted apart, minded by nobody, gone with their helper */

START_TEST(calls)
{
    int                    i;
    pid_t                  pid;
    uint64_t               cursor;
    ngx_cc_handle_t        h;
    ngx_cc_shelf_walk_t    walk;
    ngx_cc_shelf_birth_t   b;
    ngx_cc_shelf_count_t   count;
    ngx_cc_shelf_entry_t   entry;
    ngx_cc_shelf_place_t   place, other, kept;

    ck_assert_int_eq(ngx_cc_shelf_make(slots, location, LIMIT, 2), 0);

    h = handle();
    ck_assert_int_eq(ngx_cc_shelf_reserve(&self, location, h.byte, owners[0],
                                          1, 2, 1, NOW, &place), 0);
    h = handle();
    ck_assert_int_eq(ngx_cc_shelf_reserve(&self, location, h.byte, owners[0],
                                          1, 2, 1, NOW, &other),
                     NGX_CC_SHELF_SHARE);
    ck_assert_int_eq(ngx_cc_shelf_reserve(&self, location, h.byte, owners[2],
                                          1, 2, 1, NOW, &other), 0);
    ck_assert_int_eq(ngx_cc_shelf_reserve(&self, location, h.byte, owners[2],
                                          1, 2, 2, NOW, &kept),
                     NGX_CC_SHELF_FULL);

    /* no kept one is fewer for it, and no call for them */

    for (i = 0; i < SHARE; i++) {
        ck_assert_int_eq(reserve(owners[0], &kept), 0);
    }

    ck_assert_int_eq(reserve(owners[0], &kept), NGX_CC_SHELF_SHARE);
    ngx_cc_shelf_release(&self, &other);
    ck_assert_int_eq(ngx_cc_shelf_reserve(&self, location, h.byte, owners[0],
                                          1, 2, 2, NOW, &other), 0);

    pid = helper();
    b = birth(pid);
    ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place, &b), 0);
    memcpy(h.byte, &place.name, sizeof(place.name));
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 1);
    ck_assert_uint_eq(entry.call, 1);
    ck_assert_int_eq(entry.state, NGX_CC_SHELF_RUNNING);
    ck_assert_uint_eq(entry.monitored, 0);

    /* nobody lists or minds it who does not ask for calls */

    ck_assert_int_eq(ngx_cc_shelf_mind(&self, &kept), 0);
    memset(&walk, 0, sizeof(walk));
    ck_assert_int_eq(ngx_cc_shelf_next(slots, &walk, &entry), 0);
    memset(&walk, 0, sizeof(walk));
    walk.calls = 1;
    ck_assert_int_eq(ngx_cc_shelf_next(slots, &walk, &entry), 1);
    ck_assert_int_eq(entry.birth.helper, pid);
    ck_assert_int_eq(ngx_cc_shelf_next(slots, &walk, &entry), 0);

    ngx_cc_shelf_count(slots, location, &count);
    ck_assert_uint_eq(count.calls, 2);
    ck_assert_uint_eq(count.state[NGX_CC_SHELF_RESERVED], SHARE);
    ck_assert_uint_eq(count.state[NGX_CC_SHELF_RUNNING], 0);
    ck_assert_int_eq(ngx_cc_shelf_holds(slots, 0x1234), 1);

    /* alive it stays, and is gone with its helper, without a trace */

    cursor = 0;
    ngx_cc_shelf_tend(&self, &cursor, ngx_cc_shelf_size(slots), NOW);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 1);
    gone(pid);
    ngx_cc_shelf_tend(&self, &cursor, ngx_cc_shelf_size(slots), NOW);
    ck_assert_int_eq(ngx_cc_shelf_find(slots, h.byte, &entry), 0);
    ngx_cc_shelf_release(&self, &other);
    ngx_cc_shelf_count(slots, location, &count);
    ck_assert_uint_eq(count.calls, 0);
    ck_assert_uint_eq(count.state[NGX_CC_SHELF_ENDED], 0);
}
END_TEST


/* what is only there to be seen counts apart from calls; lists have the sorts
 * that say so */

START_TEST(observed)
{
    pid_t                  pid;
    ngx_cc_handle_t        h[3];
    ngx_cc_shelf_walk_t    walk;
    ngx_cc_shelf_birth_t   b;
    ngx_cc_shelf_count_t   count;
    ngx_cc_shelf_entry_t   entry;
    ngx_cc_shelf_place_t   place[3], other;
    int                    i;

    static const ngx_cc_shelf_sort_e  sort[] = {
        NGX_CC_SHELF_CALL, NGX_CC_SHELF_CALL_LISTED, NGX_CC_SHELF_OBSERVED
    };

    ck_assert_int_eq(ngx_cc_shelf_make(slots, location, LIMIT, 4), 0);

    pid = helper();
    b = birth(pid);

    for (i = 0; i < 3; i++) {
        h[i] = handle();
        ck_assert_int_eq(ngx_cc_shelf_reserve(&self, location, h[i].byte,
                                              owners[0], sort[i],
                                              i < 2 ? 2 : 1, 0, NOW,
                                              &place[i]), 0);
        ck_assert_int_eq(ngx_cc_shelf_hand_over(&self, &place[i], &b), 0);
        ck_assert_int_eq(ngx_cc_shelf_find(slots, h[i].byte, &entry), 1);
        ck_assert_uint_eq(entry.call, 1);
        ck_assert_uint_eq(entry.listed, i > 0);
        ck_assert_uint_eq(entry.read, 0);
        ck_assert_uint_eq(entry.lost, 0);
    }

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(ngx_cc_shelf_reserve(&self, location, h[i].byte,
                                              owners[2], sort[i],
                                              i < 2 ? 2 : 1, 0, NOW, &other),
                         NGX_CC_SHELF_FULL);
    }

    memset(&walk, 0, sizeof(walk));
    walk.calls = 1;
    walk.listed = 1;

    for (i = 1; i < 3; i++) {
        ck_assert_int_eq(ngx_cc_shelf_next(slots, &walk, &entry), 1);
        ck_assert_mem_eq(entry.name, h[i].byte, sizeof(entry.name));
    }

    ck_assert_int_eq(ngx_cc_shelf_next(slots, &walk, &entry), 0);
    ck_assert_int_eq(ngx_cc_shelf_mind(&self, &other), 0);
    ngx_cc_shelf_count(slots, location, &count);
    ck_assert_uint_eq(count.calls, 3);

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(ngx_cc_shelf_holds(slots, 0x1234), 1);
        ck_assert_int_eq(ngx_cc_shelf_remove(slots, &place[i]), 0);
    }

    ck_assert_int_eq(ngx_cc_shelf_holds(slots, 0x1234), 0);
    gone(pid);
}
END_TEST


/* how many live ones there are of an owner, as everybody may count them */

static uint32_t
live(const uint8_t *owner)
{
    uint64_t               key;
    ngx_cc_shelf_table_t  *table;

    key = owner ? ngx_cc_shelf_number(owner) : 0;
    table = ngx_cc_shelf_table(slots, location);

    return ngx_cc_shelf_used(slots, table, NGX_CC_SHELF_LIVE, 0,
                             owner ? &key : NULL);
}


#define broken(cond)                                                          \
    do {                                                                      \
        if (!(cond)) {                                                        \
            atomic_store(&shared->broken, __LINE__);                          \
            _exit(3);                                                         \
        }                                                                     \
    } while (0)


/* however slow the machine is: enough lives, and enough deaths */

static int
more(void)
{
    return !atomic_load(&shared->broken)
           && (atomic_load(&shared->reserved) < RESERVED
               || atomic_load(&shared->killed) < KILLED);
}


/* whole lives, some of them, until it is killed or enough has been done */

static void
work(uint32_t process, pid_t pid)
{
    int                     rc, n, i;
    unsigned                seed;
    const uint8_t          *owner;
    ngx_cc_handle_t         h[3];
    ngx_cc_shelf_end_t      e;
    ngx_cc_shelf_birth_t    b;
    ngx_cc_shelf_place_t    place[3];
    ngx_cc_shelf_entry_t    entry;
    ngx_cc_slots_process_t  me;

    seed = getpid();
    enter(&me, process);
    b = birth(pid);

    while (more()) {

        for (n = 0; n < 3; n++) {
            owner = owners[2 + rand_r(&seed) % 2];

            if (ngx_cc_handle_make(&h[n]) != 0) {
                _exit(4);
            }

            rc = take(&me, location, h[n].byte, owner, LIMIT, SHARE, NOW,
                      &place[n]);

            if (rc != 0) {
                atomic_fetch_add(&shared->refused, 1);
                break;
            }

            atomic_fetch_add(&shared->reserved, 1);

            if (rand_r(&seed) % 4 == 0) {
                ngx_cc_shelf_release(&me, &place[n]);
                break;
            }

            /* no lie is ever read, whatever others do */

            b.pid = (int32_t) place[n].name;
            broken(ngx_cc_shelf_hand_over(&me, &place[n], &b) == 0);
        }

        for (i = 0; i < n; i++) {
            e = end(NOW);
            e.bytes[0] = place[i].name;
            e.bytes[1] = getpid();

            broken(ngx_cc_shelf_find(slots, h[i].byte, &entry) == 1);
            broken(entry.state == NGX_CC_SHELF_RUNNING);
            broken(entry.birth.pid == (int32_t) place[i].name);
            broken(memcmp(entry.name, h[i].byte, NGX_CC_SHELF_NAME) == 0);
            broken(ngx_cc_shelf_finish(&me, &place[i], &e, 0) == 0);
            broken(ngx_cc_shelf_find(slots, h[i].byte, &entry) == 1);
            broken(entry.state == NGX_CC_SHELF_FINISHED);
            broken(entry.end.bytes[0] == place[i].name);
            broken(ngx_cc_shelf_forget(&me, &place[i], NOW) == 0);

            /* this one may have been the oldest of too many */

            if (ngx_cc_shelf_find(slots, h[i].byte, &entry)) {
                broken(entry.state == NGX_CC_SHELF_ENDED);
                broken(entry.end.bytes[0] == place[i].name);
            }
        }
    }

    _exit(0);
}


/* commands of dead workers run on, or have ended; here they are forgotten */

static void
take_over(pid_t pid)
{
    ngx_cc_shelf_end_t    e;
    ngx_cc_shelf_walk_t   walk;
    ngx_cc_shelf_place_t  place;
    ngx_cc_shelf_entry_t  entry;

    e = end(NOW);

    while (ngx_cc_shelf_mind(&self, &place)) {
        (void) ngx_cc_shelf_finish(&self, &place, &e, 0);
        (void) ngx_cc_shelf_forget(&self, &place, NOW);
        atomic_fetch_add(&shared->taken, 1);
    }

    memset(&walk, 0, sizeof(walk));

    while (ngx_cc_shelf_next(slots, &walk, &entry)) {
        if (entry.state == NGX_CC_SHELF_FINISHED
            && entry.end.bytes[1] == (uint64_t) pid)
        {
            (void) ngx_cc_shelf_forget(&self, &entry.place, NOW);
        }
    }
}


static void
kill_at_random(int kills)
{
    int                   i, status;
    pid_t                 pid[PROCESSES], dummy;
    unsigned              seed;

    seed = 1;
    atomic_store(&shared->killed, kills ? 0 : KILLED);
    dummy = helper();

    for (i = 0; i < PROCESSES; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            work(i + 1, dummy);
        }
    }

    while (more()) {
        (void) usleep(rand_r(&seed) % 3000);

        ck_assert_uint_le(count(NGX_CC_SHELF_RUNNING), LIMIT);

        if (!kills) {
            continue;
        }

        i = rand_r(&seed) % PROCESSES;

        (void) kill(pid[i], SIGKILL);
        (void) waitpid(pid[i], &status, 0);
        atomic_fetch_add(&shared->killed, WIFSIGNALED(status) != 0);

        tend(NOW);
        take_over(pid[i]);

        pid[i] = fork();

        if (pid[i] == 0) {
            work(i + 1, dummy);
        }
    }

    for (i = 0; i < PROCESSES; i++) {
        (void) kill(pid[i], SIGKILL);
        (void) waitpid(pid[i], &status, 0);
    }

    ck_assert_int_eq(atomic_load(&shared->broken), 0);
    ck_assert_uint_gt(atomic_load(&shared->refused), 0);

    /* no reservation and no half-written end of the dead is left */

    tend(NOW);
    ck_assert_uint_eq(count(NGX_CC_SHELF_RESERVED), 0);
    ck_assert_uint_le(live(NULL), LIMIT);
    ck_assert_uint_le(live(owners[2]), SHARE);
    ck_assert_uint_le(live(owners[3]), SHARE);
    ck_assert_uint_le(count(NGX_CC_SHELF_ENDED), LIMIT * NGX_CC_SHELF_TIMES);

    if (kills) {
        ck_assert_uint_gt(atomic_load(&shared->taken), 0);
    }

    gone(dummy);
    take_over(0);
    tend(NOW);
    ck_assert_uint_eq(live(NULL), 0);
}


START_TEST(at_once)
{
    kill_at_random(0);
}
END_TEST


START_TEST(random_kills)
{
    kill_at_random(1);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("index");
    Suite  *s = suite_create("index");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, a_life);
    tcase_add_test(tc, places);
    tcase_add_test(tc, limits);
    tcase_add_test(tc, ends);
    tcase_add_test(tc, full_of_ends);
    tcase_add_test(tc, walks);
    tcase_add_test(tc, deaths);
    tcase_add_test(tc, healing);
    tcase_add_test(tc, inherited);
    tcase_add_test(tc, retired);
    tcase_add_test(tc, at_once);
    tcase_add_test(tc, calls);
    tcase_add_test(tc, observed);
    tcase_add_test(tc, random_kills);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
