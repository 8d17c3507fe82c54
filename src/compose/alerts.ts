/** Who is told when something is wrong: rules and receivers of a node with a broker, and what it hands over to its parent. */
import { join } from 'node:path';
import { Alerts } from '../alerts/alerts.js';
import { AlertsDisk } from '../alerts/disk.js';
import { Glancer } from '../alerts/glance.js';
import { heardFrom, toldOf } from '../alerts/hand-over.js';
import type { Duty } from '../alerts/model.js';
import { Outbox } from '../alerts/outbox.js';
import { send } from '../alerts/send.js';
import type { Alert } from '../core/alert.js';
import { Buckets } from '../core/buckets.js';
import { topName } from '../core/names.js';
import type { NodeEvent } from '../protocol/payloads.js';
import { type NodeContainer, token } from './container.js';
import type { Step } from './lifecycle.js';
import { SPOOL } from './spool.js';
import {
  ALERTS,
  ALERTS_CONFIG,
  CLOCK,
  INGEST,
  LOG,
  OBSERVER,
  OUTBOX,
  OWN_LINK,
  REGISTRY,
  SETTINGS,
  TARGET_ENV,
  TREE,
  UPLINK,
} from './tokens.js';

/** Milliseconds that the parent may take to acknowledge what is handed over, and between two looks whether there is any. */
const HAND_OVER_MS = 5000;
const DUTY_MS = 1000;

/** Alerts that one child hands over, with all below it. */
const HANDED_RATE = { burst: 1000, perSecond: 1 };
const HANDED = token<Buckets>('alerts handed over');

/** Before the observer is started, so that nothing of what it tells is missed. */
export function alertsStep(node: NodeContainer): Step {
  node
    .provide(OUTBOX, makeOutbox)
    .provide(ALERTS, makeAlerts)
    .provide(HANDED, from => new Buckets(HANDED_RATE, from.get(CLOCK).mono));
  const handOver = new HandOver(node);
  return {
    name: 'alerts',
    start: () => {
      const alerts = node.get(ALERTS);
      alerts.start();
      node.get(OBSERVER).listen(transition => alerts.hear(transition));
      node.get(INGEST).listen({ event: (path, event) => takeEvent(node, path, event) });
      handOver.start();
    },
    stop: async () => {
      handOver.stop();
      await node.get(ALERTS).stop();
    },
  };
}

/** @throws ConfigError */
const makeOutbox = (node: NodeContainer): Outbox => {
  const { name, alertsExpire, alertsQueue } = node.get(SETTINGS);
  const ports = { teller: { name }, link: node.get(OWN_LINK), env: node.get(TARGET_ENV) };
  return new Outbox({
    clock: node.get(CLOCK),
    expireMs: alertsExpire * 1000,
    most: alertsQueue,
    send: (receiver, notice, signal) => send(receiver, notice, ports, signal),
    changed: () => void node.get(ALERTS).save(),
    log: node.get(LOG),
  });
};

const makeAlerts = (node: NodeContainer): Alerts => {
  const { name, dataDir } = node.get(SETTINGS);
  const glancer = new Glancer(node.get(REGISTRY), node.get(CLOCK));
  return new Alerts(node.get(ALERTS_CONFIG), {
    name,
    glancer,
    clock: node.get(CLOCK),
    disk: new AlertsDisk(join(dataDir, 'alerts.json'), problem => complain(node, problem)),
    outbox: node.get(OUTBOX),
    duty: () => dutyOf(node),
    observer: node.get(OBSERVER),
    tell: (what, alert) => publish(node, what, alert),
  });
};

function complain(node: NodeContainer, problem: string): void {
  node.get(LOG).error({}, problem);
  node.get(TREE).publisher.event('alert', problem, { code: 'alerts-file' });
}

/** A relay alerts while it is cut off: when it was not heard by its parent, nor that by it, for its own timeout. */
function dutyOf(node: NodeContainer): Duty {
  const { role, alerts, timeout } = node.get(SETTINGS);
  if (role === 'root' || alerts === 'always') return { is: 'all' };
  const { state, heardAt } = node.get(UPLINK);
  const heardMono = heardAt ?? Number.NEGATIVE_INFINITY;
  const quietFor = node.get(CLOCK).mono() - Math.max(heardMono, startedAt(node));
  return state !== 'connected' && quietFor >= timeout * 1000 ? { is: 'cut', heardMono } : { is: 'none' };
}

const starts = new WeakMap<NodeContainer, number>();
function startedAt(node: NodeContainer): number {
  const known = starts.get(node) ?? node.get(CLOCK).mono();
  starts.set(node, known);
  return known;
}

function publish(node: NodeContainer, to: string, alert: Alert): void {
  const { path, rule, status, reason } = alert;
  const words = `${rule}: ${path} is ${status}${reason ? `: ${reason}` : ''}`;
  node.get(TREE).publisher.event('alert', words, { path, to, alert: toldOf(alert) });
}

/** A relay below has handed an alert over, or has told of its end while it was cut off. */
function takeEvent(node: NodeContainer, teller: string, event: NodeEvent): void {
  const alerts = node.get(ALERTS);
  if (event.event !== 'alert' || !alerts.isUsed) return;
  const heard = heardFrom(teller, event, path => node.get(REGISTRY).get(path)?.kind);
  if (heard?.is === 'resolved') alerts.closed(heard.id, heard.relay);
  else if (heard && mayHandOver(node, teller)) alerts.adopt(heard.alert);
}

/** What is made up is told to receivers as well: at their price, and in the way of what is true. */
function mayHandOver(node: NodeContainer, teller: string): boolean {
  const child = topName(teller);
  if (node.get(HANDED).take(child) === null) return true;
  const reason = `"${child}" hands over more than ${HANDED_RATE.burst} alerts at once, ${HANDED_RATE.perSecond} a second`;
  node.get(TREE).refusals.take({ code: 'slow-down', reason });
  return false;
}

/** Alerts that a relay has told while it was cut off are its parent's when the line is back. */
class HandOver {
  private timer: NodeJS.Timeout | null = null;
  private busy = false;

  constructor(private readonly node: NodeContainer) {}

  start(): void {
    this.timer = setInterval(() => void this.look(), DUTY_MS);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const { node } = this;
    if (this.busy || dutyOf(node).is !== 'none' || node.get(UPLINK).state !== 'connected') return;
    const ours = node
      .get(ALERTS)
      .list()
      .filter(({ owner }) => owner === 'us');
    if (ours.length === 0) return;
    this.busy = true;
    for (const alert of ours) publish(node, 'handed-over', alert);
    // First to the bridge, then over it, behind all that waits there. Where it was lost meanwhile they are still ours.
    const isTaken =
      (await node.get(OWN_LINK).flush(HAND_OVER_MS)) &&
      (await (node.get(SPOOL) ?? node.get(UPLINK)).flush(HAND_OVER_MS));
    if (isTaken && node.get(UPLINK).state === 'connected') node.get(ALERTS).handed(ours.map(({ id }) => id));
    this.busy = false;
  }
}
