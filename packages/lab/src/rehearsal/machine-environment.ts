import { delimiter, dirname } from 'node:path'

/**
 * The variables of the user's own machine that a rehearsed step sees. Everything else stays out: a step must not find
 * the user's AWS keys, tokens or cluster configuration and act on something real.
 */
const passed = [
  ...['LANG', 'LANGUAGE', 'LC_ALL', 'LC_CTYPE', 'LOGNAME', 'SHELL', 'TZ', 'USER'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
  ...['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_DIR', 'SSL_CERT_FILE'],
  // Where managers of tools keep them; they would look under HOME, which a job has of its own.
  ...['ANDROID_HOME', 'ASDF_DATA_DIR', 'ASDF_DIR', 'DOTNET_ROOT', 'GOROOT', 'JAVA_HOME', 'MISE_DATA_DIR', 'NVM_DIR'],
  ...['PYENV_ROOT', 'RBENV_ROOT', 'RUSTUP_HOME', 'VOLTA_HOME'],
]

export function machineVariables(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const variables = Object.fromEntries(
    passed.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  )
  // The folders that a package manager adds while it runs a script are not the machine's; a node there always is.
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '' && !isOfScript(folder))
  const path = [...new Set([...folders, dirname(process.execPath)])].join(delimiter)
  // There is no instance whose metadata could be asked, and waiting to find out takes seconds.
  return { ...variables, PATH: path, AWS_EC2_METADATA_DISABLED: 'true' }
}

function isOfScript(folder: string): boolean {
  return /[\\/]node_modules[\\/]\.bin$|[\\/]node-gyp-bin$/.test(folder)
}
