/** The encodings of chunks, by the byte that stands before their data in files. */
export const XOR = 1
export const HISTOGRAM = 2
export const FLOAT_HISTOGRAM = 3
/** Of newer servers, when their configuration asks for it: read, never written. */
export const XOR2 = 4
