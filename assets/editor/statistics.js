// Figures of short lists.

/** A Gaussian mean of neighbours; at the ends of those that there are. */
export function smoothed(values, deviation) {
  const reach = Math.ceil(2.5 * deviation);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * deviation ** 2)));
  return values.map((_, i) => {
    let [sum, weight] = [0, 0];
    // The same reach on both sides, so that a slope stays where it is.
    const half = Math.min(reach, i, values.length - 1 - i);
    for (let k = -half; k <= half; k++) {
      sum += weights[k + reach] * values[i + k];
      weight += weights[k + reach];
    }
    return sum / weight;
  });
}

/** The middle value, or null of none. */
export function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
