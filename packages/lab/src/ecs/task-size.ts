import { clientError } from './input.ts'

/** "1 vCPU" and "1024" are the same. @throws AwsError ClientException */
export function parseCpu(value: string): number {
  const match = /^\s*(\d*\.?\d+)\s*(vcpu)?\s*$/i.exec(value)
  if (match === null) throw clientError(`Invalid 'cpu' setting for task: ${value}`)
  return match[2] === undefined ? Number(match[1]) : Number(match[1]) * 1024
}

/** "1 GB" and "1024" are the same. @throws AwsError ClientException */
export function parseMemory(value: string): number {
  const match = /^\s*(\d*\.?\d+)\s*(gb)?\s*$/i.exec(value)
  if (match === null) throw clientError(`Invalid 'memory' setting for task: ${value}`)
  return match[2] === undefined ? Number(match[1]) : Number(match[1]) * 1024
}

/** Task memory, in MiB, that Fargate has for each task CPU. (TaskDefinition, cpu) */
const fargateSizes: Readonly<Record<number, { readonly from: number; readonly to: number; readonly step: number }>> = {
  512: { from: 1024, to: 4096, step: 1024 },
  1024: { from: 2048, to: 8192, step: 1024 },
  2048: { from: 4096, to: 16384, step: 1024 },
  4096: { from: 8192, to: 30720, step: 1024 },
  8192: { from: 16384, to: 61440, step: 4096 },
  16384: { from: 32768, to: 122880, step: 8192 },
}

/** @throws AwsError ClientException for a size that Fargate does not have */
export function checkFargateSize(cpu: number, memory: number): void {
  const size = fargateSizes[cpu]
  const fits =
    cpu === 256
      ? [512, 1024, 2048].includes(memory)
      : size !== undefined && memory >= size.from && memory <= size.to && (memory - size.from) % size.step === 0
  if (!fits) throw clientError('No Fargate configuration exists for given values.')
}
