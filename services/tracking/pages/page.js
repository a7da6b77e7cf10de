// One page: an application by its code, and the mall's live stream for offices. Codes and tokens
// travel in headers only and are kept in memory only.
"use strict";

const TEXTS = {
  id: {
    skip: "Langsung ke isi", title: "Satu loket, banyak instansi", follow: "Lacak permohonan",
    code: "Kode lacak", codeHint: "13 karakter, tercetak pada tanda terima Anda", show: "Lihat",
    stages: "Tahap", timeline: "Riwayat", live: "Siaran langsung mal", token: "Token petugas",
    tokenHint: "Hanya untuk petugas dan operator; tidak disimpan", watch: "Mulai",
    stop: "Berhenti", resubmit: "Ajukan kembali", applicant: "pemohon", heldBy: "Berkas ada pada:",
    away: "Layanan tidak terjangkau; mencoba lagi.", watching: "Tersambung. Kejadian diterima:",
    ended: "Siaran dihentikan.", since: "sejak", unmet: "Belum terpenuhi:", reason: "Alasan:", document: "Loket: lacak permohonan",
  },
  en: {
    skip: "Skip to content", title: "One counter, many agencies", follow: "Follow an application",
    code: "Tracking code", codeHint: "13 characters, printed on your receipt", show: "Show",
    stages: "Stages", timeline: "History", live: "Live stream of the mall", token: "Staff token",
    tokenHint: "For officers and operators only; not kept", watch: "Start",
    stop: "Stop", resubmit: "Resubmit", applicant: "the applicant", heldBy: "The file lies with:",
    away: "The service cannot be reached; trying again.", watching: "Connected. Events received:",
    ended: "The stream was stopped.", since: "since", unmet: "Not fulfilled:", reason: "Reason:", document: "Loket: follow an application",
  },
};
const SHOWN_AT_MOST = 200;
const at = (id) => document.getElementById(id);
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

let language = "id";
let story = null;
let storyStream = null;
let watchStream = null;
let received = 0;
const entries = [];

function word(key) { return TEXTS[language][key]; }

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function told(text) {
  return element("p", text[language]);
}

function when(iso) {
  const made = element("time", new Date(iso).toLocaleString(language === "id" ? "id-ID" : "en-GB"));
  made.dateTime = iso;
  return made;
}

function line(entry) {
  const made = element("li");
  made.append(told(entry), when(entry.time));
  return made;
}

function complain(id, text) {
  at(id).textContent = text || "";
  at(id).hidden = !text;
}

async function problemOf(answer) {
  try {
    const said = await answer.json();
    return said[`title_${language}`] || said.title;
  } catch {
    return word("away");
  }
}

// ---------------------------------------------------------------- streams

// Reads server-sent events until the signal ends it; resumes behind the last position it saw.
async function follow(authorization, signal, onChange, onProblem) {
  let last = null;
  // Until the stream says another time, to each its own, so that not all come back at once.
  let rest = 1000;
  let pause = rest;
  while (!signal.aborted) {
    try {
      const headers = { Authorization: authorization, "Accept-Language": language };
      if (last !== null) headers["Last-Event-ID"] = last;
      const answer = await fetch("v1/stream", { headers, signal, cache: "no-store" });
      if (!answer.ok) {
        onProblem(await problemOf(answer));
        if (answer.status < 500 && answer.status !== 429) return;
        pause = Math.max(pause, 1000 * (Number(answer.headers.get("retry-after")) || 0));
      } else {
        onProblem("");
        for await (const frame of frames(answer.body)) {
          if (frame.retry !== undefined) rest = Number(frame.retry) || rest;
          pause = rest;
          if (frame.id !== undefined) last = frame.id;
          if (frame.data !== undefined) onChange(frame.event, JSON.parse(frame.data));
        }
      }
    } catch (problem) {
      if (signal.aborted) return;
      onProblem(word("away"));
    }
    await wait(pause * (1 + Math.random() / 2));
    pause = Math.min(pause * 2, 30000);
  }
}

async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const parts = buffer.split("\n\n");
    buffer = parts.pop();
    for (const part of parts) {
      yield Object.fromEntries(part.split("\n").filter((row) => /^[a-z]+: /.test(row))
        .map((row) => [row.slice(0, row.indexOf(":")), row.slice(row.indexOf(":") + 2)]));
    }
  }
}

// ---------------------------------------------------------------- one application

