import { runMain } from '@deploy-kit/core/runner'
import { action } from './action.ts'

await runMain(action)
