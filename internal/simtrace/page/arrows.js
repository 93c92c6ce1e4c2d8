// Wakes, messages, marks, and what is beside the lanes.

// visible are the events from the left edge to the right one.
function visible() {
	if (show.scale === 'step') return [eventsFrom[clamp(Math.floor(show.x0), 0, N)], eventsFrom[clamp(Math.ceil(show.x1) + 2, 0, N + 1)]];
	return [below(events, show.x0, e => e.now), below(events, show.x1, e => e.now) + 1];
}
const clamp = (x, lo, hi) => Math.max(lo, Math.min(hi, x));

// every is which of so many things are drawn, lest there be more than most.
const every = (n, most) => Math.max(1, Math.ceil(n / most));

function drawWakes(first, last) {
	const [from, to] = visible();
	if (to - from > 8000) return; // nobody could tell them apart
	const paths = { wake: new Path2D(), fail: new Path2D() };
	let n = 0;
	for (let k = from; k < to && k < events.length; k++) {
		const e = events[k];
		if (e.kind > CANCEL || e.by !== BY_TASK || e.who === e.task) continue;
		const a = rowOf[e.who], b = rowOf[e.task];
		const seen = r => r >= first && r < last;
		if (a < 0 || b < 0 || !seen(a) && !seen(b) || n > 2000) continue;
		const x = px(pick(xOf(e), e.now)), y = rowY(a) + ROW / 2, z = rowY(b) + ROW / 2 - Math.sign(b - a) * 3, d = Math.sign(b - a);
		const p = paths[e.kind === CANCEL ? 'fail' : 'wake'];
		p.moveTo(x, y); p.lineTo(x, z);
		p.moveTo(x - 3, z - 4 * d); p.lineTo(x, z); p.lineTo(x + 3, z - 4 * d);
		n++;
	}
	g.lineWidth = 1.2; g.globalAlpha = n > 300 ? 0.3 : 0.85;
	g.strokeStyle = color.wake; g.stroke(paths.wake);
	g.strokeStyle = color.cancel; g.stroke(paths.fail);
	g.globalAlpha = 1;
}

// rowFor is the row of a task or, if that has none, of a host.
const rowFor = (task, host) => task >= 0 && rowOf[task] >= 0 ? rowOf[task] : task >= 0 && show.filter ? -1 : hostRow[host] ?? -1;

function drawMessages() {
	arrows = [];
	const live = new Path2D(), dead = new Path2D(), heads = new Path2D();
	const skip = every(msgs.length, 50000);
	for (let k = 0; k < msgs.length; k += skip) {
		const m = msgs[k];
		if (m.control && !show.acks) continue;
		const lost = m.arrived < 0 && m.fate; // else it may still be on its way
		const x = pick(m.at + 0.5, m.sent), z = lost ? x : m.arrived < 0 ? span() : pick(m.lands, m.arrived);
		if (Math.max(x, z) < show.x0 || Math.min(x, z) > show.x1 || arrows.length > 4000) continue;
		const a = rowFor(m.who, m.from), b = rowFor(m.whom, m.to);
		if (a < 0 || b < 0) continue;
		const x1 = px(x), y1 = rowY(a) + ROW / 2;
		let x2 = px(z), y2 = rowY(b) + ROW / 2;
		if (lost) { y2 = (y1 + y2) / 2; x2 = x1 + 8; }
		const p = lost ? dead : live;
		p.moveTo(x1, y1); p.lineTo(x2, y2);
		if (lost) { p.moveTo(x2 - 4, y2 - 4); p.lineTo(x2 + 4, y2 + 4); p.moveTo(x2 - 4, y2 + 4); p.lineTo(x2 + 4, y2 - 4); } else {
			const l = Math.hypot(x2 - x1, y2 - y1) || 1, ux = (x2 - x1) / l, uy = (y2 - y1) / l;
			heads.moveTo(x2, y2); heads.lineTo(x2 - 8 * ux - 4 * uy, y2 - 8 * uy + 4 * ux); heads.lineTo(x2 - 8 * ux + 4 * uy, y2 - 8 * uy - 4 * ux); heads.closePath();
		}
		arrows.push({ m, x1, y1, x2, y2 });
	}
	g.lineWidth = 1.5; g.globalAlpha = arrows.length > 600 ? 0.4 : 1;
	g.strokeStyle = g.fillStyle = color.msg; g.stroke(live); g.fill(heads);
	g.strokeStyle = color.fail; g.stroke(dead);
	g.globalAlpha = 1;
}

// drawMarks draws notes, failures and faults of tasks.
function drawMarks() {
	const [from, to] = visible();
	let n = 0;
	for (let k = from; k < to && k < events.length && n < 3000; k++) {
		const e = events[k];
		if (e.kind < FAULT) continue;
		const r = e.who >= 0 ? rowOf[e.who] : -1;
		if (r < 0) continue;
		const x = px(pick(xOf(e), e.now)), y = rowY(r) + 1;
		g.fillStyle = e.kind === NOTE ? color.fg : color.fail;
		g.beginPath(); g.moveTo(x - 4, y); g.lineTo(x + 4, y); g.lineTo(x, y + 6); g.fill();
		n++;
	}
}

