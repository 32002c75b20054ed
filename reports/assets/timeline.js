// ---- the timeline: a lane a worker, holds as bars, operations in them ----

const DETAIL_BLOCKS = 4; // up to so many blocks of operations are drawn one by one
const AXIS = 24;
const GROUP = 22;

// From time to a position and back. To scale it is the time itself. In order, each stretch between
// two events of the witness gets room, the longer ones only somewhat more.
class Scale {
    constructor(points) {
        this.times = points;
        this.places = [0];
        for (let i = 1; i < points.length; i++) {
            const weight = 1 + 0.5 * Math.log10(1 + (points[i] - points[i - 1]) / 100);
            this.places.push(this.places[i - 1] + weight);
        }
        const last = points.length - 1;
        this.slope = last > 0 ? this.places[last] / (points[last] - points[0]) : 1;
    }
    static find(sorted, x) {
        let low = 0, high = sorted.length - 1;
        while (low + 1 < high) {
            const middle = (low + high) >> 1;
            if (sorted[middle] <= x)
                low = middle;
            else
                high = middle;
        }
        return low;
    }
    map(from, to, x, slope) {
        const last = from.length - 1;
        if (last < 1)
            return x;
        if (x <= from[0])
            return to[0] + (x - from[0]) * slope;
        if (x >= from[last])
            return to[last] + (x - from[last]) * slope;
        const i = Scale.find(from, x);
        return to[i] + (x - from[i]) / (from[i + 1] - from[i]) * (to[i + 1] - to[i]);
    }
    place(time) { return this.map(this.times, this.places, time, this.slope); }
    time(place) { return this.map(this.places, this.times, place, 1 / this.slope); }
}

class Timeline {
    constructor(host, history) {
        this.host = host;
        this.history = history;
        this.witness = history.witness.map((row) => ({...row, ...history.op(row.op), note: row.note}));
        this.linear = new Scale([]);
        this.ordered = this.makeOrder();
        this.scale = this.ordered ?? this.linear;
        this.onlyWitness = this.witness.length > 0 && history.lanes.length > 4;
        this.build();
        this.layOut();
        this.listen();
        this.showWitness(true);
    }

    makeOrder() {
        const times = new Set();
        for (const op of this.witness) {
            times.add(op.start);
            if (op.done)
                times.add(op.end);
        }
        const points = [...times].sort((a, b) => a - b);
        return points.length > 1 ? new Scale(points) : null;
    }

    // ---- elements ----

    build() {
        const button = (text, name, act) =>
            element('button', {type: 'button', 'aria-label': name, title: name, onclick: act}, text);
        const toggle = (text, checked, act) => {
            const box = element('input', {type: 'checkbox', checked, onchange: () => act(box.checked)});
            return element('label', {}, box, ' ' + text);
        };
        this.range = element('output', {class: 'range'});
        this.tools = element('div', {class: 'tools', role: 'toolbar', 'aria-label': 'Timeline'},
            this.witness.length ? button('Witness', 'Show the witness', () => this.showWitness()) : '',
            button('Whole run', 'Show the whole run', () => this.showAll()),
            button('+', 'Zoom in', () => this.zoom(0.5)),
            button('−', 'Zoom out', () => this.zoom(2)),
            button('←', 'Earlier', () => this.pan(-0.4)),
            button('→', 'Later', () => this.pan(0.4)),
            this.ordered ? toggle('to scale', false, (on) => this.setScale(on)) : '',
            this.onlyWitness ? toggle('all workers', false, (on) => this.setLanes(!on)) : '',
            this.range);
        this.overview = element('canvas', {class: 'overview', 'aria-hidden': 'true'});
        this.canvas = element('canvas', {
            role: 'img', 'aria-label': 'Swim lanes: one a worker, holds of locks as bars, reads and ' +
                'writes in them. The table of operations says the same in words.'});
        this.marks = element('div', {class: 'marks'});
        this.inner = element('div', {class: 'inner'}, this.canvas, this.marks);
        this.view = element('div', {
            class: 'view', tabindex: '0', role: 'group', 'aria-label': 'Timeline. Left and right ' +
                'move, plus and minus zoom, Home shows the whole run, W the witness.'}, this.inner);
        this.picked = element('p', {class: 'picked', 'aria-live': 'polite'});
        this.tip = element('div', {class: 'tip', hidden: true});
        this.host.append(this.tools, this.overview, this.view, this.tip, this.picked, this.makeLegend());
        this.buttons = this.witness.map((op, i) => this.makeMark(op, i));
        this.marks.append(...this.buttons);
    }

