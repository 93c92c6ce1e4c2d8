// The run as the file has it, and what is looked up in it again and again.
const raw = JSON.parse(document.getElementById('data').textContent);
const N = raw.steps.task.length;
const YIELDS = 1, WAITS = 2, ENDED = 3, CANCELED = 4, FAILED = 5;
const START = 0, WAKE = 1, CANCEL = 2, SEND = 3, FAULT = 4, NOTE = 5, FAIL = 6;
const BY_TASK = 0, BY_TIMER = 1, BY_MESSAGE = 2;

// sums turns differences into Float64Array of their sums.
function sums(of) {
	const to = new Float64Array(of.length);
	let at = 0;
	for (let i = 0; i < of.length; i++) to[i] = at += of[i];
	return to;
}
const step = {
	task: Int32Array.from(raw.steps.task), now: sums(raw.steps.now), end: Uint8Array.from(raw.steps.end),
	op: Int32Array.from(raw.steps.op), stack: Int32Array.from(raw.steps.stack),
};
const msgs = raw.msgs.map(([from, to, src, dst, what, bytes, packets, control, who, whom, at, sent, arrived, fate]) =>
	({ from, to, src, dst, what, bytes, packets, control, who, whom, at, sent, arrived, fate, lands: -1 }));
const events = raw.events.map(([kind, by, at, now, who, task, msg, text]) => ({ kind, by, at, now, who, task, msg: msgs[msg], text }));
const endNow = Math.max(1, raw.last || 0, N ? step.now[N - 1] : 0);

// below is the first place in list, from lo on, where key(list[i]) >= x.
function below(list, x, key, lo = 0) {
	let hi = list.length;
	while (lo < hi) {
		const mid = (lo + hi) >> 1;
		if (key(list[mid]) < x) lo = mid + 1; else hi = mid;
	}
	return lo;
}

// Of each task: its steps, and where it began. Of each step: when it was let go on, before it.
const tasks = raw.tasks.map(([id, name, host], i) => ({ i, id, name, host, steps: [], born: -1, bornNow: 0 }));
for (let i = 0; i < N; i++) if (step.task[i] >= 0) tasks[step.task[i]].steps.push(i);
const wokenAt = new Float64Array(N).fill(-1), wokenNow = new Float64Array(N), wokenBy = new Int32Array(N).fill(-1);
const eventsFrom = new Int32Array(N + 2); // those of step i are from i+1 on, up to those of i+2
for (const e of events) eventsFrom[e.at + 2]++;
for (let k = 1; k < N + 2; k++) eventsFrom[k] += eventsFrom[k - 1];
const xOf = e => e.by === BY_TASK ? e.at + 0.5 : e.at + 1; // in steps
events.forEach((e, i) => {
	if (e.kind > CANCEL || e.task < 0) return;
	const t = tasks[e.task];
	if (e.kind === START) { t.born = xOf(e); t.bornNow = e.now; }
	const next = t.steps[below(t.steps, e.at + 1, s => s)];
	if (next !== undefined && wokenAt[next] < 0) { wokenAt[next] = xOf(e); wokenNow[next] = e.now; wokenBy[next] = i; }
	if (e.msg && e.by === BY_MESSAGE && e.msg.lands < 0) e.msg.lands = e.at + 1;
});
for (const t of tasks) if (t.born < 0 && t.steps.length) { t.born = t.steps[0]; t.bornNow = step.now[t.steps[0]]; }
for (const m of msgs) if (m.lands < 0 && m.arrived >= 0) m.lands = below(step.now, m.arrived, x => x);

const number = i => i < raw.kept || !raw.missing ? i + 1 : i + 1 + raw.missing;
const nameOf = t => t < 0 ? '' : tasks[t].id + ' ' + short(tasks[t].name);

// short is the name of a task without the path of the package of its function.
function short(name) {
	const end = name.slice(name.lastIndexOf('/') + 1);
	return /[\s<>]/.test(name) || !end.includes('.') ? name : end;
}

// clock is a virtual time as text.
function clock(ns) {
	const day = Math.floor(ns / 864e11), ms = ns % 864e11 / 1e6;
	const two = (x, n = 2) => String(Math.floor(x)).padStart(n, '0');
	const frac = ns % 1e6 ? two(ns % 1e9, 9) : two(ms % 1000, 3);
	return (day ? day + 'd ' : '') + two(ms / 36e5) + ':' + two(ms / 6e4 % 60) + ':' + two(ms / 1e3 % 60) + '.' + frac;
}

// content is what a message is.
function content(m) {
	if (m.control) return 'an acknowledgement';
	if (!m.bytes) return m.what || 'a packet';
	return m.bytes + ' bytes' + (m.what ? ' (' + m.what + ')' : '') + (m.packets > 1 ? ' in ' + m.packets + ' packets' : '');
}
const source = m => raw.hosts[m.from] + ':' + m.src, target = m => raw.hosts[m.to] + ':' + m.dst;
