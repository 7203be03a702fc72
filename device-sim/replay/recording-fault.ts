/** What is wrong with a recording or the way it is to be read; nothing was sent. */
export class RecordingFault extends Error {
  override readonly name = 'RecordingFault';
}
