// The mailbox page in a real browser: what it shows of a mail, what a hostile mail may not do, and that it
// follows what comes in. `$CHROMIUM` is the browser; `cargo run -p tidegate-conformance -- --only browser` sets it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { CreateEmailIdentityCommand, SendEmailCommand, SESv2Client } from "@aws-sdk/client-sesv2";
import { chromium } from "playwright-core";
import { credentials, region, Server } from "./tidegate.js";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const FromEmailAddress = "Shop <shop@shop.example>";
// One red pixel.
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

let server, ses, browser, page, spy;
before(async () => {
  server = await Server.start();
  ses = new SESv2Client({ endpoint: server.url, region, credentials, maxAttempts: 1 });
  await ses.send(new CreateEmailIdentityCommand({ EmailIdentity: "shop.example" }));
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: FLAGS });
  spy = await startSpy();
});
after(async () => {
  await browser?.close();
  ses?.destroy();
  spy?.close();
  await server?.close();
});
beforeEach(async () => {
  await fetch(`${server.url}/_tidegate/mail`, { method: "DELETE" });
  await page?.close();
  page = await browser.newPage();
});

/** A server of somebody else's, which notes whoever asks it for anything. */
async function startSpy() {
  const asked = [];
  const other = createServer((request, response) => {
    asked.push(request.url);
    response.setHeader("content-type", "image/png");
    response.end(Buffer.from(PIXEL, "base64"));
  }).listen(0, "127.0.0.1");
  await once(other, "listening");
  return { asked, url: `http://127.0.0.1:${other.address().port}`, close: () => other.close() };
}

async function send(subject, { text, html, attachments, from = FromEmailAddress } = {}) {
  const Body = { ...(text && { Text: { Data: text } }), ...(html && { Html: { Data: html } }) };
  const Simple = { Subject: { Data: subject }, Body, Attachments: attachments };
  const Destination = { ToAddresses: ["ann@example.org"], CcAddresses: ["bob@example.org"] };
  const sent = await ses.send(new SendEmailCommand({ FromEmailAddress: from, Destination, Content: { Simple } }));
  return sent.MessageId;
}

const visit = (hash = "") => page.goto(`${server.url}/_tidegate/mail.html${hash}`);
const row = (subject) => page.locator("#list button", { hasText: subject });
const tab = (name) => page.getByRole("tab", { name });
const inside = () => page.frameLocator("#body iframe");

