/** Whether an element has come near the window; once it has, it stays so. */
import { useEffect, useState, type RefObject } from 'react'

/** Panels this far outside of the window are already queried. */
const MARGIN = '250px'

export function useVisible(ref: RefObject<HTMLElement | null>): boolean {
  const [isVisible, setVisible] = useState(false)
  useEffect(() => {
    const element = ref.current
    if (!element || isVisible) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setVisible(true)
      },
      { rootMargin: MARGIN },
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [ref, isVisible])
  return isVisible
}
