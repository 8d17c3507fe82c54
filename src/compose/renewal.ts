/** A child asks its parent for a new certificate before its own ends; it is shown from the next connection on. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '../../broker/link.js';
import { renewalOf } from '../identity/certificate-facts.js';
import { checkGiven } from '../identity/given.js';
import { readPrivate, writePrivate } from '../identity/private-files.js';
import { decodeAnswer, encodeRequest, enrolTopic } from '../protocol/enrolment.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { LOG, PARENT_BROKER, SETTINGS, UPLINK } from './tokens.js';
import { UPLINK_DIR, uplinkFiles } from './trust.js';

/** Milliseconds between two looks, and so between two requests that are not answered: a certificate lives for weeks. */
const LOOK_MS = 600_000;

/** Only of a certificate that joining has made: what its owner has brought is his to renew. */
export function renewalStep(node: NodeContainer, lookMs = LOOK_MS): Step {
  const file = join(node.get(SETTINGS).dataDir, UPLINK_DIR, 'node.crt');
  let timer: NodeJS.Timeout | undefined;
  return {
    name: 'renewal',
    start: () => {
      const files = uplinkFiles(node.get(SETTINGS));
      if (node.get(PARENT_BROKER) !== null || files.cert !== file || files.ca === null) return;
      const renewal = new Renewal(node, { cert: file, key: files.key ?? '', ca: files.ca });
      renewal.start();
      timer = setInterval(() => renewal.look(), lookMs).unref();
    },
    stop: () => clearInterval(timer),
  };
}

interface Files {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

class Renewal {
  constructor(
    private readonly node: NodeContainer,
    private readonly files: Files,
  ) {}

  start(): void {
    const link = this.node.get(UPLINK);
    // Ends with the link; where the parent grants no such thing, it gives no certificates.
    link.subscribe([this.topic('_cert')], message => this.take(message)).catch(() => {});
    link.on('connected', () => this.look());
    this.look();
  }

  /** Asks where it is time to. */
  look(): void {
    const link = this.node.get(UPLINK);
    if (link.state !== 'connected') return;
    void this.request().catch(err => this.node.get(LOG).error({ err }, 'its certificate is not renewed'));
  }

  private async request(): Promise<void> {
    if (renewalOf(new X509Certificate(readFileSync(this.files.cert, 'utf8'))) > Date.now()) return;
    // Takes as long to load as all the rest, and is needed every two months.
    const { makeRequest } = await import('../identity/x509.js');
    const csr = await makeRequest(this.node.get(SETTINGS).name, readPrivate(this.files.key));
    const payload = encodeRequest(csr);
    this.node.get(UPLINK).publish({ topic: this.topic('_csr'), payload, qos: 1, retain: false });
  }

  private take({ payload }: Message): void {
    const log = this.node.get(LOG);
    try {
      const { cert = '', error } = decodeAnswer(payload);
      if (error) return log.error({ code: error.code }, `its certificate is not renewed: ${error.message}`);
      checkGiven(cert, readFileSync(this.files.ca, 'utf8'), readPrivate(this.files.key));
      writePrivate(this.files.cert, cert);
      log.info({ until: new X509Certificate(cert).validTo }, 'its certificate is renewed');
    } catch (err) {
      log.error({ err }, 'the new certificate is not taken');
    }
  }

  private topic(channel: '_csr' | '_cert'): string {
    return enrolTopic(this.node.get(SETTINGS).name, channel);
  }
}
