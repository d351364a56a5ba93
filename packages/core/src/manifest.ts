/**
 * An action.yml as far as the code reads it. Every default of an input lives there and nowhere else.
 * Descriptions are left out: they are for people and would only make the bundles larger.
 */
export interface ActionManifest {
  readonly name: string
  readonly inputs: Readonly<Record<string, ManifestInput>>
  /** Keys are the names; there is nothing else to know about an output. */
  readonly outputs: Readonly<Record<string, object>>
}

export interface ManifestInput {
  readonly required?: boolean
  readonly default?: string
}
