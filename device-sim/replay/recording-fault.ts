/** A fault of a recording or of the options for reading it; nothing was sent. */
export class RecordingFault extends Error {
  override readonly name = 'RecordingFault';
}
