import { expect, test } from 'vitest'
import { formatSize, parseSize } from './size.ts'

test.each([
  ['250 kB', 250_000],
  ['250kB', 250_000],
  ['250 KiB', 256_000],
  ['1.5 MB', 1_500_000],
  ['2 MiB', 2_097_152],
  ['712', 712],
  ['712 B', 712],
])('parseSize reads %s as %d bytes', (given, bytes) => {
  expect(parseSize(given)).toBe(bytes)
})

test.each([
  ['-1 kB', "'-1 kB' is negative; write a number with a unit, such as 250 kB, 1.5 MB or 250 KiB"],
  ['a lot', "'a lot' is not a size; write a number with a unit, such as 250 kB, 1.5 MB or 250 KiB"],
  ['5 pages', "'5 pages' has an unknown unit 'pages'; units are B, kB, MB, GB, KiB, MiB and GiB"],
  ['99999999999999 GB', "'99999999999999 GB' is too large"],
])('parseSize refuses %s', (given, message) => {
  expect(() => parseSize(given)).toThrow(message)
})

test.each([
  [0, '0 B'],
  [-712, '-712 B'],
  [12_345, '12.3 kB'],
  [999_999, '1.00 MB'],
  [1_250_000, '1.25 MB'],
  [-5120, '-5.12 kB'],
])('formatSize shows %d as %s', (bytes, shown) => {
  expect(formatSize(bytes)).toBe(shown)
})
