import { expect, test } from 'vitest'
import { insideWorkspace } from './pattern.ts'

test('an absolute pattern in the workspace is one of the workspace, on Windows too', () => {
  expect(insideWorkspace('/work/app/dist/*.js', '/work/app')).toBe('dist/*.js')
  expect(insideWorkspace('D:\\a\\app/dist/*.js', 'D:\\a\\app')).toBe('dist/*.js')
  expect(insideWorkspace('D:\\a\\app\\dist\\main.js', 'D:\\a\\app')).toBe('dist/main.js')
  expect(() => insideWorkspace('D:\\a\\other\\main.js', 'D:\\a\\app')).toThrow('leaves the workspace')
})
