
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_index.h"
#include "ngx_cc_shelf.h"
#include "ngx_cc_zone.h"


#define NGX_CC_INDEX_TEND   32           /* entries looked at in one go */
#define NGX_CC_INDEX_SHARE  4            /* an owner has one of so many calls */


static void ngx_cc_index_tell(ngx_cc_shelf_entry_t *entry,
    ngx_cc_index_told_t *told);
static ngx_cc_index_room_e ngx_cc_index_reserve_bound(ngx_int_t location,
    const uint8_t *name, const uint8_t *owner, ngx_cc_shelf_sort_e sort,
    ngx_uint_t max, ngx_uint_t share, ngx_cc_index_place_t *place);
static ngx_int_t ngx_cc_index_walk(uint64_t *walk, const uint8_t *owner,
    ngx_uint_t calls, ngx_uint_t listed, ngx_cc_index_told_t *told);
static ngx_cc_slots_process_t *ngx_cc_index_place(
    const ngx_cc_index_place_t *place, ngx_cc_shelf_place_t *sp);


static uint64_t  ngx_cc_index_cursor;


ngx_cc_index_room_e
ngx_cc_index_reserve(ngx_int_t location,
    const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_uint_t max,
    ngx_uint_t max_per_owner, ngx_cc_index_place_t *place,
    ngx_cc_index_told_t *oldest)
{
    int                      rc;
    ngx_cc_shelf_place_t     sp;
    ngx_cc_shelf_entry_t     entry;
    ngx_cc_slots_process_t  *self;

    ngx_memzero(place, sizeof(ngx_cc_index_place_t));
    ngx_memzero(oldest, sizeof(ngx_cc_index_told_t));

    self = ngx_cc_zone_worker();

    if (self == NULL) {
        return NGX_CC_INDEX_FULL;
    }

    rc = ngx_cc_shelf_reserve(self, location, name, owner, NGX_CC_SHELF_KEPT,
                              max, max_per_owner, ngx_cc_clock_real_us(), &sp);

    if (rc == 0) {
        ngx_memcpy(place->name, name, NGX_CC_INDEX_NAME);
        place->location = sp.location;
        place->index = sp.index;

        return NGX_CC_INDEX_OK;
    }

    if (ngx_cc_shelf_oldest(self->slots, location,
                            rc == NGX_CC_SHELF_SHARE ? owner : NULL, &entry))
    {
        ngx_cc_index_tell(&entry, oldest);
    }

    return rc == NGX_CC_SHELF_SHARE ? NGX_CC_INDEX_OWNER_FULL
                                    : NGX_CC_INDEX_FULL;
}


ngx_cc_index_room_e
ngx_cc_index_reserve_call(ngx_int_t location,
    const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_uint_t max,
    ngx_uint_t listed, ngx_cc_index_place_t *place)
{
    return ngx_cc_index_reserve_bound(location, name, owner,
                                      listed ? NGX_CC_SHELF_CALL_LISTED
                                             : NGX_CC_SHELF_CALL,
                                      max, (max + NGX_CC_INDEX_SHARE - 1)
                                           / NGX_CC_INDEX_SHARE,
                                      place);
}


ngx_cc_index_room_e
ngx_cc_index_reserve_observed(ngx_int_t location,
    const uint8_t name[NGX_CC_INDEX_NAME],
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_uint_t max,
    ngx_cc_index_place_t *place)
{
    return ngx_cc_index_reserve_bound(location, name, owner,
                                      NGX_CC_SHELF_OBSERVED, max, 0, place);
}


static ngx_cc_index_room_e
ngx_cc_index_reserve_bound(ngx_int_t location, const uint8_t *name,
    const uint8_t *owner, ngx_cc_shelf_sort_e sort, ngx_uint_t max,
    ngx_uint_t share, ngx_cc_index_place_t *place)
{
    int                      rc;
    ngx_cc_shelf_place_t     sp;
    ngx_cc_slots_process_t  *self;

    ngx_memzero(place, sizeof(ngx_cc_index_place_t));

    self = ngx_cc_zone_worker();

    if (self == NULL) {
        return NGX_CC_INDEX_FULL;
    }

    rc = ngx_cc_shelf_reserve(self, location, name, owner, sort, max, share,
                              ngx_cc_clock_real_us(), &sp);
    if (rc != 0) {
        return rc == NGX_CC_SHELF_SHARE ? NGX_CC_INDEX_OWNER_FULL
                                        : NGX_CC_INDEX_FULL;
    }

    ngx_memcpy(place->name, name, NGX_CC_INDEX_NAME);
    place->location = sp.location;
    place->index = sp.index;

    return NGX_CC_INDEX_OK;
}


