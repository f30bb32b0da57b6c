// What every view says of a job in the same words.

import { chip } from "./dom.js";

const STATES = { NOT_STARTED: "Queued", IN_PROGRESS: "In progress", SUCCESS: "Finished", FAILURE: "Failed" };
const MAX_NAMED = 4;

/** How a job's state is shown. */
export function stateChip(job) {
  const cancelled = job.error?.code === "cancelled";
  return chip(cancelled ? "Cancelled" : STATES[job.status], cancelled ? "cancelled" : job.status.toLowerCase());
}

/** Whether it has its outcome. */
export const ended = (job) => job.status === "SUCCESS" || job.status === "FAILURE";

/** What a garment of a finished look is: what was said, or what it was taken for. */
export const kind = (garment) => garment.guessed_category ?? garment.trial_item_category;

/** The first few names, and how many more. */
export function named(names) {
  const more = names.length - MAX_NAMED;
  return more > 0 ? `${names.slice(0, MAX_NAMED).join(", ")} and ${more} more` : names.join(", ");
}
