// The picture. What is out of sight is not drawn, and of what falls onto one pixel one thing.
const GUTTER = 200, AXIS = 36, ROW = 22, MAP = 34;
const canvas = document.getElementById('lanes'), g = canvas.getContext('2d');
const show = { scale: 'step', x0: 0, x1: 1, top: 0, wakes: true, acks: false, filter: '', find: '', hover: null, pinned: -1 };
let rows = [], rowOf = new Int32Array(0), hostRow = [], hit = new Uint8Array(N), hits = [], W = 0, H = 0, color = {}, arrows = [], spots = [];

const span = () => show.scale === 'step' ? Math.max(N, 1) : endNow;
const begins = i => show.scale === 'step' ? i : step.now[i];
const ends = i => show.scale === 'step' ? i + 1 : step.now[i];
const pick = (at, now) => show.scale === 'step' ? at : now;
const px = x => GUTTER + (x - show.x0) / (show.x1 - show.x0) * (W - GUTTER);
const unpx = p => show.x0 + (p - GUTTER) / (W - GUTTER) * (show.x1 - show.x0);
const rowY = r => AXIS + r * ROW - show.top;

// layout makes the rows: of each host its name, if there are several, and its tasks.
function layout() {
	const words = show.filter.toLowerCase().split(/\s+/).filter(w => w);
	const wanted = t => !words.length || words.some(w => String(t.id) === w || t.name.toLowerCase().includes(w) || t.host.toLowerCase() === w);
	rows = []; hostRow = []; rowOf = new Int32Array(tasks.length).fill(-1);
	const hosts = raw.hosts.length ? raw.hosts : [''];
	hosts.forEach((host, h) => {
		const of = tasks.filter(t => (t.host === host || !t.host && h === 0) && (t.steps.length || t.born >= 0) && wanted(t));
		if (hosts.length > 1 && (of.length || !words.length)) { hostRow[h] = rows.length; rows.push({ host }); }
		for (const t of of) { rowOf[t.i] = rows.length; rows.push({ t }); }
	});
	show.top = Math.max(0, Math.min(show.top, rows.length * ROW - (H - AXIS - MAP)));
}

function colors() {
	const css = getComputedStyle(document.documentElement);
	for (const c of ['bg', 'fg', 'muted', 'line', 'stripe', 'panel', 'run', 'wait', 'ready', 'ok', 'cancel', 'fail', 'msg', 'wake', 'fault', 'hit']) color[c] = css.getPropertyValue('--' + c).trim();
}

// A batch collects rectangles of one color.
class Batch {
	constructor() { this.of = new Map(); }
	add(c, x, y, w, h) { let l = this.of.get(c); if (!l) this.of.set(c, l = []); l.push(x, y, w, h); }
	paint() {
		for (const [c, l] of this.of) {
			g.fillStyle = color[c]; g.beginPath();
			for (let i = 0; i < l.length; i += 4) g.rect(l[i], l[i + 1], l[i + 2], l[i + 3]);
			g.fill();
		}
	}
}

function drawLane(t, y, thin, thick) {
	const s = t.steps, left = show.x0, right = show.x1, mid = y + ROW / 2;
	let k = Math.max(0, below(s, left, i => ends(i)) - 1);
	if (k === 0 && t.born >= 0 && s.length) line('ready', pick(t.born, t.bornNow), begins(s[0]));
	while (k < s.length && begins(s[k]) <= right) {
		let i = s[k];
		const x = px(begins(i)), w = Math.max(2.5, px(ends(i)) - x - 1);
		const many = Math.max(k + 1, below(s, unpx(x + 2.5), begins, k)); // those that fall onto the same place are one
		let c = kind(i);
		if (many > k + 1) { i = s[many - 1]; c = kind(i) === 'run' ? c : kind(i); }
		thick.add(c, Math.max(x, GUTTER - 4), y + 5, w - Math.max(0, GUTTER - 4 - x), ROW - 10);
		const next = s[many], waits = step.end[i] === WAITS;
		if (step.end[i] < ENDED) {
			const to = next === undefined ? span() : begins(next);
			let from = ends(i);
			if (waits) {
				const woken = next === undefined || wokenAt[next] < 0 ? to : Math.max(from, Math.min(to, pick(wokenAt[next], wokenNow[next])));
				line(next === undefined && cyclic.has(t.i) ? 'fail' : 'wait', from, woken, step.op[i]);
				from = woken;
			}
			if (next !== undefined || !waits) line('ready', from, to);
		}
		k = many;
	}
	function kind(i) {
		return hit[i] ? 'hit' : step.end[i] === FAILED ? 'fail' : step.end[i] === CANCELED ? 'cancel' : step.end[i] === ENDED ? 'ok' : 'run';
	}
	function line(c, from, to, op) {
		const a = Math.max(px(from), GUTTER - 4), b = Math.min(px(to), W + 4), thick = c === 'ready' ? 4 : 2;
		if (b - a < 0.5) return;
		thin.add(c, a, mid - thick / 2, b - a, thick);
		if (op && b - a > 90) labels.push([raw.ops[op].split(':')[0], a + 6, mid, b - a - 12]);
	}
}
let labels = [];
const cyclic = new Set((raw.end && raw.end.cycle || []).map(l => l.t));

