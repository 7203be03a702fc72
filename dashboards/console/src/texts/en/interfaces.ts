import { sentence, type Slot } from '../sentence.ts';

export const interfaces = {
  framesOfDevices: 'Frames of devices',
  framesAndTopics: 'Frames and topics',
  interfaces: 'Interfaces',
  asAFileToMake: (file: Slot) => sentence`As a file, to make a client from: ${file}`,
  theDocument: 'the document',
  search: 'Search',
  deviceSecret: 'device secret',
  nothingHasTheseWords: 'Nothing has these words',
  mqttTopics: 'MQTT topics',
};
