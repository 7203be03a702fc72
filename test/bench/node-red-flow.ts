import { temporaryFolder } from '../helpers/services/guard.ts';
import { startNodeRed } from '../helpers/services/node-red.ts';

/**
 * A flow of Node-RED that does what the pipeline does, with the nodes that it comes with: WebSocket in, parse, a line of InfluxDB,
 * batches of 100 ms, write. It checks nothing and acks nothing.
 * @param influxUrl of a server with the database `pipeline`
 */
export async function startNodeRedFlow(
  influxUrl: string,
): Promise<{ url: string; pid: number; close(): Promise<void> }> {
  const folder = temporaryFolder('node-red-bench');
  const flows = [
    { id: 'tab', type: 'tab', label: 'bench', disabled: false },
    { id: 'door', type: 'websocket-listener', path: '/v1/device', wholemsg: 'false' },
    node('websocket in', 'in', { server: 'door', client: '' }, [['parse']]),
    node('json', 'parse', { property: 'payload', action: 'obj', pretty: false }, [['line']]),
    node('function', 'line', { func: lineFunction, outputs: 2, noerr: 0, libs: [] }, [['gather'], ['out']]),
    node('websocket out', 'out', { server: 'door', client: '' }, []),
    node('join', 'gather', gathering, [['write']]),
    node('http request', 'write', { method: 'POST', ret: 'txt', url: writeUrl(influxUrl), headers: [] }, [
      [],
    ]),
  ];
  try {
    const server = await startNodeRed(folder.path, { flows, credentials: {} });
    return {
      url: `${server.url.replace('http:', 'ws:')}/v1/device`,
      pid: server.pid,
      close: async () => {
        await server.close();
        folder.remove();
      },
    };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

function node(type: string, id: string, settings: object, wires: readonly (readonly string[])[]): object {
  return { id, type, z: 'tab', name: '', x: 0, y: 0, ...settings, wires };
}

const lineFunction = `
const frame = msg.payload;
if (frame.type === 'hello') {
  msg.payload = '{"type":"welcome"}';
  return [null, msg];
}
let values = '';
for (const name in frame.data) values += (values === '' ? '' : ',') + name + '=' + frame.data[name];
return [{ payload: 'env,device=' + msg._session.id + ',site=default ' + values + ' ' + frame.ts }, null];
`;

const gathering = {
  mode: 'custom',
  build: 'string',
  property: 'payload',
  propertyType: 'msg',
  key: 'topic',
  joiner: '\n',
  joinerType: 'str',
  accumulate: false,
  timeout: '0.1',
  count: '5000',
};

function writeUrl(influxUrl: string): string {
  return `${influxUrl}/write?db=pipeline&precision=ms`;
}
