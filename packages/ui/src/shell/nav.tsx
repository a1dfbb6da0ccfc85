/** The navigation: at the left, narrow on small windows, a bar at the bottom on phones. */
import { useContext, type ReactElement } from 'react'
import { Link, useLocation } from 'wouter'
import { useApi, useLoaded } from '../api/use-api.ts'
import type { Alert } from '../api/prometheus.ts'
import { Icon, Logo, type IconName } from '../controls/icon.tsx'
import { ThemeChoiceContext, type ThemeChoice } from './theme.ts'

const LINKS: { path: string; label: string; icon: IconName; also?: string }[] = [
  { path: '/', label: 'Overview', icon: 'overview' },
  { path: '/dashboards', label: 'Dashboards', icon: 'dashboards', also: '/d/' },
  { path: '/explore', label: 'Explore', icon: 'explore', also: '/graph' },
  { path: '/alerts', label: 'Alerts', icon: 'alerts' },
  { path: '/targets', label: 'Targets', icon: 'targets' },
  { path: '/load', label: 'Load', icon: 'load' },
]

const ALERTS_EVERY_MS = 5000

export function Nav({ version }: { version: string | undefined }): ReactElement {
  const [location] = useLocation()
  const firing = useFiringCount()
  return (
    <nav className="nav" aria-label="Pages">
      <Link className="nav-logo" href="/" aria-label="Vigie, overview">
        <Logo />
        <span>Vigie</span>
      </Link>
      {LINKS.map(({ path, label, icon, also }) => {
        const isOn =
          path === '/'
            ? location === '/'
            : location.startsWith(path) || (also !== undefined && location.startsWith(also))
        return (
          <Link
            key={path}
            href={path}
            className={isOn ? 'nav-link on' : 'nav-link'}
            aria-current={isOn ? 'page' : undefined}
            data-testid={`nav-${label.toLowerCase()}`}
            title={label}
          >
            <Icon name={icon} />
            <span className="nav-label">{label}</span>
            {path === '/alerts' && firing > 0 && (
              <span className="nav-badge num" aria-label={`${firing} firing`}>
                {firing}
              </span>
            )}
          </Link>
        )
      })}
      <div className="nav-foot">
        <span className="version num">{version ? `v${version}` : ''}</span>
        <ThemeButton />
      </div>
    </nav>
  )
}

const NEXT: Record<ThemeChoice, ThemeChoice> = { dark: 'light', light: 'system', system: 'dark' }
const THEME_ICON: Record<ThemeChoice, IconName> = { dark: 'moon', light: 'sun', system: 'system' }

export function ThemeButton(): ReactElement {
  const { choice, choose } = useContext(ThemeChoiceContext)
  const text = `Theme: ${choice}. Change to ${NEXT[choice]}`
  return (
    <button
      type="button"
      className="btn ghost icon"
      style={{ marginLeft: 'auto' }}
      aria-label={text}
      title={text}
      data-testid="theme"
      onClick={() => choose(NEXT[choice])}
    >
      <Icon name={THEME_ICON[choice]} size={15} />
    </button>
  )
}

function useFiringCount(): number {
  const api = useApi()
  const { data } = useLoaded(
    'v1/alerts',
    async (signal) => (await api.prom<{ alerts: Alert[] }>('alerts', {}, signal)).data.alerts,
    ALERTS_EVERY_MS,
  )
  return data?.filter((alert) => alert.state === 'firing').length ?? 0
}
