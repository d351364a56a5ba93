import { runMain } from '@deploy-kit/core/runner'
import { action } from './action.ts'

void runMain(action)
