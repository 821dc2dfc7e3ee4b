// The mailbox page. What comes out of a mail is only ever put in as text; its HTML goes into a frame
// without scripts, forms or an origin.
'use strict';

const LIMIT = 50;
const WAIT_SECONDS = 25;
const by = (id) => document.getElementById(id);
const state = { search: '', shown: null, cursor: null, change: null, remote: false, tab: null, waiting: null };

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

async function ask(path, options = {}) {
  const key = sessionStorage.getItem('key');
  const headers = { accept: 'application/json', ...(key && { 'x-tidegate-admin-key': key }) };
  const answer = await fetch(path, { ...options, headers });
  if (answer.status === 403 && await unlock()) return ask(path, options);
  if (!answer.ok) {
    const text = await answer.text();
    let message = text;
    try { message = JSON.parse(text).message ?? text; } catch { /* not JSON */ }
    throw Object.assign(new Error(message), { status: answer.status });
  }
  return answer;
}

function unlock() {
  const dialog = by('locked');
  return new Promise((resolve) => {
    dialog.onclose = () => {
      const key = by('key').value;
      if (key) sessionStorage.setItem('key', key);
      resolve(key !== '');
    };
    if (!dialog.open) dialog.showModal();
  });
}

function query(more) {
  const parameters = new URLSearchParams({ limit: LIMIT, ...more });
  if (state.search) parameters.set('q', state.search);
  return `/_tidegate/mail?${parameters}`;
}

function row(mail) {
  const at = new Date(mail.date);
  const button = element('button', { type: 'button', onclick: () => open(mail.id) },
    element('div', { className: 'row' },
      element('span', { textContent: mail.from || '(no sender)' }),
      element('time', { dateTime: mail.date, textContent: shortTime(at), title: at.toLocaleString() })),
    element('div', { className: 'subject', textContent: mail.subject || '(no subject)' }),
    element('div', { className: 'row soft' },
      element('span', { textContent: `to ${mail.to.join(', ')}` }),
      element('span', { textContent: bytes(mail.size) })));
  button.dataset.id = mail.id;
  button.ariaCurrent = String(mail.id === state.shown);
  return element('li', {}, button);
}

function shortTime(at) {
  const today = new Date().toDateString() === at.toDateString();
  return today ? at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : at.toLocaleDateString();
}

