/** An option of the AWS CLI with its values; a switch has none. */
export type RestoreOption = readonly [name: string, ...values: string[]]

/** Leaves out the options that have no value; `['--multi-az']` is a switch and stays. */
export function presentOptions(
  options: readonly (readonly [name: string, ...values: (string | undefined)[]])[],
): readonly RestoreOption[] {
  return options.flatMap(([name, ...values]) => {
    const given = values.filter((value) => value !== undefined)
    const isSwitch = values.length === 0 && !name.endsWith('-ids')
    return isSwitch || given.length > 0 ? [[name, ...given] as const] : []
  })
}
