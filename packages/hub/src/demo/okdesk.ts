/** Webhooks as Okdesk sends them, of tickets that nobody opened. */
export interface Webhook {
  readonly type: string
  readonly body: string
}

const people = ['Anna Petrova', 'Ivan Sokolov', 'Maria Orlova', 'Oleg Smirnov'] as const
const tickets = [
  { title: 'Invoice for the maintenance in May', code: 'billable' },
  { title: 'A pass for the car of a guest', code: 'parking-pass' },
  { title: 'A second monitor', code: 'billable' },
  { title: 'The printer on the second floor is out of paper', code: 'incident' },
  { title: 'Two passes for the delivery vans', code: 'parking-pass' },
] as const
const types = [
  'new_ticket',
  'new_comment',
  'new_ticket',
  'new_ticket_status',
  'new_ticket',
  'new_assignee',
] as const

/** The one of this number: the same at every start, so that a look at the demo can be described. */
export function webhook(number: number): Webhook {
  const type = types[number % types.length] ?? 'new_ticket'
  const ticket = tickets[number % tickets.length]
  const author = { name: people[number % people.length], type: 'client' }
  const issue = {
    id: 1_000 + number,
    title: ticket?.title,
    type: { code: ticket?.code },
    status: { code: type === 'new_ticket_status' ? 'completed' : 'opened' },
  }
  return { type, body: JSON.stringify({ event: { event_type: type, author }, issue }) }
}
