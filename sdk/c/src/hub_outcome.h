/* How a command ended, as the firmware says it. */
#ifndef HUB_OUTCOME_H
#define HUB_OUTCOME_H

#include "hub_json.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  HUB_SUCCEEDED,
  HUB_FAILED,
  HUB_REJECTED,
  /* Not yet: the firmware calls hub_answer when it has ended. */
  HUB_RUNNING
} hub_status;

typedef struct {
  hub_status status;
  /* Why it did not succeed; NULL for nothing to say. */
  const char *error;
  /* A buffer for the output as JSON, and how long that is; 0 for none. */
  char *output;
  size_t output_size;
  size_t output_length;
} hub_outcome;

/* Rejected, because of this fault of the parameters. */
void hub_outcome_refuse(hub_outcome *outcome, const hub_fault *fault);

#ifdef __cplusplus
}
#endif

#endif
