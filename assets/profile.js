// The plot of a crack's width over the distance along it.
import { digits, niceBelow } from "./ramp.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 180;
const ROOM = { left: 46, right: 12, top: 18, bottom: 38 };

/**
 * Points along a crack, its branches one after the other, the longest first.
 * Widths have the interval of a single place; that of the largest width tells how far it reaches.
 * @param {object} crack as the API gives it
 * @param {{mmPerPx: number | null, relativeError: number}} scale
 */
export function profileOf(crack, { mmPerPx, relativeError }) {
  const factor = mmPerPx ?? 1;
  const { value, low, high } = crack.width_max_px;
  const half = (width, px) => Math.hypot(px * factor, mmPerPx ? width * relativeError : 0);
  const places = [];
  const starts = [];
  let along = 0;
  for (const { points } of crack.polylines) {
    starts.push(along * factor);
    points.forEach(([x, y, widthPx], i) => {
      if (i > 0) along += Math.hypot(x - points[i - 1][0], y - points[i - 1][1]);
      const width = widthPx * factor;
      places.push({ x, y, starts: i === 0, along: along * factor, width, low: Math.max(0, width - half(width, value - low)), high: width + half(width, high - value) });
    });
  }
  return { places, starts, length: along * factor };
}

/**
 * @param {ReturnType<typeof profileOf>} profile
 * @param {{unit: string, resolved: number, width: number, number: number, maxAt: number[], point: (place: object | null) => void}} options
 *   `resolved`: the width from which on it is resolved, `width`: of the plot in CSS pixels
 */
export function plot({ places, starts, length }, { unit, resolved, width, number, maxAt, point }) {
  const top = Math.max(...places.map((place) => place.high), 1e-9) * 1.08;
  const inner = { width: Math.max(60, width - ROOM.left - ROOM.right), height: HEIGHT - ROOM.top - ROOM.bottom };
  const px = (along) => ROOM.left + (along / (length || 1)) * inner.width;
  const py = (value) => ROOM.top + (1 - value / top) * inner.height;
  const svg = element("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, tabindex: 0, role: "img" });
  const widest = nearest(places, maxAt);
  svg.setAttribute("aria-label", `Width of crack ${number} along its ${digits(length, 3)} ${unit}; largest ${digits(widest.width, 2)} ${unit} at ${digits(widest.along, 3)} ${unit}. Arrow keys move along it.`);

  for (const value of ticks(top, 4)) {
    svg.append(element("line", { class: "grid", x1: ROOM.left, x2: width - ROOM.right, y1: py(value), y2: py(value) }));
    svg.append(text(digits(value, 3), { x: ROOM.left - 6, y: py(value) + 4, "text-anchor": "end" }));
  }
  for (const value of ticks(length, Math.max(2, Math.floor(inner.width / 90)))) svg.append(text(digits(value, 4), { x: px(value), y: HEIGHT - ROOM.bottom + 16, "text-anchor": "middle" }));
  svg.append(text(`Distance along the crack, ${unit}`, { x: ROOM.left + inner.width / 2, y: HEIGHT - 5, "text-anchor": "middle" }));
  svg.append(text(`Width, ${unit}`, { x: 4, y: 11 }));

  const shape = (part) => part.map((place, i) => `${i ? "L" : "M"}${px(place.along).toFixed(1)} ${py(place.width).toFixed(1)}`).join("");
  const band = (part) => `M${[...part.map((p) => [p.along, p.high]), ...part.toReversed().map((p) => [p.along, p.low])].map(([a, v]) => `${px(a).toFixed(1)} ${py(v).toFixed(1)}`).join("L")}Z`;
  const branches = split(places);
  svg.append(element("path", { class: "band", d: branches.map(band).join("") }));
  for (const start of starts.slice(1)) svg.append(element("line", { class: "seam", x1: px(start), x2: px(start), y1: ROOM.top, y2: ROOM.top + inner.height }));
  if (resolved < top) {
    svg.append(element("line", { class: "resolved", x1: ROOM.left, x2: width - ROOM.right, y1: py(resolved), y2: py(resolved) }));
  }
  svg.append(element("path", { class: "width", d: branches.map(shape).join("") }));
  if (resolved < top) svg.append(text(`resolved from ${digits(resolved, 2)} ${unit}`, { x: width - ROOM.right, y: py(resolved) - 4, "text-anchor": "end" }));
  const left = px(widest.along) > width - 110;
  svg.append(element("circle", { class: "widest", cx: px(widest.along), cy: py(widest.width), r: 4.5, "data-widest": "" }));
  svg.append(text(`max. ${digits(widest.width, 2)} ${unit}`, { class: "strong", x: px(widest.along) + (left ? -8 : 8), y: Math.max(12, py(widest.width) - 6), "text-anchor": left ? "end" : "start" }));

  const cursor = element("line", { class: "cursor", y1: ROOM.top, y2: ROOM.top + inner.height, visibility: "hidden" });
  svg.append(cursor);
  let at = null;
  const show = (along) => {
    at = along === null ? null : placeAt(places, along);
    cursor.setAttribute("visibility", at ? "visible" : "hidden");
    if (at) for (const end of ["x1", "x2"]) cursor.setAttribute(end, px(at.along));
    point(at);
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    show(Math.min(length, Math.max(0, ((x - ROOM.left) / inner.width) * length)));
  });
  for (const type of ["pointerleave", "blur"]) svg.addEventListener(type, () => show(null));
  svg.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -0.01, ArrowRight: 0.01 }[event.key];
    if (!by) return;
    event.preventDefault();
    show(Math.min(length, Math.max(0, (at?.along ?? widest.along) + by * length)));
  });
  return svg;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function text(content, attributes) {
  const made = element("text", attributes);
  made.textContent = content;
  return made;
}

function ticks(end, count) {
  const step = [1, 2, 2.5, 5, 10].map((f) => f * niceBelow(end / count)).find((s) => end / s <= count + 0.5);
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
}

function split(places) {
  const parts = [];
  for (const place of places) {
    if (place.starts) parts.push([]);
    parts.at(-1).push(place);
  }
  return parts;
}

function nearest(places, [x, y]) {
  const off = (place) => Math.hypot(place.x - x, place.y - y);
  return places.reduce((best, place) => (off(place) < off(best) ? place : best));
}

/** Between the points the figures change evenly. */
function placeAt(places, along) {
  const next = places.findIndex((place) => place.along >= along);
  const b = places[Math.max(next, 0)];
  const a = places[next - 1];
  if (!a || b.starts) return b;
  const t = (along - a.along) / (b.along - a.along || 1);
  const mix = (key) => a[key] + (b[key] - a[key]) * t;
  return { x: mix("x"), y: mix("y"), along, width: mix("width"), low: mix("low"), high: mix("high") };
}
