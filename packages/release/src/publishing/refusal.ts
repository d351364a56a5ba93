/** A release that must not be made. The message says why, that nothing was published, and what to do. */
export class ReleaseRefusal extends Error {
  override readonly name = 'ReleaseRefusal'
}
