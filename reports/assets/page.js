// ---- the page: each scenario's part comes to life when it is looked at ----

const alive = new Map();

function enliven(part) {
    const host = part.querySelector('.timeline');
    if (!host || alive.has(part))
        return alive.get(part);
    const history = new History(Number(host.dataset.entry));
    const timeline = new Timeline(host, history);
    const table = part.querySelector('.operations');
    if (table)
        new OperationTable(table, history, timeline);
    alive.set(part, timeline);
    return timeline;
}

function openNamed() {
    const part = document.getElementById(location.hash.slice(1))?.closest('details.result');
    if (part)
        part.open = true;
}

document.addEventListener('click', (event) => {
    const link = event.target.closest('a.jump');
    const part = link?.closest('.result');
    if (!part)
        return;
    event.preventDefault();
    const timeline = enliven(part);
    timeline.host.scrollIntoView({block: 'nearest'});
    timeline.revealMark(Number(link.dataset.witness));
});
for (const part of document.querySelectorAll('section.result'))
    enliven(part);
for (const part of document.querySelectorAll('details.result'))
    part.addEventListener('toggle', () => part.open && enliven(part));
addEventListener('hashchange', openNamed);
openNamed();
requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.ready = Math.round(performance.now());
}));
