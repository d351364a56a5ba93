import * as v from 'valibot'

export const packageListSchema = v.array(v.strictObject({ name: v.string(), version: v.string(), license: v.string() }))

/** npm packages of which code is in a bundle; the licence is an SPDX identifier. */
export type PackageList = v.InferOutput<typeof packageListSchema>

/** The packages of each action, by the action's name: what an SBOM lists. */
export type BundledPackages = Readonly<Record<string, PackageList>>

export function parseBundledPackages(json: string): BundledPackages {
  return v.parse(v.record(v.string(), packageListSchema), JSON.parse(json))
}