void
ngx_cc_index_release(ngx_cc_index_place_t *place)
{
    ngx_cc_shelf_place_t     sp;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_index_place(place, &sp);

    if (self) {
        ngx_cc_shelf_release(self, &sp);
    }

    ngx_memzero(place, sizeof(ngx_cc_index_place_t));
}


ngx_int_t
ngx_cc_index_hand_over(ngx_cc_index_place_t *place, pid_t helper, pid_t pid,
    uint64_t start)
{
    ngx_cc_shelf_birth_t     birth;
    ngx_cc_shelf_place_t     sp;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_index_place(place, &sp);

    birth.helper = helper;
    birth.pid = pid;
    birth.ticks = ngx_cc_slots_start_time(helper);
    birth.start = start;

    if (self == NULL || ngx_cc_slots_dead(helper, birth.ticks)) {
        return NGX_ERROR;
    }

    return ngx_cc_shelf_hand_over(self, &sp, &birth) == 0 ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_cc_index_ended(ngx_cc_index_place_t *place,
    const ngx_cc_wire_exited_t *exited, ngx_cc_cause_e cause,
    ngx_cc_index_told_t *told)
{
    uint64_t                 now;
    ngx_cc_shelf_end_t       end;
    ngx_cc_shelf_place_t     sp;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_index_place(place, &sp);

    if (self == NULL) {
        return NGX_DECLINED;
    }

    now = ngx_cc_clock_real_us();

    ngx_memzero(&end, sizeof(ngx_cc_shelf_end_t));
    end.ended = now;
    end.cause = cause;

    if (exited) {
        end.status = exited->status;
        end.cause = exited->cause;
        end.ended = exited->start + exited->elapsed;
        end.bytes[0] = exited->bytes[0];
        end.bytes[1] = exited->bytes[1];
    }

    if (ngx_cc_shelf_finish(self, &sp, &end, exited ? 0 : now) != 0) {
        return NGX_DECLINED;
    }

    if (ngx_cc_index_find(place->name, told) != NGX_OK) {
        /* the oldest of too many, already */
        ngx_memzero(told, sizeof(ngx_cc_index_told_t));
        ngx_memcpy(told->name, place->name, NGX_CC_INDEX_NAME);
        told->state = NGX_CC_INDEX_ENDED;
        told->location = (ngx_int_t) place->location - 1;
        told->ended = end.ended;
        told->status = end.status;
        told->cause = end.cause;
        told->bytes[0] = end.bytes[0];
        told->bytes[1] = end.bytes[1];
    }

    return NGX_OK;
}


void
ngx_cc_index_read(const uint8_t name[NGX_CC_INDEX_NAME])
{
    ngx_cc_shelf_entry_t     entry;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_zone_worker();

    if (self && ngx_cc_shelf_find(self->slots, name, &entry) && !entry.read) {
        (void) ngx_cc_shelf_read(self->slots, &entry.place);
    }
}


void
ngx_cc_index_evict(const uint8_t name[NGX_CC_INDEX_NAME])
{
    ngx_cc_shelf_entry_t     entry;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_zone_worker();

    if (self && ngx_cc_shelf_find(self->slots, name, &entry)) {
        (void) ngx_cc_shelf_forget(self, &entry.place,
                                   ngx_cc_clock_real_us());
    }
}


void
ngx_cc_index_forget(const uint8_t name[NGX_CC_INDEX_NAME])
{
    ngx_cc_shelf_entry_t     entry;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_zone_worker();

    if (self && ngx_cc_shelf_find(self->slots, name, &entry)
        && entry.state != NGX_CC_SHELF_RUNNING)
    {
        (void) ngx_cc_shelf_remove(self->slots, &entry.place);
    }
}


void
ngx_cc_index_withdraw(const ngx_cc_index_place_t *place)
{
    ngx_cc_shelf_place_t     sp;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_index_place(place, &sp);

    if (self) {
        (void) ngx_cc_shelf_remove(self->slots, &sp);
    }
}


ngx_uint_t
ngx_cc_index_alive(const ngx_cc_index_place_t *place)
{
    ngx_cc_index_told_t  told;

    return ngx_cc_index_find(place->name, &told) == NGX_OK && told.alive;
}


ngx_int_t
ngx_cc_index_mind(ngx_cc_index_place_t *place)
{
    ngx_cc_shelf_place_t     sp;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_zone_worker();

    if (self == NULL) {
        return NGX_DECLINED;
    }

    ngx_cc_shelf_tend(self, &ngx_cc_index_cursor, NGX_CC_INDEX_TEND,
                      ngx_cc_clock_real_us());

    if (!ngx_cc_shelf_mind(self, &sp)) {
        return NGX_DECLINED;
    }

    ngx_memcpy(place->name, &sp.name, NGX_CC_INDEX_NAME);
    place->location = sp.location;
    place->index = sp.index;

    return NGX_OK;
}


void
ngx_cc_index_unmind(const ngx_cc_index_place_t *place)
{
    ngx_cc_shelf_place_t     sp;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_index_place(place, &sp);

    if (self) {
        ngx_cc_shelf_unmonitor(self, &sp);
    }
}


ngx_int_t
ngx_cc_index_find(const uint8_t name[NGX_CC_INDEX_NAME],
    ngx_cc_index_told_t *told)
{
    ngx_cc_shelf_entry_t     entry;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_zone_worker();

    if (self == NULL || !ngx_cc_shelf_find(self->slots, name, &entry)) {
        return NGX_DECLINED;
    }

    ngx_cc_index_tell(&entry, told);

    return NGX_OK;
}


ngx_int_t
ngx_cc_index_next(uint64_t *walk, const uint8_t owner[NGX_CC_INDEX_OWNER],
    ngx_cc_index_told_t *told)
{
    return ngx_cc_index_walk(walk, owner, 0, 0, told);
}


ngx_int_t
ngx_cc_index_next_call(uint64_t *walk,
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_cc_index_told_t *told)
{
    return ngx_cc_index_walk(walk, owner, 1, 0, told);
}


ngx_int_t
ngx_cc_index_next_listed(uint64_t *walk,
    const uint8_t owner[NGX_CC_INDEX_OWNER], ngx_cc_index_told_t *told)
{
    return ngx_cc_index_walk(walk, owner, 1, 1, told);
}


/* the walk: where it is, in the upper half the location */

static ngx_int_t
ngx_cc_index_walk(uint64_t *walk, const uint8_t *owner, ngx_uint_t calls,
    ngx_uint_t listed, ngx_cc_index_told_t *told)
{
    ngx_cc_shelf_walk_t      sw;
    ngx_cc_shelf_entry_t     entry;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_zone_worker();

    ngx_memzero(&sw, sizeof(ngx_cc_shelf_walk_t));
    sw.owner = owner;
    sw.calls = calls;
    sw.listed = listed;
    sw.at = *walk >> 32;
    sw.index = (uint32_t) *walk;

    if (self == NULL || !ngx_cc_shelf_next(self->slots, &sw, &entry)) {
        return NGX_DONE;
    }

    *walk = (uint64_t) sw.at << 32 | sw.index;
    ngx_cc_index_tell(&entry, told);

    return NGX_OK;
}


static void
ngx_cc_index_tell(ngx_cc_shelf_entry_t *entry, ngx_cc_index_told_t *told)
{
    ngx_memcpy(told->name, entry->name, NGX_CC_INDEX_NAME);
    ngx_memcpy(told->owner, entry->owner, NGX_CC_INDEX_OWNER);

    told->location = (ngx_int_t) entry->place.location - 1;
    told->call = entry->call;
    told->state = (entry->state == NGX_CC_SHELF_RUNNING)
                  ? NGX_CC_INDEX_RUNNING : NGX_CC_INDEX_ENDED;
    told->alive = entry->state != NGX_CC_SHELF_ENDED
                  && !ngx_cc_slots_dead(entry->birth.helper,
                                        entry->birth.ticks);
    told->helper = entry->birth.helper;
    told->pid = entry->birth.pid;
    told->start = entry->birth.start;
    told->ended = entry->end.ended;
    told->status = entry->end.status;
    told->cause = entry->end.cause;
    told->bytes[0] = entry->end.bytes[0];
    told->bytes[1] = entry->end.bytes[1];

    if (entry->lost && entry->end.cause == NGX_CC_CAUSE_EXIT) {
        told->cause = NGX_CC_CAUSE_LOST;
    }
}


/* this worker and the place, or NULL: there is no place, or no worker */

static ngx_cc_slots_process_t *
ngx_cc_index_place(const ngx_cc_index_place_t *place, ngx_cc_shelf_place_t *sp)
{
    if (place->location == 0) {
        return NULL;
    }

    sp->location = place->location;
    sp->index = place->index;
    ngx_memcpy(&sp->name, place->name, NGX_CC_INDEX_NAME);

    return ngx_cc_zone_worker();
}


uint64_t
ngx_cc_index_changes(void)
{
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_zone_worker();

    return self ? ngx_cc_shelf_changes(self->slots) : 0;
}


ngx_uint_t
ngx_cc_index_count(ngx_int_t location)
{
    ngx_cc_shelf_count_t     count;
    ngx_cc_slots_process_t  *self;

    self = ngx_cc_zone_worker();

    if (self == NULL) {
        return 0;
    }

    ngx_cc_shelf_count(self->slots, location, &count);

    return count.state[NGX_CC_SHELF_RESERVED]
           + count.state[NGX_CC_SHELF_RUNNING]
           + count.state[NGX_CC_SHELF_FINISHED];
}