async function showStory(code) {
  const headers = { Authorization: `Loket-Code ${code}` };
  let answer;
  try {
    answer = await fetch("v1/tracking", { headers, cache: "no-store" });
  } catch {
    complain("follow-problem", word("away"));
    return false;
  }
  if (!answer.ok) {
    complain("follow-problem", await problemOf(answer));
    return false;
  }
  complain("follow-problem", "");
  story = { code, ...(await answer.json()) };
  drawStory();
  return true;
}

function drawStory() {
  if (!story) return;
  at("story").hidden = false;
  at("state").textContent = story.state_text[language];
  const names = Object.fromEntries(story.stages.map((one) => [one.agency, one.agency_name]));
  const holders = story.held_by.map((one) => (one === "applicant" ? word("applicant") : names[one]));
  at("held").textContent = holders.length ? `${word("heldBy")} ${holders.join(", ")}` : "";
  at("next").textContent = story.next[language];
  at("stages").replaceChildren(...story.stages.map(stageLine));
  at("timeline").replaceChildren(...story.timeline.map(line).reverse());
}

function stageLine(stage) {
  const made = element("li");
  const title = element("p");
  title.append(element("strong", stage[language]), ` · ${stage.agency_name}`);
  const state = element("p", stage.state_text[language]);
  if (stage.since) state.append(` ${word("since")} `, when(stage.since));
  made.append(title, state, element("small", stage.clock[language]));
  if (stage.because) {
    const label = word(stage.state === "refused" ? "reason" : "unmet");
    made.append(element("p", `${label} ${stage.because[language]}`));
  }
  if (stage.state === "returned" && story.state === "running") made.append(mend(stage));
  return made;
}

function mend(stage) {
  const button = element("button", word("resubmit"));
  button.type = "button";
  const key = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  button.addEventListener("click", async () => {
    button.disabled = true;
    const path = `v1/applications/${story.application_id}/stages/${stage.stage}/resubmit`;
    const headers = { Authorization: `Loket-Code ${story.code}`, "Idempotency-Key": key };
    try {
      const answer = await fetch(path, { method: "POST", headers });
      complain("follow-problem", answer.ok ? "" : await problemOf(answer));
    } catch {
      complain("follow-problem", word("away"));
    }
    button.disabled = false;
  });
  return button;
}

at("follow").addEventListener("submit", async (event) => {
  event.preventDefault();
  const code = at("code").value.trim();
  if (storyStream) storyStream.abort();
  story = null;
  at("story").hidden = true;
  if (!(await showStory(code))) return;
  storyStream = new AbortController();
  const again = () => showStory(code);
  follow(`Loket-Code ${code}`, storyStream.signal, again, (text) => complain("follow-problem", text));
});

// ---------------------------------------------------------------- the mall

function startWatching(token) {
  if (watchStream) watchStream.abort();
  watchStream = new AbortController();
  at("stop").hidden = false;
  const onChange = (event, entry) => {
    if (event === "change") addEntry(entry);
  };
  follow(`Bearer ${token}`, watchStream.signal, onChange, (text) => {
    complain("watch-problem", text);
    if (!text) drawWatchState();
  });
}

function addEntry(entry) {
  received += 1;
  entries.unshift(entry);
  at("entries").prepend(line(entry));
  if (entries.length > SHOWN_AT_MOST) {
    entries.pop();
    at("entries").lastElementChild.remove();
  }
  drawWatchState();
}

function drawWatchState() {
  if (!watchStream) return;
  const ended = watchStream.signal.aborted;
  at("watch-state").textContent = ended ? word("ended") : `${word("watching")} ${received}`;
}

at("watch").addEventListener("submit", (event) => {
  event.preventDefault();
  startWatching(at("token").value.trim());
  at("token").value = "";
});

at("stop").addEventListener("click", () => {
  watchStream.abort();
  at("stop").hidden = true;
  drawWatchState();
});

// ---------------------------------------------------------------- language, hand-over

at("language").addEventListener("click", () => {
  language = language === "id" ? "en" : "id";
  document.documentElement.lang = language;
  document.title = word("document");
  at("language").textContent = language === "id" ? "English" : "Bahasa Indonesia";
  at("language").lang = language === "id" ? "en" : "id";
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = word(one.dataset.text);
  at("entries").replaceChildren(...entries.map(line));
  drawStory();
  drawWatchState();
});

const handed = new URLSearchParams(location.hash.slice(1)).get("token");
if (handed) {
  // A fragment is never sent to a server; it does not stay in the address bar either.
  history.replaceState(null, "", location.pathname);
  startWatching(handed);
}
