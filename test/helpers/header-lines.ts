/**
 * Header lines of HTTP/1.1 as text: cut apart and joined without judging them, so that tests can
 * read and write malformed ones.
 */

/** Where a header occurs more than once its value is an array. */
export type ScriptedHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Name and value of a header line. */
export function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) throw new Error(`malformed header line: ${line}`);
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** Lower-case names; the values of a repeated one joined by `, `. */
export function joinFields(raw: readonly string[]): Readonly<Record<string, string>> {
  // Without a prototype: a peer may send a header called `__proto__`.
  const fields: Record<string, string> = Object.create(null);
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    const before = fields[name];
    fields[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return fields;
}

/** The lines of headers, without line ends. */
export function fieldLines(headers: ScriptedHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}: ${each}`),
  );
}
