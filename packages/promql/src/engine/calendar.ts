/**
 * The functions of the calendar: parts of a date in UTC, from seconds since the epoch. Years go as
 * far as numbers do, so this is own arithmetic and not Date's (Howard Hinnant's civil_from_days).
 */
import type { ValueFunction } from './value-functions.ts'

const DAY_S = 86_400
/** Days of 400 years. */
const ERA_DAYS = 146_097
/** From 0000-03-01, where the count of eras begins, to 1970-01-01. */
const EPOCH_DAYS = 719_468

interface CivilDate {
  year: number
  /** 1 to 12. */
  month: number
  /** 1 to 31. */
  day: number
}

function dateOf(days: number): CivilDate {
  const shifted = days + EPOCH_DAYS
  const era = Math.floor(shifted / ERA_DAYS)
  const dayOfEra = shifted - era * ERA_DAYS
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  // Years begin in March here, so that the leap day is the last one.
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  return { year, month, day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1 }
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const monthLength = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : LENGTHS[month - 1]

function dayOfYear({ year, month, day }: CivilDate): number {
  let days = day
  for (let m = 1; m < month; m++) days += monthLength(year, m)
  return days
}

/** Never negative, and exact: the remainder of numbers is. */
const modulo = (a: number, b: number): number => ((a % b) + b) % b

/** `ofNone` is what Prometheus gives for what is no time: NaN and all beyond 64 bits. */
const calendar =
  (ofNone: number, read: (seconds: number, days: number) => number): ValueFunction =>
  (v) => {
    const seconds = Math.trunc(v)
    return Math.abs(seconds) < 2 ** 63
      ? read(seconds, (seconds - modulo(seconds, DAY_S)) / DAY_S)
      : ofNone
  }

const ofDate = (ofNone: number, read: (date: CivilDate) => number): ValueFunction =>
  calendar(ofNone, (_seconds, days) => read(dateOf(days)))

export const CALENDAR_FUNCTIONS: ReadonlyMap<string, ValueFunction> = new Map<
  string,
  ValueFunction
>([
  ['minute', calendar(30, (seconds) => Math.floor(modulo(seconds, 3600) / 60))],
  ['hour', calendar(15, (seconds) => Math.floor(modulo(seconds, DAY_S) / 3600))],
  // The epoch was a Thursday.
  ['day_of_week', calendar(0, (_seconds, days) => modulo(days + 4, 7))],
  ['day_of_month', ofDate(4, ({ day }) => day)],
  ['day_of_year', ofDate(339, dayOfYear)],
  ['days_in_month', ofDate(31, ({ year, month }) => monthLength(year, month))],
  ['month', ofDate(12, ({ month }) => month)],
  ['year', ofDate(292_277_026_596, ({ year }) => year)],
])
