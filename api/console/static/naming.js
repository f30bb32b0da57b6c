// Categories by their names: what file names say, and synonyms.

/** In place of a category: the engine guesses it from the photo. */
export const AUTO = "auto";

let names = [];

/** What file names may say: the categories' keys and synonyms. */
export function learn(categories) {
  names = categories.flatMap((one) => [one.key, ...one.synonyms].map((name) => [name, one.key]));
  names.sort(([a], [b]) => b.length - a.length);
}

/** The key of a category that is named by a synonym too. */
export const canonical = (name) => names.find(([one]) => one === name.toLowerCase())?.[1] ?? name;

/** The last word says what it is, as in "shirt dress"; of two that end there the longer one. */
export function guess(fileName) {
  const words = ` ${fileName.toLowerCase().replace(/\.[a-z]+$/, "").split(/[^a-z]+/).join(" ")} `;
  let [found, end] = [AUTO, -1];
  for (const [name, key] of names) { // the longest first
    const text = ` ${name.replaceAll("-", " ")} `;
    const at = words.lastIndexOf(text);
    if (at >= 0 && at + text.length > end) [found, end] = [key, at + text.length];
  }
  return found;
}
