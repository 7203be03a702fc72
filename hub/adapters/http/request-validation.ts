import type { FastifyInstance } from 'fastify';
import { compileBodyCheck, compileParameterCheck } from '../../../schemas/api/requests/request-check.ts';
import { invalidInput } from '../../kernel/errors.ts';

/** What a part of the request is called in a refusal. */
const partNames: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

/** Checks requests to `app` against the schemas; a refusal names the field and the rule. */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler<object>(({ schema, httpPart = 'body' }) => {
    const check = httpPart === 'body' ? compileBodyCheck(schema) : compileParameterCheck(schema);
    const part = partNames[httpPart] ?? httpPart;
    return (value: unknown) => {
      const fault = check(value);
      if (fault === undefined) return { value };
      const place = httpPart === 'body' ? `${part}${fault.path}` : `${part} ${fault.path.slice(1)}`;
      return { error: invalidInput(fault, place) };
    };
  });
}