function bytes(size) {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${(size / 1e3).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

function showPage(page, append) {
  const rows = page.messages.map(row);
  if (append) by('list').append(...rows); else by('list').replaceChildren(...rows);
  state.cursor = page.cursor;
  by('more').hidden = !page.cursor;
  by('empty').hidden = by('list').children.length > 0;
  by('count').textContent = page.count.toLocaleString();
}

// Asks for the first page, and then again as soon as something has changed.
async function follow() {
  state.waiting?.abort();
  const mine = state.waiting = new AbortController();
  let change = null;
  let pause = 1000;
  while (!mine.signal.aborted) {
    try {
      const wait = change === null ? {} : { since: change, wait: WAIT_SECONDS };
      const page = await (await ask(query(wait), { signal: mine.signal })).json();
      if (page.change !== change) showPage(page, false);
      change = page.change;
      by('state').textContent = '';
      pause = 1000;
    } catch (error) {
      if (mine.signal.aborted) return;
      by('state').textContent = `not connected: ${error.message}`;
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 15000);
      change = null;
    }
  }
}

async function older() {
  try {
    showPage(await (await ask(query({ cursor: state.cursor }))).json(), true);
  } catch (error) { by('state').textContent = error.message; }
}

async function open(id) {
  state.shown = id;
  state.remote = false;
  for (const button of by('list').querySelectorAll('button')) button.ariaCurrent = String(button.dataset.id === id);
  if (location.hash.slice(1) !== encodeURIComponent(id)) history.replaceState(null, '', `#${encodeURIComponent(id)}`);
  try {
    const mail = await (await ask(path(id))).json();
    if (state.shown === id) showMail(mail);
  } catch (error) {
    close();
    by('none').textContent = error.message;
  }
}

function close() {
  state.shown = null;
  by('message').hidden = true;
  by('none').hidden = false;
}

const path = (id, rest = '') => `/_tidegate/mail/${encodeURIComponent(id)}${rest}`;

function showMail(mail) {
  by('none').hidden = true;
  by('message').hidden = false;
  by('subject').textContent = mail.subject || '(no subject)';
  const fields = [
    ['From', mail.from.join(', ') || mail.envelope.from], ['To', mail.to.join(', ')], ['Cc', mail.cc.join(', ')],
    ['Reply to', mail.replyTo.join(', ')], ['Date', new Date(mail.date).toLocaleString()],
    ['Envelope', `${mail.envelope.from || '<>'} → ${mail.envelope.to.join(', ')}`],
    ['Sent by', `account ${mail.account}, ${mail.region}`],
  ].filter(([, value]) => value).flatMap(([name, value]) => [
    element('dt', { textContent: name }), element('dd', { textContent: value })]);
  for (const one of mail.delivery?.recipients ?? []) {
    fields.push(element('dt', { textContent: one.state }), element('dd', {
      className: one.state === 'bounced' ? 'bad' : '', textContent: `${one.recipient} ${one.diagnosis}` }));
  }
  by('fields').replaceChildren(...fields);
  const tabs = [
    mail.html !== null && ['HTML', () => showHtml(mail)],
    mail.text !== null && ['Text', () => showText(mail.text)],
    mail.attachments.length > 0 && [`Attachments (${mail.attachments.length})`, () => showAttachments(mail)],
    ['Headers', () => showHeaders(mail)],
    ['Source', async () => showText(await (await ask(path(mail.id, '/raw'))).text())],
    ['Delete', () => remove(mail.id)],
  ].filter(Boolean);
  const buttons = tabs.map(([name, show]) => element('button', {
    type: 'button', role: 'tab', textContent: name, onclick: () => select(name) }));
  const select = (name) => {
    by('remote').hidden = true;
    buttons.forEach((button, at) => { button.ariaSelected = String(tabs[at][0] === name); });
    Promise.resolve(tabs.find(([one]) => one === name)[1]()).catch((error) => showText(error.message));
  };
  by('tabs').replaceChildren(...buttons);
  select(tabs[0][0]);
}

function showText(text) {
  by('body').replaceChildren(element('pre', { textContent: text }));
}

function showHeaders(mail) {
  const rows = mail.headers.map(({ name, value }) => element('tr', {},
    element('th', { textContent: name }), element('td', { textContent: value })));
  by('body').replaceChildren(element('table', {}, ...rows));
}

function showAttachments(mail) {
  const rows = mail.attachments.map((one) => element('tr', {},
    element('td', {}, element('button', {
      type: 'button', textContent: one.name, onclick: () => download(mail.id, one) })),
    element('td', { textContent: one.contentType }), element('td', { textContent: bytes(one.size) })));
  by('body').replaceChildren(element('table', {}, ...rows));
}

const attachment = async (id, one) => (await ask(path(id, `/attachments/${one.index}`))).blob();

async function download(id, one) {
  const url = URL.createObjectURL(await attachment(id, one));
  element('a', { href: url, download: one.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// The mail's own HTML. The frame has no origin and may do nothing; a policy of its own keeps it from
// asking the network, until the reader wants its pictures.
async function showHtml(mail) {
  let html = mail.html;
  for (const one of mail.attachments) {
    if (!one.contentId || !html.includes(`cid:${one.contentId}`)) continue;
    html = html.replaceAll(`cid:${one.contentId}`, await dataUrl(await attachment(mail.id, one)));
  }
  if (state.shown !== mail.id) return;
  const from = state.remote ? 'data: http: https:' : 'data:';
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src ${from}; font-src ${from}; media-src ${from}`;
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}"><base target="_blank">`;
  const frame = element('iframe', { title: 'message', referrerPolicy: 'no-referrer', srcdoc: head + html });
  frame.setAttribute('sandbox', 'allow-popups allow-popups-to-escape-sandbox');
  by('body').replaceChildren(frame);
  by('remote').hidden = state.remote || !/(src|background)\s*=\s*["']?https?:|url\(\s*["']?https?:/i.test(html);
  by('remote').querySelector('button').onclick = () => { state.remote = true; showHtml(mail); };
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function remove(id) {
  await ask(path(id), { method: 'DELETE' });
  if (state.shown === id) close();
}

let typing = 0;
by('search').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => { state.search = by('search').value.trim(); follow(); }, 150);
});
by('more').addEventListener('click', older);
by('clear').addEventListener('click', async () => {
  if (!confirm('Delete every message in the mailbox?')) return;
  try {
    await ask('/_tidegate/mail', { method: 'DELETE' });
    close();
  } catch (error) { by('state').textContent = error.message; }
});
const fromAddress = () => { if (location.hash.length > 1) open(decodeURIComponent(location.hash.slice(1))); };
addEventListener('hashchange', fromAddress);
fromAddress();
follow();
