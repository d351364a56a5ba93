import { describe, expect, it } from 'vitest'
import {
  chooseContainer,
  mergeEnvironment,
  replaceImage,
  type TaskDefinitionInput,
  toRegisterInput,
} from './task-definition.ts'
import { isSameTaskDefinition } from './task-definition-equality.ts'
import { isTaskDefinitionFile, parseTaskDefinition } from './task-definition-file.ts'

const definition: TaskDefinitionInput = {
  family: 'web',
  containerDefinitions: [
    { name: 'app', image: 'repo/app:1', environment: [{ name: 'A', value: '1' }] },
    { name: 'sidecar', image: 'repo/sidecar:1', essential: false },
  ],
}

describe('what is registered', () => {
  it('leaves out what is read-only and keeps what the SDK does not know', () => {
    const described = {
      ...definition,
      taskDefinitionArn: 'arn:x',
      revision: 3,
      status: 'ACTIVE',
      compatibilities: ['EC2'],
      memberOfTomorrow: { a: 1 },
    }
    expect(
      toRegisterInput(described, [
        { key: 'team', value: 'money' },
        { key: 'aws:cloudformation:stack-name', value: 's' },
      ]),
    ).toEqual({
      ...definition,
      memberOfTomorrow: { a: 1 },
      tags: [{ key: 'team', value: 'money' }],
    })
  })

  it('changes the image of one container and nothing else', () => {
    const changed = replaceImage({ ...definition, memberOfTomorrow: 1 }, 'app', 'repo/app:2')
    expect(changed.containerDefinitions.map((container) => container.image)).toEqual(['repo/app:2', 'repo/sidecar:1'])
    expect(changed.memberOfTomorrow).toBe(1)
  })

  it('merges variables, keeping the ones that are there', () => {
    const changed = mergeEnvironment(definition, 'app', [
      ['B', '2'],
      ['A', '3'],
    ])
    expect(changed.containerDefinitions[0]?.environment).toEqual([
      { name: 'A', value: '3' },
      { name: 'B', value: '2' },
    ])
  })

  it('refuses a variable that is a secret already', () => {
    const withSecret = {
      ...definition,
      containerDefinitions: [{ name: 'app', image: 'i', secrets: [{ name: 'A', valueFrom: 'arn' }] }],
    }
    expect(() => mergeEnvironment(withSecret, 'app', [['A', '1']])).toThrow(/A is a secret of the container app/)
  })
})

describe('the container that is meant', () => {
  it('is the only essential one', () => {
    expect(chooseContainer(definition, undefined).name).toBe('app')
  })

  it('has to be named when several are essential, and the error names them', () => {
    const two = {
      ...definition,
      containerDefinitions: [
        { name: 'a', image: 'i' },
        { name: 'b', image: 'i' },
      ],
    }
    expect(() => chooseContainer(two, undefined)).toThrow(/2 essential containers \(a, b\)/)
    expect(chooseContainer(two, 'b').name).toBe('b')
    expect(() => chooseContainer(two, 'c')).toThrow(/no container c; it has a, b/)
  })
})

describe('equality', () => {
  it('does not mind what ECS fills in, nor the order of variables', () => {
    const asRegistered: TaskDefinitionInput = {
      family: 'web',
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      volumes: [],
      placementConstraints: [],
      containerDefinitions: [
        {
          name: 'app',
          image: 'i',
          cpu: 0,
          essential: true,
          mountPoints: [],
          volumesFrom: [],
          portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' }],
          environment: [
            { name: 'B', value: '2' },
            { name: 'A', value: '1' },
          ],
        },
      ],
    }
    const asWritten: TaskDefinitionInput = {
      family: 'web',
      networkMode: 'awsvpc',
      cpu: '.25 vCPU',
      memory: '0.5 GB',
      containerDefinitions: [
        {
          name: 'app',
          image: 'i',
          portMappings: [{ containerPort: 80 }],
          environment: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
      ],
    }
    expect(isSameTaskDefinition(asRegistered, asWritten)).toBe(true)
  })

  it('sees a member that the SDK does not know, a tag and an image', () => {
    expect(isSameTaskDefinition(definition, { ...definition, memberOfTomorrow: true })).toBe(false)
    expect(isSameTaskDefinition(definition, { ...definition, tags: [{ key: 'a', value: 'b' }] })).toBe(false)
    expect(isSameTaskDefinition(definition, replaceImage(definition, 'app', 'other'))).toBe(false)
  })
})

describe('a file', () => {
  it('is told from a family and an ARN', () => {
    expect(['task.json', 'deploy/task', './x'].map(isTaskDefinitionFile)).toEqual([true, true, true])
    expect(
      ['web', 'web:3', 'arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3'].map(isTaskDefinitionFile),
    ).toEqual([false, false, false])
  })

  it('may be what describe-task-definition printed', () => {
    const content = JSON.stringify({
      taskDefinition: { ...definition, revision: 3, status: 'ACTIVE' },
      tags: [{ key: 'a', value: 'b' }],
    })
    expect(parseTaskDefinition(content, 'f.json')).toEqual({ ...definition, tags: [{ key: 'a', value: 'b' }] })
  })

  it.each([
    ['nonsense', /f.json is not JSON/],
    ['[]', /family/],
    ['{"family":"web","containerDefinitions":[]}', /at least one container/],
    ['{"family":"web","containerDefinitions":[{"image":"i"}]}', /containerDefinitions.0.name/],
    ['{"family":"web","containerDefinitions":[{"name":"a","image":"i"},{"name":"a","image":"i"}]}', /same name/],
    ['{"family":"web","containerDefinitions":[{"name":"a","image":"i","essential":false}]}', /must be essential/],
    ['{"family":"a b","containerDefinitions":[{"name":"a","image":"i"}]}', /family/],
    ['{"Family":"web","ContainerDefinitions":[]}', /CloudFormation/],
    [
      '{"family":"web","containerDefinitions":[{"name":"a","image":"i","environment":[{"name":"A","value":1}]}]}',
      /environment.0.value/,
    ],
  ])('that is no task definition is refused: %s', (content, message) => {
    expect(() => parseTaskDefinition(content, 'f.json')).toThrow(message)
  })
})
