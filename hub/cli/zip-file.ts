import { crc32, deflateRawSync } from 'node:zlib';

/**
 * A ZIP archive (APPNOTE 6.3.10): names in UTF-8, each file deflated, and no times, so that the same files give the same bytes.
 * @param files text by path; below 65,536 files, and below 4 GiB in all
 */
export function zipOf(files: ReadonlyMap<string, string>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of files) {
    const name = Buffer.from(path);
    const content = Buffer.from(text);
    const packed = deflateRawSync(content);
    const common = commonFields(name, content, packed);
    const local = Buffer.concat([u32(0x04034b50), common, name, packed]);
    // The version that made it, no comment, disk 0, plain text, a file that everybody may read, where it begins.
    const more = [u16(0), u16(0), u16(1), u32(0o100644 * 0x10000), u32(offset)];
    directory.push(Buffer.concat([u32(0x02014b50), u16(0x0314), common, ...more, name]));
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const count = u16(directory.length);
  const end = [u32(0x06054b50), u16(0), u16(0), count, count, u32(index.length), u32(offset), u16(0)];
  return Buffer.concat([...parts, index, ...end]);
}

/** What the header of a file and its entry of the directory have alike, from the version needed on. */
function commonFields(name: Buffer, content: Buffer, packed: Buffer): Buffer {
  const utf8 = 0x0800;
  const deflated = 8;
  // Midnight, 1980-01-01: the first day there is.
  const [time, date] = [0, 0x21];
  const sizes = [u32(crc32(content)), u32(packed.length), u32(content.length)];
  return Buffer.concat([...[20, utf8, deflated, time, date].map(u16), ...sizes, u16(name.length), u16(0)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
