// The page's side of the worker that traces.

/** Asks the worker; previews that nobody waits for any more are left out. */
export class Tracing {
  #waiting = new Map();
  #next = 1;
  #wanted = null;
  #previewing = false;

  /** @param {{base: string, width: number, height: number, cut: number}} picture */
  constructor(picture) {
    this.picture = picture;
  }

  /** Begins to read photograph and map, if that has not begun. Not before it is wanted: both take time and memory. */
  start() {
    if (this.worker) return;
    this.worker = new Worker(new URL("./trace-worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.#answer(data));
    this.worker.addEventListener("error", () => {
      for (const id of this.#waiting.keys()) this.#answer({ id, error: "Tracing does not work in this browser." });
    });
    /** Settles once photograph and map are read. */
    this.ready = this.#ask({ load: this.picture });
    this.ready.catch(() => {});
  }

  /** The crack between two points that lie at most `reach` pixels beside it. */
  async trace(from, to, reach) {
    this.start();
    await this.ready;
    return (await this.#ask({ from, to, reach })).line;
  }

  /** As `trace`, for the last of many calls. */
  async preview(from, to, reach, take) {
    this.#wanted = { from, to, reach, take };
    if (this.#previewing) return;
    this.#previewing = true;
    try {
      while (this.#wanted) {
        const { from, to, reach, take } = this.#wanted;
        this.#wanted = null;
        const line = await this.trace(from, to, reach);
        if (!this.#wanted) take(line);
      }
    } catch {
      // The next click says what is wrong.
    } finally {
      this.#previewing = false;
    }
  }

  #ask(question) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, ...question });
    });
  }

  #answer({ id, error, ...answer }) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  }
}
