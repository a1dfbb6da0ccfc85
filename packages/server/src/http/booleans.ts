/** What Go's strconv.ParseBool takes. */
export const TRUE: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True']
export const FALSE: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False']
