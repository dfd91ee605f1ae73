
#include <ngx_config.h>
#include <ngx_core.h>
#include <sys/mman.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_shelf_inherit.h"
#include "ngx_cc_zone.h"


/*
 * The part of the zone that legacy sessions have; one of 1 MB remembers 1200
 * ended ones and 127 notices
 */

#define NGX_CC_ZONE_ENDED    32
#define NGX_CC_ZONE_NOTICES  256


static ngx_int_t ngx_cc_zone_init(ngx_shm_zone_t *shm_zone, void *data);
static int ngx_cc_zone_stays(void *data, uint64_t hash);
static ngx_int_t ngx_cc_zone_place(ngx_cc_slots_t *slots,
    ngx_cc_zone_location_t *location, ngx_int_t *index);
static ngx_int_t ngx_cc_zone_small(ngx_cc_zone_t *zone,
    ngx_shm_zone_t *shm_zone);
static size_t ngx_cc_zone_need(ngx_cc_zone_t *zone, size_t size);
static void ngx_cc_zone_make(ngx_cc_zone_t *zone, u_char *p, size_t size);
static size_t ngx_cc_zone_used(size_t size);


static ngx_cc_slots_process_t  ngx_cc_zone_self;
static ngx_cc_totals_t        *ngx_cc_zone_totals;
static ngx_cc_zone_t          *ngx_cc_zone;
static uint32_t                ngx_cc_zone_process;
static uint64_t                ngx_cc_zone_configuration;

/* the last one that the master has read: a worker that it forks has that one,
   also when another is read before the worker gets to run */

static uint64_t                ngx_cc_zone_newest;


ngx_int_t
ngx_cc_zone_add(ngx_conf_t *cf, ngx_cc_zone_t *zone, size_t size, void *tag)
{
    ngx_str_t        name = ngx_string("cc_executor");
    ngx_shm_zone_t  *shm_zone;

    shm_zone = ngx_shared_memory_add(cf, &name, size, tag);

    if (shm_zone == NULL) {
        return NGX_ERROR;
    }

    shm_zone->init = ngx_cc_zone_init;
    shm_zone->data = zone;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_cc_zone_t  *old = data;

    void                    *p;
    size_t                   size;
    ngx_uint_t               i;
    ngx_cc_zone_t           *zone;
    ngx_slab_pool_t         *shpool;
    ngx_cc_zone_location_t  *location;

    zone = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old) {
        zone->slots = old->slots;
        zone->totals = old->totals;
        zone->ended = old->ended;
        zone->notices = old->notices;

    } else {

        /*
         * All pages of the zone in one piece; the slab header stays as the
         * core wants it and its mutex is never taken by us.
         */

        size = shpool->pfree * ngx_pagesize;
        p = ngx_slab_alloc(shpool, size);

        if (p == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "cc_executor_zone: no memory");
            return NGX_ERROR;
        }

        ngx_memzero(p, size);
        ngx_cc_zone_make(zone, p, size);
    }

    if (zone->slots == NULL) {
        return ngx_cc_zone_small(zone, shm_zone);
    }

    ngx_cc_zone_newest = atomic_fetch_add(&zone->totals->configurations, 1)
                         + 1;

    ngx_cc_slots_retire(zone->slots, ngx_cc_zone_stays, zone);

    location = zone->locations.elts;

    for (i = 0; i < zone->locations.nelts; i++) {
        if (ngx_cc_zone_place(zone->slots, &location[i], location[i].index)
            != NGX_OK)
        {
            return ngx_cc_zone_small(zone, shm_zone);
        }
    }

    return NGX_OK;
}


/* the tables of a location: NGX_OK, or NGX_ERROR when there is no room */

static ngx_int_t
ngx_cc_zone_place(ngx_cc_slots_t *slots, ngx_cc_zone_location_t *location,
    ngx_int_t *index)
{
    *index = ngx_cc_slots_location(slots, location->hash, location->sessions,
                                   location->commands);

    return *index == -1
           || ((location->kept || location->calls)
               && ngx_cc_shelf_make(slots, *index, location->kept,
                                    location->calls)
                  == -1)
           ? NGX_ERROR : NGX_OK;
}


