// Keeps the inbox up to date: cards come as the server renders them, in the order of its stream.
"use strict";

const STREAM = "/v1/me/inbox/stream", COUNTS = "/v1/me/inbox/counts", CARDS = "/inbox/cards/";
const AGAIN_AFTER = 5000, MANY = 99;
const list = document.querySelector("[data-inbox]");
const part = (name) => document.querySelector(`[data-${name}]`);
const isArchive = "archive" in list.dataset, isFirst = "first" in list.dataset;
let position = list.dataset.change;
let work = Promise.resolve();

// One card after the other: what is asked for first must not come in last.
const inTurn = (todo) => { work = work.then(todo).catch(() => {}); return work; };
const shown = (order) => [...list.children].find((card) => card.dataset.order === order);
const numberOf = (card) => Number(card.dataset.number);

function connect() {
  const source = new EventSource(`${STREAM}?after=${position}`);
  source.addEventListener("open", () => { part("lost").hidden = true; });
  source.addEventListener("card", (event) => {
    position = event.lastEventId;
    const card = JSON.parse(event.data);
    inTurn(() => update(card.order_id, card));
  });
  source.addEventListener("counts", (event) => count(JSON.parse(event.data).unread));
  source.addEventListener("error", () => {
    part("lost").hidden = false;
    // While it connects the browser tries by itself; what was refused it gives up.
    if (source.readyState === EventSource.CLOSED) setTimeout(reconnect, AGAIN_AFTER);
  });
}

async function reconnect() {
  const answer = await fetch(COUNTS).catch(() => null);
  if (answer?.status !== 401) return connect();
  part("lost").hidden = true;
  part("over").hidden = false;
}

async function update(order, card) {
  const old = shown(order);
  if (card && card.archived !== isArchive) return remove(old);
  if (old && card && Number(old.dataset.change) >= card.change) return;
  // What is further down than this page shows is on another.
  if (!old && card && !placeOf(card.number)) return;
  const answer = await fetch(CARDS + encodeURIComponent(order));
  if (!answer.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  const fresh = holder.content.querySelector("li");
  if ("archived" in fresh.dataset !== isArchive) return remove(old);
  show(fresh, old);
}

function placeOf(number) {
  if (!isFirst) return null;
  const below = [...list.children].find((other) => numberOf(other) < number);
  return below ? { before: below } : "more" in list.dataset ? null : { before: null };
}

function show(fresh, old) {
  const isNews = !old || numberOf(fresh) > numberOf(old);
  const key = old?.contains(document.activeElement) ? document.activeElement.closest("[data-key]")?.dataset.key ?? "" : null;
  if (old) {
    fresh.querySelector("details").open = old.querySelector("details").open;
    if (isNews && isFirst) { old.remove(); list.prepend(fresh); } else old.replaceWith(fresh);
  } else {
    list.insertBefore(fresh, placeOf(numberOf(fresh))?.before ?? null);
  }
  if (key !== null) focusOn(fresh, key);
  if (isNews) {
    fresh.classList.add("fresh");
    if (!isArchive) announce(`${fresh.querySelector("h2").textContent}. ${fresh.querySelector(".inbox-text").textContent}`);
  }
  watch(fresh);
  part("nothing").hidden = true;
}

function focusOn(card, key) {
  const same = key && card.querySelector(`[data-key="${key}"]`);
  (same?.querySelector("summary") ?? same ?? card.querySelector("h2")).focus();
}

function remove(card) {
  if (!card) return;
  const hadFocus = card.contains(document.activeElement);
  const next = card.nextElementSibling ?? card.previousElementSibling;
  card.remove();
  if (hadFocus) (next?.querySelector("h2") ?? document.querySelector(".inbox-top nav a")).focus();
  part("nothing").hidden = list.children.length > 0;
}

function announce(text) { part("said").textContent = text; }

function count(unread) {
  const badge = part("count"), all = part("all");
  const said = unread > MANY ? `${MANY}+` : String(unread);
  badge.hidden = unread === 0;
  badge.querySelector("[data-number]").textContent = said;
  if (all) all.hidden = unread === 0;
  document.title = (unread ? `(${said}) ` : "") + list.dataset.title;
}

// Forms do without us; with us nobody loses their place on the page.
list.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, card = form.closest("li"), order = card.dataset.order;
  const answer = await fetch(form.action, { method: "POST", redirect: "manual" }).catch(() => null);
  if (answer?.type !== "opaqueredirect") return form.submit();
  await inTurn(() => update(order));
  if (!shown(order)) announce(list.dataset.putAway);
});

// A card is seen once most of it was on a screen that somebody looks at.
const inView = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) entry.isIntersecting ? inView.add(entry.target) : inView.delete(entry.target);
  see();
}, { threshold: 0.6 });

function watch(card) { if ("unseen" in card.dataset) watcher.observe(card); }

function see() {
  if (document.visibilityState !== "visible") return;
  for (const card of inView) {
    inView.delete(card);
    watcher.unobserve(card);
    const { path, number } = card.dataset;
    fetch(`/v1/me/inbox/${path}/seen?number=${number}`, { method: "POST" }).catch(() => {});
  }
}

// Time passes on a page that stays open.
const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang);
function age() {
  for (const time of document.querySelectorAll("[data-ago]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const [unit, size] = units.find(([, size]) => seconds >= size) ?? [];
    if (unit) time.textContent = relative.format(-Math.round(seconds / size), unit);
  }
}

for (const card of list.children) watch(card);
document.addEventListener("visibilitychange", see);
setInterval(age, 30000);
connect();
