/** The SDK for Node; browsers have `browser.ts`. Its README is in the folder above. */
export { begin, makeDevice, type NodeSettings, type UpdateSettings } from './node/begin.ts';
export { FolderFile, MemoryFile, type FirmwareFile } from './node/firmware-file.ts';
export { fileMemory, hasSecret } from './node/file-memory.ts';
export { fileStore } from './node/file-store.ts';
export { wsLinks } from './node/ws-link.ts';
export * from './parts.ts';
