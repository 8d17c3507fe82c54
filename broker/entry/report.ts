import type { PrivateClient } from '../aedes/aedes-private.js';
import type { Message } from '../link.js';
import type { Origin, Refusal, Who } from '../rules.js';

/** Something that was not let through: a message, a will, a subscription or a client. */
export interface RefusedEvent extends Refusal {
  /** The message, its topic as it came; absent where it was not about one. */
  readonly message?: Message;
  readonly origin?: Origin;
  readonly clientId?: string;
  /** Absent where nobody knows, or this very process is meant. */
  readonly who?: Who;
  /** `host:port` of the client. */
  readonly address?: string;
}

export type Report = (
  why: Refusal,
  client: PrivateClient | null,
  about?: { message: Message; origin: Origin },
) => void;

/** Adds who it was to what was refused. */
export function reporter(
  onRefused: (event: RefusedEvent) => void,
  whoOf: (client: PrivateClient) => Who | undefined,
): Report {
  return ({ code, reason }, client, about) => {
    const { remoteAddress, remotePort } = client?.conn ?? {};
    const who = client ? whoOf(client) : undefined;
    onRefused({
      code,
      reason,
      ...about,
      ...(client?.id ? { clientId: client.id } : {}),
      ...(who ? { who } : {}),
      ...(remoteAddress ? { address: `${remoteAddress}:${remotePort}` } : {}),
    });
  };
}
