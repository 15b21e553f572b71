// The cheapest way between two points (Dijkstra, 1959), where what looks like crack is cheap. Long ways are sought
// coarsely first and then at full size beside what was found.

/** Pixels that are searched at once. */
const MOST_PIXELS = 300_000;
/** Room around the two points, at least in pixels and as a share of their distance. */
const ROOM = [40, 0.35];
/** Half width of the band around a coarse way, in coarse pixels. */
const BAND = 3;
/** What a step costs where nothing looks like crack, in steps along a certain one. */
const FAR_COST = 45;
const NEIGHBOURS = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];
/** Lengths of straight and diagonal steps, as whole numbers. */
const LENGTHS = [5, 7];

/** Cost of a step onto a pixel by its evidence. */
const COST = Uint8Array.from({ length: 256 }, (_, e) => 1 + Math.round((FAR_COST - 1) * (1 - e / 255) ** 2));

/**
 * @param {import("./evidence.js").Evidence} evidence
 * @param {{x: number, y: number}} from in pixels, within the picture
 * @param {{x: number, y: number}} to
 * @returns {{x: number, y: number}[]} middles of the pixels on the way, both ends included
 */
export function route(evidence, from, to) {
  const { width, height } = evidence.picture;
  const room = Math.max(ROOM[0], ROOM[1] * Math.hypot(to.x - from.x, to.y - from.y));
  let level = 0;
  const area = (Math.abs(to.x - from.x) + 2 * room) * (Math.abs(to.y - from.y) + 2 * room);
  while (area / 4 ** level > MOST_PIXELS) level++;
  const size = 1 << level;
  const low = (a, b) => Math.max(0, Math.floor((Math.min(a, b) - room) / size) * size);
  const [x, y] = [low(from.x, to.x), low(from.y, to.y)];
  const rect = {
    x,
    y,
    width: Math.min(width, Math.ceil(Math.max(from.x, to.x) + room)) - x,
    height: Math.min(height, Math.ceil(Math.max(from.y, to.y) + room)) - y,
  };
  const field = evidence.read(rect, level);
  const place = (point, width, height, size) => {
    const column = Math.min(width - 1, Math.max(0, Math.floor((point.x - rect.x) / size)));
    return Math.min(height - 1, Math.max(0, Math.floor((point.y - rect.y) / size))) * width + column;
  };
  let way = cheapest(field, place(from, field.width, field.height, size), place(to, field.width, field.height, size));
  let columns = field.width;
  if (level > 0) {
    const fine = evidence.read(rect);
    const allowed = band(way, field.width, fine, size);
    way = cheapest(fine, place(from, fine.width, fine.height, 1), place(to, fine.width, fine.height, 1), allowed);
    columns = fine.width;
  }
  return way.map((index) => ({ x: rect.x + (index % columns) + 0.5, y: rect.y + Math.floor(index / columns) + 0.5 }));
}

/** Marks the pixels of `fine` beside a way through pixels that are `size` times as large. */
function band(way, coarseWidth, fine, size) {
  const allowed = new Uint8Array(fine.width * fine.height);
  const reach = BAND * size;
  for (const index of way) {
    const [x, y] = [(index % coarseWidth) * size, Math.floor(index / coarseWidth) * size];
    const [left, right] = [Math.max(0, x - reach), Math.min(fine.width, x + size + reach)];
    for (let row = Math.max(0, y - reach); row < Math.min(fine.height, y + size + reach); row++) {
      allowed.fill(1, row * fine.width + left, row * fine.width + right);
    }
  }
  return allowed;
}

/** Indices from `start` to `end`. Costs are small whole numbers, so a ring of buckets serves as queue (Dial, 1969). */
function cheapest({ data, width, height }, start, end, allowed = null) {
  const ring = FAR_COST * LENGTHS[1] + 1;
  const buckets = Array.from({ length: ring }, () => []);
  const costs = new Int32Array(width * height).fill(0x7fffffff);
  const came = new Int8Array(width * height).fill(-1);
  costs[start] = 0;
  buckets[0].push(start);
  for (let cost = 0, idle = 0; idle < ring; cost++, idle++) {
    const bucket = buckets[cost % ring];
    for (let i = 0; i < bucket.length; i++) {
      const index = bucket[i];
      if (costs[index] !== cost) continue;
      if (index === end) return backward(came, width, end);
      idle = 0;
      const [x, y] = [index % width, Math.floor(index / width)];
      for (let k = 0; k < 8; k++) {
        const [nx, ny] = [x + NEIGHBOURS[k][0], y + NEIGHBOURS[k][1]];
        if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
        const next = ny * width + nx;
        if (allowed && !allowed[next]) continue;
        const total = cost + COST[data[next]] * LENGTHS[k & 1];
        if (total >= costs[next]) continue;
        costs[next] = total;
        came[next] = k;
        buckets[total % ring].push(next);
      }
    }
    bucket.length = 0;
  }
  return [start, end];
}

function backward(came, width, end) {
  const way = [end];
  for (let at = end; came[at] >= 0; ) {
    const [dx, dy] = NEIGHBOURS[came[at]];
    at -= dy * width + dx;
    way.push(at);
  }
  return way.reverse();
}