/* is the location one of this configuration, or keeps something still? */

static int
ngx_cc_zone_stays(void *data, uint64_t hash)
{
    ngx_cc_zone_t  *zone = data;

    ngx_uint_t               i;
    ngx_cc_zone_location_t  *location;

    location = zone->locations.elts;

    for (i = 0; i < zone->locations.nelts; i++) {
        if (location[i].hash == hash) {
            return 1;
        }
    }

    return ngx_cc_shelf_holds(zone->slots, hash);
}


static ngx_int_t
ngx_cc_zone_small(ngx_cc_zone_t *zone, ngx_shm_zone_t *shm_zone)
{
    ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                  "cc_executor_zone %uzk is too small for all "
                  "cc_executor_max_sessions, cc_executor_max_commands and "
                  "cc_executor_max_kept: %uzk would do",
                  shm_zone->shm.size / 1024,
                  ngx_cc_zone_need(zone, shm_zone->shm.size) / 1024);

    return NGX_ERROR;
}


/* tried, since tables grow in steps; 0 = even a gigabyte would not do */

static size_t
ngx_cc_zone_need(ngx_cc_zone_t *zone, size_t size)
{
    void                    *p;
    ngx_int_t                index;
    ngx_uint_t               i;
    ngx_cc_slots_t          *slots;
    ngx_cc_zone_location_t  *location;

    location = zone->locations.elts;

    for (size *= 2; size <= 1024 * 1024 * 1024; size *= 2) {

        /* a fresh zone has the core's own pages, too: an eighth is enough */

        p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
                 -1, 0);

        if (p == MAP_FAILED) {
            return 0;
        }

        slots = ngx_cc_slots_init(p, size - size / 8
                                     - ngx_cc_zone_used(size));

        for (i = 0; slots && i < zone->locations.nelts; i++) {
            if (ngx_cc_zone_place(slots, &location[i], &index)
                != NGX_OK)
            {
                break;
            }
        }

        (void) munmap(p, size);

        if (slots && i == zone->locations.nelts) {
            return size;
        }
    }

    return 0;
}


/* totals first, the rest is for slots; all want 64 bytes of alignment */

static void
ngx_cc_zone_make(ngx_cc_zone_t *zone, u_char *p, size_t size)
{
    size_t   used;
    u_char  *ended, *notices;

    used = ngx_cc_zone_used(size);

    if (size <= used) {
        return;
    }

    zone->totals = (ngx_cc_totals_t *) p;
    zone->totals->start = ngx_cc_clock_real_us();

    ended = p + ngx_align(sizeof(ngx_cc_totals_t), 64);
    notices = ended + ngx_align(size / NGX_CC_ZONE_ENDED, 64);

    zone->ended = ngx_cc_ended_init(ended, notices - ended);
    zone->notices = ngx_cc_notices_init(notices, p + used - notices);
    zone->slots = ngx_cc_slots_init(p + used, size - used);
}


/* bytes in front of the slots */

static size_t
ngx_cc_zone_used(size_t size)
{
    return ngx_align(sizeof(ngx_cc_totals_t), 64)
           + ngx_align(size / NGX_CC_ZONE_ENDED, 64)
           + ngx_align(size / NGX_CC_ZONE_NOTICES, 64);
}


void
ngx_cc_zone_inherit(ngx_cc_zone_t *zone, ngx_cc_zone_t *old, ngx_log_t *log)
{
    uint32_t  lost;

    if (zone->slots == old->slots) {
        return;
    }

    lost = ngx_cc_shelf_inherit(zone->slots, old->slots);

    if (lost) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "cc_executor_zone has no room for %uD kept commands: "
                      "who knows their ids can reach them, lists and limits "
                      "do not know them", lost);
    }
}


