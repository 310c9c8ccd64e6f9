export { samplesOf } from '../kit/samples.ts'
