/** Asks for a request: a buffered or streamed one, an upload, one that finds no connection. */

import type { RequestOptionsWithUrl } from '../../../../src/index.ts';
import { patternBytes } from '../../../helpers/echo-routes.ts';
import { claimOf, MOST_EXCHANGES } from '../model-options.ts';
import type { PoolModel } from '../pool-model.ts';
import { codeIn, RealExchange } from '../real-exchange.ts';
import { BODY_BYTES, type Spec, specText } from '../spec.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class Start extends Step {
  readonly #spec: Spec;

  constructor(spec: Spec) {
    super();
    this.#spec = spec;
  }

  check(model: Readonly<PoolModel>): boolean {
    return model.exchanges.length < MOST_EXCHANGES;
  }

  async act(model: PoolModel, world: World): Promise<void> {
    const caller = await this.#callerFor(model, world);
    const real = new RealExchange(this.#spec, (ref) => world.isRunning(ref));
    const { refusal } = model;
    const id = `x${model.exchanges.length}`;
    const { tenant, priority } = claimOf(this.#spec, model.options, model.nowMs);
    const options = { ...optionsFor(id, real, { world, caller }), tenant, priority };
    if (refusal !== undefined) {
      expectRefusal(() => world.pool.request(options), refusal);
      real.killReceiver();
      return;
    }
    real.handle = world.pool.request(options);
    world.exchanges.set(id, real);
    model.start(this.#spec, caller);
  }

  /** One of those there are, or a new one of any kind. */
  async #callerFor(model: PoolModel, world: World): Promise<number | undefined> {
    const { caller } = this.#spec;
    if (caller === undefined) return undefined;
    if ('known' in caller && model.callers.length > 0) return caller.known % model.callers.length;
    const isServer = await world.callers.add('kind' in caller ? caller.kind : 0);
    model.callers.push({ isServer, exchanges: [], state: 'alive' });
    return model.callers.length - 1;
  }

  toString(): string {
    return `Start(${specText(this.#spec)})`;
  }
}

function optionsFor(
  id: string,
  real: RealExchange,
  { world, caller }: { readonly world: World; readonly caller: number | undefined },
): RequestOptionsWithUrl {
  const { spec } = real;
  const length = spec.contentLength;
  const stuckUrl = `https://127.0.0.1:${world.deaf.port}`;
  return {
    url: spec.stuck ? stuckUrl : world.peer.origin,
    method: spec.body === 'none' ? 'GET' : 'POST',
    headers: {
      'x-id': id,
      ...(length === undefined ? {} : { 'content-length': String(length) }),
    },
    stream: spec.stream,
    window: spec.window,
    streamBody: spec.body === 'upload' && spec.source === undefined,
    body: spec.body === 'bytes' ? patternBytes(BODY_BYTES) : real.source?.body,
    replyTo: real.replyTo,
    caller: caller === undefined ? undefined : world.callers.at(caller),
    onCallerDeath: spec.onCallerDeath,
    signal: spec.signal ? real.signal.signal : undefined,
    ...spec.limits,
  };
}

function expectRefusal(ask: () => unknown, refusal: string): void {
  let refused: string | undefined;
  try {
    ask();
  } catch (error) {
    refused = codeIn(error);
  }
  if (refused !== refusal)
    throw new Error(`P1 a request was refused with ${refused}, not ${refusal}`);
}
