// `node generate.js 1000 > users.csv`: as many users, each with an address of its own.
import { once } from "node:events";

const FIRST = ["Ada", "Bo", "Chiara", "Dmitri", "Esi", "Farid", "Gül", "Håkon", "Inés", "Jiří"];
const LAST = ["Okafor", "O'Brien", "García", "Nguyễn", "Smith, Jr.", 'van "Rex" Dijk', "Müller", "Sato", "Kaya", "Nowak"];
const ROWS_AT_ONCE = 1000;

const [countText = "1000"] = process.argv.slice(2);
const count = Number(countText);
if (!Number.isSafeInteger(count) || count < 0) {
  console.error("usage: node generate.js COUNT > users.csv");
  process.exit(2);
}

/** Quoted only where CSV asks for it. */
const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function row(n) {
  const name = `${FIRST[n % FIRST.length]} ${LAST[Math.floor(n / FIRST.length) % LAST.length]}`;
  return `${field(name)},user${n}@example.com\n`;
}

process.stdout.write("name,email\n");
for (let from = 1; from <= count; from += ROWS_AT_ONCE) {
  const length = Math.min(ROWS_AT_ONCE, count - from + 1);
  const text = Array.from({ length }, (_, at) => row(from + at)).join("");
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
