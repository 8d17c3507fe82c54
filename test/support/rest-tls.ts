/** Asks a node over REST by TLS, from an address of one's own. */
import { request } from 'node:https';
import type { Answer } from './rest.js';

export interface Asking {
  readonly port: number;
  /** PEM: by which the node is known. */
  readonly ca: string;
  readonly path: string;
  readonly method?: string;
  readonly token?: string;
  readonly body?: object;
  readonly from?: string;
}

export function askTls({
  port,
  ca,
  path,
  method = 'GET',
  token,
  body,
  from = '127.0.0.1',
}: Asking): Promise<Pick<Answer, 'status' | 'body'>> {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body && { 'content-type': 'application/json' }),
  };
  const to = { host: '127.0.0.1', servername: 'localhost', port, ca, localAddress: from };
  return new Promise((resolve, reject) => {
    const asked = request({ ...to, path, method, headers, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', part => {
        text += part;
      });
      response.once('end', () => {
        const isJson = /[/+]json/.test(response.headers['content-type'] ?? '');
        resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
      });
    });
    asked.once('error', reject);
    asked.end(body && JSON.stringify(body));
  });
}
