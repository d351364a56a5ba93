import { type BrotliOptions, constants, type ZlibOptions } from 'node:zlib'

// A compressor is made for each file: one that is reset and used again remembers enough of the file before to make a
// byte more or less of the next, and sizes would depend on the order.

/** As `gzip -9` does it with its standard input, so without a name in the header; its bytes are GNU gzip's only nearly. */
export const gzipOptions: ZlibOptions = { level: 9 }

/** As `brotli -q 11` does it with its standard input, to the byte. Node's own window is smaller, for files above 4 MiB. */
export const brotliOptions: BrotliOptions = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  },
}
