import { LinkBase } from '../../broker/emitter.js';
import type { Message } from '../../broker/link.js';

/** A link that says nothing by itself: its turns are the test's. */
export class StillLink extends LinkBase {
  publish(_message: Message, _arrived?: unknown): void {}
  async drained(): Promise<void> {}
  async subscribe(): Promise<void> {}
  async retained(): Promise<Message[]> {
    return [];
  }
  async flush(): Promise<boolean> {
    return true;
  }
  async close(): Promise<void> {}
  abort(): void {}
}
