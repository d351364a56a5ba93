/** Replaces every secret in a text. GitHub masks the log alone; outputs, summaries and annotations are ours to keep clean. */
export class Redaction {
  readonly #secrets = new Set<string>()

  /** A secret, and each line of it that is long enough to be one by itself (as GitHub's runner does). */
  add(secret: string): readonly string[] {
    const forms = new Set(
      [secret, ...secret.split(/\r?\n/)].map((form) => form.trim()).filter((form) => form.length > 3),
    )
    if (secret.trim() !== '') forms.add(secret.trim())
    for (const form of forms) this.#secrets.add(form)
    return [...forms]
  }

  apply(text: string): string {
    let clean = text
    for (const secret of [...this.#secrets].sort((a, b) => b.length - a.length)) {
      clean = clean.replaceAll(secret, '***')
    }
    return clean
  }
}
