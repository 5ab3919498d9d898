/** Types for the parts of undici that are imported past its main entry (see `actors/transport`). */

declare module 'undici/lib/core/errors.js' {
  import { errors } from 'undici';
  export default errors;
}

declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export default Pool;
}

declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';
  export default Client;
}

declare module 'undici/lib/core/symbols.js' {
  const symbols: { readonly kHTTP2Session: symbol };
  export default symbols;
}