function draw() {
	const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
	if (W !== box.width || H !== box.height || canvas.width !== Math.round(W * ratio)) {
		W = box.width; H = box.height;
		canvas.width = Math.round(W * ratio); canvas.height = Math.round(H * ratio);
		layout();
	}
	g.setTransform(ratio, 0, 0, ratio, 0, 0);
	g.fillStyle = color.bg; g.fillRect(0, 0, W, H);
	const bottom = H - MAP, first = Math.max(0, Math.floor(show.top / ROW)), last = Math.min(rows.length, Math.ceil((show.top + bottom - AXIS) / ROW));
	g.save();
	g.beginPath(); g.rect(0, AXIS, W, bottom - AXIS); g.clip();
	g.fillStyle = color.stripe;
	for (let r = first; r < last; r++) if (r % 2) g.fillRect(0, rowY(r), W, ROW);
	g.save();
	g.beginPath(); g.rect(GUTTER, AXIS, W - GUTTER, bottom - AXIS); g.clip();
	spots = [];
	drawBands(bottom);
	const thin = new Batch(), thick = new Batch();
	labels = [];
	for (let r = first; r < last; r++) if (rows[r].t) drawLane(rows[r].t, rowY(r), thin, thick);
	thin.paint();
	if (show.wakes) drawWakes(first, last);
	thick.paint();
	drawLabels();
	drawMessages();
	drawMarks();
	drawPinned();
	g.restore();
	drawNames(first, last);
	g.restore();
	drawAxis(bottom);
	drawMap(bottom);
}

function drawLabels() {
	g.font = '10.5px system-ui, sans-serif'; g.textBaseline = 'middle';
	for (const [text, x, y, w] of labels) {
		const at = Math.max(x, GUTTER + 6), room = w - (at - x), wide = Math.min(g.measureText(text).width, room);
		if (wide < 24) continue;
		g.fillStyle = color.bg; g.globalAlpha = 0.85; g.fillRect(at - 3, y - 6, wide + 6, 12); g.globalAlpha = 1;
		g.save(); g.beginPath(); g.rect(at - 3, y - 8, wide + 6, 16); g.clip();
		g.fillStyle = color.muted; g.fillText(text, at, y); g.restore();
	}
}

function drawBands(bottom) {
	for (const b of raw.bands) {
		const a = px(pick(b.at + 1, b.now)), e = b.to < 0 ? (b.end ? W : a + 2) : px(pick(b.to + 1, b.toNow));
		if (e < GUTTER || a > W) continue;
		g.globalAlpha = 0.13; g.fillStyle = color.fault; g.fillRect(a, AXIS, Math.max(2, e - a), bottom - AXIS);
		g.globalAlpha = 0.8; g.fillRect(a, AXIS, 1, bottom - AXIS); g.globalAlpha = 1;
	}
}

// fit is the name of a task, whose end tells more than its beginning.
const fitted = new Map();
function fit(t, room) {
	let text = fitted.get(t.i);
	if (text === undefined) {
		const name = short(t.name);
		text = nameOf(t.i);
		for (let n = name.length - 1; n > 4 && g.measureText(text).width > room; n--) text = t.id + ' …' + name.slice(-n);
		fitted.set(t.i, text);
	}
	return text;
}

function drawNames(first, last) {
	g.fillStyle = color.bg; g.fillRect(0, AXIS, GUTTER - 4, H);
	g.textBaseline = 'middle';
	g.save(); g.beginPath(); g.rect(0, AXIS, GUTTER - 8, H); g.clip();
	for (let r = first; r < last; r++) {
		const y = rowY(r) + ROW / 2, row = rows[r];
		if (r % 2) { g.fillStyle = color.stripe; g.fillRect(0, rowY(r), GUTTER, ROW); }
		g.font = row.t ? '12px system-ui, sans-serif' : '600 12px system-ui, sans-serif';
		g.fillStyle = row.t ? color.fg : color.muted;
		const left = row.t && raw.hosts.length > 1 ? 24 : 12;
		g.fillText(row.t ? fit(row.t, GUTTER - 12 - left) : row.host, left, y);
	}
	g.restore();
	g.fillStyle = color.line; g.fillRect(GUTTER - 4, AXIS, 1, H);
}
