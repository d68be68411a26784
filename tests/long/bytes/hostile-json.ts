import type { Random } from '../../support/random.ts'

/** JSON that is right by its grammar and wrong for whoever parses it and writes it again. */
const valid: readonly string[] = [
  '{"a":1,"a":2,"a":{"a":3}}',
  '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"polluted":1}},"toString":null}',
  '{"b":1,"a":2,"10":3,"9":4,"":5}',
  '1e400',
  '-1e400',
  '[1E+2,1.0,1.00,-0,0e-0,1e-400,0.1e1]',
  '12345678901234567890',
  '{"id":9007199254740993,"exact":0.1000000000000000055511151231257827021181583404541015625}',
  String.raw`"\ud800"`,
  String.raw`{"half":"\udc00 and \ud83d\ude00","key \udfff":1}`,
  String.raw`"\u0000"`,
  String.raw`{"nul\u0000":"\u0000\u0001\u001f\u007f"}`,
  String.raw`"\/\b\f\n\r\t\"\\A\u0041\u00e9"`,
  '"\u{2028}\u{2029}\u{feff}\u{200f}\u{1f600}\u{ffff}"',
  '"<script>alert(1)</script>&amp;\u007f"',
  '  {\t"spaced" :\r\n [ 1 , 2 ]\n}  ',
  '[]',
  '{}',
  'null',
  'true',
  '0',
  '-0.0',
  '""',
  '[[[[[[[[[[{"a":[{}]}]]]]]]]]]]',
]

/** What looks like JSON and is none; only senders of raw bytes can have it. */
const invalid: readonly string[] = [
  '\u{feff}{"bom":true}',
  '{"a":1,}',
  "{'single': 1}",
  '{"unended": "',
  '[1,2',
  '{"a":01}',
  'NaN',
  '{"a":1} {"b":2}',
  '// comment\n{}',
  '"\t"',
  '{"raw nul":"\0"}',
  '[1]\0',
  ' ',
  '\r\n',
  '['.repeat(100_000),
  '{"a":'.repeat(20_000),
]

export function validJson(random: Random): string {
  if (random.chance(0.5)) return random.pick(valid)
  return random.pick([manyDuplicates, deep, longNumber, wide])(random)
}

export function anyJson(random: Random): string {
  return random.chance(0.3) ? random.pick(invalid) : validJson(random)
}

function manyDuplicates(random: Random): string {
  const members = Array.from({ length: random.between(2, 200) }, (_, index) => `"same":${index}`)
  return `{${members.join(',')}}`
}

function deep(random: Random): string {
  const depth = random.between(50, 900)
  return random.chance(0.5)
    ? `${'['.repeat(depth)}${']'.repeat(depth)}`
    : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
}

function longNumber(random: Random): string {
  const digits = Array.from({ length: random.between(20, 500) }, () => random.between(0, 9)).join('')
  return `{"amount":1${digits}.${digits},"id":-1${digits}}`
}

/** Every member with white space of its own. */
function wide(random: Random): string {
  const space = (): string => random.pick(['', ' ', '\n', '\t', '\r\n  '])
  const members = Array.from(
    { length: random.between(1, 300) },
    (_, index) =>
      `${space()}"k${index}"${space()}:${space()}"${'é'.repeat(random.between(0, 20))}"${space()}`,
  )
  return `{${members.join(',')}}`
}
