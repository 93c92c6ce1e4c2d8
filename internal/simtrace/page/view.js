// What the reader does.
const $ = id => document.getElementById(id);
let due = false;
function redraw() {
	if (due) return;
	due = true;
	requestAnimationFrame(() => { due = false; draw(); });
}

// view shows from x0 to x1, which is put into bounds.
function view(x0, x1) {
	const least = show.scale === 'step' ? 8 : 100, all = span();
	const wide = clamp(x1 - x0, Math.min(least, all), all * 1.02), mid = (x0 + x1) / 2;
	show.x0 = clamp(mid - wide / 2, -all * 0.01, all * 1.01 - wide); show.x1 = show.x0 + wide;
	redraw();
}
const zoom = (f, at = (show.x0 + show.x1) / 2) => view(at - (at - show.x0) * f, at + (show.x1 - at) * f);
const everything = () => view(-span() * 0.01, span() * 1.01);
function scroll(dy) {
	show.top = clamp(show.top + dy, 0, Math.max(0, rows.length * ROW - (H - AXIS - MAP)));
	redraw();
}

// center brings a step into sight.
function center(i) {
	const x = begins(i), r = rowOf[step.task[i]];
	if (x < show.x0 || x > show.x1) view(x - (show.x1 - show.x0) / 2, x + (show.x1 - show.x0) / 2);
	if (r >= 0 && (rowY(r) < AXIS || rowY(r) + ROW > H - MAP)) { show.top = r * ROW - (H - AXIS - MAP) / 2; scroll(0); }
	redraw();
}

function setScale(scale) {
	const mid = show.scale === scale ? -1 : show.pinned;
	show.scale = scale;
	$('by-time').setAttribute('aria-pressed', scale === 'time');
	$('by-step').setAttribute('aria-pressed', scale === 'step');
	everything();
	if (mid >= 0) center(mid);
}

// under is what the pointer is on: a step, or a message.
function under(x, y) {
	if (x < GUTTER || y < AXIS || y > H - MAP) return null;
	const row = rows[Math.floor((y - AXIS + show.top) / ROW)];
	if (row && row.t && row.t.steps.length) {
		const s = row.t.steps;
		let k = Math.max(0, below(s, unpx(x + 0.01), begins) - 1);
		if (k + 1 < s.length && px(begins(s[k + 1])) - x < 3 && x > px(ends(s[k])) + 1) k++;
		const left = px(begins(s[k])), right = Math.max(px(ends(s[k])), left + 2.5);
		if (x >= left - 3 && x <= right + 3) return { step: s[k] };
		const a = arrow(x, y);
		if (a) return a;
		if (x > right && step.end[s[k]] < ENDED) return { step: s[k] };
		return null;
	}
	return arrow(x, y);
}

function arrow(x, y) {
	let best = null, least = 5;
	for (const a of arrows) {
		const dx = a.x2 - a.x1, dy = a.y2 - a.y1, t = clamp(((x - a.x1) * dx + (y - a.y1) * dy) / (dx * dx + dy * dy || 1), 0, 1);
		const d = Math.hypot(x - a.x1 - t * dx, y - a.y1 - t * dy);
		if (d < least) { least = d; best = { msg: a.m }; }
	}
	return best;
}

function tell(what, x, y) {
	const tip = $('tip'), old = show.hover;
	show.hover = what;
	tip.hidden = !what;
	if ((old && old.step) !== (what && what.step)) redraw();
	if (!what) return;
	fill(tip, what.msg ? aboutMessage(what.msg) : aboutStep(what.step));
	const box = tip.getBoundingClientRect();
	tip.style.left = clamp(x + 14, 4, innerWidth - box.width - 8) + 'px';
	tip.style.top = (y + 18 + box.height < innerHeight ? y + 18 : Math.max(4, y - box.height - 12)) + 'px';
}

// keep shows a step in the panel beside the lanes until it is closed.
function keep(i) {
	show.pinned = i;
	const panel = $('pinned');
	panel.hidden = i < 0;
	if (i >= 0) {
		fill(panel, aboutStep(i));
		const of = tasks[step.task[i]].steps, k = below(of, i, x => x), woken = events[wokenBy[i]];
		const go = (text, to) => {
			const b = document.createElement('button');
			b.textContent = text;
			b.onclick = () => { keep(to); if (to >= 0) center(to); };
			panel.append(b);
		};
		if (k > 0) go('← step before', of[k - 1]);
		if (k + 1 < of.length) go('step after →', of[k + 1]);
		if (woken && woken.by === BY_TASK && woken.at >= 0) go('who woke it', woken.at);
		go('close', -1);
	}
	redraw();
}

