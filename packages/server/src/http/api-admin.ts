/** `/admin/tsdb/…`: deletion and snapshots, behind --web.enable-admin-api; and `/status/tsdb/blocks`. */
import { quote } from '@vigie/model'
import { type Answer, type Call, type Handler, json } from './answer.ts'
import { ApiError, badData, badParameter } from './api-error.ts'
import { endParam, matchersParam, named, startParam } from './params.ts'
import { FALSE, TRUE } from './booleans.ts'

/** Refuses unless the API is switched on. */
export const whenEnabled =
  (handler: Handler): Handler =>
  (call) => {
    if (!call.vigie.switches.admin) throw new ApiError('unavailable', 'admin APIs disabled')
    return handler(call)
  }

export async function deleteSeries({ params, vigie }: Call): Promise<'nothing'> {
  if (!params.has('match[]')) throw badData('no match[] parameter provided')
  const [minT, maxT] = [startParam(params), endParam(params)]
  const matchers = named('match[]', () => matchersParam(params))
  await vigie.storage.deleteSeries(matchers, minT, maxT)
  return 'nothing'
}

export async function cleanTombstones({ vigie }: Call): Promise<'nothing'> {
  await vigie.storage.cleanTombstones()
  return 'nothing'
}

export async function snapshot({ params, vigie }: Call): Promise<Answer> {
  return json({ name: await vigie.storage.snapshot({ skipHead: skipHeadParam(params) }) })
}

function skipHeadParam(params: URLSearchParams): boolean {
  const text = params.get('skip_head') ?? ''
  if (text === '' || FALSE.includes(text)) return false
  if (TRUE.includes(text)) return true
  throw badParameter(
    'skip_head',
    `unable to parse boolean: strconv.ParseBool: parsing ${quote(text)}: invalid syntax`,
  )
}

export const tsdbBlocks = ({ vigie }: Call): Answer => json({ blocks: vigie.storage.blocks() })
