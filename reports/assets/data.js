// ---- the history: decoding what reports/timeline.h packed ----

const OUTCOMES = ['?', 'ok', 'busy', 'fail', 'unknown'];
const OK = 1;
const STEP = {lock: 1, trylock: 2, unlock: 3, upgrade: 4, begin: 5, commit: 6, rollback: 7, read: 8,
    write: 9, add: 10, cas: 11};
const FLAG = {shared: 1, begin: 6, heldNo: 16, store: 32, deadline: 128};

function bytesOf(id) {
    const text = document.getElementById(id).textContent;
    if (Uint8Array.fromBase64)
        return Uint8Array.fromBase64(text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++)
        bytes[i] = binary.charCodeAt(i);
    return bytes;
}

// LEB128. Numbers above 2^31 do not fit JavaScript's bit operators.
class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }
    next() {
        let byte = this.bytes[this.at++];
        if (byte < 0x80)
            return byte;
        let number = byte & 0x7f, factor = 128;
        do {
            byte = this.bytes[this.at++];
            number += (byte & 0x7f) * factor;
            factor *= 128;
        } while (byte >= 0x80);
        return number;
    }
    signed() {
        const number = this.next();
        return number % 2 ? -(number + 1) / 2 : number / 2;
    }
}

class History {
    constructor(index) {
        this.index = index;
        Object.assign(this, JSON.parse(document.getElementById(`s${index}-data`).textContent));
        this.opCache = [];
        this.holdCache = [];
        this.levelCache = [];
    }

    // start and end in ns since the run's start; end is Infinity when it never ended.
    ops(block) {
        if (this.opCache[block])
            return this.opCache[block];
        const count = this.opBlocks[block][0];
        const ops = {
            count, start: new Float64Array(count), end: new Float64Array(count),
            shape: new Uint32Array(count), value: new Float64Array(count),
            round: new Uint32Array(count), busy: new Uint16Array(count),
        };
        const reader = new Reader(bytesOf(`s${this.index}-o${block}`));
        const rounds = new Float64Array(this.lanes.length);
        let time = 0, value = 0;
        for (let i = 0; i < count; i++) {
            const shape = reader.next();
            const lane = this.shapes[shape][0], wasBusy = this.shapes[shape][6];
            time += reader.next();
            const took = reader.next();
            value += reader.signed();
            rounds[lane] += reader.signed();
            ops.shape[i] = shape;
            ops.start[i] = time;
            ops.end[i] = took ? time + took - 1 : Infinity;
            ops.value[i] = value;
            ops.round[i] = rounds[lane];
            ops.busy[i] = wasBusy ? reader.next() : 0;
        }
        return this.opCache[block] = ops;
    }

    // `sure` is until when the hold is certain, `end` when it is certainly over.
    holds(block) {
        if (this.holdCache[block])
            return this.holdCache[block];
        const count = this.holdBlocks[block][0];
        const holds = {
            count, lane: new Uint32Array(count), lock: new Uint8Array(count),
            flags: new Uint8Array(count), start: new Float64Array(count),
            sure: new Float64Array(count), end: new Float64Array(count),
        };
        const reader = new Reader(bytesOf(`s${this.index}-h${block}`));
        let time = 0;
        for (let i = 0; i < count; i++) {
            holds.lane[i] = reader.next();
            holds.lock[i] = reader.next();
            holds.flags[i] = reader.next();
            time += reader.next();
            holds.start[i] = time;
            holds.sure[i] = time + reader.next();
            const after = reader.next();
            holds.end[i] = after ? holds.sure[i] + after - 1 : Infinity;
        }
        return this.holdCache[block] = holds;
    }

    level(i) {
        if (this.levelCache[i])
            return this.levelCache[i];
        const {buckets, width} = this.levels[i];
        const bytes = bytesOf(`s${this.index}-l${i}`), cells = buckets * this.lanes.length;
        return this.levelCache[i] = {
            buckets, width,
            ops: new Uint32Array(bytes.buffer, 0, cells),
            bad: new Uint32Array(bytes.buffer, 4 * cells, cells),
            held: new Uint8Array(bytes.buffer, 8 * cells, cells),
            waited: new Uint8Array(bytes.buffer, 9 * cells, cells),
        };
    }

    op(index) {
        const ops = this.ops(Math.floor(index / this.block)), i = index % this.block;
        const [lane, kind, lock, flags, outcome, done] = this.shapes[ops.shape[i]];
        return {
            index, lane, kind, lock, flags, done: !!done, outcome: OUTCOMES[outcome],
            start: ops.start[i], end: ops.end[i], round: ops.round[i], busy: ops.busy[i],
            value: this.valueOf(index, ops, i, kind, outcome),
        };
    }

    // As text, or '' where it has none or it is not known.
    valueOf(index, ops, i, kind, outcome) {
        const written = kind === STEP.write || kind === STEP.cas;
        if (!written && !((kind === STEP.read || kind === STEP.add) && outcome === OK))
            return '';
        return this.big[index] ?? String(ops.value[i]);
    }

    stepText(kind, lock, flags) {
        let text = this.steps[kind] ?? '?';
        if (kind === STEP.begin)
            text += [' deferred', ' immediate', ' exclusive', ''][(flags & FLAG.begin) >> 1];
        else if (this.locks.length > 1 && this.locks[lock] !== undefined)
            text += ' ' + this.locks[lock];
        if ((kind === STEP.lock || kind === STEP.trylock) && flags & FLAG.shared)
            text += ' shared';
        return text;
    }

    laneText(lane) {
        const {worker, group, container} = this.lanes[lane];
        return `worker ${worker}${group ? ` (${group})` : ''}` +
            (this.containers > 1 ? `, container ${container}` : '');
    }

    describe(op) {
        const took = op.done ? `took ${duration(op.end - op.start)}` : 'never ended';
        return `${this.laneText(op.lane)}: ${this.stepText(op.kind, op.lock, op.flags)}` +
            `${op.value === '' ? '' : ' ' + op.value}, ${op.outcome}` +
            `${op.busy ? `, found taken ${op.busy} times` : ''}, after ${duration(op.start)}, ` +
            `${took}, round ${op.round}`;
    }
}

// 1203000 -> "1.203ms", as everywhere in lockproof
function duration(ns) {
    if (ns === 0)
        return '0';
    for (const [unit, factor] of [['s', 1e9], ['ms', 1e6], ['us', 1e3]])
        if (Math.abs(ns) >= factor)
            return `${Number((ns / factor).toPrecision(4))}${unit}`;
    return `${Math.round(ns)}ns`;
}

function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith('on'))
            made.addEventListener(name.slice(2), value);
        else if (value === true)
            made.setAttribute(name, '');
        else if (value !== false && value !== undefined)
            made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
}
