import { S3Client } from 'bun';
import { StartError } from '../errors.ts';
import type { Files } from './files.ts';

export interface S3Options {
  /** `https://…`, no trailing slash. */
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Parts of a large upload; S3 takes 10,000 of them, so this is enough for 80 GB. */
const partSize = 8 * 1024 * 1024;
/** What we make: `<workspace>/<name>`. Anything else in the bucket is somebody else's, and is left alone. */
const ourKey = /^[0-9a-f-]{36}\/[0-9a-z_.-]+$/;

/**
 * Files in an S3 bucket. Writes, reads and removes a file first: throws {@link StartError} that says what is wrong.
 *
 * A process that is killed in the middle of an upload leaves its parts, which no list of files shows and nothing here can
 * remove: the bucket needs a rule of its own that removes incomplete multipart uploads after a day.
 */
export async function openS3(options: S3Options): Promise<Files> {
  const client = new S3Client(options);
  const place = (key: string): string => {
    if (!/^[0-9a-z][0-9a-z/_.-]*$/.test(key) || key.includes('..')) throw new Error('not a file key');
    return key;
  };
  await probe(client, options);
  return {
    async write(key, bytes) {
      await client.write(place(key), bytes);
    },
    async writeStream(key, chunks) {
      const writer = client.file(place(key)).writer({ partSize, queueSize: 2, retry: 3 });
      let size = 0;
      try {
        for await (const chunk of chunks) {
          await writer.write(chunk);
          // Waits for the part that is on its way: else a fast sender would fill the memory.
          await writer.flush();
          size += chunk.length;
        }
      } catch (error) {
        // Ending is the one way to let go of the parts; what it makes of them is half a file, which goes whatever happens.
        await (async () => writer.end())().catch(() => {});
        await client.delete(key).catch(() => {});
        throw error;
      }
      await writer.end();
      return size;
    },
    async open(key) {
      const file = client.file(place(key));
      try {
        const { size } = await file.stat();
        return { size, stream: (start = 0, end = size) => file.slice(start, end).stream() };
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    exists: (key) => client.exists(place(key)),
    async remove(key) {
      await client.delete(place(key)).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    },
    async *older(moment) {
      let continuationToken: string | undefined;
      do {
        const page = await client.list({ maxKeys: 1_000, ...(continuationToken && { continuationToken }) });
        for (const { key, lastModified } of page.contents ?? []) {
          if (ourKey.test(key) && lastModified && new Date(lastModified) < moment) yield key;
        }
        continuationToken = page.isTruncated ? page.nextContinuationToken : undefined;
      } while (continuationToken);
    },
    uploadUrl: (key, milliseconds) =>
      client.presign(place(key), { method: 'PUT', expiresIn: Math.max(1, Math.floor(milliseconds / 1_000)) }),
  };
}

async function probe(client: S3Client, { endpoint, bucket }: S3Options): Promise<void> {
  const key = `probe-${crypto.randomUUID()}`;
  try {
    await client.write(key, key);
    if ((await client.file(key).text()) !== key) throw new Error('another text came back');
    await client.delete(key);
  } catch (error) {
    const code = codeOf(error);
    const where = `The S3 storage at ${endpoint}`;
    const why =
      code === 'NoSuchBucket'
        ? `${where} has no bucket ${bucket}: make it, or correct S3_BUCKET.`
        : code === 'InvalidAccessKeyId'
          ? `${where} does not know this S3_ACCESS_KEY_ID.`
          : code === 'SignatureDoesNotMatch'
            ? `${where} refuses the signature: check S3_SECRET_ACCESS_KEY and S3_REGION.`
            : code === 'AccessDenied' || code === 'AllAccessDisabled'
              ? `${where} does not let this key write, read and delete in the bucket ${bucket}: give it these rights.`
              : code === 'AuthorizationHeaderMalformed' || code === 'PermanentRedirect'
                ? `${where} has the bucket ${bucket} in another region: correct S3_REGION and S3_ENDPOINT.`
                : /^(Connection|DNS|TLS|ERR_TLS|Unable|Failed|CERT|E[A-Z])/.test(code)
                  ? `${where} cannot be reached (${code}): check S3_ENDPOINT.`
                  : `${where} could not write, read and delete a file in the bucket ${bucket} (${code || 'no reason given'}).`;
    throw new StartError(why);
  }
}

function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
