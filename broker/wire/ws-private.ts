/** What ws 8.23 does not let one change while a connection is open. */
import type { WebSocket } from 'ws';

/** Bytes of a message that it takes from now on. */
export function allowBytes(ws: WebSocket, bytes: number): void {
  const { _receiver: receiver } = ws as unknown as { _receiver?: { _maxPayload: number } };
  if (receiver) receiver._maxPayload = bytes;
}
