/** One attempt to tell one receiver. */
import { createHmac } from 'node:crypto';
import { request as overHttp } from 'node:http';
import { request as overTls } from 'node:https';
import type { Link } from '../../broker/link.js';
import type { AlertReceiver, CommandReceiver, MqttReceiver, Notice, WebhookReceiver } from '../core/alert.js';
import { handTo } from '../process/hand.js';
import { genericBody, slackBody, type Teller } from './message.js';

/** `never`: it will not take this one, however often it is tried. `found` holds no secret. */
export interface Sent {
  readonly is: 'delivered' | 'later' | 'never';
  readonly found: string;
}

export interface SendPorts {
  readonly teller: Teller;
  readonly link: Pick<Link, 'publish' | 'flush' | 'state'>;
  /** What a command gets beside what is about the alert. */
  readonly env: NodeJS.ProcessEnv;
}

/** Milliseconds for the node's own broker to take a message. */
const BROKER_MS = 5000;

/** Never rejects, and ends within the timeout of the receiver. */
export function send(
  receiver: AlertReceiver,
  notice: Notice,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<Sent> {
  if (receiver.kind === 'webhook') return toWebhook(receiver, notice, ports.teller, signal);
  return receiver.kind === 'mqtt'
    ? toTopic(receiver, notice, ports)
    : toCommand(receiver, notice, ports, signal);
}

async function toWebhook(
  to: WebhookReceiver,
  notice: Notice,
  teller: Teller,
  signal: AbortSignal,
): Promise<Sent> {
  const body = to.format === 'slack' ? slackBody(notice, teller) : genericBody(notice, teller);
  const headers = {
    'user-agent': 'canopy-alerts',
    ...to.headers,
    'content-type': 'application/json',
    'x-canopy-key': notice.key,
    ...(to.secret !== null && { 'x-canopy-signature': signatureOf(body, to.secret) }),
  };
  const deadline = AbortSignal.any([AbortSignal.timeout(to.timeoutMs), signal]);
  try {
    return judged(await post(to.url, { method: 'POST', headers }, body, deadline));
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    // Not the message of the error: it may have the address in it, which may be a secret.
    const late = deadline.aborted ? `no answer within ${to.timeoutMs / 1000} s` : (code ?? name);
    return { is: 'later', found: late };
  }
}

/** `sha256=` and the HMAC of the body in hex, as GitHub has it. */
export const signatureOf = (body: string, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** The status. Its certificate is verified; no redirect is followed, and what it says is not read. @throws the error of the socket */
export function post(
  url: string,
  how: { method: string; headers?: object },
  body: string,
  signal: AbortSignal,
): Promise<number> {
  const make = url.startsWith('https:') ? overTls : overHttp;
  return new Promise((resolve, reject) => {
    const headers = { ...how.headers, 'content-length': String(Buffer.byteLength(body)) };
    const request = make(url, { agent: false, method: how.method, headers, signal });
    request.once('response', response => {
      response.on('error', () => {});
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    request.on('error', reject);
    request.once('close', () =>
      reject(Object.assign(new Error('closed'), { code: 'closed without an answer' })),
    );
    request.end(body);
  });
}

/** What is wrong with the message itself stays wrong; all else may mend. */
const HOPELESS: ReadonlySet<number> = new Set([400, 405, 410, 411, 413, 415, 422]);

function judged(status: number): Sent {
  const found = `answered ${status}`;
  if (status >= 200 && status < 300) return { is: 'delivered', found };
  return { is: HOPELESS.has(status) ? 'never' : 'later', found };
}

async function toTopic(
  { topic, qos, retain }: MqttReceiver,
  notice: Notice,
  { link, teller }: SendPorts,
): Promise<Sent> {
  if (link.state !== 'connected') return { is: 'later', found: 'the broker is not there' };
  link.publish({ topic, payload: Buffer.from(genericBody(notice, teller)), qos, retain });
  const taken = await link.flush(BROKER_MS);
  return taken
    ? { is: 'delivered', found: 'published' }
    : { is: 'later', found: 'the broker did not take it in time' };
}

async function toCommand(
  to: CommandReceiver,
  notice: Notice,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<Sent> {
  const { alert, kind, key } = notice;
  const env = {
    ...ports.env,
    ALERT_ID: alert.id,
    ALERT_KEY: key,
    ALERT_KIND: kind,
    ALERT_RULE: alert.rule,
    ALERT_SEVERITY: alert.severity,
    ALERT_STATUS: alert.status,
    ALERT_PATH: alert.path,
  };
  const text = `${genericBody(notice, ports.teller)}\n`;
  const [passed, found] = await handTo(to.words, text, { env, timeoutMs: to.timeoutMs, signal });
  return { is: passed ? 'delivered' : 'later', found };
}
