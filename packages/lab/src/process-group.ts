/**
 * Signals every process of a group; 0 only asks whether there is one.
 * @returns false when the group is gone, which is what the caller of a signal wants in the end
 */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal)
  } catch {
    return false
  }
}
