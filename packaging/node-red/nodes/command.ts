/** The node that sends a command and waits for its end. First output: it succeeded. Second output: anything else. */
import { isFinal, type CommandStatus } from '../../../schemas/command-status.ts';
import type { HubLink, HubMessage } from './hub-link.ts';
import { ask, newRequestId } from './request.ts';
import { hubOf, membersFrom, nameFrom, showLink } from './use-hub.ts';
import type { FlowMessage, Runtime, RuntimeNode } from './runtime.ts';

interface CommandConfig {
  hub: string;
  device: string;
  command: string;
  params: Readonly<Record<string, unknown>>;
  /** Time to live, s; empty: that of the command. */
  ttlSec: string;
  /** How long to wait for the end, s. */
  patienceSec: string;
}

interface CommandAnswer {
  id: string;
  status: CommandStatus;
  percent?: number;
  note?: string;
}

/** Commands of one node that have not ended; more are refused. */
const mostOpen = 1_000;

export default function register(red: Runtime): void {
  red.nodes.registerType('device-hub-command', function command(this: RuntimeNode, config: CommandConfig) {
    red.nodes.createNode(this, config);
    const link = hubOf(red, this, config.hub);
    if (link === undefined) return;
    const stopShowing = showLink(this, link);
    let open = 0;
    const run = async (message: FlowMessage): Promise<FlowMessage & { payload: CommandAnswer }> => {
      if (open >= mostOpen) throw new Error(`${mostOpen} commands of this node have not ended yet`);
      open += 1;
      try {
        const answer = await send(link, config, message, ({ status, percent, note }) => {
          const share = percent === undefined ? [] : [`${percent} %`];
          this.status({ fill: 'blue', shape: 'dot', text: [status, ...share, note ?? []].flat().join(' ') });
        });
        this.status({
          fill: answer.status === 'succeeded' ? 'green' : 'red',
          shape: 'dot',
          text: `${answer.status} ${new Date().toLocaleTimeString()}`,
        });
        return { ...message, payload: answer };
      } finally {
        open -= 1;
      }
    };
    this.on('input', (message, sendOn, done) => {
      run(message).then(
        (given) => {
          sendOn(given.payload.status === 'succeeded' ? [given, null] : [null, given]);
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

async function send(
  link: HubLink,
  config: CommandConfig,
  message: FlowMessage,
  onTheWay: (answer: CommandAnswer) => void,
): Promise<CommandAnswer> {
  const device = nameFrom(message, 'device', config.device);
  const command = nameFrom(message, 'command', config.command);
  const id = message['id'] === undefined ? newRequestId() : nameFrom(message, 'id', '');
  const params = membersFrom(message, 'params', config.params);
  const ttlMs = Number(message['ttlSec'] ?? config.ttlSec) * 1_000;
  const answerTopic = `answer/node-red/${device}/${id}`;
  const take = ({ json }: HubMessage): { answer: CommandAnswer } | 'going on' | undefined => {
    const given = (json ?? {}) as CommandAnswer & { requestedId?: string };
    if (given.id !== id && given.requestedId !== id) return undefined;
    if (isFinal(given.status)) return { answer: given };
    onTheWay(given);
    return 'going on';
  };
  const outcome = await ask(link, {
    filters: [`status/${device}/${id}/+`, ...(link.hasResponseTopics ? [answerTopic] : [])],
    publish: () =>
      link.publish(
        `command/${device}/${command}`,
        { id, params, ...(ttlMs > 0 ? { ttlMs } : {}) },
        link.hasResponseTopics ? { properties: { responseTopic: `${link.root}/${answerTopic}` } } : {},
      ),
    take,
    patienceMs: Number(config.patienceSec || 3_600) * 1_000,
  });
  if (outcome.kind === 'answered') return outcome.answer;
  throw new Error(`${command} of ${device}: ${outcome.why}`);
}
