import { randomUUID } from 'node:crypto';
import { MqttClient } from 'mqtt';
import { LinkError, type Message } from '../link.js';
import { matches } from '../topics.js';
import type { Dial } from './dial.js';
import { linkError } from './mqtt-errors.js';

const DEADLINE_MS = 5000;

/**
 * What a broker has retained under a filter. MQTT has no end mark for that, so a retained message of our own, under
 * the last filter of the same SUBSCRIBE, serves as one. A connection of its own, since subscribing again on the link's
 * would replay everything to its handlers. Rejects with LinkError when the deadline (ms) passes.
 */
export function fetchRetained(
  url: URL,
  dial: Dial,
  filter: string,
  deadlineMs = DEADLINE_MS,
): Promise<Message[]> {
  const fence = `canopy-fence/${randomUUID()}`;
  const client = new MqttClient(() => dial(url, deadlineMs), {
    clientId: `probe-${randomUUID().slice(0, 16)}`,
    keepalive: 60,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: deadlineMs,
  });
  const found = new Map<string, Message>();
  // Where the filter covers the fence, too, it comes once for each.
  let fences = matches(filter, fence) ? 2 : 1;
  return new Promise<Message[]>((resolve, reject) => {
    const fail = (error: Error) => reject(linkError(error, url.host, client.connected));
    const timer = setTimeout(fail, deadlineMs, new Error(`timeout after ${deadlineMs} ms`));
    client.on('error', fail);
    client.on('close', () => {
      clearTimeout(timer);
      reject(new LinkError('unreachable', `${url.host} closed the connection`));
    });
    client.on('message', (topic, payload, packet) => {
      if (topic === fence) {
        if (packet.retain && --fences === 0) resolve([...found.values()]);
      } else if (packet.retain) {
        found.set(topic, { topic, payload, qos: packet.qos > 0 ? 1 : 0, retain: true });
      }
    });
    client.on('connect', () => {
      client.publish(fence, 'end', { qos: 1, retain: true }, () => {
        client.subscribe([filter, fence], { qos: 1 }, error => {
          if (error) reject(new LinkError('refused', `${url.host} refuses the filter ${filter}`));
        });
      });
    });
  }).finally(() => {
    if (!client.connected) client.end(true);
    else client.publish(fence, '', { qos: 1, retain: true }, () => client.end(true));
  });
}
