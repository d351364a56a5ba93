/** An answer that GitHub gives instead of what was asked for. */
export class GitHubError extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What a 422 has in `errors`. */
  readonly errors: readonly object[] | undefined

  constructor(
    status: number,
    message: string,
    options: { headers?: Readonly<Record<string, string>>; errors?: readonly object[] } = {},
  ) {
    super(message)
    this.name = 'GitHubError'
    this.status = status
    this.headers = options.headers ?? {}
    this.errors = options.errors
  }
}

export function notFound(): GitHubError {
  return new GitHubError(404, 'Not Found')
}

/** @see https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed */
export function unprocessable(message: string): GitHubError {
  return new GitHubError(422, message)
}
