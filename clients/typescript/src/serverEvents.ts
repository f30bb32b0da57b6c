// Server-sent events, read line by line. Pure.

/** One event of a stream. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Takes pieces of text, gives the events that they end. Comments are passed over. */
export class ServerEvents {
  #rest = "";
  #event = "message";
  #data: string[] = [];

  take(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line === "") return this.#ended();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#event = value;
    if (name === "data") this.#data.push(value);
    return [];
  }

  #ended(): ServerEvent[] {
    const [event, data] = [this.#event, this.#data.join("\n")];
    [this.#event, this.#data] = ["message", []];
    return data !== "" || event !== "message" ? [{ event, data }] : [];
  }
}
