import { runPost } from '@deploy-kit/core/runner'
import { action } from './action.ts'

void runPost(action)
