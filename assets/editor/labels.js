// The label of one photograph at the server.
import { decodeMask, encodeMask } from "./png.js";

/** Another version came in between. */
export class Conflict extends Error {
  constructor(current) {
    super(`Version ${current} was saved meanwhile.`);
    this.current = current;
  }
}

/** @typedef {{version: number, actor: string, created_ms: number, tool: string | null, withdrawn_ms: number | null}} Version */

/** Reads and appends versions. */
export class Labels {
  /** @param {{image: string, id: string, width: string, height: string}} dataset of the editor */
  constructor({ image, id, width, height }) {
    Object.assign(this, { image, prediction: id, width: Number(width), height: Number(height) });
    this.url = `/api/v1/images/${image}/labels`;
  }

  /** All versions, newest first. */
  async versions() {
    const response = await fetch(this.url, { cache: "no-store" });
    // A photograph that an earlier Hairline kept has no label yet.
    if (response.status === 404) return [];
    return (await succeeded(response)).labels;
  }

  /** Address of the mask of a version; of version 0 the predicted one's. */
  address(version) {
    return version > 0 ? `${this.url}/${version}.png` : `/api/v1/predictions/${this.prediction}/mask.png`;
  }

  /** Pixels of the mask at an address. */
  async read(address) {
    const response = await fetch(address);
    if (!response.ok) await succeeded(response);
    return decodeMask(await response.blob(), this.width, this.height);
  }

  /**
   * Appends a version.
   * @param {Uint8Array} data 0 or 1
   * @param {number} base the version it began with
   * @param {string[]} tools
   * @param {string} key the same for every try to save the same work
   * @returns {Promise<Version>}
   * @throws {Conflict} if another version came in between
   */
  async append(data, base, tools, key) {
    const query = new URLSearchParams({ tool: tools.join(","), prediction: this.prediction });
    const response = await fetch(`${this.url}?${query}`, {
      method: "POST",
      headers: { "Content-Type": "image/png", "If-Match": `"${base}"`, "Idempotency-Key": key },
      body: await encodeMask(data, this.width, this.height),
    });
    if (response.status === 412) throw new Conflict((await response.json()).limit.current);
    return succeeded(response);
  }
}

async function succeeded(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Error(body.detail ?? `The server answered ${response.status}.`);
}
