import type { IDeployment } from 'kubernetes-models/apps/v1'

/** The kinds of volumes that the standard lets a pod have. */
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/**
 * What a pod does that the standard "restricted" forbids, the rules of "baseline" included that are about what this
 * repository could write. https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export function violations({ spec }: IDeployment): string[] {
  const pod = spec?.template.spec
  const containers = [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])]
  const all = [pod?.securityContext, ...containers.map(({ securityContext }) => securityContext)]
  const rules: [string, boolean][] = [
    ['shares a namespace of the node', [pod?.hostNetwork, pod?.hostPID, pod?.hostIPC].every((host) => !host)],
    [
      'has a port of the node',
      containers.every(({ ports }) => ports?.every(({ hostPort }) => !hostPort) ?? true),
    ],
    ['has a volume of another kind', (pod?.volumes ?? []).every(isAllowed)],
    ['may be root', pod?.securityContext?.runAsNonRoot === true],
    ['may be root again', all.every((context) => context?.runAsNonRoot !== false)],
    [
      'is root',
      all.every((context) => context?.runAsUser !== 0) && Number(pod?.securityContext?.runAsUser) > 0,
    ],
    ['has no filter of system calls', pod?.securityContext?.seccompProfile?.type === 'RuntimeDefault'],
    ['is privileged', containers.every(({ securityContext }) => !securityContext?.privileged)],
    [
      'may get more privileges',
      containers.every(({ securityContext }) => securityContext?.allowPrivilegeEscalation === false),
    ],
    [
      'keeps capabilities',
      containers.every(({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL')),
    ],
    [
      'adds capabilities',
      containers.every(({ securityContext }) =>
        (securityContext?.capabilities?.add ?? []).every((name) => name === 'NET_BIND_SERVICE'),
      ),
    ],
  ]
  return rules.flatMap(([what, holds]) => (holds ? [] : [what]))
}

function isAllowed(volume: object): boolean {
  return Object.keys(volume).some((kind) => VOLUMES.includes(kind))
}
