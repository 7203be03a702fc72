/** Fails, with a line for each fault, when AsyncAPI's own parser finds one in the document. */

import { Parser } from '@asyncapi/parser';
import { asyncApiDocument } from '../schemas/api/document/asyncapi.ts';

const { diagnostics } = await new Parser().parse(JSON.stringify(asyncApiDocument()));
/** 0 is an error, 1 a warning; the others are advice. */
const faults = diagnostics.filter(({ severity }: { severity: number }) => severity <= 1);
for (const { path, message } of faults) process.stderr.write(`asyncapi: ${path.join('/')}: ${message}\n`);
if (faults.length > 0) process.exitCode = 1;
