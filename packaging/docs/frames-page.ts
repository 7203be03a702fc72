import { closeMeanings, closeReasons, type CloseReason } from '../../schemas/protocol/close-codes.ts';
import { deviceFrameSchemas, hubFrameSchemas } from '../../schemas/protocol/frame-schemas.ts';
import { code, generatedNote, plain, table } from './markdown.ts';
import { memberTable } from './schema-tables.ts';

/** Every frame, member by member, and every close code. */
export function framesPage(): string {
  return [
    '# Frames',
    generatedNote('`schemas/protocol`'),
    'What each frame has. [The device protocol](../../schemas/README.md) says when it is sent, and what follows.',
    '## From the device',
    ...Object.entries<object>(deviceFrameSchemas).flatMap(framed),
    '## From the hub',
    ...Object.entries<object>(hubFrameSchemas).flatMap(framed),
    '## Close codes and their reasons',
    'The reason of a close is JSON: `{"code": "rate-abuse", "retryAfterMs"?: 60000}`.',
    table(
      ['Close code', 'Reason', 'Meaning'],
      (Object.keys(closeReasons) as CloseReason[]).map((reason) => [
        String(closeReasons[reason]),
        code(reason),
        closeMeanings[reason],
      ]),
    ),
    '[What a device does about each](../../schemas/README.md#close-codes).',
  ].join('\n\n');
}

function framed([type, schema]: [string, object]): string[] {
  return [
    `### ${type}`,
    plain((schema as { description?: string }).description ?? ''),
    memberTable(schema),
  ].filter((block) => block !== '');
}
