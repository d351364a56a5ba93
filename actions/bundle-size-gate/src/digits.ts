/** `1234567` as `1,234,567`. toLocaleString would do, but takes 10 ms to load, a fifth of a short run. */
export function groupDigits(whole: number): string {
  return String(whole).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}
