/** What the modules tell each other: all that they share. */
export interface AppEvents {
  'invoice.created': { readonly customerId: string; readonly amount: number }
  'invoice.cancelled': { readonly reason: string }
}