describe("the mailbox page", () => {
  test("an empty mailbox says so", async () => {
    await visit();
    await page.locator("#empty").waitFor();
    assert.equal(await page.locator("#count").textContent(), "0");
  });

  test("shows a mail's HTML, text, headers, attachments and source", async () => {
    const note = Buffer.from("Grüße\n");
    await send("Grüße aus Köln", {
      text: "Hällo Text",
      html: '<h1>Hällo</h1><img id="logo" src="cid:logo"><p style="color:red">rot</p>',
      attachments: [
        { FileName: "logo.png", ContentType: "image/png", RawContent: Buffer.from(PIXEL, "base64"), ContentId: "logo", ContentDisposition: "INLINE" },
        { FileName: "näte.txt", ContentType: "text/plain", RawContent: note, ContentDisposition: "ATTACHMENT" },
      ],
    });
    await visit();
    await row("Grüße aus Köln").click();
    assert.equal(await inside().locator("h1").textContent(), "Hällo");
    const logo = inside().locator("#logo");
    await logo.waitFor();
    assert.equal(await logo.evaluate((image) => image.decode().then(() => image.naturalWidth)), 1);
    assert.match(await page.locator("#fields").textContent(), /shop@shop\.example.*ann@example\.org.*bob@example\.org/s);
    assert.ok(await page.locator("#remote").isHidden(), "nothing of this mail is elsewhere");

    await tab("Text").click();
    assert.match(await page.locator("#body pre").textContent(), /Hällo Text/);
    await tab("Headers").click();
    assert.match(await page.locator("#body table").textContent(), /Message-ID.*@email\.amazonses\.com/s);
    await tab("Source").click();
    await page.locator("#body pre", { hasText: "multipart/" }).waitFor();

    await tab("Attachments (2)").click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "näte.txt" }).click()]);
    assert.equal(download.suggestedFilename(), "näte.txt");
    assert.deepEqual(readFileSync(await download.path()), note);
  });

  test("a mail's link opens it, and an unknown one says so", async () => {
    const id = await send("by its link", { text: "here" });
    await visit(`#${id}`);
    await page.locator("#body pre", { hasText: "here" }).waitFor();
    await page.goto("about:blank");
    await visit("#absent");
    await page.locator("#none", { hasText: "there is no mail absent" }).waitFor();
  });

  test("a hostile mail runs nothing, asks nobody and changes nothing", async () => {
    const attack = (what) => `top.hacked='${what}';parent.hacked='${what}';window.hacked='${what}'`;
    const html = `<h1>hostile</h1>
      <script>${attack("script")}</script>
      <img src=x onerror="${attack("handler")}">
      <svg onload="${attack("svg")}"></svg>
      <iframe srcdoc="<script>${attack("frame")}</script>"></iframe>
      <a id="link" href="javascript:${attack("link")}">click</a>
      <form id="form" action="${spy.url}/form"><input name="a"><button id="button">send</button></form>
      <meta http-equiv="refresh" content="0;url=${spy.url}/refresh">
      <base href="${spy.url}/base/"><img src="relative.png">
      <link rel="stylesheet" href="${spy.url}/style.css"><style>@import "${spy.url}/import.css";
        body { background: url(${spy.url}/background.png) }</style>
      <img id="remote" src="${spy.url}/pixel.png"><object data="${spy.url}/object"></object>
      <video src="${spy.url}/video" autoplay></video>`;
    const evil = '<img src=x onerror="top.hacked=1">';
    await send(`hostile ${evil}`, { html, text: `${evil} text`, from: `"${evil.replaceAll('"', "'")}" <shop@shop.example>` });
    const dialogs = [];
    page.on("dialog", (dialog) => dialogs.push(dialog.message()) && dialog.dismiss());
    await visit();
    const address = page.url();
    await row("hostile").click();
    await inside().locator("h1", { hasText: "hostile" }).waitFor();
    await inside().locator("#link").click({ noWaitAfter: true });
    await inside().locator("#button").click({ noWaitAfter: true });
    await tab("Text").click();
    assert.match(await page.locator("#body pre").textContent(), /<img src=x onerror=/);
    await tab("Headers").click();
    await tab("Source").click();
    await page.locator("#body pre", { hasText: "MIME-Version" }).waitFor();
    await tab("HTML").click();
    await inside().locator("h1", { hasText: "hostile" }).waitFor();
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.equal(await page.locator("#list img, #subject img, #fields img, #body > img").count(), 0, "texts are texts");
    assert.equal(page.url().split("#")[0], address.split("#")[0]);
    assert.deepEqual(dialogs, []);
    assert.deepEqual(spy.asked, [], "nobody else is asked for anything");

    // Pictures only, and only when the reader wants them.
    await page.locator("#remote button").click();
    const picture = inside().locator("#remote");
    assert.equal(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)), 1);
    const pictures = ["/base/relative.png", "/background.png", "/pixel.png"];
    assert.deepEqual(spy.asked.filter((one) => !pictures.includes(one)), [], "pictures and nothing else");
    assert.ok(spy.asked.includes("/pixel.png"));
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  });

  test("follows what comes in and what goes", async () => {
    await visit();
    await page.locator("#empty").waitFor();
    const first = await send("first", { text: "1" });
    await row("first").waitFor();
    await send("second", { text: "2" });
    await row("second").waitFor();
    assert.deepEqual(await page.locator("#list .subject").allTextContents(), ["second", "first"]);
    await fetch(`${server.url}/_tidegate/mail/${first}`, { method: "DELETE" });
    await row("first").waitFor({ state: "detached" });
    await row("second").click();
    await tab("Delete").click();
    await page.locator("#empty").waitFor();
  });

  test("searches and pages", async () => {
    for (let at = 0; at < 55; at += 1) await send(`mail ${at}`, { text: "x" });
    await visit();
    await row("mail 54").waitFor();
    assert.equal(await page.locator("#list li").count(), 50);
    await page.locator("#more").click();
    await row("mail 0").waitFor();
    assert.equal(await page.locator("#list li").count(), 55);
    await page.locator("#search").fill("MAIL 17");
    await page.waitForFunction(() => document.querySelectorAll("#list li").length === 1);
    assert.equal(await page.locator("#list .subject").textContent(), "mail 17");
  });

  test("asks for the key where callers are checked", async () => {
    const guarded = await Server.start("--auth", "enforce");
    try {
      await page.goto(`${guarded.url}/_tidegate/mail.html`);
      await page.locator("#locked[open]").waitFor();
      await page.locator("#key").fill("wrong");
      await page.locator("#locked button").click();
      await page.locator("#locked[open]").waitFor();
      const key = readFileSync(path.join(guarded.folder, "data", "admin-key"), "utf8").trim();
      await page.locator("#key").fill(key);
      await page.locator("#locked button").click();
      await page.locator("#empty").waitFor();
    } finally {
      await guarded.close();
    }
  });
});
