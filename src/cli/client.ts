/** Talks to a REST address; every failure becomes an exit code and a sentence. */
import { cliToken } from '../config/environment.js';
import { CliError, EXIT } from './exit.js';

/** Milliseconds for an answer, beyond what the call itself waits for. */
const ANSWER_MS = 10_000;
/** Milliseconds for the head of an answer that comes bit by bit: a search may take its time until it finds a line. */
const HEAD_MS = 30_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class RestClient {
  /** `token`: null where the node asks nobody who he is. */
  constructor(
    readonly url: string,
    private readonly token: string | null = cliToken(),
  ) {
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

  /** An answer whose body comes as it comes; `cut` ends it. */
  async open(path: string, headers: Record<string, string>, cut: AbortController): Promise<Response> {
    const late = setTimeout(() => cut.abort(new Error(`no answer within ${HEAD_MS / 1000} s`)), HEAD_MS);
    const response = await this.fetch(path, { headers, signal: cut.signal }).finally(() =>
      clearTimeout(late),
    );
    if (response.ok && response.body) return response;
    throw this.problem(response.status, parse(await response.text().catch(() => '')));
  }

  private async call(method: string, path: string, body?: string, waitMs = 0): Promise<Answer> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(waitMs + ANSWER_MS);
    const response = await this.fetch(path, { method, headers, signal, ...(body && { body }) });
    const text = await response.text().catch(error => Promise.reject(this.noAnswer(error)));
    const parsed = response.status === 204 ? null : parse(text);
    if (response.ok && parsed !== undefined) return { status: response.status, body: parsed };
    throw this.problem(response.status, parsed);
  }

  private fetch(path: string, init: RequestInit): Promise<Response> {
    const shown = this.token === null ? {} : { authorization: `Bearer ${this.token}` };
    const headers = { ...(init.headers as Record<string, string>), ...shown };
    // Nothing answers with a redirection; the token must not follow one.
    const asked = { ...init, headers, redirect: 'manual' } as const;
    return fetch(new URL(path, this.url), asked).catch(error => Promise.reject(this.noAnswer(error)));
  }

  private noAnswer(error: Error & { cause?: Error }): CliError {
    const cause = error.cause ?? error;
    return new CliError(EXIT.noAnswer, `nothing answered at ${this.url}: ${cause.message || error.message}`);
  }

  private problem(status: number, parsed: unknown): CliError {
    const { code, detail = '' } = (parsed ?? {}) as { code?: string; detail?: string };
    if (status === 401 && this.token === null)
      return new CliError(
        EXIT.failed,
        `${code}: ${detail}; CANOPY_TOKEN is where it is looked for`,
        code ?? null,
      );
    if (code) return new CliError(EXIT.failed, `${code}: ${detail}`, code);
    return new CliError(EXIT.noAnswer, `what answered at ${this.url} is not Canopy (HTTP ${status})`);
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
