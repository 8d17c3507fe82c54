/** One GET, as a probe asks it: only the status counts, and the connection is closed with it. */
import { request as overHttp } from 'node:http';
import { request as overTls } from 'node:https';
import { lookup } from './lookup.js';

/**
 * 200 to 399 passes; no redirect is followed, and of a certificate nothing is verified (as Kubernetes does).
 * @throws the error of the socket or of the parser, AbortError
 */
export function checkHttp(url: string, signal: AbortSignal): Promise<[boolean, string]> {
  const secure = url.startsWith('https:');
  const headers = { 'user-agent': 'canopy-probe', accept: '*/*', connection: 'close' };
  return new Promise((resolve, reject) => {
    const options = { agent: false, headers, lookup, signal, ...(secure && { rejectUnauthorized: false }) };
    const request = (secure ? overTls : overHttp)(url, options);
    request.once('response', response => {
      const { statusCode = 0 } = response;
      // Its body is none of our business, however long it is. Cut off, it is an error that says nothing.
      response.on('error', () => {});
      request.destroy();
      resolve([statusCode >= 200 && statusCode < 400, `answered ${statusCode}`]);
    });
    request.on('error', reject);
    request.once('close', () => resolve([false, 'closed without an answer']));
    request.end();
  });
}
