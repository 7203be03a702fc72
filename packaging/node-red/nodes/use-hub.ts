import type { HubLink } from './hub-link.ts';
import type { HubNode } from './hub.ts';
import type { FlowMessage, Runtime, RuntimeNode } from './runtime.ts';

/** What the hub takes for an id or a name (as in `hub/bus/topics.ts`): nothing else may become a level of a topic. */
const name = /^[A-Za-z0-9_-]{1,64}$/;

/** The connection of the hub that the node names; undefined, with a red node, when there is none. */
export function hubOf(red: Runtime, node: RuntimeNode, id: string): HubLink | undefined {
  const hub = red.nodes.getNode(id) as HubNode | null;
  if (hub !== null) return hub.link;
  node.status({ fill: 'red', shape: 'ring', text: 'no hub is chosen' });
  return undefined;
}

/** Shows below the node whether the hub's broker is there. @returns ends it */
export function showLink(node: RuntimeNode, link: HubLink): () => void {
  return link.watch((state) => {
    if (state.kind === 'connected') node.status({ fill: 'green', shape: 'dot', text: 'connected' });
    else if (state.kind === 'connecting') node.status({ fill: 'yellow', shape: 'ring', text: 'connecting' });
    else node.status({ fill: 'red', shape: 'ring', text: state.why });
  });
}

/** A name from the message, or else from the node. @throws when neither has a good one */
export function nameFrom(message: FlowMessage, member: string, given: string): string {
  const value = message[member] ?? given;
  if (typeof value === 'string' && name.test(value)) return value;
  const shown = value === '' ? 'nothing' : JSON.stringify(value);
  throw new Error(
    `msg.${member}, or the ${member} of the node, must be 1 to 64 letters, digits, - and _; it is ${shown}`,
  );
}

/** The members of the node's form, with those of the message instead. @throws when the message has no object */
export function membersFrom(
  message: FlowMessage,
  member: string,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const value = message[member];
  if (value === undefined) return { ...given };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...given, ...value };
  throw new Error(`msg.${member} must be an object; it is ${JSON.stringify(value)}`);
}
