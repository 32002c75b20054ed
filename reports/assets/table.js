// ---- the table of operations: all of them, a page at a time, with search ----

const PAGE = 100;
const SLICE_MS = 12;

// "write 42 worker:3 >1ms": words that must all fit. Returns tests of (shape, ops, i, index).
function parseQuery(history, text) {
    const tests = [];
    const units = {ns: 1, us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9};
    for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
        const named = /^(worker|w|container|c|round|value|group|lock):?(.*)$/.exec(word);
        const slow = /^>(\d+(?:\.\d+)?)(ns|us|µs|ms|s)$/.exec(word);
        const wanted = named && named[2];
        if (slow) {
            const least = Number(slow[1]) * units[slow[2]];
            tests.push((shape, ops, i) => ops.end[i] - ops.start[i] >= least);
        } else if (/^-?\d+$/.test(word)) {
            tests.push((shape, ops, i, index) =>
                history.valueOf(index, ops, i, shape[1], shape[4]) === word);
        } else if (named && /^\d+$/.test(wanted)) {
            const number = Number(wanted), what = named[1][0];
            if (what === 'w')
                tests.push((shape) => history.lanes[shape[0]].worker === number);
            else if (what === 'c')
                tests.push((shape) => history.lanes[shape[0]].container === number);
            else if (what === 'r')
                tests.push((shape, ops, i) => ops.round[i] === number);
            else
                tests.push((shape, ops, i, index) =>
                    history.valueOf(index, ops, i, shape[1], shape[4]) === wanted);
        } else {
            tests.push(wordTest(history, word.replace(/^(group|lock):/, '')));
        }
    }
    return tests;
}

// A word is looked up once a shape, not once an operation.
function wordTest(history, word) {
    const fits = history.shapes.map(([lane, kind, lock, flags, outcome]) => {
        const words = `${history.stepText(kind, lock, flags)} ${OUTCOMES[outcome]} ` +
            `${history.lanes[lane].group} ${history.locks[lock] ?? ''}`;
        return words.toLowerCase().split(' ').some((part) => part.startsWith(word));
    });
    return (shape, ops, i) => fits[ops.shape[i]];
}

class OperationTable {
    constructor(host, history, timeline) {
        this.history = history;
        this.timeline = timeline;
        this.found = null; // null: all
        this.page = 0;
        this.build(host);
        this.show();
    }

    build(host) {
        const id = `s${this.history.index}-search`;
        this.search = element('input', {
            type: 'search', id, autocomplete: 'off', spellcheck: 'false',
            placeholder: 'write 42 worker:3 fail >1ms', oninput: () => this.look()});
        this.status = element('output', {'aria-live': 'polite'});
        this.earlier = element('button', {type: 'button', onclick: () => this.turn(-1)}, 'Earlier');
        this.later = element('button', {type: 'button', onclick: () => this.turn(1)}, 'Later');
        this.body = element('tbody');
        const number = {class: 'num'};
        const head = element('tr', {}, element('th', {}, '#'), element('th', number, 'after'),
            element('th', number, 'took'), element('th', {}, 'worker'),
            element('th', number, 'container'), element('th', number, 'round'),
            element('th', {}, 'operation'), element('th', number, 'value'), element('th', {}, 'outcome'));
        host.append(
            element('div', {class: 'tools'}, element('label', {for: id}, 'Search'), this.search,
                this.earlier, this.later, this.status),
            element('div', {class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Operations'},
                element('table', {}, element('thead', {}, head), this.body)));
    }

    // Block after block, giving the page its turn in between.
    look() {
        const text = this.search.value;
        const tests = parseQuery(this.history, text);
        clearTimeout(this.timer);
        this.page = 0;
        this.found = tests.length ? [] : null;
        this.looking = tests.length > 0;
        const blocks = this.history.opBlocks.length;
        let block = 0;
        const slice = () => {
            const until = performance.now() + SLICE_MS;
            while (block < blocks && performance.now() < until)
                this.lookIn(block++, tests);
            this.looking = block < blocks;
            this.show();
            if (this.looking)
                this.timer = setTimeout(slice);
        };
        if (!tests.length)
            return this.show();
        this.status.textContent = 'looking …';
        this.timer = setTimeout(slice, 60);
    }

    lookIn(block, tests) {
        const ops = this.history.ops(block), first = block * this.history.block;
        const {shapes} = this.history;
        for (let i = 0; i < ops.count; i++)
            if (tests.every((test) => test(shapes[ops.shape[i]], ops, i, first + i)))
                this.found.push(first + i);
    }

    turn(by) {
        this.page += by;
        this.show();
    }

    show() {
        const count = this.found ? this.found.length : this.history.count;
        const first = this.page * PAGE, last = Math.min(first + PAGE, count);
        const rows = [];
        for (let i = first; i < last; i++)
            rows.push(this.row(this.history.op(this.found ? this.found[i] : i)));
        this.body.replaceChildren(...rows);
        this.earlier.disabled = this.page === 0;
        this.later.disabled = last >= count;
        const number = (n) => n.toLocaleString('en');
        this.status.textContent = (count ? `${number(first + 1)} to ${number(last)} of ` : '') +
            `${number(count)}${this.found ? ' found' : ' operations'}${this.looking ? ', looking …' : ''}`;
    }

    row(op) {
        const {worker, group, container} = this.history.lanes[op.lane];
        const cell = (text, number) => element('td', number ? {class: 'num'} : {}, String(text));
        const jump = element('button', {
            type: 'button', class: 'jump', 'aria-label': `operation ${op.index} in the timeline`,
            onclick: () => {
                this.timeline.reveal(op.index);
                this.timeline.host.scrollIntoView({block: 'nearest'});
                this.timeline.view.focus({preventScroll: true});
            }}, String(op.index));
        const outcome = op.done ? op.outcome + (op.busy ? `, ${op.busy} × taken` : '') : 'never ended';
        return element('tr', op.outcome === 'ok' ? {} : {class: 'bad'}, element('td', {}, jump),
            cell(duration(op.start), true), cell(op.done ? duration(op.end - op.start) : '', true),
            cell(`${worker}${group ? ` ${group}` : ''}`), cell(container, true), cell(op.round, true),
            cell(this.history.stepText(op.kind, op.lock, op.flags)), cell(op.value, true), cell(outcome));
    }
}
