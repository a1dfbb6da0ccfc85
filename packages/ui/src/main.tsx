import './styles/main.css'
import { createRoot } from 'react-dom/client'
import { createApi } from './api/client.ts'
import { App } from './app.tsx'

createRoot(document.getElementById('app')!).render(
  <App api={createApi((input, init) => fetch(input, init))} />,
)
