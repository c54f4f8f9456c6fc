// What operations say, for clients that are called with listeners.

/** The data of what was said, without what it cost. */
export const data = (said) => said.map((result) => (result.errors ? result : result.data));

/** All that an operation says, until it is over: `{ said, problem }`. */
export function collect(client, payload) {
  const said = [];
  return new Promise((resolve) => {
    client.subscribe(payload, {
      next: (result) => said.push(result),
      error: (problem) => resolve({ said, problem }),
      complete: () => resolve({ said }),
    });
  });
}
