/** `response.submitForm` and `response.clickLink`: what a browser would send next, from the page that came. */
import { HttpFailure } from '../http/failure.ts'
import { type RequestUrl, parseRequestUrl, resolveLocation } from '../http/url.ts'
import type { Selection } from './html/selection.ts'
import { encodeForm } from './http-body.ts'
import { goError } from './go-error.ts'
import { textOf } from './text.ts'

export interface NextRequest {
  method: string
  url: string
  body: unknown
  params: unknown
}

interface Page {
  url: string
  /** What `response.html(selector)` gives. */
  html: (selector: string) => Selection
}

/** Throws GoError when there is no such form. */
export function formRequest(page: Page, given: unknown): NextRequest {
  const options = (given ?? {}) as Record<string, unknown>
  const selector = textOption(options, 'formSelector', 'form')
  const form = page.html(selector)
  if (form.size() === 0)
    throw goError(`no form found for selector '${selector}' in response '${page.url}'`)
  const method = textOf(form.attr('method') ?? 'GET').toUpperCase()
  const action = form.attr('action')
  const url = action === undefined ? page.url : resolve(textOf(action), page.url)
  const values: Record<string, unknown> = form.serializeObject()
  const submit = form.find(textOption(options, 'submitSelector', '[type="submit"]'))
  const name = submit.attr('name')
  const value = submit.val()
  if (name !== undefined && value !== undefined) values[textOf(name)] = value
  Object.assign(values, options['fields'])
  const params = options['params'] ?? null
  if (method !== 'GET') return { method, url, body: values, params }
  const texts = Object.fromEntries(Object.entries(values).map(([key, one]) => [key, textOf(one)]))
  const query = encodeForm(texts, () => {})
  const [address, fragment] = url.split('#', 2) as [string, string?]
  const target = `${address.replace(/\?.*$/s, '')}${query === '' ? '' : `?${query}`}`
  return {
    method,
    url: target + (fragment === undefined ? '' : `#${fragment}`),
    body: null,
    params,
  }
}

/** Throws GoError when there is no such link. */
export function linkRequest(page: Page, given: unknown): NextRequest {
  const options = (given ?? {}) as Record<string, unknown>
  const selector = textOption(options, 'selector', 'a[href]')
  const link = page.html(selector)
  if (link.size() === 0)
    throw goError(`no element found for selector '${selector}' in response '${page.url}'`)
  const href = link.attr('href')
  if (href === undefined) {
    throw goError(
      `no valid href attribute value found on element '${selector}' in response '${page.url}'`,
    )
  }
  const url = resolve(textOf(href), page.url)
  return { method: 'GET', url, body: null, params: options['params'] ?? null }
}

function textOption(options: Record<string, unknown>, name: string, otherwise: string): string {
  return name in options ? textOf(options[name]) : otherwise
}

function resolve(location: string, from: string): string {
  try {
    const base: RequestUrl = parseRequestUrl(from)
    return resolveLocation(location, base)
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error
    throw goError(error.message.replace(/^invalid URL: /, ''))
  }
}
