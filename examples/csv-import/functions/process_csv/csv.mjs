// Rows out of a stream of CSV: quotes, doubled quotes, line breaks within quotes, CRLF, a byte order mark. A row is
// bounded, so that a quote which is never closed ends in an error and not in memory that grows.
import { StringDecoder } from "node:string_decoder";

const LONGEST_ROW = 64 * 1024;

/** The fields of each row, one array at a time; empty lines are left out. */
export async function* rows(stream) {
  const decoder = new StringDecoder("utf8");
  const parser = new Parser();
  for await (const bytes of stream) yield* parser.take(decoder.write(bytes));
  yield* parser.take(decoder.end());
  yield* parser.end();
}

/** Each row as an object, named by the first row. */
export async function* records(stream) {
  let names;
  for await (const row of rows(stream)) {
    if (names) yield Object.fromEntries(names.map((name, at) => [name, row[at] ?? ""]));
    else names = row.map((name) => name.replace(/^\uFEFF/, "").trim().toLowerCase());
  }
}

class Parser {
  #row = [];
  #field = "";
  #length = 0;
  #quoted = false;
  // Whether the character before was a quote within quotes: the next one tells whether the quotes are closed.
  #maybeClosed = false;

  *take(text) {
    for (const character of text) {
      if (this.#step(character)) yield* this.#finish();
    }
  }

  *end() {
    if (this.#quoted && !this.#maybeClosed) throw new Error("the last row has a quote that is not closed");
    yield* this.#finish();
  }

  /** Takes one character; says whether it ends the row. */
  #step(character) {
    this.#length += 1;
    if (this.#length > LONGEST_ROW) throw new Error(`a row is longer than ${LONGEST_ROW} characters`);
    if (this.#quoted) return this.#withinQuotes(character);
    if (character === '"' && this.#field === "") this.#quoted = true;
    else if (character === ",") this.#endField();
    else if (character === "\n") return true;
    else if (character !== "\r") this.#field += character;
    return false;
  }

  #withinQuotes(character) {
    if (this.#maybeClosed) {
      this.#maybeClosed = false;
      if (character === '"') {
        this.#field += '"';
        return false;
      }
      this.#quoted = false;
      if (character === ",") this.#endField();
      else if (character !== "\n" && character !== "\r") this.#field += character;
      return character === "\n";
    }
    if (character === '"') this.#maybeClosed = true;
    else this.#field += character;
    return false;
  }

  #endField() {
    this.#row.push(this.#field);
    this.#field = "";
  }

  *#finish() {
    this.#endField();
    const row = this.#row;
    this.#row = [];
    this.#length = 0;
    this.#quoted = false;
    this.#maybeClosed = false;
    if (row.length > 1 || row[0] !== "") yield row;
  }
}
