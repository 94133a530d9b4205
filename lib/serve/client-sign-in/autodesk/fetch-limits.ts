/** How many documents are fetched at one moment: strangers choose the addresses, and hosts can be slow on purpose. */

/** The most fetches at one moment: together, and from one host. */
const most = 32;
const mostFromHost = 4;

export type FetchLimits = {
  /** Begins a fetch from a host: what ends it, or undefined if there are too many. Fetches do not queue. */
  begin(host: string): (() => void) | undefined;
};

export function createFetchLimits(): FetchLimits {
  const hosts: string[] = [];
  return {
    begin(host) {
      if (hosts.length >= most || hosts.filter((other) => other === host).length >= mostFromHost)
        return undefined;
      hosts.push(host);
      return () => void hosts.splice(hosts.indexOf(host), 1);
    },
  };
}
