/** The node that changes what a device should hold. First output: the hub has taken it. Second output: it was refused. */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, mergePatch, type JsonObject } from '../../../schemas/twin/merge-patch.ts';
import type { HubLink, HubMessage } from './hub-link.ts';
import { ask, newRequestId } from './request.ts';
import { hubOf, membersFrom, nameFrom, showLink } from './use-hub.ts';
import type { FlowMessage, Runtime, RuntimeNode } from './runtime.ts';

interface DesiredConfig {
  hub: string;
  device: string;
  patch: JsonObject;
}

interface DesiredAnswer {
  device: string;
  status: 'done' | 'refused';
  rev?: unknown;
  state?: unknown;
}

/** A refusal cannot be told by a broker of MQTT 3.1.1, so the wait for a change that does not come is short, ms. */
const patienceMs = 15_000;

export default function register(red: Runtime): void {
  red.nodes.registerType('device-hub-desired', function desired(this: RuntimeNode, config: DesiredConfig) {
    red.nodes.createNode(this, config);
    const link = hubOf(red, this, config.hub);
    if (link === undefined) return;
    const stopShowing = showLink(this, link);
    this.on('input', (message, sendOn, done) => {
      change(link, config, message).then(
        (answer) => {
          const isDone = answer.status === 'done';
          const text = `${answer.status} ${new Date().toLocaleTimeString()}`;
          this.status({ fill: isDone ? 'green' : 'red', shape: 'dot', text });
          const given = { ...message, payload: answer };
          sendOn(isDone ? [given, null] : [null, given]);
          done();
        },
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    });
    this.on('close', (done) => {
      stopShowing();
      done();
    });
  });
}

async function change(link: HubLink, config: DesiredConfig, message: FlowMessage): Promise<DesiredAnswer> {
  const device = nameFrom(message, 'device', config.device);
  const patch = membersFrom(message, 'patch', config.patch);
  if (Object.keys(patch).length === 0) throw new Error('there is nothing to change: msg.patch is empty');
  const answerTopic = `answer/node-red/${device}/${newRequestId()}`;
  const outcome = await ask<DesiredAnswer>(link, {
    filters: [link.hasResponseTopics ? answerTopic : `twin/${device}`],
    publish: () =>
      link.publish(
        `twin-desired/${device}`,
        { patch },
        link.hasResponseTopics ? { properties: { responseTopic: `${link.root}/${answerTopic}` } } : {},
      ),
    take: link.hasResponseTopics
      ? ({ json }) => (isJsonObject(json) ? { answer: json as unknown as DesiredAnswer } : undefined)
      : (twin) => inTwin(twin, patch, device),
    patienceMs,
  });
  if (outcome.kind === 'answered') return outcome.answer;
  const limit = link.hasResponseTopics ? '' : "; the hub's own broker cannot tell why a change was refused";
  throw new Error(`settings of ${device}: ${outcome.why}${limit}`);
}

/** Without a Response Topic the retained twin says whether the change is in it. */
function inTwin(
  { json }: HubMessage,
  patch: JsonObject,
  device: string,
): { answer: DesiredAnswer } | undefined {
  if (!isJsonObject(json)) return undefined;
  const { desired, rev, state } = json;
  if (!isDeepStrictEqual(mergePatch(desired, patch), desired)) return undefined;
  return { answer: { device, status: 'done', rev, state } };
}
