/** Where it stands; its roster sets it. */
export interface Member {
  place: number
}

/**
 * Those under way, of many that come and go thousands of times a second. Not a Set or a Map: each time one of those makes
 * room it leaves its table behind, after a while among the old objects, where all that was in it is kept through the
 * collections of young ones, and becomes old itself.
 */
export class Roster<T extends Member> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: T): void {
    member.place = this.#members.length
    this.#members.push(member)
  }

  /** Whether it was there. */
  delete(member: T): boolean {
    if (this.#members[member.place] !== member) return false
    const last = this.#members.pop()
    if (!last || last === member) return true
    last.place = member.place
    this.#members[last.place] = last
    return true
  }

  find(test: (member: T) => boolean): T | undefined {
    return this.#members.find(test)
  }

  /** As they are now, whoever comes or goes meanwhile. */
  all(): readonly T[] {
    return [...this.#members]
  }
}
