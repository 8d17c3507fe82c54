/** Talks to a REST address; every failure becomes an exit code and a sentence. */
import { CliError, EXIT } from './exit.js';

/** Milliseconds for an answer, beyond what the call itself waits for. */
const ANSWER_MS = 10_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class RestClient {
  constructor(private readonly url: string) {
    if (!URL.canParse(url) || !/^https?:/.test(url))
      throw new CliError(EXIT.usage, `--url: expected http://host:port, found ${JSON.stringify(url)}`);
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path).then(answer => answer.body as T);
  }

  post<T>(path: string, body: object, waitMs = 0): Promise<T> {
    return this.call('POST', path, JSON.stringify(body), waitMs).then(answer => answer.body as T);
  }

  delete(path: string): Promise<Answer> {
    return this.call('DELETE', path);
  }

  private async call(method: string, path: string, body?: string, waitMs = 0): Promise<Answer> {
    let response: Response;
    let text: string;
    try {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(waitMs + ANSWER_MS);
      response = await fetch(new URL(path, this.url), { method, headers, signal, ...(body && { body }) });
      text = await response.text();
    } catch (error) {
      const cause = (error as Error & { cause?: Error }).cause ?? (error as Error);
      throw new CliError(
        EXIT.noAnswer,
        `nothing answered at ${this.url}: ${cause.message || (error as Error).message}`,
      );
    }
    const parsed = response.status === 204 ? null : parse(text);
    if (response.ok && parsed !== undefined) return { status: response.status, body: parsed };
    const problem = (parsed ?? {}) as { code?: string; detail?: string };
    if (problem.code) throw new CliError(EXIT.failed, `${problem.code}: ${problem.detail ?? ''}`);
    throw new CliError(EXIT.noAnswer, `what answered at ${this.url} is not Canopy (HTTP ${response.status})`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A path as part of a URL. */
export const urlPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
