// Who is signed in. The key itself is given once and never kept: a cookie that no script can read stands for it.

import { call, get } from "./api.js";

/** Whose the key is and what it may do, as `GET /v1/me` says; null: nobody is signed in, or that is not known yet. */
export const me = { known: null };

/** Whether the key may do this; true where that is not known yet: the API decides in any case. */
export const may = (capability) => me.known?.capabilities.includes(capability) ?? true;

/** Whether somebody is signed in in this browser. */
export async function recall(signal) {
  ({ me: me.known } = await get("/v1/session", signal));
  return me.known !== null;
}

export async function signIn(key) {
  me.known = await call("POST", "/v1/session", { body: { key } });
}

export async function signOut() {
  await call("DELETE", "/v1/session");
  me.known = null;
}
