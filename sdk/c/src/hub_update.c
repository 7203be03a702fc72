#include "hub_update.h"

/* Texts of an offer, and where they go. */
typedef struct {
  const char *name;
  size_t at;
  size_t size;
} offer_text;

#define OFFER_TEXT(member) {#member, offsetof(hub_offer, member), sizeof(((hub_offer *)0)->member)}

static const offer_text texts[] = {OFFER_TEXT(id), OFFER_TEXT(version), OFFER_TEXT(url), OFFER_TEXT(sha256), OFFER_TEXT(signature)};

#define TEXTS (sizeof texts / sizeof texts[0])

static void copy(char *to, const char *from, size_t size) {
  size_t index = 0;
  for (; index + 1 < size && from[index] != '\0'; index += 1) to[index] = from[index];
  to[index] = '\0';
}

/* A member of an `update`, or of `update` in a welcome. What belongs to other frames is overwritten by the next one. */
static void take_value(hub_update *update, const hub_walk *walk, hub_part_event what) {
  const bool within = walk->depth == 2 && hub_equal(walk->names[0], "update");
  if (walk->depth != 1 && !within) return;
  const char *name = walk->names[walk->depth - 1];
  if (within) update->is_within = true;
  if (what == HUB_FRAME_FLAG) {
    if (hub_equal(name, "cancelled")) update->is_cancelled = walk->flag;
  } else if (what == HUB_FRAME_NUMBER) {
    if (!hub_equal(name, "size")) return;
    if (walk->number < 1 || walk->number > UINT32_MAX) update->is_cut = true;
    else update->heard.size = (uint32_t)walk->number;
  } else {
    for (size_t index = 0; index < TEXTS; index += 1) {
      if (!hub_equal(name, texts[index].name)) continue;
      if (walk->cut || walk->length >= texts[index].size) update->is_cut = true;
      else copy((char *)&update->heard + texts[index].at, walk->text, texts[index].size);
    }
  }
}

static void want(hub_update *update, bool any) {
  if (!any) {
    const bool was_wanted = update->wanted.id[0] != '\0';
    update->wanted.id[0] = '\0';
    if (was_wanted) update->on_update(update->context, NULL);
    return;
  }
  if (hub_equal(update->wanted.id, update->heard.id)) return;
  update->wanted = update->heard;
  update->owes = update->under_way = false;
  if (update->is_cut) hub_update_say(update, HUB_UPDATE_REJECTED, -1, "the offer is longer than this device takes");
  else update->on_update(update->context, &update->wanted);
}

static void frame_ended(hub_update *update, hub *core) {
  const char *type = core->frame.type;
  if (hub_equal(type, "welcome")) {
    want(update, update->is_within && update->heard.id[0] != '\0');
    update->owes = update->owes || update->under_way;
    update->under_way = false;
    return;
  }
  if (hub_equal(type, "update")) {
    const bool is_it = hub_equal(update->wanted.id, core->frame.id);
    if (!update->is_cancelled) want(update, update->heard.id[0] != '\0');
    else if (is_it) want(update, false);
    return;
  }
  if (!update->under_way || !hub_equal(update->wanted.id, core->frame.id)) return;
  if (hub_equal(type, "ack")) {
    update->under_way = false;
  } else if (hub_equal(type, "nack")) {
    /* The core waits with what it owes as well. */
    update->under_way = false;
    update->owes = update->owes || core->frame.retry;
  }
}

static void send_word(hub_update *update, hub *core) {
  static const char *const states[] = {"waiting", "downloading", "verifying", "applying", "failed", "rejected"};
  if (!update->owes || update->under_way || update->wanted.id[0] == '\0' || core->now < core->results_at) return;
  hub_writer writer = hub_begin_answer(core, "update-status", update->wanted.id);
  hub_write_name(&writer, "state");
  hub_write_string(&writer, states[update->state]);
  if (update->percent >= 0) {
    hub_write_name(&writer, "percent");
    hub_write_integer(&writer, update->percent);
  }
  if (update->error[0] != '\0') {
    hub_write_name(&writer, "error");
    hub_write_string(&writer, update->error);
  }
  hub_write_raw(&writer, "}");
  if (!hub_end_frame(core, &writer)) return;
  update->owes = false;
  update->under_way = true;
}

static void take(hub_part *part, hub *core, hub_part_event what) {
  /* It is the first member. */
  hub_update *update = (hub_update *)part;
  switch (what) {
    case HUB_FRAME_BEGINS:
      update->heard = (hub_offer){0};
      update->is_cut = update->is_within = update->is_cancelled = false;
      break;
    case HUB_FRAME_TEXT:
    case HUB_FRAME_NUMBER:
    case HUB_FRAME_FLAG:
      take_value(update, &core->walk, what);
      break;
    case HUB_FRAME_ENDED:
      frame_ended(update, core);
      break;
    case HUB_MAY_SEND:
      send_word(update, core);
      break;
  }
}

void hub_update_begin(hub_update *update, void (*on_update)(void *context, const hub_offer *offer), void *context) {
  *update = (hub_update){0};
  update->part.take = take;
  update->on_update = on_update;
  update->context = context;
}

bool hub_update_say(hub_update *update, hub_update_state state, int percent, const char *error) {
  if (update->wanted.id[0] == '\0') return false;
  update->state = (uint8_t)state;
  update->percent = (int8_t)(percent < 0 ? -1 : percent > 100 ? 100 : percent);
  copy(update->error, error == NULL ? "" : error, sizeof update->error);
  update->owes = true;
  return true;
}

bool hub_update_is_told(const hub_update *update) {
  return !update->owes && !update->under_way;
}
