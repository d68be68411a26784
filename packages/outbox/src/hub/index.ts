export { forwardToHub, type ForwardOptions, type HubSender } from './forward.ts'
export { receiveFromHub, type HubRequest, type ReceivedEvent } from './receive.ts'
