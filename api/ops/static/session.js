// Who is signed in. The key is given once and never kept: a cookie that no script can read stands for it.

import { call, get } from "/console/api.js";

/** Who it is and which role they have; null: nobody, or that is not known yet. */
export const me = { known: null };

/** The provider where people may sign in, by name; null: operators have keys alone. */
export const provider = { name: null };

const ORDER = ["viewer", "operator", "admin"];

/** Whether the role suffices. The API decides in any case. */
export const may = (role) => ORDER.indexOf(me.known?.role) >= ORDER.indexOf(role);

export async function recall(signal) {
  ({ me: me.known, provider: provider.name } = await get("/ops/v1/session", signal));
  return me.known !== null;
}

export async function signIn(key) {
  me.known = await call("POST", "/ops/v1/session", { body: { key } });
}

export async function signOut() {
  await call("DELETE", "/ops/v1/session");
  me.known = null;
}
