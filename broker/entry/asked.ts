import { messageOf, type WirePacket } from '../aedes/aedes-private.js';
import type { Message } from '../link.js';

/** What a client has asked for by its CONNECT. */
export interface Asked {
  /** '' where the broker is to make one. */
  readonly clientId: string;
  /** Its session ends with the connection. */
  readonly clean: boolean;
  /** Seconds; 0 = never. */
  readonly keepalive: number;
  readonly will: Message | null;
}

/** As the parser makes it. */
export interface ConnectPacket {
  readonly clientId?: string;
  readonly clean?: boolean;
  readonly keepalive?: number;
  readonly will?: unknown;
}

export const askedBy = ({ clientId = '', clean, keepalive = 0, will }: ConnectPacket): Asked => ({
  clientId,
  clean: clean !== false,
  keepalive,
  will: will ? messageOf(will as WirePacket) : null,
});
