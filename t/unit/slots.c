
/* counting over processes that may die at any instruction */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_slots.h"


#define PROCESSES  8
#define LIMIT      12           /* fewer than they want to hold */
#define CLAIMS     1000000
#define HOLD       4


typedef struct {
    _Atomic uint64_t  claims;        /* so far */
    _Atomic uint64_t  refused;
    _Atomic int       inside;        /* who hold the key now */
    _Atomic int       broken;        /* a slot or key was given twice */
    _Atomic int       holder[1024];  /* pid, by index of the slot */
} shared_t;


static ngx_cc_slots_t  *slots;
static shared_t        *shared;
static int              location;


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
setup(void)
{
    slots = ngx_cc_slots_init(memory(1 << 20), 1 << 20);
    ck_assert_ptr_nonnull(slots);
    shared = memory(sizeof(shared_t));
    location = ngx_cc_slots_location(slots, 0x1234, 100, 100);
    ck_assert_int_ge(location, 0);
}


static void
enter(ngx_cc_slots_process_t *self, uint32_t process)
{
    ck_assert_int_eq(ngx_cc_slots_enter(self, slots, process, getpid(),
                                        ngx_cc_slots_start_time(getpid())),
                     0);
}


START_TEST(limits)
{
    int                     i, kind;
    ngx_cc_slot_t           slot[101];
    ngx_cc_slots_process_t  self;

    enter(&self, 0);
    memset(slot, 0, sizeof(slot));

    for (kind = 0; kind < NGX_CC_SLOTS_KINDS; kind++) {
        for (i = 0; i < 100; i++) {
            ck_assert_int_eq(ngx_cc_slots_claim(&self, location, kind, 100,
                                                &slot[i]), 0);
            ck_assert_uint_eq(ngx_cc_slots_count(slots, location, kind),
                              i + 1);
        }

        ck_assert_int_eq(ngx_cc_slots_claim(&self, location, kind, 100,
                                            &slot[100]), -1);

        for (i = 0; i < 100; i += 2) {
            ngx_cc_slots_free(&self, &slot[i]);
            ngx_cc_slots_free(&self, &slot[i]);      /* is nothing now */
        }

        ck_assert_uint_eq(ngx_cc_slots_count(slots, location, kind), 50);
        ck_assert_int_eq(ngx_cc_slots_claim(&self, location, kind, 100,
                                            &slot[0]), 0);
    }

    ngx_cc_slots_leave(&self);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 0);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 1), 0);

    ck_assert_int_eq(ngx_cc_slots_enter(&self, slots,
                                        NGX_CC_SLOTS_PROCESSES, 1, 1), -1);
}
END_TEST


START_TEST(locations)
{
    int                     other, i;
    ngx_cc_slot_t           slot;
    ngx_cc_slots_process_t  self;

    /* the same hash: the same tables, larger ones when needed */

    ck_assert_int_eq(ngx_cc_slots_location(slots, 0x1234, 1, 1), location);
    ck_assert_int_eq(ngx_cc_slots_location(slots, 0x1234, 1000, 1), location);

    other = ngx_cc_slots_location(slots, 0x5678, 10, 10);
    ck_assert_int_ne(other, location);

    enter(&self, 3);

    for (i = 0; i < 1000; i++) {
        memset(&slot, 0, sizeof(slot));
        ck_assert_int_eq(ngx_cc_slots_claim(&self, location, 0, 1000, &slot),
                         0);
    }

    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 1000);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, other, 0), 0);

    /* the memory has an end, and says so */

    for (i = 0; i < 100000; i++) {
        if (ngx_cc_slots_location(slots, 0x10000 + i, 100, 100) == -1) {
            break;
        }
    }

    ck_assert_int_lt(i, 100000);
    ck_assert_ptr_null(ngx_cc_slots_init(memory(4096), 64));
}
END_TEST


/* a successor in the same place frees what its predecessor held */

static int
keep(void *data, uint64_t hash)
{
    return hash == *(uint64_t *) data;
}


