import { countWords } from '../../number-words.ts';
import { sentence, type Slot } from '../sentence.ts';

export const incidents = {
  twoDevicesShareOneId: 'Two devices share one ID and secret.',
  deviceConnectsAndDisconnectsRepeatedly: 'Device connects and disconnects repeatedly (flapping).',
  disconnectedTogether: (devices: string, where: string) => `${devices}${where} disconnected together.`,
  scheduleWasRefused: (subject: string) => `Schedule ${subject} was refused at its last times.`,
  anotherHubUsesTheSame: (subject: string) =>
    `Another hub (${subject}) uses the same MQTT topics: give each hub its own HUB_MQTT_ROOT.`,
  asManyAsOneAddress: 'as many as one address may',
  theLimitOf: (limit: string) => `the limit of ${limit}`,
  connectionsFromAreBeingCut: (subject: string, limit: string) =>
    `Connections from ${subject} are being cut: it holds ${limit}.`,
  commonalities: {
    site: (site: string) => ` at site ${site}`,
    address: (address: string) => ` behind address ${address}`,
    firmware: (firmware: string) => ` on firmware ${firmware}`,
  },
  theIncidents: 'the incidents',
  incidents: 'Incidents',
  noneOpen: 'none open',
  countOpen: (open: number) => `${countWords(open)} open`,
  recentlyClosed: 'Recently closed',
  opened: (ago: Slot) => sentence`Opened ${ago}`,
  closed: (ago: Slot) => sentence`Closed ${ago}`,
};
