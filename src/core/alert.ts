/** What an alert is, and the rules and receivers that make and take it. */
import type { Kind } from './facts.js';

/** What a rule can be about. Not `unreachable`: the hop that broke alerts for what hides behind it. */
export const ALERT_STATUSES = ['down', 'degraded', 'stopped', 'late', 'flapping'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

/** All that is given must fit; of a list, one of it. */
export interface AlertMatch {
  /** `rack1` (that node and all below it), or with `*` (one name) and `**` (any number of them). */
  readonly paths: readonly string[];
  readonly apps: readonly string[];
  readonly kinds: readonly Kind[];
  /** All of these. */
  readonly labels: readonly string[];
}

export interface AlertRule {
  readonly name: string;
  readonly match: AlertMatch;
  readonly statuses: readonly AlertStatus[];
  /** Milliseconds that it must have been so. */
  readonly forMs: number;
  readonly severity: string;
  /** Names of receivers. */
  readonly to: readonly string[];
  /** Milliseconds; null: told once. */
  readonly remindMs: number | null;
}

export interface WebhookReceiver {
  readonly kind: 'webhook';
  readonly url: string;
  readonly format: 'generic' | 'slack';
  readonly headers: Readonly<Record<string, string>>;
  /** Signs the body, HMAC-SHA256. */
  readonly secret: string | null;
  readonly timeoutMs: number;
}
export interface MqttReceiver {
  readonly kind: 'mqtt';
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}
export interface CommandReceiver {
  readonly kind: 'command';
  readonly words: readonly string[];
  readonly timeoutMs: number;
}
export type AlertReceiver = (WebhookReceiver | MqttReceiver | CommandReceiver) & { readonly name: string };

export interface AlertsConfig {
  readonly rules: readonly AlertRule[];
  readonly receivers: readonly AlertReceiver[];
}
export const NO_ALERTS: AlertsConfig = { rules: [], receivers: [] };

/** One that has fallen due and is not over. Times in ms since the Unix epoch, by the clock of the node that holds it. */
export interface Alert {
  /** The same at every node that can know of it: a receiver tells by it what it has had already. */
  readonly id: string;
  readonly rule: string;
  readonly severity: string;
  /** Names of receivers. */
  readonly to: readonly string[];
  readonly status: AlertStatus;
  /** Relative to the node that holds it. */
  readonly path: string;
  readonly kind: Kind | null;
  readonly app: string | null;
  readonly cause: string | null;
  readonly reason: string | null;
  /** Nodes that can't be seen for it. */
  readonly hidden: number;
  /** When it became so; when it fell due. */
  readonly since: number;
  readonly dueAt: number;
  readonly acked: { readonly by: string; readonly at: number } | null;
  /** When it was last told, and how often it was called to mind. */
  readonly toldAt: number;
  readonly reminders: number;
  /** Who tells of it: this node, or one above. */
  readonly owner: 'us' | 'above';
  /** Handed over by a relay, and no rule here is like its own. */
  readonly foreign?: true;
}

export type NoticeKind = 'firing' | 'reminder' | 'resolved';

/** What one receiver is to be told. */
export interface Notice {
  /** `<alert id>:firing`, `…:reminder-2`, `…:resolved`: the same each time it is tried. */
  readonly key: string;
  readonly kind: NoticeKind;
  readonly to: string;
  readonly at: number;
  readonly alert: Alert;
  /** Of one that is over: why. */
  readonly because: string | null;
}