START_TEST(retired)
{
    int                     i, other;
    uint64_t                stays;
    ngx_cc_slot_t           slot;
    ngx_cc_slots_process_t  self;

    (void) ngx_cc_slots_enter(&self, slots, 0, getpid(),
                              ngx_cc_slots_start_time(getpid()));

    stays = 0x1234;
    other = ngx_cc_slots_location(slots, 0x5678, 10, 10);
    memset(&slot, 0, sizeof(slot));
    ck_assert_int_eq(ngx_cc_slots_claim(&self, other, 0, 10, &slot), 0);

    /* one that is in use stays, whatever the configuration says */

    ngx_cc_slots_retire(slots, keep, &stays);
    ck_assert_int_ne(ngx_cc_slots_location(slots, 0x9999, 10, 10), other);
    ck_assert_int_eq(ngx_cc_slots_location(slots, 0x5678, 10, 10), other);

    /* an empty one is given to the next */

    ngx_cc_slots_free(&self, &slot);
    ngx_cc_slots_retire(slots, keep, &stays);
    ck_assert_int_eq(ngx_cc_slots_location(slots, 0xabcd, 10, 10), other);
    ck_assert_int_eq(ngx_cc_slots_location(slots, 0x1234, 1, 1), location);

    /* so locations that come and go need no more memory */

    for (i = 0; i < 100000; i++) {
        ngx_cc_slots_retire(slots, keep, &stays);
        ck_assert_int_ge(ngx_cc_slots_location(slots, 0x10000 + i, 50, 50),
                         0);
    }
}
END_TEST


START_TEST(successor)
{
    int                     i;
    ngx_cc_slot_t           slot;
    ngx_cc_slots_process_t  first, second;

    enter(&first, 5);

    for (i = 0; i < 10; i++) {
        (void) ngx_cc_slots_claim(&first, location, 0, 100, &slot);
    }

    ck_assert_uint_eq(ngx_cc_slots_healed(slots, 0), 0);

    enter(&second, 5);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 0);
    ck_assert_uint_eq(ngx_cc_slots_healed(slots, 0), 10);

    /* whatever the first one still believes to hold */

    (void) ngx_cc_slots_claim(&second, location, 0, 100, &slot);
    ngx_cc_slots_leave(&first);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 1);

    /* who leaves by itself needs no healing */

    ngx_cc_slots_leave(&second);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 0);
    ck_assert_uint_eq(ngx_cc_slots_healed(slots, 0), 10);
    ck_assert_uint_eq(ngx_cc_slots_healed(slots, 1), 0);
}
END_TEST


/* a full table looks for owners that do not exist any more */

START_TEST(healing)
{
    int                     i, status;
    pid_t                   pid;
    ngx_cc_slot_t           slot;
    ngx_cc_slots_process_t  self;

    pid = fork();

    if (pid == 0) {
        if (ngx_cc_slots_enter(&self, slots, 1, getpid(),
                               ngx_cc_slots_start_time(getpid())) != 0)
        {
            _exit(1);
        }

        for (i = 0; i < 10; i++) {
            if (ngx_cc_slots_claim(&self, location, 0, 10, &slot) != 0) {
                _exit(1);
            }
        }

        _exit(ngx_cc_slots_alive(slots, 1) ? 0 : 1);
    }

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 10);
    ck_assert_int_eq(ngx_cc_slots_alive(slots, 1), 0);

    enter(&self, 2);
    ck_assert_int_eq(ngx_cc_slots_alive(slots, 2), 1);
    ck_assert_int_eq(ngx_cc_slots_alive(slots, 3), 0);
    ck_assert_int_eq(ngx_cc_slots_claim(&self, location, 0, 10, &slot), 0);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 1);
    ck_assert_uint_eq(ngx_cc_slots_healed(slots, 0), 10);
}
END_TEST


/* a limit for each key, beside that of all */

