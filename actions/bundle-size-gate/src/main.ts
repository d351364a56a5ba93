import { runMain } from '@deploy-kit/core/runner'
import { bundleSizeGate } from './action.ts'

void runMain(bundleSizeGate)
