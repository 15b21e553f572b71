// The mask that is being edited: its pixels, their pyramid for drawing, and what undo needs to bring back.
import { buildLevels, updateLevels } from "../levels.js";

/** Side of the squares in which changes are remembered, in pixels. */
export const TILE = 64;
const TILE_BYTES = (TILE * TILE) / 8;
/** What a remembered tile takes beyond its bits: object, array header, map entry. */
const TILE_OVERHEAD = 120;
/** Memory that undo and redo may take together, in bytes; the oldest steps are forgotten beyond it. */
export const UNDO_LIMIT = 64 * 1024 * 1024;

/** @typedef {import("../levels.js").Rect} Rect */
/** @typedef {{tool: string, tiles: Map<number, Uint8Array>, rect: Rect, bytes: number}} Step what changed, as differing bits */

/** A mask with undo. Pixels are 0 or 1 in `data`, row by row. */
export class MaskDocument {
  /**
   * @param {number} width in pixels
   * @param {number} height in pixels
   * @param {Uint8Array} data
   * @param {number} limit memory of undo in bytes
   */
  constructor(width, height, data = new Uint8Array(width * height), limit = UNDO_LIMIT) {
    Object.assign(this, { width, height, data, limit });
    this.columns = Math.ceil(width / TILE);
    this.levels = buildLevels({ data, width, height });
    this.crackPixels = count(data);
    this.done = [];
    this.undone = [];
    this.undoBytes = 0;
    /** What is left when every remembered step is undone. */
    this.floor = {};
    this.open = null;
    /** Tiles that any step has touched: what a draft has to keep. */
    this.touched = new Set();
    /** Called with the rectangle in which pixels have changed. */
    this.onChange = () => {};
  }

  /** Begins a step of `tool`; a step that is open is finished first. */
  begin(tool) {
    if (this.open) this.commit();
    this.open = { tool, before: new Map(), bounds: null };
  }

