import { floor } from './floor.ts'
import { hub } from './hub.ts'
import type { SubjectKind } from './subject.ts'

export const subjectKinds: readonly SubjectKind[] = [floor, hub]
