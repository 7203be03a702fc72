/** What of Node-RED's runtime the nodes use. <https://nodered.org/docs/creating-nodes/node-js> */

/** A message of a flow. */
export type FlowMessage = Record<string, unknown>;

interface NodeStatus {
  fill?: 'red' | 'green' | 'yellow' | 'blue' | 'grey';
  shape?: 'dot' | 'ring';
  text?: string;
}

export interface RuntimeNode {
  readonly id: string;
  readonly credentials?: Readonly<Record<string, string | undefined>>;
  /** `{}` removes it. */
  status(status: NodeStatus): void;
  send(messages: FlowMessage | (FlowMessage | null)[]): void;
  error(text: string): void;
  on(event: 'close', listener: (done: () => void) => void): void;
  on(
    event: 'input',
    listener: (
      message: FlowMessage,
      send: (messages: (FlowMessage | null)[]) => void,
      done: (error?: Error) => void,
    ) => void,
  ): void;
}

interface EditorRequest {
  readonly params: Readonly<Record<string, string>>;
}

export interface EditorResponse {
  status(code: number): EditorResponse;
  json(body: unknown): void;
}

export interface Runtime {
  nodes: {
    createNode(node: RuntimeNode, config: object): void;
    getNode(id: string): RuntimeNode | null;
    /** What the editor saved is as its `defaults` say: the constructor knows. */
    registerType(
      type: string,
      constructor: (this: RuntimeNode, config: never) => void,
      options?: { credentials: Readonly<Record<string, { type: 'text' | 'password' }>> },
    ): void;
  };
  httpAdmin: {
    get(path: string, ...handlers: ((request: EditorRequest, response: EditorResponse) => void)[]): void;
  };
  auth: {
    /** A handler that lets only those pass who have it. */
    needsPermission(name: string): (request: EditorRequest, response: EditorResponse) => void;
  };
}
