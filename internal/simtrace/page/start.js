// The words round the picture, and the first look.
function summary() {
	$('title').textContent = document.title = raw.title;
	const parts = [(N + raw.missing).toLocaleString('en') + ' steps', tasks.length.toLocaleString('en') + (tasks.length === 1 ? ' task' : ' tasks'),
		clock(endNow < 2 ? 0 : endNow) + ' of virtual time', 'seed ' + raw.seed];
	if (raw.missing) parts.push(raw.missing.toLocaleString('en') + ' steps after step ' + raw.kept + ' were not kept');
	$('sum').textContent = parts.join(' · ');
	const how = raw.end && raw.end.kind || raw.err && 'error';
	if (!how) return;
	const b = document.createElement('b');
	b.textContent = ' · ' + ({ timers: 'deadlock of some tasks', stuck: 'a step did not come back' }[how] || how);
	$('sum').append(b);
}

function ending() {
	const box = $('end'), add = (tag, text, cls) => {
		const el = document.createElement(tag);
		el.textContent = text;
		if (cls) el.className = cls;
		box.append(el);
		return el;
	};
	if (raw.end && raw.end.cycle) {
		add('h2', 'They wait for each other', 'bad');
		const list = add('ol', '');
		raw.end.cycle.forEach((l, i) => {
			const next = nameOf(raw.end.cycle[(i + 1) % raw.end.cycle.length].t), li = document.createElement('li');
			li.textContent = nameOf(l.t) + ' waits for ' + (l.for ? 'the ' + l.for + ' that ' + next + ' holds' + (l.place ? ' since ' + l.place : '') : 'the end of ' + next);
			list.append(li);
		});
	}
	const text = raw.end && raw.end.text || raw.err;
	if (text) {
		const more = add('details', ''), head = document.createElement('summary'), pre = document.createElement('pre');
		head.textContent = 'How it ended: ' + text.split('\n')[0];
		head.className = 'bad';
		pre.textContent = text;
		more.append(head, pre);
	}
	box.hidden = !text && !(raw.end && raw.end.cycle);
}

summary();
ending();
$('text').querySelector('pre').textContent = raw.text;
colors();
layout();
draw();
setScale(step.now.length && new Set(step.now).size >= N / 10 && endNow > 1 ? 'time' : 'step');

// For tests: what is in sight, and where.
window.anyioTrace = {
	show,
	rows: () => rows.map(r => r.t ? nameOf(r.t.i) : 'host ' + r.host),
	place: i => { const b = canvas.getBoundingClientRect(); return { x: b.left + Math.max(px(begins(i)) + 1, GUTTER), y: b.top + rowY(rowOf[step.task[i]]) + ROW / 2 }; },
	arrows: () => { const b = canvas.getBoundingClientRect(); return arrows.map(a => ({ x: b.left + (a.x1 + a.x2) / 2, y: b.top + (a.y1 + a.y2) / 2, lost: a.m.arrived < 0 })); },
	steps: N,
	draw: () => { const t = performance.now(); draw(); g.getImageData(0, 0, 1, 1); return performance.now() - t; },
};
