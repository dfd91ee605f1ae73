
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_zone.h"


static ngx_int_t ngx_cc_zone_init(ngx_shm_zone_t *shm_zone, void *data);


static ngx_cc_slots_process_t  ngx_cc_zone_self;


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

    int                      index;
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

    } else if (shm_zone->shm.exists) {
        zone->slots = shpool->data;

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

        zone->slots = ngx_cc_slots_init(p, size);
        shpool->data = zone->slots;
    }

    if (zone->slots == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "cc_executor_zone %uz is too small",
                      shm_zone->shm.size);
        return NGX_ERROR;
    }

    location = zone->locations.elts;

    for (i = 0; i < zone->locations.nelts; i++) {
        index = ngx_cc_slots_location(zone->slots, location[i].hash,
                                      location[i].sessions,
                                      location[i].commands);

        if (index == -1) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "cc_executor_zone %uz is too small for all "
                          "cc_executor_max_sessions and "
                          "cc_executor_max_commands", shm_zone->shm.size);
            return NGX_ERROR;
        }

        *location[i].index = index;
    }

    return NGX_OK;
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

    return NGX_OK;
}


void
ngx_cc_zone_leave(void)
{
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


void
ngx_cc_zone_free(ngx_cc_slot_t *slot)
{
    if (ngx_cc_zone_self.slots) {
        ngx_cc_slots_free(&ngx_cc_zone_self, slot);
    }
}
