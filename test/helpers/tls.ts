/**
 * The test certificates (see certs/README.md) and the trust in them. `trustTestCa` changes the
 * defaults of this thread only: worker threads need `ca: testCa` in their options, and child
 * processes `NODE_EXTRA_CA_CERTS` set to `testCaPath`.
 */

import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

const pem = (name: string): string => readFileSync(certificate(name), 'utf8');

export const testCaPath: string = fileURLToPath(certificate('ca.pem'));
export const testCa: string = pem('ca.pem');

/** A server for `localhost`, `*.spool.test`, `127.0.0.1` and `::1`, signed by the test CA. */
export const trustedServer = { key: pem('server-key.pem'), cert: pem('server.pem') } as const;

/** A self-signed server for `localhost` and `127.0.0.1` that nobody trusts. */
export const untrustedServer = {
  key: pem('untrusted-key.pem'),
  cert: pem('untrusted.pem'),
} as const;

/** A client signed by the test CA, for servers that ask for a certificate. */
export const testClient = { key: pem('client-key.pem'), cert: pem('client.pem') } as const;

/** The same client as PKCS#12. */
export const testClientPfx = { pfx: readFileSync(certificate('client.pfx')), passphrase: 'spool' };

/** Scopes that are not disposed. */
let trusting = 0;

/**
 * Makes the test CA all that this thread trusts by default, and nothing once the last scope is
 * disposed: to load the certificates that Node comes with takes a tenth of a second each time.
 */
export function trustTestCa(): Disposable {
  trusting += 1;
  tls.setDefaultCACertificates([testCa]);
  return {
    [Symbol.dispose]: () => {
      trusting -= 1;
      if (trusting === 0) tls.setDefaultCACertificates([]);
    },
  };
}

function certificate(name: string): URL {
  return new URL(`./certs/${name}`, import.meta.url);
}
