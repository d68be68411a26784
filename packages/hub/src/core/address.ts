import ipaddr from 'ipaddr.js'

/** Which addresses an outgoing call may connect to. */
export interface AddressPolicy {
  /** Why this IP address is refused, or null when it is not. */
  problem(address: string): string | null
}

type Address = ipaddr.IPv4 | ipaddr.IPv6

export interface Cidr {
  readonly network: Address
  readonly prefixLength: number
}

/** A network such as `10.0.0.0/8`, or one address; null when it is neither. */
export function parseCidr(text: string): Cidr | null {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)) {
    const [network, prefixLength] = ipaddr.parseCIDR(text)
    return unmapped(network, prefixLength)
  }
  const address = parseAddress(text)
  return address && unmapped(address, address.kind() === 'ipv4' ? 32 : 128)
}

/**
 * Some addresses are refused whatever the lists say. For the rest the narrower entry decides, so that `allow` makes
 * holes in `deny` and the reverse; an address that no entry names is allowed.
 *
 * An IPv6 address may carry an IPv4 address that a gateway would deliver to, so each address within it must pass.
 */
export function addressPolicy(allow: readonly string[], deny: readonly string[]): AddressPolicy {
  const allowed = allow.map(requireCidr)
  const denied = deny.map(requireCidr)
  return {
    problem(text) {
      const address = parseAddress(text)
      if (!address) return `${text} is not an IP address`
      for (const face of [address, ...embeddedAddresses(address)]) {
        const never = neverAllowed.find((entry) => contains(entry, face))
        if (never) return `${text} is ${never.what}, which is never allowed`
        const denial = narrowest(denied, face)
        if (denial >= 0 && denial >= narrowest(allowed, face)) return `${text} is in HUB_TARGETS_DENY`
      }
      return null
    },
  }
}

function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text)
  if (!cidr) throw new TypeError(`${text} is not a network such as 10.0.0.0/8`)
  return cidr
}

/**
 * Link-local already holds 169.254.169.254, where most clouds keep the credentials of the machine; the others keep
 * theirs at the single addresses named here.
 */
const neverAllowed = [
  ...networks('an unspecified address', ['0.0.0.0/8', '::/128']),
  ...networks('a link-local address', ['169.254.0.0/16', 'fe80::/10']),
  ...networks('a multicast address', ['224.0.0.0/4', 'ff00::/8']),
  ...networks('the broadcast address', ['255.255.255.255/32']),
  ...networks('a cloud metadata address', [
    '100.100.100.200/32',
    '168.63.129.16/32',
    '192.0.0.192/32',
    'fd00:ec2::254/128',
    'fd20:ce::254/128',
  ]),
]

function networks(what: string, cidrs: readonly string[]): (Cidr & { readonly what: string })[] {
  return cidrs.map((text) => {
    const [network, prefixLength] = ipaddr.parseCIDR(text)
    return { network, prefixLength, what }
  })
}

export function isAddress(text: string): boolean {
  return parseAddress(text) !== null
}

function parseAddress(text: string): Address | null {
  const zone = text.indexOf('%')
  const bare = zone < 0 ? text : text.slice(0, zone)
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare)
  return ipaddr.IPv6.isValid(bare) ? ipaddr.IPv6.parse(bare) : null
}

function contains(cidr: Cidr, address: Address): boolean {
  return cidr.network.kind() === address.kind() && address.match(cidr.network, cidr.prefixLength)
}

function narrowest(cidrs: readonly Cidr[], address: Address): number {
  return cidrs.reduce(
    (best, cidr) => (contains(cidr, address) ? Math.max(best, cidr.prefixLength) : best),
    -1,
  )
}

/** It lies in the obsolete `::/96`, but carries no IPv4 address. */
const loopback = { network: ipaddr.IPv6.parse('::1'), prefixLength: 128 }

/** Where an IPv6 network keeps IPv4 addresses: at which byte, and whether their bits are inverted. */
const carriers = [
  { cidr: '::ffff:0:0/96', offsets: [12], inverted: [] }, // mapped
  { cidr: '::/96', offsets: [12], inverted: [] }, // compatible, obsolete
  { cidr: '::ffff:0:0:0/96', offsets: [12], inverted: [] }, // translated (SIIT)
  { cidr: '64:ff9b::/96', offsets: [12], inverted: [] }, // NAT64
  { cidr: '64:ff9b:1::/48', offsets: [12], inverted: [] }, // NAT64 of a local network
  { cidr: '2002::/16', offsets: [2], inverted: [] }, // 6to4
  { cidr: '2001::/32', offsets: [4], inverted: [12] }, // Teredo: its server and its client
].map(({ cidr, ...places }) => {
  const [network, prefixLength] = ipaddr.parseCIDR(cidr)
  return { network, prefixLength, ...places }
})

function embeddedAddresses(address: Address): Address[] {
  const carrier = carriers.find((candidate) => contains(candidate, address))
  if (!carrier || contains(loopback, address)) return []
  const bytes = address.toByteArray()
  return [
    ...carrier.offsets.map((offset) => new ipaddr.IPv4(bytes.slice(offset, offset + 4))),
    ...carrier.inverted.map(
      (offset) => new ipaddr.IPv4(bytes.slice(offset, offset + 4).map((byte) => byte ^ 0xff)),
    ),
  ]
}

/** `::ffff:10.0.0.0/104` means 10.0.0.0/8. */
function unmapped(network: Address, prefixLength: number): Cidr {
  if (!(network instanceof ipaddr.IPv6) || !network.isIPv4MappedAddress() || prefixLength < 96)
    return { network, prefixLength }
  return { network: network.toIPv4Address(), prefixLength: prefixLength - 96 }
}
