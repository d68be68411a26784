import { groupsOf, listOf, type Command } from './command.ts'

/** What may follow each beginning of a command line: words of commands, choices, options. */
function wordsByBeginning(commands: readonly Command[]): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, Set<string>>()
  const add = (beginning: string, word: string): void =>
    void words.set(beginning, (words.get(beginning) ?? new Set()).add(word))
  for (const { name, positionals, options } of commands) {
    const parts = name.split(' ')
    parts.forEach((part, index) => add(parts.slice(0, index).join(' '), part))
    for (const choice of positionals[0]?.choices ?? []) add(name, choice)
    for (const option of Object.keys(options)) add(name, `--${option}`)
  }
  for (const group of groupsOf(commands)) {
    const { options } = listOf(group, commands) ?? { options: { help: true } }
    for (const option of Object.keys(options)) add(group, `--${option}`)
  }
  return new Map([...words].map(([beginning, found]) => [beginning, [...found]]))
}

/** The values of options that take one of a few. */
function choicesByOption(commands: readonly Command[]): ReadonlyMap<string, readonly string[]> {
  const choices = commands.flatMap(({ options }) =>
    Object.entries(options).flatMap(([name, option]) =>
      option.choices ? [[`--${name}`, option.choices] as const] : [],
    ),
  )
  // Two commands have a `--status`: whoever completes one sees the values of both.
  const merged = Map.groupBy(choices, ([option]) => option)
  return new Map(
    [...merged].map(([option, found]) => [option, [...new Set(found.flatMap(([, all]) => all))]]),
  )
}

function cases(of: ReadonlyMap<string, readonly string[]>): string {
  return [...of].map(([key, words]) => `    "${key}") words="${words.join(' ')}" ;;`).join('\n')
}

export function bashScript(commands: readonly Command[]): string {
  return `# Completion of hub for bash: source <(hub completion bash)
_hub() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words="" beginning="" word
  case "$previous" in
${cases(choicesByOption(commands))}
  esac
  if [ -z "$words" ]; then
    for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
      case "$word" in -*) ;; *) beginning="\${beginning:+$beginning }$word" ;; esac
    done
    while :; do
      case "$beginning" in
${cases(wordsByBeginning(commands)).replaceAll(/^/gm, '  ')}
      esac
      [ -n "$words" ] || [ -z "$beginning" ] && break
      case "$beginning" in *" "*) beginning="\${beginning% *}" ;; *) beginning="" ; break ;; esac
    done
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _hub hub
`
}

/** Zsh runs the functions of bash. */
export function zshScript(commands: readonly Command[]): string {
  return `#compdef hub
# Completion of hub for zsh: hub completion zsh > "\${fpath[1]}/_hub"
autoload -U +X bashcompinit && bashcompinit
${bashScript(commands)}`
}
