// Unsaved work, kept in the browser: it survives a reload, a killed tab and a server that is away. Every open page has a
// draft of its own, so that two tabs never write over each other.

const DATABASE = "hairline.drafts";
const STORE = "drafts";
/** Work is written at the latest this long after a step. */
const DELAY_MS = 150;

/**
 * @typedef {object} Draft
 * @property {string} id
 * @property {string} image SHA-256 of the photograph
 * @property {number} base version that it began with; 0 for the prediction
 * @property {string} source address of the mask that it began with
 * @property {[number, Uint8Array][]} tiles pixels of what was touched, as `MaskDocument.tileBits` gives them
 * @property {string[]} tools
 * @property {number} steps
 * @property {number} saved_ms when it was written, Unix milliseconds
 */

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" }).createIndex("image", "image");
  return settled(request);
}

/** Drafts of one photograph; this page's own is written as it grows. */
export class Drafts {
  #database = open();
  #timer = 0;
  #writing = Promise.resolve();
  #taken = [];

  /** @param {string} image SHA-256 of the photograph */
  constructor(image) {
    this.image = image;
    this.id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    // Held as long as this page lives: others see that the draft is in use.
    navigator.locks?.request(this.#lock(this.id), () => new Promise(() => {}));
    this.#database.catch(() => {});
  }

  /** Drafts that no open page works on, newest first. */
  async left() {
    const store = (await this.#database).transaction(STORE).objectStore(STORE);
    const drafts = await settled(store.index("image").getAll(this.image));
    const held = new Set(((await navigator.locks?.query())?.held ?? []).map((lock) => lock.name));
    return drafts.filter((draft) => !held.has(this.#lock(draft.id))).sort((a, b) => b.saved_ms - a.saved_ms);
  }

  /**
   * Writes this page's draft soon.
   * @param {() => Omit<Draft, "id" | "image" | "saved_ms"> | null} take gives the work; null if there is nothing unsaved
   * @param {(error: Error | null) => void} done
   */
  keep(take, done) {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      const work = take();
      const write = () => (work ? this.#write({ ...work, id: this.id, image: this.image, saved_ms: Date.now() }) : this.drop(this.id));
      this.#writing = this.#writing.then(write).then(() => done(null), done);
    }, DELAY_MS);
  }

  /** This page goes on with a draft: it goes, in one transaction, when this page's own is written next. */
  take(id) {
    this.#taken.push(id);
  }

  /** Forgets a draft. */
  async drop(id) {
    await this.#change((store) => store.delete(id));
  }

  async #write(draft) {
    await this.#change((store) => {
      store.put(draft);
      for (const id of this.#taken) store.delete(id);
    });
    this.#taken = [];
  }

  async #change(change) {
    // Strict: on the disk before it is called written.
    const transaction = (await this.#database).transaction(STORE, "readwrite", { durability: "strict" });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    change(transaction.objectStore(STORE));
    return done;
  }

  #lock(id) {
    return `hairline.draft.${id}`;
  }
}
