/** How a websocket ended, in the words that k6 has for it. */

const CLOSE_NAMES = new Map([
  [1002, 'protocol error'],
  [1003, 'unsupported data'],
  [1005, 'no status'],
  [1006, 'abnormal closure'],
  [1007, 'invalid payload data'],
  [1008, 'policy violation'],
  [1009, 'message too big'],
  [1010, 'mandatory extension missing'],
  [1011, 'internal server error'],
  [1015, 'TLS handshake error'],
])

export function closeText(code: number, reason: string): string {
  const name = CLOSE_NAMES.get(code)
  return `websocket: close ${code}${name === undefined ? '' : ` (${name})`}${reason === '' ? '' : `: ${reason}`}`
}
