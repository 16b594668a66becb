import { ApiError } from '../api.ts';

/** How the server knows a post. */
export interface Known {
  id: string;
  updated_at: string;
  status: string;
  /** Names that have overrides there. */
  overrides: readonly string[];
}

export type SaveState =
  | { kind: 'idle' | 'saved' | 'saving' | 'offline' }
  /** Kept in this browser until a person saves it. */
  | { kind: 'local' }
  /** What the server said; the next change tries again. */
  | { kind: 'refused'; error: unknown }
  /** Somebody else changed it, published it or took it away. */
  | { kind: 'conflict'; error: ApiError };

/** What this browser keeps for as long as the server does not have it. */
export interface Kept<Content> {
  content: Content;
  /** `updated_at` of the post that it changes; null: a new one. */
  base: string | null;
  /** A creation that was sent and not answered: sent again as it was, it makes no second post. */
  creating: { key: string; content: Content } | null;
}

interface Ports<Content> {
  create(content: Content, key: string): Promise<Known>;
  update(known: Known, content: Content): Promise<Known>;
  /** null: the server has it all. */
  keep(kept: Kept<Content> | null): void;
  told(state: SaveState, known: Known | null): void;
  key(): string;
}

/**
 * Saves what is written after pauses, one request at a time, and keeps it here until the server has it. Only a draft is
 * saved by itself: a change of what is planned or public waits for a person's word ({@link Autosave.act}).
 */
export class Autosave<Content extends object> {
  /** null: the server has nothing yet. */
  known: Known | null;
  /** What the server does not have yet. */
  private waiting: Content | null = null;
  private creating: Kept<Content>['creating'] = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  /** Why the last save came to nothing. */
  private error: unknown = null;
  private stopped = false;

  constructor(
    private readonly ports: Ports<Content>,
    known: Known | null,
    private readonly pauses = { typing: 1_000, again: 5_000 },
  ) {
    this.known = known;
  }

  /** Goes on with what was kept before. */
  resume({ content, creating }: Kept<Content>): void {
    this.creating = creating;
    this.change(content);
  }

  get isAutomatic(): boolean {
    return this.known === null || this.known.status === 'draft';
  }

  /** Something was written. */
  change(content: Content): void {
    this.waiting = content;
    this.error = null;
    this.keep();
    this.tell({ kind: this.isAutomatic ? 'saving' : 'local' });
    if (this.isAutomatic) this.wait(this.pauses.typing);
  }

  /** Something is written that the server does not have. */
  get isBehind(): boolean {
    return this.waiting !== null || this.creating !== null;
  }

  /** Saves now what waits, as when the connection is back or the page is left. Answers whether the server has it all. */
  async flush(): Promise<boolean> {
    await this.alone(async () => {
      if (this.isAutomatic) await this.save();
    });
    return !this.isBehind;
  }

  /**
   * Does what a person asks for, with nothing under way beside it; `act` answers with what became of the post and what it
   * sent of it. A new post is a draft first, so that an answer that got lost makes no second one. What goes wrong is
   * thrown; nothing is lost, nor is what is written meanwhile.
   */
  async act(
    content: Content,
    act: (known: Known) => Promise<{ known: Known; sent: Content }>,
  ): Promise<void> {
    this.waiting = content;
    this.keep();
    await this.alone(async () => {
      if (this.creating || this.known === null) await this.save();
      if (this.known === null || this.creating) throw this.error;
      const { known, sent } = await act(this.known);
      this.known = known;
      this.error = null;
      if (this.waiting === sent) this.waiting = null;
      if (this.waiting === null) this.ports.keep(null);
      else this.keep();
      this.tell({ kind: this.waiting === null ? 'saved' : this.isAutomatic ? 'saving' : 'local' });
    });
  }

  /** Gives up the post, here and with `remove` at the server. What goes wrong is thrown; nothing is lost then. */
  async drop(remove: (known: Known) => Promise<unknown>): Promise<void> {
    await this.alone(async () => {
      // A creation without an answer may have made a post, which would stay.
      if (this.creating) await this.save();
      if (this.creating) throw this.error;
      if (this.known) await remove(this.known);
      this.forget();
    });
  }

  /** Nothing is sent any more; what is not sent stays kept. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** What was written is given up. */
  forget(): void {
    this.stop();
    this.waiting = null;
    this.creating = null;
    this.ports.keep(null);
  }

  private wait(milliseconds: number): void {
    clearTimeout(this.timer);
    if (this.stopped || this.running) return;
    this.timer = setTimeout(() => this.alone(() => this.save()), milliseconds);
  }

  private async alone(work: () => Promise<void>): Promise<void> {
    // Nothing may come between the end of this and the beginning of the work.
    while (this.running) await this.running;
    clearTimeout(this.timer);
    const done = work();
    this.running = done.catch(() => {});
    try {
      await done;
    } finally {
      this.running = null;
      // What was written meanwhile, or what did not reach the server.
      if (this.isAutomatic && this.isBehind) {
        if (this.error === null) this.wait(this.pauses.typing);
        else if (isPassing(this.error)) this.wait(this.pauses.again);
      }
    }
  }

  private async save(): Promise<void> {
    const content = this.waiting ?? this.creating?.content;
    if (content === undefined || content === null) return;
    this.error = null;
    this.tell({ kind: 'saving' });
    try {
      let sent = content;
      if (this.known === null) {
        this.creating ??= { key: this.ports.key(), content };
        this.keep();
        sent = this.creating.content;
        this.known = await this.ports.create(sent, this.creating.key);
        this.creating = null;
      } else {
        this.known = await this.ports.update(this.known, content);
      }
      if (this.waiting === sent) this.waiting = null;
      if (this.waiting === null) this.ports.keep(null);
      else this.keep();
      this.tell({ kind: this.waiting === null ? 'saved' : 'saving' });
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    this.error = error;
    if (isPassing(error)) {
      this.tell({ kind: 'offline' });
    } else if (error instanceof ApiError && (error.status === 409 || error.status === 404)) {
      this.tell({ kind: 'conflict', error });
      this.stop();
    } else {
      // A creation that was refused made nothing: the next one is another wish.
      this.creating = null;
      this.keep();
      this.tell({ kind: 'refused', error });
    }
  }

  private keep(): void {
    const content = this.waiting ?? this.creating?.content;
    if (content === undefined || content === null) return;
    this.ports.keep({ content, base: this.known?.updated_at ?? null, creating: this.creating });
  }

  private tell(state: SaveState): void {
    if (!this.stopped) this.ports.told(state, this.known);
  }
}

/** Nothing was said about the content: the same may pass later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status, code } = error;
  return status === 0 || status === 429 || status >= 500 || code === 'idempotency_in_progress';
}
