/** The version of the package, set by the bundle. */
declare const VIGIE_VERSION: string | undefined

export const VERSION: string = typeof VIGIE_VERSION === 'undefined' ? '0.0.0-source' : VIGIE_VERSION
