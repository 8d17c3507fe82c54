/** Mutated bytes to a port, each case on a connection of its own, which the other side must end when nothing more comes. */
import { connect } from 'node:net';
import { connectPacket, publishPacket, type RawClient } from '../support/raw-mqtt.js';
import type { Mutator } from './mutate.js';
import { CHANNELS, FRAMES, PAYLOADS, REQUESTS } from './samples.js';

const CLOSE_MS = 30_000;

/** Resolves when the connection is over; rejects where it stays open though nothing more can come. */
export function throwAt(port: number, ...chunks: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error('the connection was left open'));
    }, CLOSE_MS);
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
    for (const chunk of chunks) socket.write(chunk);
    socket.end();
  });
}

const frames = (mutator: Mutator): Buffer[] =>
  Array.from({ length: 1 + mutator.below(4) }, () => mutator.bytes(FRAMES));

/** Before a CONNECT was accepted. */
export const beforeConnect = (port: number, mutator: Mutator): Promise<void> =>
  throwAt(port, ...frames(mutator));

/** After one was. */
export function afterConnect(port: number, mutator: Mutator, at: number): Promise<void> {
  const clean = !mutator.chance(0.05);
  return throwAt(port, connectPacket({ clientId: `fuzz${clean ? at : at % 20}`, clean }), ...frames(mutator));
}

export const request = (port: number, mutator: Mutator): Promise<void> =>
  throwAt(port, mutator.bytes(REQUESTS.map(text => Buffer.from(text))));

/** A payload on a channel, of this node or another, in order; the client stays. */
export function payload(client: RawClient, name: string, mutator: Mutator): void {
  const path = mutator.one([name, name, `${name}/web`, '', 'rack1', 'rack1/web', 'nobody']);
  const topic = ['canopy', path, mutator.one(CHANNELS)].filter(level => level !== '').join('/');
  const bytes = mutator.bytes(PAYLOADS.map(text => Buffer.from(text)));
  client.send(
    publishPacket(topic, bytes, {
      qos: mutator.below(2),
      id: 1 + mutator.below(60_000),
      retain: mutator.chance(0.2),
    }),
  );
}