    makeMark(op, i) {
        return element('button', {
            type: 'button', class: op.note ? 'mark key' : 'mark', tabindex: i ? '-1' : '0',
            'aria-label': `${i + 1}: ${this.history.describe(op)}${op.note ? `; ${op.note}` : ''}`,
            onfocus: () => this.pickMark(i), onclick: () => this.pickMark(i),
            onkeydown: (event) => this.markKey(event, i),
        }, String(i + 1));
    }

    makeLegend() {
        const item = (name, text) =>
            element('li', {}, element('span', {class: `swatch ${name}`, 'aria-hidden': 'true'}), text);
        const items = [item('hold', 'holds the lock'), item('unsure', 'may hold it still'),
            item('wait', 'waits for it'), item('read', 'read'), item('write', 'write'),
            item('bad', 'not ok')];
        if (this.history.opBlocks.length > DETAIL_BLOCKS)
            items.push(item('many', 'from far: operations in each stretch'));
        if (this.witness.length)
            items.push(item('key', 'what went wrong'));
        if (this.history.faults.length)
            items.push(item('fault', 'fault'));
        return element('ul', {class: 'legend'}, ...items);
    }

    // ---- rows ----

    layOut() {
        const {lanes, containers} = this.history;
        const wanted = new Set(this.witness.map((op) => op.lane));
        const shown = lanes.map((_, i) => i).filter((i) => !this.onlyWitness || wanted.has(i));
        shown.sort((a, b) => lanes[a].container - lanes[b].container || a - b);
        const height = shown.length <= 12 ? 50 : shown.length <= 40 ? 26 : 16;
        this.rows = [];
        this.rowOf = [];
        let y = AXIS, container = -1;
        for (const lane of shown) {
            if (containers > 1 && lanes[lane].container !== container) {
                container = lanes[lane].container;
                this.rows.push({container, y, height: GROUP});
                y += GROUP;
            }
            this.rowOf[lane] = {lane, y, height};
            this.rows.push(this.rowOf[lane]);
            y += height;
        }
        this.height = y + 6;
        this.inner.style.height = `${this.height}px`;
        this.resize();
    }

    resize() {
        const ratio = window.devicePixelRatio || 1;
        const style = getComputedStyle(this.host);
        const colors = {};
        this.color = (name) => colors[name] ??= style.getPropertyValue(`--${name}`).trim();
        this.width = this.view.clientWidth || 600;
        this.gutter = this.width < 560 ? 74 : 132;
        this.shownHeight = Math.min(this.height, 520);
        this.view.style.height = `${this.shownHeight}px`;
        for (const [canvas, height] of [[this.canvas, this.shownHeight], [this.overview, 36]]) {
            canvas.width = Math.round(this.width * ratio);
            canvas.height = Math.round(height * ratio);
            canvas.style.width = `${this.width}px`;
            canvas.style.height = `${height}px`;
            canvas.getContext('2d').setTransform(ratio, 0, 0, ratio, 0, 0);
        }
    }

    // ---- what is shown: [from, until] in places of the scale ----

    show(from, until) {
        const whole = this.scale.place(this.history.span) - this.scale.place(0);
        const least = this.scale === this.linear ? 20 : 0.01;
        let width = Math.min(Math.max(until - from, least), whole * 1.04);
        let middle = (from + until) / 2;
        middle = Math.min(Math.max(middle, this.scale.place(0)), this.scale.place(this.history.span));
        this.from = middle - width / 2;
        this.until = middle + width / 2;
        this.draw();
    }

    showTimes(from, until, margin) {
        const a = this.scale.place(from), b = this.scale.place(until), extra = (b - a) * margin;
        this.show(a - extra, b + extra);
    }

    showAll() {
        if (this.scale !== this.linear)
            this.setScale(true);
        this.showTimes(0, this.history.span, 0.02);
    }

    showWitness(first) {
        if (!this.witness.length)
            return this.showAll();
        const ends = this.witness.map((op) => (op.done ? op.end : op.start));
        this.showTimes(Math.min(...this.witness.map((op) => op.start)), Math.max(...ends), 0.08);
        if (first || !this.buttons.length)
            return;
        this.view.scrollTop = Math.max(0, this.rowOf[this.witness[0].lane].y - 60);
    }

