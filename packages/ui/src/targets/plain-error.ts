/** A scrape's last error in words for somebody who did not write the scraper. */

const KNOWN: [RegExp, string][] = [
  [/ECONNREFUSED|connection refused/i, 'Nothing listens there (connection refused)'],
  [/ENOTFOUND|no such host|EAI_AGAIN/i, 'The host name is not known'],
  [
    /ECONNRESET|socket hang up|connection reset|other side closed/i,
    'It closed the connection before answering',
  ],
  [/EHOSTUNREACH|ENETUNREACH|no route to host/i, 'The host cannot be reached'],
  [/deadline exceeded|timed? ?out|ETIMEDOUT|no answer within/i, 'No answer in time'],
  [/certificate|self.signed|CERT_/i, 'Its certificate is not accepted'],
  [/server returned HTTP status (\d+)/i, 'It answered HTTP $1'],
]

/** The plain sentence, or the text as it is when it is none of the usual ones. */
export function plainError(error: string): string {
  for (const [pattern, words] of KNOWN) {
    const match = pattern.exec(error)
    if (match) return words.replace('$1', match[1] ?? '')
  }
  return error
}
