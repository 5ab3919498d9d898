/**
 * Options, and what errors say, as their owner wrote them, whatever `Object.prototype` says (clause N11).
 */

/** An own property, `undefined` where there is none. */
export function own(given: object, name: string): unknown {
  return Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined;
}

/** What a value or its class says under a name, and nothing that every object does. */
export function said(value: object, name: string): unknown {
  let owner: object | null = value;
  while (owner !== null && owner !== Object.prototype) {
    if (Object.hasOwn(owner, name)) return Reflect.get(value, name);
    owner = Object.getPrototypeOf(owner);
  }
  return undefined;
}

/** The own properties alone, with no prototype of others behind, so that a polluted one adds nothing. */
export function ownOptions<T extends object>(options: T): T {
  // The declared properties are all that is there.
  return Object.assign(new Own(), options) as T;
}

/** An empty prototype: V8 keeps its instances fast, which it does not for objects without one. */
class Own {}
Object.setPrototypeOf(Own.prototype, null);
Reflect.deleteProperty(Own.prototype, 'constructor');