    setScale(linear) {
        const from = this.scale.time(this.from), until = this.scale.time(this.until);
        this.scale = linear || !this.ordered ? this.linear : this.ordered;
        const box = this.tools.querySelector('input');
        if (box && this.ordered)
            box.checked = this.scale === this.linear;
        this.showTimes(from, until, 0);
    }

    setLanes(onlyWitness) {
        this.onlyWitness = onlyWitness;
        this.layOut();
        this.draw();
    }

    zoom(factor, at = 0.5) {
        const middle = this.from + (this.until - this.from) * at;
        this.show(middle - (middle - this.from) * factor, middle + (this.until - middle) * factor);
    }

    pan(part) {
        const by = (this.until - this.from) * part;
        this.show(this.from + by, this.until + by);
    }

    // Brings an operation into view and tells of it.
    reveal(index) {
        const op = this.history.op(index);
        if (!this.rowOf[op.lane])
            this.setLanes(false);
        const place = this.scale.place(op.start);
        if (place < this.from || place > this.until || this.isFar()) {
            this.scale = this.linear;
            const around = Math.max(op.done ? op.end - op.start : 0, 1000) * 20;
            this.setScale(true);
            this.showTimes(op.start - around, op.start + around, 0);
        }
        this.scrollTo(op.lane);
        this.pick(op);
    }

    scrollTo(lane) {
        const {y, height} = this.rowOf[lane];
        if (y < this.view.scrollTop + AXIS || y + height > this.view.scrollTop + this.shownHeight)
            this.view.scrollTop = Math.max(0, y - this.shownHeight / 2);
    }

    revealMark(i) {
        const op = this.witness[i];
        const place = this.scale.place(op.start);
        if (!this.rowOf[op.lane])
            this.setLanes(false);
        if (place < this.from || place > this.until || this.isFar()) {
            if (this.ordered)
                this.setScale(false);
            this.showWitness();
        }
        this.scrollTo(op.lane);
        this.drawNow(); // a mark that is still out of sight takes no focus
        this.buttons[i].focus({preventScroll: true});
    }

    pickMark(i) {
        this.buttons.forEach((button, k) => button.setAttribute('tabindex', k === i ? '0' : '-1'));
        const {note} = this.witness[i];
        this.pick(this.witness[i], `${i + 1}: `, note ? `; ${note}` : '');
    }

    pick(op, before = '', after = '') {
        this.pickedOp = op.index;
        this.picked.textContent = before + this.history.describe(op) + after;
        this.draw();
    }

    // ---- hands ----

    markKey(event, i) {
        const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
        const to = event.key === 'Home' ? 0 : event.key === 'End' ? this.buttons.length - 1
            : step ? i + step : -1;
        if (to < 0 || to >= this.buttons.length)
            return;
        event.preventDefault();
        event.stopPropagation();
        this.revealMark(to);
    }

