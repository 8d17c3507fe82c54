/** `fetch` that takes authorities of one's own, which that of Node 20 does not. */
import { request } from 'node:https';
import { Readable } from 'node:stream';

/** `ca`: PEM; left out, the authorities that Node brings. No redirect is followed. */
export const secureFetch =
  (ca?: string) =>
  (url: URL, { method = 'GET', headers = {}, body, signal }: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const options = { method, headers: headers as Record<string, string>, minVersion: 'TLSv1.2' } as const;
      const asked = request(
        url,
        { ...options, ...(signal && { signal }), ...(ca !== undefined && { ca }) },
        answer => {
          const { statusCode: status = 0, headers } = answer;
          const pairs = Object.entries(headers).map(
            ([name, value]) => [name, String(value)] as [string, string],
          );
          const isEmpty = [204, 304].includes(status);
          if (isEmpty) answer.resume();
          const content = isEmpty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
          resolve(new Response(content, { status, headers: pairs }));
        },
      );
      asked.once('error', reject);
      asked.end(body ?? undefined);
    });
