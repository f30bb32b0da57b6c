// The API key of this tab. It is kept in the tab's session storage and nowhere else, and is sent in one header alone.

const NAME = "looks.key";

export const key = () => sessionStorage.getItem(NAME);

export const keep = (text) => sessionStorage.setItem(NAME, text);

export const forget = () => sessionStorage.removeItem(NAME);

/** Whose the key is and what it may do, as `GET /v1/me` says; null before it was asked. */
export const me = { known: null };

/** Whether the key may do this; true where that is not known yet: the API decides in any case. */
export const may = (capability) => me.known?.capabilities.includes(capability) ?? true;

/** What may be shown of a key: its kind and its last characters. */
export function hint(text) {
  return `${text.slice(0, 8)}…${text.slice(-4)}`;
}
