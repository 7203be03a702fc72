/** What the console's pages show of the hub, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import { TypeDefinition, TypeRow } from '../../../schemas/api/device-types.ts';
import { HubSnapshot } from '../../../schemas/api/hub.ts';
import { RejectReport } from '../../../schemas/api/rejects.ts';
import type { MayShow } from '../../registry/visibility.ts';
import type { TypeViews } from '../../admin/type-views.ts';
import { faultAnswer } from './error-answers.ts';

export interface ReadOperations extends TypeViews {
  /** @param mayShow not given: of all devices */
  hub(mayShow?: MayShow): Promise<HubSnapshot>;
  /** @param mayShow not given: of all devices */
  rejects(mayShow?: MayShow): RejectReport;
}

const text = { type: 'string' };
const object = (properties: Record<string, object>): object => ({ type: 'object', properties });
const answers = (answer: object): object => ({ 200: answer, '4xx': faultAnswer });

/** Adds `/api/v1/hub`, `/api/v1/device-types…` and `/api/v1/rejects` to `app`. */
export function serveReads(app: FastifyInstance, operations: ReadOperations): void {
  app.get(
    '/api/v1/hub',
    {
      schema: {
        tags: ['hub'],
        summary: 'The hub at a glance',
        description:
          'Who may see only some devices gets sums over those, and no totals by code or status, which are those of all.',
        response: answers(HubSnapshot),
      },
    },
    ({ mayShow }) => operations.hub(mayShow),
  );

  app.get(
    '/api/v1/device-types',
    {
      schema: {
        tags: ['device types'],
        summary: 'The device types, and how many devices there are of each',
        response: answers(object({ types: { type: 'array', items: TypeRow } })),
      },
    },
    ({ mayShow }) => ({ types: operations.types(mayShow) }),
  );

  app.get<{ Params: { id: string } }>(
    '/api/v1/device-types/:id',
    {
      schema: {
        tags: ['device types'],
        summary: 'A device type as its file says it, with defaults filled in',
        params: object({ id: { ...text, maxLength: 128 } }),
        response: answers(TypeDefinition),
      },
    },
    ({ params }) => operations.type(params.id),
  );

  app.get(
    '/api/v1/rejects',
    {
      schema: {
        tags: ['device types'],
        summary: 'What was refused since the hub started, by field and firmware',
        response: answers(RejectReport),
      },
    },
    ({ mayShow }) => operations.rejects(mayShow),
  );
}
