/** Faults on the way of messages to those who receive them. */

import { MODEL, type Mutant } from './mutant.ts';

const delivery = 'src/pool/delivery.ts';
const mailbox = 'src/pool/mailbox.ts';
const awaiting = 'src/pool/awaiting.ts';
const receivers = 'src/pool/receivers.ts';
const owner = MODEL;

export const deliveries: readonly Mutant[] = [
  {
    id: 'delivery: ignores the window by one chunk',
    file: delivery,
    find: 'if (chunk.byteLength <= this.#limit && this.#held.length === 0) {',
    replace: 'if (this.#limit > 0 && this.#held.length === 0) {',
    breaks: 'F1',
  },
  {
    id: 'delivery: loses what is granted',
    file: delivery,
    find: 'this.#credit += bytes;',
    replace: '',
    breaks: 'F1',
  },
  {
    id: 'delivery: does not read on when there is credit again',
    file: delivery,
    find: `    this.source.resumeReading();
    this.source.heldDelivered();`,
    replace: '    this.source.heldDelivered();',
    breaks: 'F2',
  },
  {
    id: 'delivery: does not tell that what was held is delivered',
    file: delivery,
    find: 'this.source.heldDelivered();',
    replace: '',
    breaks: 'F3, H3',
  },
  {
    id: 'delivery: stays paused for an audience that is gone',
    file: delivery,
    find: `    if (!this.#paused) return;
    this.#paused = false;
    this.source.resumeReading();
  }`,
    replace: '  }',
    breaks: 'C2, C3',
  },
  {
    id: 'mailbox: returns no credit for what was read',
    file: mailbox,
    find: 'this.#returnCredit(message.chunk.byteLength);',
    replace: '',
    breaks: 'F1',
  },
  {
    id: 'mailbox: drops the end with the data that nobody read',
    file: mailbox,
    find: 'else this.#messages.push(message);',
    replace: '',
    breaks: 'H3, M1',
  },
  {
    id: 'mailbox: is not finished when its end was read',
    file: mailbox,
    find: 'this.#finished = true;',
    replace: '',
    breaks: 'M5',
  },
  {
    id: 'awaiting: collects for an await that has given up',
    file: awaiting,
    find: 'flight.stopCollecting();',
    replace: '',
    breaks: 'A1, A2',
  },
  {
    id: 'awaiting: gives a message to a receive that has given up',
    file: awaiting,
    find: 'mailbox.forget(reader);',
    replace: '',
    breaks: 'M1',
  },
  {
    id: 'receivers: lets what a receiver throws through',
    file: receivers,
    find: `    } catch (error) {
      warn(message, error);
    }`,
    replace: `    } catch (error) {
      throw error;
    }`,
    breaks: 'M2',
  },
].map((mutant) => ({ owner, ...mutant }));
