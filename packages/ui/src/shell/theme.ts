/** Dark, light or as the system says; kept in the browser. The page's head sets it before first paint. */
import { createContext, useCallback, useContext, useEffect, useState } from 'react'

export type ThemeChoice = 'dark' | 'light' | 'system'
export type Theme = 'dark' | 'light'

const STORAGE_KEY = 'vigie.theme'

/** The theme in force; charts are redrawn when it changes because a canvas has no stylesheet. */
export const ThemeContext = createContext<Theme>('dark')

/** What was chosen, and how to choose. */
export const ThemeChoiceContext = createContext<{
  choice: ThemeChoice
  choose: (choice: ThemeChoice) => void
}>({ choice: 'system', choose: () => undefined })

export const useTheme = (): Theme => useContext(ThemeContext)

function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(STORAGE_KEY)
    return stored === 'dark' || stored === 'light' ? stored : 'system'
  } catch {
    return 'system'
  }
}

export function useThemeChoice(): {
  theme: Theme
  choice: ThemeChoice
  choose: (choice: ThemeChoice) => void
} {
  const [choice, setChoice] = useState(readChoice)
  const [systemIsLight, setSystemIsLight] = useState(
    () => matchMedia('(prefers-color-scheme: light)').matches,
  )
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: light)')
    const update = (): void => setSystemIsLight(query.matches)
    query.addEventListener('change', update)
    return () => query.removeEventListener('change', update)
  }, [])
  const theme: Theme = choice === 'system' ? (systemIsLight ? 'light' : 'dark') : choice
  // While rendering, so that children that read colours from the stylesheet see the new ones.
  if (document.documentElement.dataset['theme'] !== theme) {
    document.documentElement.dataset['theme'] = theme
  }
  const choose = useCallback((next: ThemeChoice) => {
    setChoice(next)
    try {
      localStorage.setItem(STORAGE_KEY, next)
    } catch {
      // Storage can be forbidden; the choice then lasts until the page is closed.
    }
  }, [])
  return { theme, choice, choose }
}
