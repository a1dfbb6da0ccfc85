/**
 * Text panels: Markdown or HTML written by whoever made the dashboard. It is sanitised always: no
 * scripts, no event handlers, no forms, no frames, links open elsewhere.
 */
import DOMPurify from 'dompurify'
import { marked } from 'marked'
import { useMemo, type ReactElement } from 'react'

const FORBIDDEN_TAGS = [
  'style',
  'form',
  'input',
  'button',
  'textarea',
  'select',
  'iframe',
  'object',
]

export function TextContent({
  mode,
  content,
}: {
  mode: 'markdown' | 'html' | 'code'
  content: string
}): ReactElement {
  const html = useMemo(() => sanitised(mode, content), [mode, content])
  if (mode === 'code') return <pre className="code-block">{content}</pre>
  return <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
}

function sanitised(mode: 'markdown' | 'html' | 'code', content: string): string {
  if (mode === 'code') return ''
  const html = mode === 'markdown' ? marked.parse(content, { async: false }) : content
  const safe = DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true, svg: true },
    FORBID_TAGS: FORBIDDEN_TAGS,
    RETURN_DOM_FRAGMENT: true,
  })
  for (const link of safe.querySelectorAll('a[href]')) {
    link.setAttribute('target', '_blank')
    link.setAttribute('rel', 'noreferrer noopener')
  }
  const box = document.createElement('div')
  box.append(safe)
  return box.innerHTML
}
