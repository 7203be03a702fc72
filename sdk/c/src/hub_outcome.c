#include "hub_outcome.h"

void hub_outcome_refuse(hub_outcome *outcome, const hub_fault *fault) {
  hub_writer writer;
  outcome->status = HUB_REJECTED;
  outcome->output_length = 0;
  /* The output is not used then: its buffer takes the words. */
  hub_writer_begin(&writer, outcome->output, outcome->output_size);
  hub_write_raw(&writer, "params");
  if (fault->field[0] != '\0') {
    hub_write_raw(&writer, ".");
    hub_write_raw(&writer, fault->field);
  }
  hub_write_raw(&writer, " breaks the rule ");
  hub_write_raw(&writer, fault->rule);
  outcome->error = hub_writer_end(&writer) > 0 ? outcome->output : fault->rule;
}
