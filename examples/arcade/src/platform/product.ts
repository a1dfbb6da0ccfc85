/** The one game of the arcade; every path and table names it. */
export const product = 'exrps'
