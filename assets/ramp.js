// Widths as colours: viridis, which is even to the eye and readable by the colour-blind.

const STOPS = ["472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"].map((hex) =>
  [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)),
);

/** The colour at `share`, 0 to 1, of the range. */
export function colourAt(share) {
  const place = Math.min(1, Math.max(0, share)) * (STOPS.length - 1);
  const index = Math.min(Math.floor(place), STOPS.length - 2);
  const [from, to] = [STOPS[index], STOPS[index + 1]];
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * (place - index))).join(" ")})`;
}

/** The largest 1, 2 or 5 × 10ⁿ that is not above `value`. */
export function niceBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  // A thousand is computed as 999.9999999999999 here and there.
  const factor = [5, 2, 1].find((f) => f * power <= value * (1 + 1e-9)) ?? 1;
  return factor * power;
}

/** A figure with so many significant digits, without needless zeros and without an exponent. */
export function digits(value, count) {
  return String(Number(value.toPrecision(count)));
}
