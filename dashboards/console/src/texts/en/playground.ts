import { countWords } from '../../number-words.ts';
import { sentence, type Slot } from '../sentence.ts';

export const playground = {
  closedNextAttemptIn: (why: string, waitSec: string) => `${why}; next attempt in ${waitSec} s`,
  addressOfTheHub: 'Address of the hub for devices',
  deviceId: 'Device id',
  connect: 'Connect',
  registerANewDevice: 'Register a new device',
  hubTakesDevicesFromPages: (origin: Slot, code: Slot) =>
    sentence`The hub takes devices from pages of ${origin} when HUB_ALLOWED_ORIGINS names it, and the browser must trust its certificate: open its address with https once. A device that you registered here stays until you remove it: ${code} on the command line.`,
  toTheHub: '→ to the hub',
  fromTheHub: '← from the hub',
  nothingYet: 'Nothing yet.',
  frames: 'Frames',
  way: 'Way',
  frame: 'Frame',
  sessionOpen: 'Session open',
  noSession: 'No session',
  itHasJustBegun: 'It has just begun.',
  counts: (readings: string, settled: number, refused: number, waiting: number, lost: number) =>
    `${readings} measured, ${countWords(settled)} stored, ${countWords(refused)} refused, ${countWords(waiting)} waiting, ${countWords(lost)} lost.`,
  takeAReading: 'Take a reading',
  disconnect: 'Disconnect',
  faults: 'Faults',
  garbage: 'Garbage',
  wrongValue: 'Wrong value',
  cutLink: 'Cut link',
  silence: 'Silence',
  slowAnswers: 'Slow answers',
  silenceNothingIsSent:
    'Silence: nothing is sent or read any more, while the link stays. Slow answers: a command is answered three seconds late. Press either again to end it.',
  playground: 'Playground',
  deviceInThisPageWhat: 'A device in this page: what it and the hub say to each other, and faults by button.',
};
