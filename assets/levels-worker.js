// Fetches a probability map and prepares it off the page's thread: a 48-megapixel map takes tenths of a second.
import { buildLevels, countAtLeast } from "./levels.js";

addEventListener("message", async ({ data: { url, width, height } }) => {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    // Typed arrays take the machine's byte order, which is little-endian wherever browsers run.
    const data = new Uint16Array(await response.arrayBuffer());
    if (data.length !== width * height) throw new Error("The probability map does not fit the photograph.");
    const levels = buildLevels({ data, width, height });
    const counts = countAtLeast(data);
    postMessage({ levels, counts }, [...levels.map((level) => level.data.buffer), counts.buffer]);
  } catch (error) {
    postMessage({ error: error.message });
  }
});
