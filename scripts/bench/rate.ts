/** How fast a server answers. */

/** Length of one turn in milliseconds. Short, so that all subjects run under the same load. */
const turn = 500;

/**
 * Calls per second, of several clients with several concurrent calls each.
 *
 * @param call - makes one call and waits for its answer
 */
export async function callsPerSecond<Client>(
  clients: readonly Client[],
  callsAtOnce: number,
  call: (client: Client) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  let calls = 0;
  const worker = async (client: Client) => {
    while (performance.now() - began < turn) {
      await call(client);
      calls += 1;
    }
  };
  await Promise.all(clients.flatMap((client) => Array.from({ length: callsAtOnce }, () => worker(client))));
  return (calls * 1000) / (performance.now() - began);
}
