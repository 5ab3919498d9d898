/** One exchange of the real storm: it is launched, fed, read, left, and judged by what both ends saw. */

import { AssertionError } from 'node:assert';
import type { Message, Pool, UploadOutcome } from '../../src/index.ts';
import { checkEnded } from '../../test/property/invariants.ts';
import { Driven } from '../../test/property/simulation/driven.ts';
import { bytesOf } from '../../test/property/simulation/pattern.ts';
import type { Ports, RealPlan, Report } from './storm.ts';

/** Nothing may last longer: all timeouts together are far below. */
const HANG_MS = 60_000;

export class RealExchange {
  readonly plan: RealPlan;
  readonly driven: Driven;
  readonly #caller = new AbortController();
  readonly #signal = new AbortController();
  readonly #over = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: Pool, plan: RealPlan, ports: Ports) {
    this.plan = plan;
    const { protocol, behaviour, id, bytes, body, stream, window, onCallerDeath } = plan;
    const length = plan.sends.reduce((sum, size) => sum + size, 0);
    this.driven = new Driven(pool, {
      id,
      origin: originOf(protocol, ports),
      path: `/${behaviour}/${id}/${bytes}`,
      mailbox: plan.receiver !== 'function',
      request: {
        method: body === 'none' ? 'GET' : 'POST',
        stream,
        streamBody: body === 'upload',
        caller: this.#caller.signal,
        signal: this.#signal.signal,
        onCallerDeath,
        ...(window === undefined || plan.receiver === 'await' ? {} : { window }),
        ...(body === 'bytes' ? { body: bytesOf(id * 2 + 1, 0, length) } : {}),
      },
    });
    this.driven.onMessage = (message) => this.#received(message);
  }

  /** Resolves with how it ended; rejects when it hangs, or did not end as it may. */
  async run(): Promise<string> {
    const { driven, plan } = this;
    driven.launch();
    const hang = setTimeout(() => this.#over.reject(this.#broken('H3 it hangs')), HANG_MS);
    this.#timer = setTimeout(() => this.#leave(), plan.departsAfterMs);
    void this.#upload();
    if (plan.receiver === 'loop') driven.iterate();
    if (plan.receiver === 'await') void driven.await().then(() => driven.read());
    try {
      await this.#over.promise;
    } finally {
      clearTimeout(hang);
      clearTimeout(this.#timer);
    }
    // Those who wait for an answer hear of the end in microtasks.
    await new Promise((resolve) => void setImmediate(resolve));
    this.#judge();
    return driven.outcome ?? '';
  }

  /** Compares what the pool says of the body with what the server saw of it; keeps little. */
  comparison(): (report: Report) => void {
    const { plan } = this;
    const { outcome, end } = this.driven;
    return comparing(plan, outcome, end?.upload);
  }

  async #upload(): Promise<void> {
    const { driven, plan } = this;
    if (plan.body !== 'upload') return;
    let offset = 0;
    for (const size of plan.sends) {
      const taken = await driven.send(bytesOf(plan.id * 2 + 1, offset, size));
      if (!taken) return;
      offset += size;
    }
    if (plan.finishes) driven.finish();
  }

  #received(message: Message): void {
    const { driven, plan } = this;
    if (message.type === 'done' || message.type === 'error') this.#over.resolve();
    else if (plan.receiver === 'loop') driven.iterate();
    else if (plan.receiver === 'await') driven.read();
    else if (message.type === 'data' && plan.window !== undefined) {
      setImmediate(() => driven.grant(message.chunk.byteLength));
    }
  }

  #leave(): void {
    const { departure } = this.plan;
    if (departure === 'cancel') this.driven.cancel('enough');
    else if (departure === 'caller_death') this.#caller.abort(new Error('left'));
    else if (departure === 'signal') this.#signal.abort(new Error('enough'));
  }

  #judge(): void {
    const { driven, plan } = this;
    const end = checkEnded(driven);
    const [awaited] = driven.awaits;
    if (awaited === undefined && plan.receiver === 'await') throw this.#broken('A1 an await hangs');
    const response = awaited !== undefined && 'response' in awaited ? awaited.response : undefined;
    const chunks = driven.messages.flatMap((one) => (one.type === 'data' ? [one.chunk] : []));
    const got = response ?? (end.type === 'done' ? end.response : undefined);
    const body = Buffer.from(got?.body ?? Buffer.concat(chunks));
    // An echo answers with the bytes of the request, everybody else with those of the response.
    const from = plan.behaviour === 'echo' ? plan.id * 2 + 1 : plan.id * 2;
    const expected = bytesOf(from, 0, body.length);
    if (!body.equals(expected)) {
      const at = body.findIndex((byte, index) => byte !== expected[index]);
      throw this.#broken(`M6 another body came, from byte ${at} of ${body.length}`);
    }
    const open = plan.behaviour === 'echo' || plan.behaviour === 'trickle';
    if (end.type === 'done' && !open && body.length !== plan.bytes) {
      throw this.#broken(`H4 done with ${body.length} of ${plan.bytes} bytes`);
    }
  }

  #broken(problem: string): Error {
    return broken(this.plan, problem);
  }
}

function comparing(
  plan: RealPlan,
  outcome: string | undefined,
  said: UploadOutcome | undefined,
): (report: Report) => void {
  return ({ intact, bytes, whole }) => {
    if (said === undefined) return;
    if (!intact) throw broken(plan, 'U1 the server read another body');
    if (bytes > said.bytesSent) {
      throw broken(plan, `U9 the server read ${bytes} of ${said.bytesSent} bytes, ${outcome}`);
    }
    const length = plan.sends.reduce((sum, size) => sum + size, 0);
    const cut = (plan.body === 'upload' && !plan.finishes) || bytes !== length;
    if (whole && cut && said.endedBy !== 'caller_death') {
      throw broken(plan, `U5 the server took ${bytes} bytes for all (${said.endedBy})`);
    }
  };
}

function broken(plan: RealPlan, problem: string): Error {
  const { id, behaviour, protocol, body, receiver, departure } = plan;
  const what = `${protocol} ${behaviour} ${body} ${receiver} ${departure}`;
  return new AssertionError({ message: `exchange ${id} (${what}): ${problem}` });
}

function originOf(protocol: RealPlan['protocol'], { http1, http2 }: Ports): string {
  if (protocol === 'http1') return `http://127.0.0.1:${http1}`;
  // Nobody listens on the port of a discarded protocol.
  return protocol === 'http2' ? `https://127.0.0.1:${http2}` : 'http://127.0.0.1:1';
}