  /** Remembers what is under `rect`, clipped to the mask; gives the clipped rectangle. To be called before pixels change. */
  keep(rect) {
    const clipped = this.clip(rect);
    if (clipped) for (const tile of this.#tilesOf(clipped)) this.#keepTile(tile);
    return clipped;
  }

  /** Says that pixels within `rect` have changed. */
  changed(rect) {
    if (this.open) this.open.bounds = union(this.open.bounds, rect);
    updateLevels(this.levels, rect);
    this.onChange(rect);
  }

  /** Finishes the step; one that has changed nothing is not remembered. Gives the step, or null. */
  commit() {
    const { open } = this;
    this.open = null;
    if (!open?.bounds) return null;
    const tiles = new Map();
    for (const [tile, before] of open.before) {
      const now = this.tileBits(tile);
      this.crackPixels += ones(now) - ones(before);
      for (let i = 0; i < TILE_BYTES; i++) before[i] ^= now[i];
      if (before.some((byte) => byte !== 0)) tiles.set(tile, before);
    }
    if (tiles.size === 0) return null;
    for (const tile of tiles.keys()) this.touched.add(tile);
    const step = { tool: open.tool, tiles, rect: open.bounds, bytes: tiles.size * (TILE_BYTES + TILE_OVERHEAD) };
    for (const old of this.undone) this.undoBytes -= old.bytes;
    this.undone = [];
    this.done.push(step);
    this.undoBytes += step.bytes;
    this.#makeRoom();
    return step;
  }

  /** Takes back what the open step has done. */
  cancel() {
    const { open } = this;
    this.open = null;
    if (!open?.bounds) return;
    for (const [tile, before] of open.before) this.#writeTile(tile, before);
    this.changed(open.bounds);
  }

  /** Takes back the last step. Gives it, or null if there is none. */
  undo() {
    return this.#turn(this.done, this.undone);
  }

  /** Does the last step that was taken back again. Gives it, or null if there is none. */
  redo() {
    return this.#turn(this.undone, this.done);
  }

  /**
   * Replaces all pixels in one step, so that undo brings the former ones back.
   * @param {string} tool
   * @param {Uint8Array} data
   * @param {[number, Uint8Array][]} tiles that differ from `data`, as `tileBits` gives them
   */
  replace(tool, data, tiles = []) {
    this.begin(tool);
    const whole = this.keep({ x: 0, y: 0, width: this.width, height: this.height });
    this.data.set(data);
    for (const [tile, bits] of tiles) this.#writeTile(tile, bits);
    this.changed(whole);
    return this.commit();
  }

  /** Bits of a tile, row by row; beyond the mask 0. */
  tileBits(tile) {
    const bits = new Uint8Array(TILE_BYTES);
    const { x, y, width, height } = this.#tileRect(tile);
    for (let row = 0; row < height; row++) {
      const from = (y + row) * this.width + x;
      for (let column = 0; column < width; column++) {
        if (this.data[from + column]) bits[row * (TILE / 8) + (column >> 3)] |= 128 >> (column & 7);
      }
    }
    return bits;
  }

  /** Names the pixels as they are now: equal before a step and after it was undone. */
  get state() {
    return this.done.at(-1) ?? this.floor;
  }

  /** Counts as touched just what differs from `base`: a draft then begins there. */
  rebase(base) {
    this.touched.clear();
    for (let y = 0; y < this.height; y++) {
      for (let x = 0, at = y * this.width; x < this.width; x++, at++) {
        if (this.data[at] !== base[at]) this.touched.add(Math.floor(y / TILE) * this.columns + Math.floor(x / TILE));
      }
    }
  }

  /** The part of `rect` within the mask, or null. */
  clip({ x, y, width, height }) {
    const [left, top] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y))];
    const [right, bottom] = [Math.min(this.width, Math.ceil(x + width)), Math.min(this.height, Math.ceil(y + height))];
    return left < right && top < bottom ? { x: left, y: top, width: right - left, height: bottom - top } : null;
  }

  #turn(from, to) {
    if (this.open) this.commit();
    const step = from.pop();
    if (!step) return null;
    for (const [tile, differing] of step.tiles) {
      const bits = this.tileBits(tile);
      const before = ones(bits);
      for (let i = 0; i < TILE_BYTES; i++) bits[i] ^= differing[i];
      this.crackPixels += ones(bits) - before;
      this.#writeTile(tile, bits);
    }
    to.push(step);
    this.changed(step.rect);
    return step;
  }

  #makeRoom() {
    while (this.undoBytes > this.limit && this.done.length > 0) {
      const oldest = this.done.shift();
      this.undoBytes -= oldest.bytes;
      oldest.tiles = null;
      this.floor = oldest;
    }
  }

  #keepTile(tile) {
    if (this.open.before.has(tile)) return;
    this.open.before.set(tile, this.tileBits(tile));
  }

  #writeTile(tile, bits) {
    const { x, y, width, height } = this.#tileRect(tile);
    for (let row = 0; row < height; row++) {
      const to = (y + row) * this.width + x;
      for (let column = 0; column < width; column++) {
        this.data[to + column] = (bits[row * (TILE / 8) + (column >> 3)] >> (7 - (column & 7))) & 1;
      }
    }
  }

  #tileRect(tile) {
    const [x, y] = [(tile % this.columns) * TILE, Math.floor(tile / this.columns) * TILE];
    return { x, y, width: Math.min(TILE, this.width - x), height: Math.min(TILE, this.height - y) };
  }

  *#tilesOf({ x, y, width, height }) {
    for (let row = Math.floor(y / TILE); row * TILE < y + height; row++) {
      for (let column = Math.floor(x / TILE); column * TILE < x + width; column++) yield row * this.columns + column;
    }
  }
}

/** The smallest rectangle around both; either may be null. */
export function union(a, b) {
  if (!a || !b) return a ?? b;
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}

function count(data) {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  return sum;
}

function ones(bits) {
  let sum = 0;
  for (let byte of bits) for (; byte; byte &= byte - 1) sum++;
  return sum;
}
