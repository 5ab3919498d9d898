/** A GET through a dispatcher, without a pool around it. */

import type { Dispatcher } from 'undici';

/** Resolves with its status, or with the code of its error. */
export function plainGet(
  dispatcher: Pick<Dispatcher, 'dispatch'>,
  origin: string,
): Promise<unknown> {
  return new Promise((resolve) => {
    let answer: unknown;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {},
      onResponseStart: (_controller, status) => {
        answer = status;
      },
      onResponseData: () => {},
      onResponseEnd: () => resolve(answer),
      onResponseError: (_controller, error) => resolve((error as NodeJS.ErrnoException).code),
    };
    dispatcher.dispatch({ origin, path: '/', method: 'GET' }, handler);
  });
}
