import { countWords } from '../../number-words.ts';
import { sentence, type Slot } from '../sentence.ts';

export const incidents = {
  twoDevicesShareOneId: 'Two devices share one ID and secret.',
  deviceConnectsAndDisconnectsRepeatedly: 'Device connects and disconnects repeatedly (flapping).',
  disconnectedTogether: (devices: string) => `${devices} disconnected together.`,
  scheduleWasRefused: (subject: string) => `Schedule ${subject} was refused at its last times.`,
  anotherHubUsesTheSame: (subject: string) =>
    `Another hub (${subject}) uses the same MQTT topics: give each hub its own HUB_MQTT_ROOT.`,
  hubIsLost: (subject: string) =>
    `Hub ${subject} has stopped without a goodbye. The other hubs take over its devices.`,
  connectionsFromAreBeingCut: (subject: string) =>
    `Connections from ${subject} are being cut: it holds as many as one address may.`,
  connectionsAtTheLimitAreBeingCut: (subject: string, limit: string) =>
    `Connections from ${subject} are being cut: it holds the limit of ${limit}.`,
  disconnectedTogetherAt: {
    site: (devices: string, site: string) => `${devices} at site ${site} disconnected together.`,
    address: (devices: string, address: string) =>
      `${devices} behind address ${address} disconnected together.`,
    firmware: (devices: string, firmware: string) =>
      `${devices} on firmware ${firmware} disconnected together.`,
  },
  theIncidents: 'the incidents',
  incidents: 'Incidents',
  noneOpen: 'none open',
  countOpen: (open: number) => `${countWords(open)} open`,
  recentlyClosed: 'Recently closed',
  opened: (ago: Slot) => sentence`Opened ${ago}`,
  closed: (ago: Slot) => sentence`Closed ${ago}`,
};
