/** How a node introduces itself to a broker: its MQTT client id says its name and which installation it is. */
import { isName } from '../core/names.js';

const SHAPE = /^canopy\/([^/]+)\/([0-9a-f]{8,32})$/;

/** Stable over restarts: a takeover by the same installation is a restart, another one's is a collision. */
export const clientIdOf = (name: string, instance: string): string => `canopy/${name}/${instance}`;

export function identify(clientId: string): { name: string; instance: string } | null {
  const match = SHAPE.exec(clientId);
  const [, name = '', instance = ''] = match ?? [];
  return match && isName(name) ? { name, instance } : null;
}
