// Who fights with what. Weapons: 0 rock, 1 paper, 2 scissors; rock beats scissors beats paper beats
// rock.

export type Weapon = 0 | 1 | 2

export interface Fighter {
  health: number
  baseDamage: number
  /** Added to the damage of a weapon, as a fraction of the base; by weapon. */
  bonus: readonly [number, number, number]
  /** Taken off the damage that comes in while the fighter holds a weapon; by weapon. */
  mitigation: readonly [number, number, number]
}

export const fighters: ReadonlyMap<string, Fighter> = new Map<string, Fighter>([
  ['aru', { health: 100, baseDamage: 25, bonus: [0, 0.3, 0], mitigation: [0.2, 0, 0] }],
  ['man', { health: 100, baseDamage: 25, bonus: [0, 0, 0.4], mitigation: [0, 0.1, 0] }],
  ['hog', { health: 100, baseDamage: 25, bonus: [0.1, 0.1, 0], mitigation: [0, 0.1, 0.2] }],
  ['rad', { health: 120, baseDamage: 20, bonus: [0.1, 0, 0], mitigation: [0, 0, 0.4] }],
  ['mai', { health: 120, baseDamage: 20, bonus: [0, 0, 0], mitigation: [0.1, 0.2, 0.2] }],
])

/** One side of an exchange; no weapon is a botch. */
export interface Attack {
  fighter: Fighter
  weapon: Weapon | null
}

const botchDamageMin = 19
const botchDamageMax = 23

/** Damage that each side deals to the other. `random` gives numbers from 0 up to but not 1. */
export function exchange(
  first: Attack,
  second: Attack,
  random: () => number,
): readonly [number, number] {
  if (first.weapon === null && second.weapon === null)
    return [botchDamage(random), botchDamage(random)]
  if (first.weapon === second.weapon) return [0, 0]
  return beats(first.weapon, second.weapon)
    ? [damage(first, second), 0]
    : [0, damage(second, first)]
}

function beats(weapon: Weapon | null, other: Weapon | null): boolean {
  if (weapon === null || other === null) return weapon !== null
  return (weapon - other + 3) % 3 === 1
}

function damage(winner: Attack, loser: Attack): number {
  const bonus = winner.weapon === null ? 0 : winner.fighter.bonus[winner.weapon]
  const mitigation = loser.weapon === null ? 0 : loser.fighter.mitigation[loser.weapon]
  return winner.fighter.baseDamage * (1 + bonus - mitigation)
}

function botchDamage(random: () => number): number {
  return botchDamageMin + Math.floor(random() * (botchDamageMax - botchDamageMin + 1))
}