function find(text) {
	show.find = text = text.toLowerCase();
	hit.fill(0); hits = [];
	if (text) {
		const has = s => s !== undefined && s !== null && String(s).toLowerCase().includes(text);
		const stacks = raw.stacks.map(s => s.some(has)), ops = raw.ops.map(has), names = tasks.map(t => has(nameOf(t.i)));
		for (let i = 0; i < N; i++) if (step.task[i] >= 0 && (stacks[step.stack[i]] || ops[step.op[i]] || names[step.task[i]])) hit[i] = 1;
		for (const e of events) if (e.at >= 0 && e.who >= 0 && (has(e.text) || e.msg && has(content(e.msg) + ' ' + target(e.msg)))) hit[e.at] = 1;
		for (let i = 0; i < N; i++) if (hit[i]) hits.push(i);
	}
	$('hits').textContent = text ? hits.length + (hits.length === 1 ? ' step' : ' steps') : '';
	redraw();
}

function nextHit() {
	const seen = hits.filter(i => rowOf[step.task[i]] >= 0);
	if (!seen.length) return;
	const to = seen[below(seen, show.pinned + 1, x => x)] ?? seen[0];
	keep(to);
	center(to);
}

let drag = null;
canvas.addEventListener('pointerdown', e => {
	const p = place(e);
	drag = { ...p, x0: show.x0, x1: show.x1, top: show.top, moved: false, map: p.y > H - MAP };
	canvas.setPointerCapture(e.pointerId);
	if (drag.map) jump(p.x);
});
const place = e => { const b = canvas.getBoundingClientRect(); return { x: e.clientX - b.left, y: e.clientY - b.top }; };
function jump(x) {
	const at = (x - GUTTER) / (W - GUTTER) * span(), half = (show.x1 - show.x0) / 2;
	view(at - half, at + half);
}
canvas.addEventListener('pointermove', e => {
	const p = place(e);
	if (!drag) { tell(under(p.x, p.y), e.clientX, e.clientY); return; }
	if (Math.hypot(p.x - drag.x, p.y - drag.y) > 3) drag.moved = true;
	if (drag.map) { jump(p.x); return; }
	if (!drag.moved) return;
	tell(null);
	canvas.className = 'moving';
	const d = (drag.x - p.x) / (W - GUTTER) * (drag.x1 - drag.x0);
	view(drag.x0 + d, drag.x1 + d);
	show.top = drag.top; scroll(drag.y - p.y);
});
canvas.addEventListener('pointerup', e => {
	const p = place(e), what = under(p.x, p.y);
	if (drag && !drag.moved && !drag.map) keep(what && what.step !== undefined ? what.step : -1);
	drag = null; canvas.className = '';
});
canvas.addEventListener('pointerleave', () => { if (!drag) tell(null); });
canvas.addEventListener('dblclick', e => zoom(0.4, unpx(place(e).x)));
canvas.addEventListener('wheel', e => {
	e.preventDefault();
	const p = place(e), room = rows.length * ROW > H - AXIS - MAP;
	if (Math.abs(e.deltaX) > Math.abs(e.deltaY) || e.shiftKey) {
		const d = (e.deltaX || e.deltaY) / (W - GUTTER) * (show.x1 - show.x0);
		view(show.x0 + d, show.x1 + d);
	} else if (e.ctrlKey || e.metaKey || !room || p.y < AXIS || p.y > H - MAP) zoom(Math.pow(1.0015, e.deltaY), unpx(Math.max(p.x, GUTTER)));
	else scroll(e.deltaY);
}, { passive: false });
addEventListener('keydown', e => {
	if (e.target.tagName === 'INPUT') { if (e.key === 'Enter' && e.target.id === 'find') nextHit(); return; }
	const d = (show.x1 - show.x0) / 5;
	const does = { '+': () => zoom(0.6), '=': () => zoom(0.6), '-': () => zoom(1.7), 0: everything, ArrowLeft: () => view(show.x0 - d, show.x1 - d), ArrowRight: () => view(show.x0 + d, show.x1 + d),
		ArrowUp: () => scroll(-3 * ROW), ArrowDown: () => scroll(3 * ROW), Escape: () => keep(-1) }[e.key];
	if (does && !e.ctrlKey && !e.metaKey) { does(); e.preventDefault(); }
});
$('by-time').onclick = () => setScale('time');
$('by-step').onclick = () => setScale('step');
$('in').onclick = () => zoom(0.6);
$('out').onclick = () => zoom(1.7);
$('all').onclick = everything;
$('next').onclick = nextHit;
$('filter').oninput = e => { show.filter = e.target.value; layout(); redraw(); };
$('find').oninput = e => find(e.target.value);
$('wakes').onchange = e => { show.wakes = e.target.checked; redraw(); };
$('acks').onchange = e => { show.acks = e.target.checked; redraw(); };
new ResizeObserver(redraw).observe(canvas);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { colors(); redraw(); });