ngx_int_t
ngx_cc_zone_enter(ngx_cc_zone_t *zone, ngx_log_t *log)
{
    uint32_t  process;

    /* the only worker of "master_process off" has no slot of its own */
    process = (ngx_process == NGX_PROCESS_WORKER) ? ngx_process_slot : 0;

    if (ngx_cc_slots_enter(&ngx_cc_zone_self, zone->slots, process, ngx_pid,
                           ngx_cc_slots_start_time(ngx_pid))
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "cc_executor: no room for process slot %uD", process);
        return NGX_ERROR;
    }

    ngx_cc_zone = zone;
    ngx_cc_zone_totals = zone->totals;
    ngx_cc_zone_process = process;
    ngx_cc_zone_configuration = ngx_cc_zone_newest;

    ngx_cc_zone_helpers(NULL);

    return NGX_OK;
}


void
ngx_cc_zone_leave(void)
{
    ngx_cc_zone_helpers(NULL);

    if (ngx_cc_zone_self.slots) {
        ngx_cc_slots_leave(&ngx_cc_zone_self);
        ngx_cc_zone_self.slots = NULL;
    }
}


ngx_int_t
ngx_cc_zone_claim(ngx_int_t location, int kind, ngx_uint_t limit,
    ngx_cc_slot_t *slot)
{
    return ngx_cc_slots_claim(&ngx_cc_zone_self, location, kind, limit, slot)
           == 0 ? NGX_OK : NGX_BUSY;
}


ngx_int_t
ngx_cc_zone_share(ngx_cc_slot_t *slot, int what, uint64_t key,
    ngx_uint_t limit)
{
    return ngx_cc_slots_share(&ngx_cc_zone_self, slot, what, key, limit) == 0
           ? NGX_OK : NGX_BUSY;
}


ngx_int_t
ngx_cc_zone_share_fairly(ngx_cc_slot_t *slot, int what, uint64_t key,
    ngx_uint_t max)
{
    return ngx_cc_slots_share_fairly(&ngx_cc_zone_self, slot, what, key, max)
           == 0 ? NGX_OK : NGX_BUSY;
}


ngx_cc_slots_process_t *
ngx_cc_zone_worker(void)
{
    return ngx_cc_zone_self.slots ? &ngx_cc_zone_self : NULL;
}


ngx_cc_ended_t *
ngx_cc_zone_ended(void)
{
    return ngx_cc_zone ? ngx_cc_zone->ended : NULL;
}


ngx_cc_notices_t *
ngx_cc_zone_notices(void)
{
    return ngx_cc_zone ? ngx_cc_zone->notices : NULL;
}


void
ngx_cc_zone_free(ngx_cc_slot_t *slot)
{
    if (ngx_cc_zone_self.slots) {
        ngx_cc_slots_free(&ngx_cc_zone_self, slot);
    }
}


ngx_uint_t
ngx_cc_zone_reloaded(void)
{
    return ngx_cc_zone_totals
           && atomic_load(&ngx_cc_zone_totals->configurations)
              != ngx_cc_zone_configuration;
}


void
ngx_cc_zone_count(ngx_uint_t total, uint64_t n)
{
    if (ngx_cc_zone_totals) {
        ngx_cc_totals_add(ngx_cc_zone_totals, ngx_cc_zone_process, total, n);
    }
}


void
ngx_cc_zone_time(const ngx_cc_totals_histogram_t *histogram, uint64_t us)
{
    if (ngx_cc_zone_totals) {
        ngx_cc_totals_time(ngx_cc_zone_totals, ngx_cc_zone_process, histogram,
                           us);
    }
}


void
ngx_cc_zone_helpers(const ngx_cc_totals_helpers_t *helpers)
{
    if (ngx_cc_zone_totals) {
        ngx_cc_totals_set_helpers(ngx_cc_zone_totals, ngx_cc_zone_process,
                                  helpers);
    }
}
