/**
 * What goes on with a script after its response, once all sockets that were ready have been read: while
 * one script runs, the responses behind it would be timed late.
 */

let waiting: (() => void)[] = []

/** Calls back in this turn of the event loop, after its I/O, in the order of asking. `proceed` must not throw. */
export function afterPoll(proceed: () => void): void {
  if (waiting.push(proceed) === 1) setImmediate(flush)
}

function flush(): void {
  const ready = waiting
  waiting = []
  for (let i = 0; i < ready.length; i++) ready[i]!()
}
