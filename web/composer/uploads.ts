/** A file on its way to the server. */
export interface Upload<Medium> {
  id: number;
  file: File;
  /** Where it goes, as who added it named it. */
  place: string;
  /** The file that it takes the place of. */
  replaces: string | null;
  state: 'waiting' | 'sending' | 'arrived' | 'failed';
  /** 0 to 1; null while nobody knows. */
  progress: number | null;
  error: unknown;
  /** Described as the one that it replaces. */
  alt: string | null;
  /** Once it has arrived. */
  medium: Medium | null;
}

type Send<Medium> = (
  upload: Pick<Upload<Medium>, 'file' | 'alt'>,
  progress: (share: number) => void,
  signal: AbortSignal,
) => Promise<Medium>;

/**
 * Sends files, a few at a time; each can be given up or tried again. They are handed on in the order in which they were
 * added to their place, whichever was faster.
 */
export class UploadQueue<Medium> {
  private uploads: readonly Upload<Medium>[] = [];
  private readonly running = new Map<number, AbortController>();
  private readonly listeners = new Set<() => void>();
  private count = 0;

  constructor(
    private readonly send: Send<Medium>,
    private readonly arrived: (upload: Upload<Medium>, medium: Medium) => void,
    private readonly most = 3,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  /** What is under way or failed; the same array until something changes. */
  readonly all = (): readonly Upload<Medium>[] => this.uploads;

  add(
    files: readonly File[],
    place: string,
    { replaces = null, alt = null }: { replaces?: string | null; alt?: string | null } = {},
  ): void {
    const added = files.map((file): Upload<Medium> => {
      this.count += 1;
      return {
        id: this.count,
        file,
        place,
        replaces,
        alt,
        state: 'waiting',
        progress: null,
        error: null,
        medium: null,
      };
    });
    this.set([...this.uploads, ...added]);
    this.next();
  }

  cancel(id: number): void {
    this.running.get(id)?.abort();
    this.running.delete(id);
    this.set(this.uploads.filter((one) => one.id !== id));
    this.hand();
    this.next();
  }

  retry(id: number): void {
    this.change(id, { state: 'waiting', progress: null, error: null });
    this.next();
  }

  stop(): void {
    for (const { id } of this.uploads) this.cancel(id);
  }

  private next(): void {
    for (const upload of this.uploads) {
      if (this.running.size >= this.most) return;
      if (upload.state === 'waiting' && !this.running.has(upload.id)) this.start(upload);
    }
  }

  private async start(upload: Upload<Medium>): Promise<void> {
    const { id } = upload;
    const stop = new AbortController();
    this.running.set(id, stop);
    this.change(id, { state: 'sending', progress: 0 });
    try {
      const medium = await this.send(
        upload,
        (progress) => !stop.signal.aborted && this.change(id, { progress }),
        stop.signal,
      );
      if (stop.signal.aborted) return;
      this.change(id, { state: 'arrived', medium });
    } catch (error) {
      if (!stop.signal.aborted) this.change(id, { state: 'failed', error });
    } finally {
      if (this.running.get(id) === stop) this.running.delete(id);
      this.hand();
      this.next();
    }
  }

  /** Hands on what has arrived and waits for nothing that was added before it. */
  private hand(): void {
    const held = new Set<string>();
    for (const upload of this.uploads) {
      if (upload.state === 'waiting' || upload.state === 'sending') held.add(upload.place);
      if (upload.medium === null || held.has(upload.place)) continue;
      this.set(this.uploads.filter(({ id }) => id !== upload.id));
      this.arrived(upload, upload.medium);
    }
  }

  private change(id: number, change: Partial<Upload<Medium>>): void {
    this.set(this.uploads.map((one) => (one.id === id ? { ...one, ...change } : one)));
  }

  private set(uploads: readonly Upload<Medium>[]): void {
    this.uploads = uploads;
    for (const listener of this.listeners) listener();
  }
}
