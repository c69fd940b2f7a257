// Keeps the page up to date and posts its forms without leaving it. Without it the page works by itself.
const params = new URLSearchParams(location.search);
let order = params.get("order");
let stream = null;
let taking = Promise.resolve();
const latest = new Map();
const newest = new Map();

const main = () => document.querySelector("main");
const address = (path) => (order ? `${path}?order=${encodeURIComponent(order)}` : path);

function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  said.classList.add("shown");
  clearTimeout(say.later);
  say.later = setTimeout(() => said.classList.remove("shown"), 4000);
}

// What came since a region was last shown is marked, so that the eye finds it.
function markFresh(region, isFirst) {
  const name = region.dataset.region;
  const seen = newest.get(name) ?? 0;
  let most = seen;
  for (const item of region.querySelectorAll("[data-n]")) {
    const n = Number(item.dataset.n);
    if (n > seen && !isFirst) item.classList.add("fresh");
    most = Math.max(most, n);
  }
  newest.set(name, most);
  for (const thread of region.querySelectorAll(".thread")) thread.scrollTop = thread.scrollHeight;
}

function show(name, { version, html }) {
  const region = document.querySelector(`[data-region="${CSS.escape(name)}"]`);
  if (!region || region.dataset.version === version) return;
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = region.querySelector("[tabindex]")?.scrollLeft ?? 0;
  region.innerHTML = html;
  region.dataset.version = version;
  const list = region.querySelector("[tabindex]");
  if (list) list.scrollLeft = scrolled;
  // A button that is gone hands the focus to the one that comes next.
  if (focused) (document.getElementById(focused) ?? region.querySelector("button:not(.quiet), button"))?.focus();
  markFresh(region, false);
  tick();
}

async function redraw() {
  const answer = await fetch(address("/board"));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement?.id;
  const chosen = [...main().querySelectorAll("select, input[type=checkbox]")];
  const wanted = [...page.querySelectorAll("main select, main input[type=checkbox]")];
  chosen.forEach((field, index) => {
    if (field.type === "checkbox") wanted[index].toggleAttribute("checked", field.checked);
    else [...wanted[index].options].forEach((one) => one.toggleAttribute("selected", one.value === field.value));
  });
  main().replaceWith(document.adoptNode(page.querySelector("main")));
  if (focused) document.getElementById(focused)?.focus();
  begin();
}

function begin() {
  newest.clear();
  for (const region of document.querySelectorAll("[data-region]")) markFresh(region, true);
  tick();
}

// One after the other: a page fetched before what is told here must not undo it.
async function take({ scene, regions }) {
  for (const [name, region] of Object.entries(regions)) latest.set(name, region);
  if (scene !== main().dataset.scene) await redraw();
  for (const [name, region] of latest) show(name, region);
}

function listen() {
  latest.clear();
  const mine = new EventSource(address("/board/live"));
  stream = mine;
  mine.onmessage = ({ data }) => {
    taking = taking.then(() => (mine === stream ? take(JSON.parse(data)) : undefined)).catch(console.warn);
  };
}

async function select(chosen) {
  stream.close();
  stream = null;
  order = chosen;
  history.replaceState(null, "", address("/board"));
  await taking;
  await redraw();
  listen();
}

async function post(form, button) {
  const fields = new URLSearchParams(new FormData(form, button));
  const headers = { Accept: "application/json" };
  button?.setAttribute("aria-busy", "true");
  try {
    const action = button?.getAttribute("formaction") ?? form.getAttribute("action");
    const answer = await fetch(action, { method: "POST", body: fields, headers });
    const { said, problem, order: other } = await answer.json();
    say(problem ?? said);
    if (other && other !== order) await select(other);
  } catch {
    say("The simulator does not answer. Is the demo still running?");
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (event) => {
  if ("plain" in event.target.dataset) return;
  event.preventDefault();
  post(event.target, event.submitter);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-order]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  select(link.dataset.order);
});

function tick() {
  const now = Date.now();
  for (const count of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.ceil((Number(count.dataset.until) - now) / 1000));
    const text = left > 90 ? `${Math.round(left / 60)} min` : `${left} s`;
    if (count.textContent !== text) count.textContent = text;
  }
  const whole = Number(main().dataset.window);
  for (const bar of document.querySelectorAll("[data-fills-until]")) {
    bar.value = 100 - Math.min(100, Math.max(0, ((Number(bar.dataset.fillsUntil) - now) / whole) * 100));
  }
  const time = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  for (const clock of document.querySelectorAll("[data-clock]")) {
    if (clock.textContent !== time) clock.textContent = time;
  }
}

begin();
listen();
setInterval(tick, 250);