START_TEST(keys)
{
    int                     i, pid, status;
    ngx_cc_slot_t           slot[200];
    ngx_cc_slots_process_t  self;

    enter(&self, 0);
    memset(slot, 0, sizeof(slot));
    (void) ngx_cc_slots_location(slots, 0x1234, 200, 1);

    /* the key 0 is one like any other; 200 slots are more than a block */

    for (i = 0; i < 200; i++) {
        ck_assert_int_eq(ngx_cc_slots_claim(&self, location, 0, 200,
                                            &slot[i]), 0);
        ck_assert_int_eq(ngx_cc_slots_share(&self, &slot[i], i % 2, i % 3,
                                            30), i < 180 ? 0 : -1);
    }

    /* a freed one gives its place back, for its own key only */

    ngx_cc_slots_free(&self, &slot[3]);
    ck_assert_int_eq(ngx_cc_slots_share(&self, &slot[198], 0, 0, 30), -1);
    ck_assert_int_eq(ngx_cc_slots_share(&self, &slot[199], 1, 1, 30), -1);
    ck_assert_int_eq(ngx_cc_slots_share(&self, &slot[199], 1, 0, 30), 0);
    ck_assert_int_eq(ngx_cc_slots_share(&self, &slot[198], 1, 0, 30), -1);

    /* whoever gets the freed slot does not count for its former keys */

    ck_assert_int_eq(ngx_cc_slots_claim(&self, location, 0, 200, &slot[3]),
                     0);
    ck_assert_uint_eq(slot[3].index, 3);
    ck_assert_int_eq(ngx_cc_slots_share(&self, &slot[198], 1, 0, 30), -1);

    ngx_cc_slots_leave(&self);

    /* what a dead process holds does not count */

    pid = fork();

    if (pid == 0) {
        (void) ngx_cc_slots_enter(&self, slots, 1, getpid(),
                                  ngx_cc_slots_start_time(getpid()));
        _exit(ngx_cc_slots_claim(&self, location, 0, 200, &slot[0])
              || ngx_cc_slots_share(&self, &slot[0], 1, 7, 1));
    }

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);

    enter(&self, 0);
    ck_assert_int_eq(ngx_cc_slots_claim(&self, location, 0, 200, &slot[1]),
                     0);
    ck_assert_int_eq(ngx_cc_slots_share(&self, &slot[1], 1, 7, 1), 0);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 1);
}
END_TEST


/* the same, from many processes at once: never more, and nobody starves */

static void
share(uint32_t process)
{
    int                     got, n;
    unsigned                seed;
    ngx_cc_slot_t           slot[2];
    ngx_cc_slots_process_t  self;

    seed = getpid();

    if (ngx_cc_slots_enter(&self, slots, process, getpid(),
                           ngx_cc_slots_start_time(getpid())) != 0)
    {
        _exit(2);
    }

    memset(slot, 0, sizeof(slot));

    /* two each: nobody is without a chance, and all together want too much */

    for (got = 0; got < 1000; /* void */ ) {
        n = rand_r(&seed) % 2;

        if (slot[n].location) {
            atomic_fetch_sub(&shared->inside, 1);
            ngx_cc_slots_free(&self, &slot[n]);
            continue;
        }

        if (ngx_cc_slots_claim(&self, location, 0, 100, &slot[n]) != 0) {
            _exit(3);
        }

        if (ngx_cc_slots_share(&self, &slot[n], NGX_CC_SLOTS_OWNER, 42, 3)
            != 0)
        {
            atomic_fetch_add(&shared->refused, 1);
            ngx_cc_slots_free(&self, &slot[n]);
            (void) usleep(1);
            continue;
        }

        got++;

        if (atomic_fetch_add(&shared->inside, 1) >= 3) {
            atomic_store(&shared->broken, 1);
        }

        (void) usleep(1);                /* the others' turn */
    }

    for (n = 0; n < 2; n++) {
        if (slot[n].location) {
            atomic_fetch_sub(&shared->inside, 1);
            ngx_cc_slots_free(&self, &slot[n]);
        }
    }

    _exit(0);
}


/* one more for this owner; 1 when that was fair */

static int
one_more(ngx_cc_slots_process_t *self, ngx_cc_slot_t *slot, uint64_t owner,
    uint32_t max)
{
    if (ngx_cc_slots_claim(self, location, NGX_CC_SLOTS_COMMANDS, max, slot)
        != 0)
    {
        return 0;
    }

    if (ngx_cc_slots_share_fairly(self, slot, NGX_CC_SLOTS_OWNER, owner, max)
        != 0)
    {
        ngx_cc_slots_free(self, slot);
        return 0;
    }

    return 1;
}


START_TEST(fair_shares)
{
    int                     i, n, max, owner;
    ngx_cc_slot_t           slot[101];
    ngx_cc_slots_process_t  self;

    /* how many a single owner gets, and each of those that come after him */

    static const struct {
        int  max;
        int  gets[6];
    } t[] = {
        { 1, { 1, 0 } },
        { 2, { 2, 0 } },
        { 3, { 3, 0 } },
        { 4, { 3, 1, 0 } },
        { 8, { 6, 2, 0 } },
        { 16, { 12, 3, 1, 0 } },
        { 64, { 48, 12, 3, 1, 0 } },
        { 100, { 75, 19, 5, 1, 0 } }
    };

    enter(&self, 0);

    for (max = 0; max < (int) (sizeof(t) / sizeof(t[0])); max++) {
        memset(slot, 0, sizeof(slot));
        n = 0;

        for (owner = 0; owner == 0 || t[max].gets[owner - 1]; owner++) {

            for (i = 0; one_more(&self, &slot[n], 77 + owner, t[max].max);
                 i++)
            {
                n++;
            }

            ck_assert_int_eq(i, t[max].gets[owner]);
        }

        /* a slot that the first one gives back is nobody else's share yet */

        ngx_cc_slots_free(&self, &slot[0]);
        ck_assert_int_eq(one_more(&self, &slot[0], 99, t[max].max), 1);

        for (i = 0; i < n; i++) {
            ngx_cc_slots_free(&self, &slot[i]);
        }

        ck_assert_uint_eq(ngx_cc_slots_count(slots, location,
                                             NGX_CC_SLOTS_COMMANDS), 0);
    }
}
END_TEST


