/** `canopy forget`: a node that is gone is not known any more, at any hop. */
import { type RestClient, urlPath } from './client.js';
import { say, type View } from './print.js';

export async function forget(rest: RestClient, path: string, view: View): Promise<void> {
  await rest.delete(`/api/v1/nodes/${urlPath(path)}`);
  say(view, { path, forgotten: true }, `${path}: forgotten`);
}
