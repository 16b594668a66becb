import type { InferResponseType } from 'hono/client';
import { ApiError, type client, refusalOf, workspaceHeaders } from '../api.ts';

export type Medium = InferResponseType<(typeof client.v1.media)[':id']['$get'], 200>;

/** Uploads a file, telling how far it is (0 to 1). `fetch` tells nothing of what it sends. Throws {@link ApiError}. */
export function sendFile(
  { file, alt }: { file: File; alt: string | null },
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<Medium> {
  const form = new FormData();
  if (alt !== null) form.set('alt', alt);
  form.set('file', file, file.name);
  const request = new XMLHttpRequest();
  return new Promise<Medium>((resolve, reject) => {
    request.open('POST', '/v1/media');
    for (const [name, value] of Object.entries(workspaceHeaders())) request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (lengthComputable) progress(loaded / total);
    };
    request.onload = () => {
      if (request.status === 201) resolve(request.response as Medium);
      else reject(refusalOf(request.status, request.response));
    };
    request.onerror = () => reject(new ApiError(0, 'offline', 'The server cannot be reached.'));
    request.onabort = () => reject(new DOMException('given up', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form);
  });
}