    listen() {
        const keys = {
            ArrowLeft: () => this.pan(-0.15), ArrowRight: () => this.pan(0.15),
            '+': () => this.zoom(0.5), '=': () => this.zoom(0.5), '-': () => this.zoom(2),
            Home: () => this.showAll(), w: () => this.showWitness(), W: () => this.showWitness(),
        };
        this.view.addEventListener('keydown', (event) => {
            if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey)
                return;
            event.preventDefault();
            keys[event.key]();
        });
        this.view.addEventListener('scroll', () => this.draw());
        this.view.addEventListener('wheel', (event) => this.wheel(event), {passive: false});
        this.listenPointers();
        this.overview.addEventListener('pointerdown', (event) => this.seek(event));
        this.overview.addEventListener('pointermove', (event) => event.buttons && this.seek(event));
        new ResizeObserver(() => {
            if (this.view.clientWidth !== this.width) {
                this.resize();
                this.draw();
            }
        }).observe(this.view);
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
            this.resize();
            this.draw();
        });
    }

    wheel(event) {
        if (event.ctrlKey || event.metaKey) {
            event.preventDefault();
            this.zoom(Math.exp(event.deltaY / 200), this.shareAt(event));
        } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
            event.preventDefault();
            this.pan((event.deltaX || event.deltaY) / this.width);
        }
    }

    shareAt(event) {
        const x = event.clientX - this.view.getBoundingClientRect().left;
        return Math.min(Math.max((x - this.gutter) / (this.width - this.gutter), 0), 1);
    }

    // One pointer pans, two zoom; a click picks.
    listenPointers() {
        const down = new Map();
        let moved = 0;
        this.canvas.addEventListener('pointerdown', (event) => {
            down.set(event.pointerId, event.clientX);
            moved = 0;
            this.canvas.setPointerCapture(event.pointerId);
        });
        this.canvas.addEventListener('pointermove', (event) => {
            if (!down.has(event.pointerId))
                return this.hover(event);
            const before = [...down.values()];
            const by = event.clientX - down.get(event.pointerId);
            down.set(event.pointerId, event.clientX);
            moved += Math.abs(by);
            const after = [...down.values()];
            if (down.size === 2)
                this.zoom(Math.abs(before[0] - before[1]) / Math.max(Math.abs(after[0] - after[1]), 1),
                    this.shareAt({clientX: (after[0] + after[1]) / 2}));
            else
                this.pan(-by / (this.width - this.gutter));
        });
        const up = (event) => {
            down.delete(event.pointerId);
            const hit = moved < 4 && event.type === 'pointerup' ? this.hit(event) : null;
            if (hit)
                this.pick(this.history.op(hit.index));
        };
        this.canvas.addEventListener('pointerup', up);
        this.canvas.addEventListener('pointercancel', up);
        this.canvas.addEventListener('pointerleave', () => this.tip.hidden = true);
        this.canvas.addEventListener('dblclick', (event) => this.zoom(0.4, this.shareAt(event)));
    }

    seek(event) {
        const box = this.overview.getBoundingClientRect();
        const share = (event.clientX - box.left - this.gutter) / (this.width - this.gutter);
        const middle = this.scale.place(share * this.history.span);
        this.show(middle - (this.until - this.from) / 2, middle + (this.until - this.from) / 2);
    }

    hit(event) {
        const box = this.canvas.getBoundingClientRect();
        const x = event.clientX - box.left, y = event.clientY - box.top + this.view.scrollTop;
        let best = null, near = 6;
        for (const drawn of this.drawn ?? []) {
            if (y < drawn.y || y > drawn.y + drawn.height)
                continue;
            const off = x < drawn.x ? drawn.x - x : Math.max(x - drawn.until, 0);
            if (off < near) {
                near = off;
                best = drawn;
            }
        }
        return best;
    }

    hover(event) {
        const hit = this.hit(event);
        this.tip.hidden = !hit;
        if (!hit)
            return;
        this.tip.textContent = this.history.describe(this.history.op(hit.index));
        const box = this.host.getBoundingClientRect();
        const left = Math.min(event.clientX - box.left + 12, this.width - 260);
        this.tip.style.left = `${Math.max(left, 0)}px`;
        this.tip.style.top = `${event.clientY - box.top + 16}px`;
    }

    // ---- drawing ----

    x(time) {
        const share = (this.scale.place(time) - this.from) / (this.until - this.from);
        return this.gutter + share * (this.width - this.gutter);
    }

    blocksIn(blocks, from, until) {
        const found = [];
        blocks.forEach(([, begin, end], i) => {
            if (begin <= until && end >= from)
                found.push(i);
        });
        return found;
    }

    isFar() {
        const blocks = this.blocksIn(this.history.opBlocks, this.scale.time(this.from),
            this.scale.time(this.until));
        return blocks.length > DETAIL_BLOCKS;
    }

    draw() {
        if (this.frame)
            return;
        this.frame = requestAnimationFrame(() => {
            this.frame = 0;
            this.drawNow();
        });
    }

    drawNow() {
        const pen = this.canvas.getContext('2d');
        this.top = this.view.scrollTop;
        this.left = this.scale.time(this.from);
        this.right = this.scale.time(this.until);
        this.placeMarks();
        pen.clearRect(0, 0, this.width, this.shownHeight);
        pen.font = '12px system-ui, sans-serif';
        pen.save();
        pen.translate(0, -this.top);
        this.drawRows(pen);
        pen.beginPath();
        pen.rect(this.gutter, 0, this.width - this.gutter, this.height);
        pen.clip();
        this.drawFaults(pen);
        this.drawn = [];
        if (this.isFar())
            this.drawFar(pen);
        else
            this.drawNear(pen);
        pen.restore();
        this.drawAxis(pen);
        this.drawOverview();
        this.range.textContent = `${duration(Math.max(this.left, 0))} to ` +
            `${duration(Math.min(this.right, this.history.span))}` +
            (this.scale === this.linear ? '' : ', not to scale');
        this.host.dataset.drawn = this.drawn.length;
    }

    seen(row) {
        return row && row.y + row.height > this.top && row.y < this.top + this.shownHeight;
    }

    drawRows(pen) {
        this.rows.forEach((row, i) => {
            if (!this.seen(row))
                return;
            pen.textBaseline = 'middle';
            const y = row.y + row.height / 2;
            if (row.lane === undefined) {
                pen.fillStyle = this.color('band');
                pen.fillRect(0, row.y, this.width, row.height);
                pen.fillStyle = this.color('muted');
                pen.fillText(`container ${row.container}`, 8, y);
                return;
            }
            pen.fillStyle = this.color('line');
            pen.fillRect(0, row.y + row.height - 1, this.width, 1);
            const {worker, group} = this.history.lanes[row.lane];
            pen.fillStyle = this.color('text');
            const name = this.gutter < 100 ? `w ${worker}` : `worker ${worker}`;
            const below = group && row.height >= 40;
            this.fitText(pen, name, 8, below ? y - 7 : y, this.gutter - 12);
            pen.fillStyle = this.color('muted');
            if (below)
                this.fitText(pen, group, 8, y + 8, this.gutter - 12);
        });
    }

    fitText(pen, text, x, y, width) {
        while (text.length > 2 && pen.measureText(text).width > width)
            text = text.slice(0, -2) + '…';
        pen.fillText(text, x, y);
    }

    drawFaults(pen) {
        for (const fault of this.history.faults) {
            const x = this.x(fault.from), width = Math.max(this.x(fault.until) - x, 3);
            pen.fillStyle = this.color('fault');
            pen.globalAlpha = 0.25;
            pen.fillRect(x, AXIS, width, this.height - AXIS);
            pen.globalAlpha = 1;
            pen.fillRect(x, AXIS, 1.5, this.height - AXIS);
            pen.fillText(`${fault.fault} ${fault.target}`, x + 4, AXIS + 8);
        }
    }

    // Shares of levels, a cell about a pixel.
    drawFar(pen) {
        const {levels} = this.history;
        const pixel = (this.right - this.left) / (this.width - this.gutter);
        let i = levels.length - 1;
        while (i > 0 && levels[i].width > 2 * pixel)
            i--;
        const level = this.history.level(i);
        const first = Math.max(Math.floor(this.left / level.width), 0);
        const last = Math.min(Math.ceil(this.right / level.width), level.buckets);
        const hold = this.color('hold'), wait = this.color('wait'), bad = this.color('bad');
        const most = this.most(i, level);
        for (const row of this.rows) {
            if (row.lane === undefined || !this.seen(row))
                continue;
            const base = row.lane * level.buckets, bottom = row.y + row.height - 4;
            const room = row.height - 8;
            for (let b = first; b < last; b++) {
                const cell = base + b;
                if (!level.ops[cell] && !level.held[cell])
                    continue;
                const x = this.x(b * level.width), width = this.x((b + 1) * level.width) - x + 0.3;
                const held = Math.max(level.held[cell] / 255 * room, level.held[cell] ? 1 : 0);
                const waited = level.waited[cell] / 255 * room;
                const many = level.ops[cell] / most * room;
                if (many > held + waited) {
                    pen.fillStyle = this.color('many');
                    pen.fillRect(x, bottom - many, width, many);
                }
                if (waited) {
                    pen.fillStyle = wait;
                    pen.fillRect(x, bottom - Math.min(held + waited, room), width, waited);
                }
                if (held) {
                    pen.fillStyle = hold;
                    pen.fillRect(x, bottom - held, width, held);
                }
                if (level.bad[cell]) {
                    pen.fillStyle = bad;
                    pen.fillRect(x, row.y + 1, width, 2);
                }
            }
        }
    }

    // The fullest cell of a level.
    most(i, level) {
        this.mosts ??= [];
        return this.mosts[i] ??= level.ops.reduce((most, count) => Math.max(most, count), 1);
    }

    drawNear(pen) {
        for (const i of this.blocksIn(this.history.holdBlocks, this.left, this.right))
            this.drawHolds(pen, this.history.holds(i));
        const waiting = [];
        for (const i of this.blocksIn(this.history.opBlocks, this.left, this.right))
            this.drawOps(pen, this.history.ops(i), i * this.history.block, waiting);
        for (const label of waiting)
            if (label)
                this.drawLabel(pen, label, this.width);
    }

    // Bars have the lower part of a lane, words the upper one if there is room for words.
    zone(row) {
        return row.height >= 40 ? {y: row.y + 22, height: row.height - 28}
            : {y: row.y + 4, height: row.height - 8};
    }

    drawHolds(pen, holds) {
        for (let i = 0; i < holds.count; i++) {
            const row = this.rowOf[holds.lane[i]];
            const end = Math.min(holds.end[i], this.history.lanes[holds.lane[i]].last);
            if (holds.start[i] > this.right || end < this.left || !this.seen(row))
                continue;
            const {y, height} = this.zone(row);
            const x = Math.max(this.x(holds.start[i]), -10);
            const sure = Math.min(this.x(holds.sure[i]), this.width + 10);
            const last = Math.min(this.x(end), this.width + 10);
            pen.fillStyle = this.color('hold');
            pen.globalAlpha = holds.flags[i] & 1 ? 0.25 : 0.5;
            pen.fillRect(x, y, Math.max(sure - x, 1), height);
            pen.globalAlpha = 1;
            pen.strokeStyle = this.color('hold');
            if (sure - x > 3) {
                pen.lineWidth = 1.5;
                pen.strokeRect(x, y, sure - x, height);
            }
            if (last - sure > 2) {
                pen.lineWidth = 1;
                pen.setLineDash([3, 3]);
                pen.strokeRect(sure, y, last - sure, height);
                pen.setLineDash([]);
            }
        }
    }

    drawOps(pen, ops, first, waiting) {
        const {shapes} = this.history;
        const inWitness = new Set(this.witness.map((op) => op.index));
        const noted = new Set(this.witness.filter((op) => op.note).map((op) => op.index));
        const covered = [];
        const fills = {[STEP.read]: 'read', [STEP.write]: 'write', [STEP.add]: 'write',
            [STEP.cas]: 'write'};
        for (let i = 0; i < ops.count && ops.start[i] <= this.right; i++) {
            const shape = shapes[ops.shape[i]];
            const lane = shape[0], kind = shape[1], outcome = shape[4], done = shape[5];
            const row = this.rowOf[lane];
            const end = done ? ops.end[i] : this.history.lanes[lane].last;
            if (end < this.left || !this.seen(row))
                continue;
            const zone = this.zone(row), index = first + i;
            const acquire = kind === STEP.lock || kind === STEP.trylock || kind === STEP.begin ||
                kind === STEP.upgrade;
            const x = Math.max(this.x(ops.start[i]), -10);
            const until = Math.max(Math.min(this.x(end), this.width + 10), x + 2);
            const marked = inWitness.has(index) || index === this.pickedOp;
            if (until < (covered[lane] ?? 0) + 0.3 && outcome === OK && !marked)
                continue; // would be drawn over a neighbour's pixels
            covered[lane] = until;
            const y = acquire ? zone.y + zone.height / 3 : zone.y + 3;
            const height = acquire ? zone.height / 3 : zone.height - 6;
            pen.fillStyle = this.color(fills[kind] ?? 'wait');
            pen.fillRect(x, y, until - x, height);
            if (outcome !== OK) {
                pen.strokeStyle = this.color('bad');
                pen.lineWidth = 2;
                pen.strokeRect(x, y, until - x, height);
            }
            if (marked) {
                pen.strokeStyle = this.color(noted.has(index) ? 'key' : 'text');
                pen.lineWidth = index === this.pickedOp || noted.has(index) ? 3 : 1.5;
                pen.strokeRect(x - 1, zone.y, until - x + 2, zone.height);
            }
            this.drawn.push({index, x, until, y: row.y, height: row.height});
            if (row.height < 40)
                continue;
            if (waiting[lane])
                this.drawLabel(pen, waiting[lane], x);
            waiting[lane] = {index, x, y: row.y, kind, shape, ops, i,
                mark: inWitness.has(index)};
        }
    }

    // Words only where the lane's next operation leaves room for them.
    drawLabel(pen, label, next) {
        const kind = label.shape[1], lock = label.shape[2], flags = label.shape[3];
        const outcome = label.shape[4];
        const value = this.history.valueOf(label.index, label.ops, label.i, kind, outcome);
        let text = this.history.stepText(kind, lock, flags);
        if (value !== '')
            text += ` ${value}`;
        if (outcome !== OK)
            text += ` ${OUTCOMES[outcome]}`;
        const left = label.mark ? (this.markLeft.get(label.index) ?? label.x) + 23 : label.x;
        const x = Math.max(left, this.gutter);
        if (x + pen.measureText(text).width + 4 > next)
            return;
        pen.fillStyle = this.color(label.mark ? 'text' : 'muted');
        pen.textBaseline = 'middle';
        pen.fillText(text, x, label.y + 12);
    }

    drawAxis(pen) {
        pen.fillStyle = this.color('card');
        pen.fillRect(0, 0, this.width, AXIS);
        pen.fillStyle = this.color('line');
        pen.fillRect(0, AXIS - 1, this.width, 1);
        pen.textBaseline = 'middle';
        let free = this.gutter;
        for (const time of this.ticks()) {
            const x = this.x(time), text = duration(time);
            if (x < this.gutter || x > this.width)
                continue;
            pen.fillStyle = this.color('line');
            pen.fillRect(x, AXIS - 6, 1, 6);
            const width = pen.measureText(text).width;
            if (x - width / 2 < free || x + width / 2 > this.width)
                continue;
            pen.fillStyle = this.color('muted');
            pen.fillText(text, x - width / 2, AXIS / 2 - 2);
            free = x + width / 2 + 10;
        }
    }

    ticks() {
        if (this.scale !== this.linear)
            return this.scale.times;
        const rough = (this.right - this.left) / Math.max((this.width - this.gutter) / 110, 1);
        const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
        const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough) ?? rough;
        const found = [];
        for (let t = Math.max(Math.ceil(this.left / step), 0) * step; t <= this.right; t += step)
            found.push(t);
        return found;
    }

    // Marks that would lie on one another move to the right.
    placeMarks() {
        const taken = [];
        this.markLeft = new Map();
        const far = this.isFar();
        this.witness.forEach((op, i) => {
            const row = this.rowOf[op.lane], button = this.buttons[i];
            let x = this.x(op.start);
            button.hidden = !row || x < this.gutter - 2 || x > this.width || (far && i > 0);
            if (button.hidden)
                return;
            x = Math.max(x - 1, taken[op.lane] ?? 0);
            taken[op.lane] = x + 21;
            this.markLeft.set(op.index, x);
            button.style.left = `${x}px`;
            button.style.top = `${row.y + (row.height >= 40 ? 2 : -4)}px`;
        });
    }

    drawOverview() {
        const pen = this.overview.getContext('2d');
        const {levels, lanes, span} = this.history;
        pen.clearRect(0, 0, this.width, 36);
        let i = levels.length - 1;
        while (i > 0 && levels[i].buckets < (this.width - this.gutter) / 3)
            i--;
        this.totals ??= [];
        this.totals[i] ??= this.sumLanes(this.history.level(i), lanes.length);
        const totals = this.totals[i], most = Math.max(...totals, 1), room = this.width - this.gutter;
        const at = (time) => this.gutter + time / span * room;
        pen.fillStyle = this.color('muted');
        pen.textBaseline = 'middle';
        pen.font = '12px system-ui, sans-serif';
        this.fitText(pen, 'whole run', 8, 18, this.gutter - 12);
        pen.fillStyle = this.color('wait');
        totals.forEach((total, b) => {
            const x = at(b * levels[i].width), height = total ? 2 + 28 * total / most : 0;
            pen.fillRect(x, 34 - height, Math.max(at((b + 1) * levels[i].width) - x, 0.5), height);
        });
        pen.fillStyle = this.color('fault');
        pen.globalAlpha = 0.4;
        for (const fault of this.history.faults)
            pen.fillRect(at(fault.from), 0, Math.max(at(fault.until) - at(fault.from), 2), 36);
        pen.globalAlpha = 1;
        if (this.witness.length) {
            pen.fillStyle = this.color('key');
            pen.fillRect(at(this.witness[0].start) - 1.5, 0, 3, 36);
        }
        const x = at(Math.max(this.left, 0)), until = at(Math.min(this.right, span));
        pen.strokeStyle = this.color('text');
        pen.lineWidth = 1.5;
        pen.strokeRect(Math.min(x, this.width - 5), 1, Math.max(until - x, 4), 34);
    }

    sumLanes(level, lanes) {
        const totals = new Array(level.buckets).fill(0);
        for (let lane = 0; lane < lanes; lane++)
            for (let b = 0; b < level.buckets; b++)
                totals[b] += level.ops[lane * level.buckets + b];
        return totals;
    }
}
