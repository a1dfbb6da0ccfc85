/** A self-signed certificate of game.example and 127.0.0.1, for tests; it protects nothing. */
const pem = (type: string, lines: string[]): string =>
  [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`, ''].join('\n')

export const key: string = pem('PRIVATE KEY', [
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWdqIGTmLzj9juaG5',
  'svhVOcIcCkhMIXrL3Q5yeKRwaluhRANCAAQWDx6FGNYNsZs4AC2vicIvZOW1yxB3',
  'ILcljYfEGlOWrhdWwaRoBocigTLvrga8F1NbU2RuDB6J2GPnJPq57n+7',
])

export const cert: string = pem('CERTIFICATE', [
  'MIIBXjCCAQWgAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxnYW1lLmV4',
  'YW1wbGUwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBcxFTATBgNV',
  'BAMMDGdhbWUuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBYPHoUY',
  '1g2xmzgALa+Jwi9k5bXLEHcgtyWNh8QaU5auF1bBpGgGhyKBMu+uBrwXU1tTZG4M',
  'HonYY+ck+rnuf7ujQDA+MB0GA1UdEQQWMBSCDGdhbWUuZXhhbXBsZYcEfwAAATAd',
  'BgNVHQ4EFgQUZyssDEO7/1oVugR9ZrmzFHbbxUYwCgYIKoZIzj0EAwIDRwAwRAIg',
  'aXuBhiWswCVKNdeagHTpWN/3PlCk2amrZZXHqpuZNL0CIDI3i9d4MWPsPebxuzrT',
  'aX45FqO19L9hzX0L16KRivqm',
])