START_TEST(keys_at_once)
{
    int    i, status;
    pid_t  pid[PROCESSES];

    for (i = 0; i < PROCESSES; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            share(i);
        }
    }

    for (i = 0; i < PROCESSES; i++) {
        ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
        ck_assert_int_eq(status, 0);
    }

    ck_assert_int_eq(atomic_load(&shared->broken), 0);
    ck_assert_uint_gt(atomic_load(&shared->refused), 0);
    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 0);
}
END_TEST


/* claims and frees until it is killed, or enough has been claimed */

static void
work(uint32_t process)
{
    int                     n, pid, old;
    unsigned                seed;
    ngx_cc_slot_t           slot[HOLD];
    ngx_cc_slots_process_t  self;

    pid = getpid();
    seed = pid;

    if (ngx_cc_slots_enter(&self, slots, process, pid,
                           ngx_cc_slots_start_time(pid)) != 0)
    {
        _exit(2);
    }

    memset(slot, 0, sizeof(slot));

    while (atomic_load(&shared->claims) < CLAIMS) {
        n = rand_r(&seed) % HOLD;

        if (slot[n].location) {
            atomic_store(&shared->holder[slot[n].index], 0);
            ngx_cc_slots_free(&self, &slot[n]);
            continue;
        }

        if (ngx_cc_slots_claim(&self, location, 0, LIMIT, &slot[n]) != 0) {
            atomic_fetch_add(&shared->refused, 1);
            continue;
        }

        atomic_fetch_add(&shared->claims, 1);

        /* the former holder may be dead, but not alive */

        old = atomic_exchange(&shared->holder[slot[n].index], pid);

        if (slot[n].index >= LIMIT
            || (old && (kill(old, 0) == 0 || errno != ESRCH)))
        {
            atomic_store(&shared->broken, 1);
            _exit(3);
        }
    }

    _exit(0);
}


START_TEST(random_kills)
{
    int                     i, status, killed;
    pid_t                   pid[PROCESSES];
    unsigned                seed;
    ngx_cc_slots_process_t  self;

    seed = 1;
    killed = 0;

    for (i = 0; i < PROCESSES; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            work(i);
        }
    }

    while (atomic_load(&shared->claims) < CLAIMS
           && !atomic_load(&shared->broken))
    {
        (void) usleep(rand_r(&seed) % 3000);
        i = rand_r(&seed) % PROCESSES;

        (void) kill(pid[i], SIGKILL);
        (void) waitpid(pid[i], &status, 0);
        killed += WIFSIGNALED(status);

        pid[i] = fork();

        if (pid[i] == 0) {
            work(i);
        }
    }

    for (i = 0; i < PROCESSES; i++) {
        (void) kill(pid[i], SIGKILL);
        (void) waitpid(pid[i], &status, 0);
    }

    ck_assert_int_eq(atomic_load(&shared->broken), 0);
    ck_assert_uint_ge(atomic_load(&shared->claims), CLAIMS);
    ck_assert_uint_gt(atomic_load(&shared->refused), 0);
    ck_assert_int_gt(killed, 20);
    ck_assert_uint_le(ngx_cc_slots_count(slots, location, 0), LIMIT);

    /* what the dead have left goes when their places are taken again */

    for (i = 0; i < PROCESSES; i++) {
        enter(&self, i);
    }

    ck_assert_uint_eq(ngx_cc_slots_count(slots, location, 0), 0);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("slots");
    Suite  *s = suite_create("slots");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, limits);
    tcase_add_test(tc, locations);
    tcase_add_test(tc, retired);
    tcase_add_test(tc, successor);
    tcase_add_test(tc, healing);
    tcase_add_test(tc, keys);
    tcase_add_test(tc, fair_shares);
    tcase_add_test(tc, keys_at_once);
    tcase_add_test(tc, random_kills);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
