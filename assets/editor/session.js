// What was begun with, what is unsaved, and how it is saved: to the server as a version, to the browser as a draft.
import { merged } from "./conflict.js";
import { Drafts } from "./drafts.js";
import { Conflict } from "./labels.js";

/** The editing of one photograph's mask on one page. */
export class Session {
  #saving = false;
  #key = null;
  #draftError = null;
  #draftOf;

  /**
   * @param {import("./labels.js").Labels} labels
   * @param {import("./mask.js").MaskDocument} mask
   * @param {Base} base @typedef {{version: number, source: string, data: Uint8Array, text: string}} Base
   */
  constructor(labels, mask, base) {
    Object.assign(this, { labels, mask, base, tools: new Set(), savedState: mask.state });
    this.drafts = new Drafts(labels.image);
    this.#draftOf = mask.state;
    /** Called when what it says of itself has changed. */
    this.onChange = () => {};
  }

  /** What is begun with: the latest version that holds, else the predicted mask. */
  static async base(labels, modelName) {
    const versions = await labels.versions();
    const start = versions.find((version) => version.withdrawn_ms === null);
    const source = labels.address(start?.version ?? 0);
    const text = start ? describe(start) : `what ${modelName} marked`;
    return { version: versions[0]?.version ?? 0, source, data: await labels.read(source), text };
  }

  get unsaved() {
    return this.mask.state !== this.savedState;
  }

  get saving() {
    return this.#saving;
  }

  /** Whether closing the page would lose something. */
  get atRisk() {
    return this.unsaved && (this.#draftError !== null || this.#draftOf !== this.mask.state);
  }

  /** Where the work is, in words. */
  get text() {
    if (this.#saving) return "Saving";
    if (!this.unsaved) return this.savedText ?? "Nothing to save";
    if (this.#draftError) return "Not saved, and this browser keeps no drafts";
    return this.atRisk ? "Not saved" : "Not saved yet; kept in this browser";
  }

  /** The mask has changed: by a step with `tool`, or because one was undone or redone. */
  stepped(tool = null) {
    if (tool) this.tools.add(tool);
    this.keepDraft();
    this.onChange();
  }

  keepDraft() {
    let state;
    const take = () => {
      state = this.mask.state;
      if (!this.unsaved) return null;
      const tiles = [...this.mask.touched].map((tile) => [tile, this.mask.tileBits(tile)]);
      return { base: this.base.version, source: this.base.source, text: this.base.text, tiles, tools: [...this.tools], steps: this.mask.done.length };
    };
    this.drafts.keep(take, (error) => {
      this.#draftError = error;
      if (!error) this.#draftOf = state;
      this.onChange();
    });
  }

  /** Goes on with a draft. */
  async adopt(draft) {
    const data = await this.labels.read(draft.source);
    this.base = { version: draft.base, source: draft.source, text: draft.text, data };
    for (const tool of draft.tools) this.tools.add(tool);
    this.mask.replace("draft", data, draft.tiles);
    this.mask.rebase(data);
    this.drafts.take(draft.id);
    this.stepped();
  }

  /**
   * Saves as a new version.
   * @param {(both: object) => Promise<string>} ask what to do if another one came in between
   * @returns {Promise<boolean>} whether it was saved
   */
  async save(ask) {
    if (this.#saving || !this.unsaved) return false;
    this.#saving = true;
    this.onChange();
    try {
      await this.#append(this.base.version);
      return true;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      return await this.#settle(ask);
    } finally {
      this.#saving = false;
      this.onChange();
    }
  }

  async #append(base) {
    const { mask } = this;
    const [state, data] = [mask.state, mask.data.slice()];
    const version = await this.labels.append(data, base, [...this.tools], this.#keyFor(state, base));
    this.base = { version: version.version, source: this.labels.address(version.version), text: describe(version), data };
    this.savedState = state;
    this.savedText = `Saved as version ${version.version}`;
    if (mask.state === state) this.tools.clear();
    mask.rebase(data);
    this.keepDraft();
  }

  /** Asks until it is saved or given up: while one looks at a version, the next may come. */
  async #settle(ask) {
    const [version] = await this.labels.versions();
    const source = this.labels.address(version.version);
    const theirs = await this.labels.read(source);
    const answer = await ask({ mine: this.mask, theirs, version });
    if (answer === "mine") {
      try {
        await this.#append(version.version);
        return true;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        return this.#settle(ask);
      }
    }
    if (answer === "merge" || answer === "theirs") {
      const result = answer === "theirs" ? theirs : merged(this.base.data, this.mask.data, theirs);
      this.base = { version: version.version, source, text: describe(version), data: theirs };
      this.mask.replace(answer, result);
      if (answer === "theirs") {
        this.savedState = this.mask.state;
        this.savedText = `As version ${version.version}; undo brings yours back`;
      }
      this.mask.rebase(theirs);
      this.stepped();
    }
    return false;
  }

  /** Trying again after a connection that broke must not save twice. */
  #keyFor(state, base) {
    if (this.#key?.state !== state || this.#key.base !== base) {
      const value = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
      this.#key = { state, base, value };
    }
    return this.#key.value;
  }
}

function describe({ version, actor, created_ms }) {
  return `version ${version} by ${actor}, ${new Date(created_ms).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
}
