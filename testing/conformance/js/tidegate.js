// Starts a server of its own for a test file, and looks after it: the twin of `testing/harness` for
// tests that are JavaScript programs.
//
// `cargo run -p tidegate-conformance -- --only js` copies this folder to `target/conformance/js`,
// installs the packages and runs all tests; afterwards `node --test` there does.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { crc32 } from "node:zlib";

const READY_WITHIN_MS = 60_000;

/** `$TIDEGATE_BIN`, or the newest build under the `target` folder above. */
function binary() {
  if (process.env.TIDEGATE_BIN) return process.env.TIDEGATE_BIN;
  for (let folder = import.meta.dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const built = ["debug", "quick", "release"]
      .flatMap((profile) => [path.join(folder, profile, "tidegate"), path.join(folder, "target", profile, "tidegate")])
      .filter((file) => existsSync(file));
    if (built.length) return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  }
  throw new Error("there is no server: run `cargo build -p tidegate` first, or set TIDEGATE_BIN");
}

export class Server {
  #process;
  #port = 0;

  constructor(...options) {
    this.options = options;
    this.folder = mkdtempSync(path.join(tmpdir(), "tidegate-test-"));
  }

  /** Starts a server on a free port with a folder of its own. */
  static async start(...options) {
    const server = new Server(...options);
    await server.start();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it, or starts it again: same folder, same port. */
  async start() {
    const log = openSync(path.join(this.folder, "server.log"), "a");
    this.#process = spawn(
      binary(),
      ["up", "--port", String(this.#port), "--data", path.join(this.folder, "data"), ...this.options],
      { cwd: this.folder, stdio: ["ignore", "pipe", log] },
    );
    this.exited = new Promise((resolve) => this.#process.once("exit", (code, signal) => resolve(code ?? signal)));
    const ready = new Promise((resolve, reject) => {
      const lines = createInterface({ input: this.#process.stdout });
      lines.on("line", (line) => {
        const url = line.match(/http:\/\/[\d.]+:(\d+)/);
        if (url) resolve(Number(url[1]));
      });
      setTimeout(() => reject(new Error("not ready in time")), READY_WITHIN_MS).unref();
      this.exited.then((status) => reject(new Error(`the server ended with ${status}`)));
    });
    try {
      this.#port = await ready;
    } catch (error) {
      throw new Error(`${error.message}; the server's log:\n${this.log()}`);
    }
  }

  async kill() {
    this.#process.kill("SIGKILL");
    await this.exited;
  }

  /** Kills it and throws its folder away. */
  async close() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  log() {
    return readFileSync(path.join(this.folder, "server.log"), "utf8");
  }

  /** Moves time by an ISO 8601 duration; needs `--virtual-clock`. */
  async advance(duration) {
    const body = JSON.stringify({ advance: duration });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${this.url}/_tidegate/clock`, { method: "POST", body, headers });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** Waits until the server is idle, long polls aside. */
  async settle() {
    const answer = await fetch(`${this.url}/_tidegate/settle`, { method: "POST" });
    if (!answer.ok) throw new Error(await answer.text());
  }
}

/** What every client is configured with. */
export const credentials = { accessKeyId: "test", secretAccessKey: "test" };
export const region = "us-east-1";

/** A zip file with one file in it, as it is. */
export function zipped(name, text) {
  const [file, body] = [Buffer.from(name), Buffer.from(text)];
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(0x21, 8);
  common.writeUInt32LE(crc32(body), 10);
  common.writeUInt32LE(body.length, 14);
  common.writeUInt32LE(body.length, 18);
  common.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, file, body]);
  const central = Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, Buffer.alloc(14), file]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
