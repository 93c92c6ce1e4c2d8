// What is said of a step, of a message and of an event: lists of [class, text].
function aboutEvent(e) {
	switch (e.kind) {
	case START: return 'starts ' + nameOf(e.task);
	case WAKE: return 'wakes ' + nameOf(e.task);
	case CANCEL: return 'cancels ' + nameOf(e.task);
	case SEND: return 'sends ' + content(e.msg) + ' to ' + target(e.msg) + (e.msg.fate ? ' (' + e.msg.fate + ')' : '');
	case FAULT: return 'fault: ' + e.text;
	case NOTE: return 'note: ' + e.text;
	}
	return e.text ? 'error: ' + e.text : '';
}

// aboutWake is why a step's task went on.
function aboutWake(i) {
	const e = events[wokenBy[i]];
	if (!e) return '';
	const what = e.kind === START ? 'started' : e.kind === CANCEL ? 'canceled' : 'woken';
	if (e.by === BY_TASK) return what + ' by ' + nameOf(e.who) + ' at step ' + number(e.at);
	if (e.kind === CANCEL && e.text) return 'canceled: ' + e.text;
	if (e.by === BY_MESSAGE && e.msg) return what + ' by ' + content(e.msg) + ' from ' + source(e.msg);
	return e.by === BY_TIMER ? (e.kind === CANCEL ? 'canceled, its time being over' : 'woken by a timer') : what + ' from outside';
}

function aboutStep(i) {
	const lines = [['head', nameOf(step.task[i])], ['dim', clock(step.now[i]) + ', step ' + number(i)]];
	const host = tasks[step.task[i]].host, why = aboutWake(i);
	if (host && raw.hosts.length > 1) lines.push(['dim', 'on host ' + host]);
	if (why) lines.push(['', why]);
	for (const e of eventsOf(i)) {
		if (e.by === BY_TASK && e.who === step.task[i] && !(e.msg && e.msg.control && !show.acks)) lines.push([e.kind >= FAULT ? 'bad' : '', aboutEvent(e)]);
	}
	const st = raw.stacks[step.stack[i]], call = st && st[0] ? ' in ' + st[0] : '';
	switch (step.end[i]) {
	case YIELDS: lines.push(['', 'gives way' + call]); break;
	case WAITS: lines.push(['', 'waits for ' + raw.ops[step.op[i]] + (st && st[0] && st[0] !== raw.ops[step.op[i]] ? call : '')]); break;
	case ENDED: lines.push(['', 'ends']); break;
	case CANCELED: lines.push(['', 'ends, canceled']); break;
	case FAILED: lines.push(['bad', 'fails']); break;
	}
	if (st) for (const place of st.slice(1)) lines.push(['code', place]);
	const b = raw.end && raw.end.tasks && isLast(i) ? raw.end.tasks.find(b => b.t === step.task[i]) : null;
	for (const h of b && b.holds || []) {
		lines.push(['bad', 'holds the ' + h.what + (h.place ? ' since ' + h.place : '') + (h.wanted.length ? ', for which wait: ' + h.wanted.map(nameOf).join(', ') : '')]);
	}
	return lines;
}
const isLast = i => { const s = tasks[step.task[i]].steps; return s[s.length - 1] === i; };

// eventsOf are those of a step.
const eventsOf = i => events.slice(eventsFrom[i + 1], eventsFrom[i + 2]);

function aboutMessage(m) {
	const lines = [['head', content(m)], ['', source(m) + ' → ' + target(m)], ['dim', 'sent at ' + clock(m.sent) + (m.who >= 0 ? ' by ' + nameOf(m.who) : '')]];
	if (m.arrived >= 0) lines.push(['dim', 'arrived at ' + clock(m.arrived) + (m.whom >= 0 ? ', woke ' + nameOf(m.whom) : '')]);
	if (m.fate) lines.push(['bad', m.fate]);
	return lines;
}

// fill puts lines into an element, as text.
function fill(el, lines) {
	el.replaceChildren(...lines.map(([cls, text]) => {
		const p = document.createElement('p');
		if (cls) p.className = cls;
		p.textContent = text;
		return p;
	}));
}
