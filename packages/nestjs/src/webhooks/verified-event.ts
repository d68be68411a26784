const events = new WeakMap<object, unknown>()

export function rememberEvent(request: object, event: unknown): void {
  events.set(request, event)
}

/** What the guard has verified of this request. */
export function verifiedEvent(request: object): unknown {
  if (events.has(request)) return events.get(request)
  throw new Error('@HubEvent() is for methods that are decorated with @HubWebhook(), and there is none here.')
}