function drawPinned() {
	for (const [i, c] of [[show.pinned, 'fg'], [show.hover && show.hover.step !== undefined ? show.hover.step : -1, 'muted']]) {
		if (i < 0 || rowOf[step.task[i]] < 0) continue;
		const x = px(begins(i)), w = Math.max(2.5, px(ends(i)) - x - 1);
		g.strokeStyle = color[c]; g.lineWidth = 1.5;
		g.strokeRect(x - 1.5, rowY(rowOf[step.task[i]]) + 3.5, w + 3, ROW - 7);
	}
}

// ticks are about so many round numbers in the range.
function ticks(lo, hi, n) {
	const raw = (hi - lo) / n, ten = Math.pow(10, Math.floor(Math.log10(raw))), size = [1, 2, 5, 10].map(f => f * ten).find(s => s >= raw);
	const all = [];
	const least = show.scale === 'step' ? Math.max(1, size) : size, off = show.scale === 'step' ? 1 : 0;
	for (let x = Math.ceil(lo / least) * least; x <= hi + off && all.length < 100; x += least) all.push(x - off || 0);
	return [all, least];
}

function timeText(ns, size) {
	const [unit, name] = size >= 1e9 ? [1e9, 's'] : size >= 1e6 ? [1e6, 'ms'] : size >= 1e3 ? [1e3, 'µs'] : [1, 'ns'];
	return (ns / unit).toLocaleString('en', { maximumFractionDigits: 3 }) + ' ' + name;
}

function drawAxis(bottom) {
	g.fillStyle = color.bg; g.fillRect(0, 0, W, AXIS);
	g.fillStyle = color.line; g.fillRect(0, AXIS - 1, W, 1);
	g.font = '11px system-ui, sans-serif'; g.textBaseline = 'middle'; g.fillStyle = color.muted;
	g.fillText(show.scale === 'step' ? 'step' : 'virtual time', 12, 13);
	g.save(); g.beginPath(); g.rect(GUTTER - 4, 0, W, bottom); g.clip();
	const [all, size] = ticks(show.x0, show.x1, Math.max(2, (W - GUTTER) / 110));
	for (const x of all) {
		if (x < 0 || x > span()) continue;
		const p = px(x);
		g.fillStyle = color.line; g.fillRect(p, 4, 1, AXIS - 6);
		g.fillStyle = color.muted;
		g.fillText(show.scale === 'step' ? number(Math.min(x, N - 1)).toLocaleString('en') : timeText(x, size), p + 3, 13);
	}
	let free = -1e9;
	g.font = '10px system-ui, sans-serif';
	for (const b of raw.bands) {
		const a = Math.max(px(pick(b.at + 1, b.now)), GUTTER), e = b.to < 0 ? W : px(pick(b.to + 1, b.toNow)), w = g.measureText(b.text).width;
		if (e < GUTTER || a > W || a < free) continue;
		g.fillStyle = color.bg; g.fillRect(a, AXIS - 14, w + 6, 13);
		g.fillStyle = color.fault; g.fillText(b.text, a + 3, AXIS - 7);
		free = a + w + 8;
	}
	g.restore();
}

let map = null; // the numbers of steps by pixel, as they are in one scale and width
function drawMap(bottom) {
	const wide = Math.max(1, Math.floor(W - GUTTER));
	if (!map || map.scale !== show.scale || map.wide !== wide) {
		map = { scale: show.scale, wide, n: new Int32Array(wide), most: 1 };
		for (let i = 0; i < N; i++) {
			const p = clamp(Math.floor(begins(i) / span() * wide), 0, wide - 1);
			map.most = Math.max(map.most, ++map.n[p]);
		}
	}
	const at = x => GUTTER + x / span() * wide;
	g.fillStyle = color.panel; g.fillRect(0, bottom, W, MAP);
	g.fillStyle = color.line; g.fillRect(0, bottom, W, 1);
	g.fillStyle = color.wait;
	for (let p = 0; p < wide; p++) if (map.n[p]) { const h = 3 + (MAP - 8) * Math.sqrt(map.n[p] / map.most); g.fillRect(GUTTER + p, bottom + MAP - h, 1, h); }
	g.fillStyle = color.hit;
	for (let k = 0, step = every(hits.length, 5000); k < hits.length; k += step) g.fillRect(at(begins(hits[k])), bottom + 2, 2, MAP - 4);
	const a = at(clamp(show.x0, 0, span())), b = at(clamp(show.x1, 0, span()));
	g.strokeStyle = color.run; g.lineWidth = 1.5; g.strokeRect(a + 0.5, bottom + 1.5, Math.max(3, b - a - 1), MAP - 3);
	g.fillStyle = color.run; g.globalAlpha = 0.12; g.fillRect(a, bottom + 1, Math.max(3, b - a), MAP - 2); g.globalAlpha = 1;
	g.fillStyle = color.muted; g.font = '11px system-ui, sans-serif'; g.textBaseline = 'middle';
	g.fillText('all of it', 12, bottom + MAP / 2);
}
