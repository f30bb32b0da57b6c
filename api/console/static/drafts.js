// What of a draft outlasts a reload: in this tab's session storage, gone with the tab or when the key is forgotten.

const NAME = "looks.draft";
const THUMB_PX = 160;

/** Keep a draft: plain values. Nothing is said when there is no room; the draft then lives as long as the page. */
export function save(values) {
  try {
    if (values) sessionStorage.setItem(NAME, JSON.stringify(values));
    else sessionStorage.removeItem(NAME);
  } catch {
    sessionStorage.removeItem(NAME);
  }
}

/** The draft that was kept, or null. */
export function load() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME));
  } catch {
    return null;
  }
}

/** A photo, small, as text in base64; null where the browser can't read it. */
export async function thumb(file) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: THUMB_PX, resizeQuality: "medium" });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    return canvas.toDataURL("image/jpeg", 0.8).split(",")[1];
  } catch {
    return null;
  }
}

/** Where the page can show such a text. */
export function shown(text) {
  if (!text) return "/console/icon.svg";
  return URL.createObjectURL(new Blob([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], { type: "image/jpeg" }));
}
