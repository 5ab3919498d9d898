/**
 * Options as their owner wrote them, whatever `Object.prototype` says (clause N11).
 */

/** An own property, `undefined` where there is none. */
export function own(given: object, name: string): unknown {
  return Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined;
}

/** The own properties alone, on no prototype, so that a polluted one adds nothing. */
export function ownOptions<T extends object>(options: T): T {
  // On a null prototype the declared properties are all that is there.
  return Object.assign(Object.create(null) as object, options) as T;
}
