export { ksDistance } from './distance.ts'
