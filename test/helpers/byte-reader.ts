/**
 * Bytes as they arrive, read as a parser wants them: by count or up to a mark. All bytes are
 * kept, so that a test can look at the wire afterwards. A read that can no longer be satisfied
 * rejects, and says what it had been waiting for and what there was.
 */

export class ByteReader {
  /** Grows by doubling; only the first `#total` bytes are filled. */
  #buffer = Buffer.alloc(4096);
  #total = 0;
  #position = 0;
  #ended: string | undefined;
  #arrival: PromiseWithResolvers<void> | undefined;

  /** Bytes that arrived so far. */
  get total(): number {
    return this.#total;
  }

  /** Bytes that arrived and were not read yet. */
  get unread(): number {
    return this.#total - this.#position;
  }

  /** Why no more bytes will come; `undefined` while they may. */
  get ended(): string | undefined {
    return this.#ended;
  }

  feed(bytes: Uint8Array): void {
    const needed = this.#total + bytes.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.#total);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#total);
    this.#total = needed;
    this.#wake();
  }

  /** No more bytes will come; `why` goes into the errors of reads that wait. */
  end(why: string): void {
    this.#ended ??= why;
    this.#wake();
  }

  /** A copy of everything that arrived. */
  all(): Uint8Array {
    return Uint8Array.from(this.#buffer.subarray(0, this.#total));
  }

  /** Waits for `count` bytes and takes them. */
  async take(count: number, what = `${count} bytes`): Promise<Uint8Array> {
    while (this.unread < count) await this.#more(what);
    return this.#advance(count);
  }

  /** Waits for `mark` and takes everything before it as latin1 text; the mark is dropped. */
  async takeUntil(mark: string, what: string): Promise<string> {
    for (;;) {
      const at = this.#buffer.subarray(0, this.#total).indexOf(mark, this.#position, 'latin1');
      if (at >= 0) {
        const text = this.#buffer.toString('latin1', this.#position, at);
        this.#position = at + mark.length;
        return text;
      }
      await this.#more(what);
    }
  }

  /** Takes what is there, without waiting. */
  takeAll(): Uint8Array {
    return this.#advance(this.unread);
  }

  #advance(count: number): Uint8Array {
    const start = this.#position;
    this.#position += count;
    return Uint8Array.from(this.#buffer.subarray(start, this.#position));
  }

  #more(what: string): Promise<void> {
    if (this.#ended !== undefined) {
      const seen = `${this.unread} unread of ${this.#total} bytes seen`;
      return Promise.reject(new Error(`waited for ${what}, but ${this.#ended} (${seen})`));
    }
    this.#arrival ??= Promise.withResolvers<void>();
    return this.#arrival.promise;
  }

  #wake(): void {
    const arrival = this.#arrival;
    this.#arrival = undefined;
    arrival?.resolve();
  }
}
