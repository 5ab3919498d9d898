/**
 * An upload on its way to a thread, both ends of it, whatever comes first: what the pool posts, what
 * it offers, what the thread reports, and what its transport and the system take.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HostedBody } from '../../src/actors/hosted-body.ts';
import { Outbox, type Parcel, ParcelBytes } from '../../src/actors/port-outbox.ts';
import { BlockTable, SharedBlocks } from '../../src/actors/shared-blocks.ts';
import { MarkPage, newMarks, SharedMark } from '../../src/actors/shared-marks.ts';
import type { ThreadCommand } from '../../src/actors/thread-protocol.ts';
import { ThreadUpload } from '../../src/actors/thread-upload.ts';
import { settled } from '../helpers/leaks.ts';
import { uploadChannel } from '../helpers/upload-channel.ts';

const LIMIT = 256 * 1024;
const SMALL = [1, 100, 16_383, 20_000] as const;
const LARGE = [65_536, 100_000, 262_144, 300_000] as const;

class Passage {
  readonly body = uploadChannel(LIMIT).body;
  readonly received: Buffer[] = [];
  readonly #parcels: Parcel<ThreadCommand>[] = [];
  readonly #memory = newMarks();
  readonly #table = new BlockTable();
  readonly #mark = new SharedMark(new MarkPage(this.#memory), 7);
  readonly #upload: ThreadUpload;
  readonly #hosted: HostedBody;
  readonly #stream;
  /** Reports that are on their way to the pool. */
  #reports = 0;
  /** Given to the system, which has not taken it. */
  #held: Buffer[] = [];
  #drainedBytes = 0;

  constructor(drains: boolean) {
    const outbox = new Outbox<ThreadCommand>(
      { postMessage: (value) => this.#parcels.push(value as Parcel<ThreadCommand>) },
      (error) => expect.unreachable(String(error)),
    );
    const blocks = new SharedBlocks((command) => outbox.add(command));
    const thread = new SharedMark(new MarkPage(this.#memory), 7);
    this.#hosted = new HostedBody(thread.offer, this.#table, {
      bodyProgressed: (bytes) => {
        if (bytes === 0) return;
        thread.notePassed(this.#hosted.bytesSent);
        this.#reports += 1;
      },
      bodySent: () => {},
    });
    this.#stream = this.#hosted.open();
    this.#upload = new ThreadUpload({ id: 7, mark: this.#mark, outbox, blocks }, this.body);
    this.#upload.drains = drains;
    this.#upload.started();
    this.#stream.read(0);
  }

  get ended(): boolean {
    return this.#stream.readableEnded;
  }

  /** The thread gets the next parcel. */
  deliver(): void {
    const parcel = this.#parcels.shift();
    if (parcel === undefined) return;
    const bytes = new ParcelBytes(parcel);
    for (const command of parcel[0]) this.#do(command, bytes);
  }

  /** The transport takes what there is, and asks for more. */
  read(): void {
    const chunk: Buffer | null = this.#stream.read();
    if (chunk !== null) this.#held.push(chunk);
    this.#stream.read(0);
  }

  /** The system takes what the transport has. */
  drain(): void {
    for (const chunk of this.#held.splice(0)) {
      this.received.push(Buffer.from(chunk));
      this.#drainedBytes += chunk.byteLength;
    }
    this.#mark.noteDrained(this.#drainedBytes);
  }

  /** The pool gets the next report. */
  report(): void {
    if (this.#reports === 0) return;
    this.#reports -= 1;
    this.#upload.passed();
  }

  /** The thread gets all that is posted … */
  async post(): Promise<void> {
    await settled(1);
    while (this.#parcels.length > 0) this.deliver();
  }

  /** … and passes it on. */
  async meet(): Promise<void> {
    await this.post();
    this.read();
    while (this.#reports > 0) this.report();
  }

  /** Everybody does what there is to do, until nobody has anything. */
  async run(): Promise<void> {
    for (let idle = 0; idle < 4; idle += 1) {
      const before = this.received.length;
      await this.meet();
      this.drain();
      if (this.received.length > before) idle = 0;
    }
  }

  #do(command: ThreadCommand, bytes: ParcelBytes): void {
    if (command[0] === 'block' || command[0] === 'forget') this.#table.take(command);
    else if (command[0] === 'offered') this.#hosted.offered();
    else if (command[0] === 'finish') this.#hosted.finish();
    else if (command[0] === 'chunk') this.#hosted.add(bytes.take());
    else if (command[0] === 'lent') {
      const piece = this.#table.bytes(command[2]);
      if (piece === undefined) throw new Error('a block that the thread does not know');
      this.#hosted.add(piece);
    }
  }
}

type Step = 'deliver' | 'read' | 'drain' | 'report' | 'turn' | 'post' | 'meet' | number;

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Step>('deliver', 'read', 'drain', 'report', 'turn') },
    // What brings the thread up to the pool, so that the next piece is offered.
    { weight: 6, arbitrary: fc.constantFrom<Step>('post', 'meet') },
    { weight: 4, arbitrary: fc.constantFrom<Step>(...SMALL) },
    { weight: 1, arbitrary: fc.constantFrom<Step>(...LARGE) },
  ),
  { minLength: 20, maxLength: 80 },
);

/** Mostly: without it nothing is lent, and so nothing offered. */
const drains = fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false));

test('U1 a thread gets what was sent, in its order and whole, and nothing is left behind', async () => {
  await fc.assert(
    fc.asyncProperty(steps, drains, async (script, isDrained) => {
      const passage = new Passage(isDrained);
      const sent: Buffer[] = [];
      const answers: Promise<boolean>[] = [];
      for (const [index, step] of script.entries()) {
        if (typeof step === 'number') {
          const chunk = Buffer.alloc(step, `${index} `);
          sent.push(Buffer.from(chunk));
          const taken = passage.body.write(chunk, false);
          answers.push(taken);
          void taken.then(() => chunk.fill('!'));
        } else if (step === 'turn') await settled(1);
        else await passage[step]();
        await Promise.resolve();
      }
      // Without the end: whoever waits for a piece has to hear of it.
      await passage.run();
      expect(Buffer.concat(passage.received).equals(Buffer.concat(sent))).toBe(true);
      expect((await Promise.all(answers)).every(Boolean)).toBe(true);
      passage.body.finish();
      await passage.run();
      expect(passage.ended).toBe(true);
      passage.body.close();
    }),
  );
});
