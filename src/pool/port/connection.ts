/**
 * The caller's end of a port: what `pool/engine` is in the thread of the pool. What it may still be
 * asked for is `pool/port/connection-life`'s to say.
 *
 * Invariants: every exchange that was asked for ends, by the pool's word or, when the port closes,
 * without it (H3); the port keeps the thread alive while something is awaited from the pool, and
 * not longer; once it is closed no listener and no timer is left.
 */

import type { MessagePort } from 'node:worker_threads';
import type { AsyncHandle } from '../../async-handle.ts';
import type { Clock } from '../../clock.ts';
import { type ErrorCode, RequestError } from '../../errors.ts';
import { claim } from '../body-source.ts';
import type { Exchanges } from '../checked-calls.ts';
import { Deadlines } from '../deadlines.ts';
import { FlightTable } from '../flight-table.ts';
import { type RequestCall, resolveRequest } from '../validate-request.ts';
import { Watches } from '../watches.ts';
import type { AdoptedHost } from './adopted-flight.ts';
import { Blocking } from './blocking.ts';
import { ConnectedHandles } from './connected-handles.ts';
import { ConnectionLife } from './connection-life.ts';
import { Outbox } from './outbox.ts';
import { type Command, type Hello, helloOn, type Report } from './protocol.ts';
import { Questions, type QuestionsHost } from './questions.ts';
import { RemoteFlight, type RemoteHost } from './remote-flight.ts';
import { ReportsInTurn } from './reports-in-turn.ts';
import type { BlockingConnection } from './sync-requests.ts';
import { packCall } from './wire-call.ts';

