// Offers unsaved work of earlier pages.

/**
 * @param {HTMLElement} banner
 * @param {import("./session.js").Session} session
 * @param {(text: string) => void} hint
 */
export async function offerDrafts(banner, session, hint) {
  const [draft, ...more] = await session.drafts.left().catch(() => []);
  banner.hidden = !draft;
  if (!draft) return;
  const when = new Date(draft.saved_ms).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const others = more.length > 0 ? ` There are ${more.length} more.` : "";
  banner.querySelector("[data-banner-text]").textContent = `There is unsaved work of yours from ${when}.${others}`;
  const close = () => (banner.hidden = true);
  const adopt = async () => {
    close();
    await session.adopt(draft).catch((error) => hint(`The work could not be brought back: ${error.message}`));
  };
  const discard = async () => {
    await session.drafts.drop(draft.id);
    await offerDrafts(banner, session, hint);
  };
  const choices = [["Go on with it", "adopt", adopt], ["Discard", "discard", discard], ["Later", "later", close]];
  const buttons = choices.map(([textContent, name, act]) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent });
    button.dataset.draft = name;
    button.addEventListener("click", act);
    return button;
  });
  buttons[0].classList.add("primary");
  banner.querySelector("[data-banner-actions]").replaceChildren(...buttons);
}
