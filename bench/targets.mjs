// The watched side of the scrape benches: one process that serves `count` targets on ports of their own, each
// with `series` series of which every value changes at every scrape. Prints its ports as JSON.
import { createServer } from 'node:http'

const [count, series] = process.argv.slice(2).map(Number)
const HANDLERS = ['cart', 'order', 'user', 'pay', 'ship', 'search', 'login', 'home']
const CODES = ['200', '201', '204', '301', '400', '404', '429', '500', '502', '503']

const names = []
for (let i = 0; names.length < series; i++) {
  for (const handler of HANDLERS)
    for (const code of CODES)
      if (names.length < series)
        names.push(
          `app_requests_total_${i}{handler="/api/v1/${handler}",method="GET",code="${code}",zone="eu-west-1"} `,
        )
}

const servers = Array.from({ length: count }, (_, target) => {
  let scrapes = 0
  return createServer((_request, response) => {
    scrapes++
    let body = ''
    for (let i = 0; i < names.length; i++)
      body += names[i] + (i * 7 + scrapes * (1 + ((i + target) % 13))) + '\n'
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
    response.end(body)
  })
})
await Promise.all(
  servers.map((server) => new Promise((done) => server.listen(0, '127.0.0.1', done))),
)
console.log(JSON.stringify(servers.map((server) => server.address().port)))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