export class Connection
  implements Exchanges, RemoteHost, AdoptedHost, QuestionsHost, BlockingConnection
{
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly handles: ConnectedHandles;
  readonly questions: Questions;
  readonly #port: MessagePort;
  readonly #hello: Hello;
  readonly #flights: FlightTable<RemoteFlight>;
  readonly #watches = new Watches();
  readonly #outbox: Outbox<Command>;
  readonly #reports = new ReportsInTurn((report) => this.#heard(report));
  readonly #blocking: Blocking;
  readonly #closed = Promise.withResolvers<void>();
  readonly #life = new ConnectionLife();
  #asked = 0;
  #ended: Promise<void> | undefined;
  #lastEnded: (() => void) | undefined;

  /** Throws where the port is not a fresh one of a pool. */
  constructor(port: MessagePort, clock: Clock) {
    this.#hello = helloOn(port);
    this.#port = port;
    this.clock = clock;
    this.deadlines = new Deadlines(clock);
    this.#flights = new FlightTable(this.#hello.prefix);
    this.questions = new Questions(this);
    this.handles = new ConnectedHandles(this, this.#flights, this.#hello.prefix);
    this.#outbox = new Outbox<Command>(port, queueMicrotask, {
      instead: (command, error) => this.#refuse(command, error),
    });
    this.#blocking = new Blocking(port, this.#hello.bell, {
      catchUp: () => this.#reports.catchUp(),
      receive: this.#receive,
      flush: this.#outbox.flush,
      gone: this.#gone,
    });
    port.on('message', this.#receive);
    port.once('close', this.#gone);
    port.unref();
  }

  request(call: RequestCall): AsyncHandle {
    return this.#request(call, false).handle;
  }

  // --- for a thread that blocks ---------------------------------------------------------------

  get poolThreadId(): number {
    return this.#hello.threadId;
  }

  requestSync(call: RequestCall): { readonly handle: AsyncHandle; readonly flight: RemoteFlight } {
    return this.#request(call, true);
  }

  block(ready: () => boolean): void {
    this.#blocking.until(ready);
  }

  flush(): void {
    this.#outbox.flush();
  }

  // --- its life -------------------------------------------------------------------------------

  #request(
    call: RequestCall,
    isSync: boolean,
  ): { readonly handle: AsyncHandle; readonly flight: RemoteFlight } {
    this.#life.assertOpen();
    const { defaults } = this.#hello;
    const request = resolveRequest(call, defaults);
    const wire = packCall(call, request, defaults);
    // Again: options may be read from code of the user's, which may end the connection.
    this.#life.assertOpen();
    claim(request.source);
    const flight = this.#flights.add(
      (ref, row) => new RemoteFlight({ ref, row }, request, this, isSync),
    );
    this.#keepAlive();
    const handle = this.handles.own.create(flight);
    this.#watches.begin(flight);
    if (flight.end.terminal === undefined) flight.launch(wire);
    return { handle, flight };
  }

  /** Asks for nothing more and resolves when all has ended and the port is closed. */
  close(): Promise<void> {
    this.#life.close();
    this.#ended ??= this.#endAfterAll();
    return this.#ended;
  }

  /** Ends everything here at once; for the pool it is the death of the callers. */
  destroy(reason: unknown): Promise<void> {
    this.#life.destroy();
    this.#end();
    this.#loseAll('ERR_POOL_DESTROYED', reason);
    return this.#closed.promise;
  }

  async #endAfterAll(): Promise<void> {
    if (this.#flights.size > 0) {
      await new Promise<void>((resolve) => {
        this.#lastEnded = resolve;
      });
    }
    this.#end();
    await this.#closed.promise;
  }

  // --- for the exchanges ----------------------------------------------------------------------

  command(command: Command, transfer?: readonly ArrayBuffer[]): void {
    this.#outbox.post(command, transfer);
  }

  remove(flight: RemoteFlight): void {
    this.#flights.delete(flight);
    this.handles.own.ended(flight);
    this.#watches.end(flight);
  }

  settled(): void {
    this.#keepAlive();
    if (this.#flights.size === 0) this.#lastEnded?.();
  }

  // --- for what is asked ----------------------------------------------------------------------

  assertConnected(): void {
    this.#life.assertConnected();
  }

  asked(count: number): void {
    this.#asked = count;
    this.#keepAlive();
  }

  /** The port keeps the thread alive while something is to come from the pool. */
  #keepAlive(): void {
    if (this.#flights.size + this.#asked > 0) this.#port.ref();
    else this.#port.unref();
  }

  // --- the port -------------------------------------------------------------------------------

  readonly #receive = (batch: unknown): void => {
    // Only the pool has the other end, and it posts batches of reports.
    this.#reports.receive(batch as readonly Report[]);
  };

  #heard(report: Report): void {
    if (report.type === 'closing') {
      this.#life.announced(report.code);
    } else if (report.type === 'answer') {
      this.questions.answered(report.id, report.answer);
    } else {
      const ref = report.type === 'message' ? report.message.ref : report.ref;
      this.#flights.get(ref)?.heard(report);
    }
  }

  /** Options of the user's own may turn into what cannot be cloned; the pool hears nothing of them. */
  #refuse(command: Command, cause: unknown): undefined {
    if (command.type !== 'request') return;
    const { ref } = command;
    const error = new RequestError('ERR_BAD_OPTIONS', { ref, cause }).toJSON();
    this.#flights.get(ref)?.heard({ type: 'refused', ref, error });
  }

  #end(): void {
    if (!this.#life.end()) return;
    this.#outbox.flush();
    this.#outbox.close();
    this.#port.close();
  }

  /** The port is closed, here or in the pool, whose thread may be gone. */
  readonly #gone = (): void => {
    const code = this.#life.gone();
    this.#outbox.close();
    this.#port.off('message', this.#receive);
    this.#loseAll(code, new Error('the port of the pool is closed'));
    this.#closed.resolve();
  };

  #loseAll(code: ErrorCode, cause: unknown): void {
    for (const flight of this.#flights.snapshot()) flight.lost(code, cause);
    this.questions.lose(new RequestError(code, { cause }));
  }
}
