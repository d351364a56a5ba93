/** An action.yml as far as the code reads it. Every default of an input lives there and nowhere else. */
export interface ActionManifest {
  readonly name: string
  readonly inputs: Readonly<Record<string, ManifestInput>>
  readonly outputs: Readonly<Record<string, { readonly description: string }>>
}

export interface ManifestInput {
  readonly description: string
  readonly required?: boolean
  readonly default?: string
}
