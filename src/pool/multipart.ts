/**
 * A form as `multipart/form-data` (RFC 7578, in the form of the HTML Standard, 4.10.21.8).
 *
 * Why not the platform's own, which is one `new Response(form)` away: it keeps to itself how long it
 * is, and servers there are that take no form without a `content-length`. Nothing is read for it: the
 * parts stay where they are until they are sent.
 */

import { randomBytes } from 'node:crypto';

export interface Multipart {
  readonly content: Blob;
  readonly contentType: string;
}

/** The form encoded; `undefined` where an entry is neither text nor a `Blob`. */
export function encodeForm(form: FormData): Multipart | undefined {
  const boundary = `----spool-${randomBytes(16).toString('hex')}`;
  const parts: (string | Blob)[] = [];
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(lines(name))}"`;
    if (typeof value === 'string') {
      parts.push(`${head}\r\n\r\n${lines(value)}\r\n`);
    } else if (value instanceof Blob) {
      const type = value.type === '' ? 'application/octet-stream' : value.type;
      const fileName = typeof value.name === 'string' ? value.name : UNNAMED;
      const ofFile = `${head}; filename="${quoted(fileName)}"\r\nContent-Type: ${type}`;
      parts.push(`${ofFile}\r\n\r\n`, value, '\r\n');
    } else {
      return undefined;
    }
  }
  parts.push(`--${boundary}--\r\n`);
  return {
    content: new Blob(parts),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

/** A form of another library may hold a `Blob` as it is; the platform's calls one so. */
const UNNAMED = 'blob';

/** Every end of a line as a form has it. */
function lines(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}

function quoted(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}
