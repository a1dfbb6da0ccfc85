/** Bodies of the protobuf format, put together field by field. */

type Field = Uint8Array

function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  return [...out, Number(rest)]
}

const join = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))

export const uint = (field: number, value: number | bigint): Field =>
  Uint8Array.from([...varint(field << 3), ...varint(value)])

export const sint = (field: number, value: number): Field =>
  uint(field, value < 0 ? -value * 2 - 1 : value * 2)

export function double(field: number, value: number): Field {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return join([Uint8Array.from(varint((field << 3) | 1)), bytes])
}

export const bytes = (field: number, content: Uint8Array): Field =>
  join([Uint8Array.from([...varint((field << 3) | 2), ...varint(content.length)]), content])

export const text = (field: number, content: string): Field => bytes(field, Buffer.from(content))

export const message = (field: number, ...fields: Field[]): Field => bytes(field, join(fields))

export const packedSints = (field: number, ...values: number[]): Field =>
  bytes(field, Uint8Array.from(values.flatMap((v) => varint(v < 0 ? -v * 2 - 1 : v * 2))))

export const packedDoubles = (field: number, ...values: number[]): Field =>
  bytes(field, join(values.map((value) => double(0, value).slice(1))))

export const label = (name: string, value: string): Field =>
  message(1, text(1, name), text(2, value))

export const span = (field: number, offset: number, length: number): Field =>
  message(field, sint(1, offset), uint(2, length))

export const exemplar = (
  field: number,
  id: string,
  value: number,
  time?: [seconds: number, nanos: number],
): Field =>
  message(
    field,
    label('id', id),
    double(2, value),
    ...(time === undefined ? [] : [message(3, uint(1, time[0]), uint(2, time[1]))]),
  )

export const COUNTER = 0
export const GAUGE = 1
export const SUMMARY = 2
export const UNTYPED = 3
export const HISTOGRAM = 4
export const GAUGE_HISTOGRAM = 5

export const metric = (...fields: Field[]): Field => message(4, ...fields)

/** A family behind its length. */
export function family(name: string, type: number, help: string, ...fields: Field[]): Field {
  const content = join([text(1, name), text(2, help), uint(3, type), ...fields])
  return join([Uint8Array.from(varint(content.length)), content])
}

export const body = (...families: Field[]): Buffer => Buffer.concat(families)
