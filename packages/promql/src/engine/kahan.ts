/** Sums with a running compensation (Neumaier's variant of Kahan's), as Prometheus adds. */

/** `sum + compensation` is the total. */
export class KahanSum {
  sum = 0
  compensation = 0

  add(x: number): void {
    const { sum } = this
    const total = sum + x
    if (total === Infinity || total === -Infinity) this.compensation = 0
    else if (Math.abs(sum) >= Math.abs(x)) this.compensation += sum - total + x
    else this.compensation += x - total + sum
    this.sum = total
  }

  get total(): number {
    const { sum } = this
    return sum === Infinity || sum === -Infinity ? sum : sum + this.compensation
  }

  reset(): void {
    this.sum = 0
    this.compensation = 0
  }
}
