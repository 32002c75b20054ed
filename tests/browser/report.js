// SPDX-License-Identifier: MIT
// Opens pages that `lockproof report` made in headless Chromium and uses them as people do:
//   node report.js CHROMIUM FOLDER
// FOLDER holds broken.html (with a witness), many.html, hostile.html and million.html. Prints a line
// a check; ends with 1 when one failed. Nothing here depends on how fast the machine is.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const {chromium} = require('playwright-core');

const [program, folder] = process.argv.slice(2);
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const TIMEOUT = 120000;
let failed = 0;

function check(what, holds) {
    console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
    failed += !holds;
}

// A page of its own; what its console says wrong and what it tries to load is a failure.
async function open(context, name) {
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT);
    page.complaints = [];
    page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type()))
            page.complaints.push(message.text());
    });
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    page.on('dialog', (dialog) => {
        page.complaints.push('a dialog: something ran');
        dialog.dismiss();
    });
    page.on('request', (request) => {
        if (!/^(file|data|blob):/.test(request.url()))
            page.complaints.push(`asked for ${request.url()}`);
    });
    await page.goto('file://' + path.resolve(folder, name));
    await page.waitForFunction(() => document.documentElement.dataset.ready);
    return page;
}

async function close(page, name) {
    check(`${name}: nothing wrong on the console: ${page.complaints.join('; ') || 'nothing'}`,
        page.complaints.length === 0);
    await page.close();
}

// Text after the next frame was drawn.
const range = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() =>
    requestAnimationFrame(() => done(document.querySelector('.range').textContent)))));

async function testKeyboard(context) {
    const page = await open(context, 'broken.html');
    const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? '');
    let label = '', steps = 0;
    for (; steps < 60 && !/^1: worker/.test(label); steps++) {
        await page.keyboard.press('Tab');
        label = await focused();
    }
    check(`the witness is reached with Tab (${steps} times): ${label}`, /^1: worker/.test(label));
    await page.keyboard.press('ArrowRight');
    label = await focused();
    check(`an arrow leads to the next operation: ${label}`, /^2: worker/.test(label));
    const told = await page.textContent('.picked');
    check('it is told in words', label.startsWith(told.slice(0, 20)));
    await page.keyboard.press('End');
    const marks = await page.locator('button.mark').count();
    check('End leads to the last one', (await focused()).startsWith(`${marks}: worker`));
    for (const name of await page.locator('button, input, a, canvas, [tabindex]').evaluateAll((all) =>
        all.filter((one) => !one.getAttribute('aria-hidden') && !one.textContent.trim() &&
            !one.getAttribute('aria-label') && !one.labels?.length).map((one) => one.outerHTML)))
        check(`has a name: ${name}`, false);
    await close(page, 'keyboard');
}

async function testZoom(context) {
    const page = await open(context, 'broken.html');
    await page.focus('.view');
    const first = await range(page);
    await page.keyboard.press('+');
    const closer = await range(page);
    check(`+ zooms in: ${first} to ${closer}`, closer !== first);
    await page.keyboard.press('-');
    check('- undoes it', await range(page) === first);
    await page.keyboard.press('Home');
    const whole = await range(page);
    check(`Home shows the whole run: ${whole}`, /^0 to /.test(whole));
    await page.keyboard.press('w');
    await page.keyboard.press('ArrowRight');
    const moved = await range(page);
    check('an arrow moves on', moved !== whole && moved !== first);
    await page.click('a.jump[data-witness="0"] >> nth=0');
    check('a link in the text leads to the operation',
        await page.evaluate(() => document.activeElement.classList.contains('mark')));
    const box = await page.locator('.view canvas').boundingBox();
    const before = await range(page);
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -300);
    await page.keyboard.up('Control');
    check('the wheel zooms with Control', await range(page) !== before);
    await close(page, 'zoom');
}

async function testSearch(context) {
    const page = await open(context, 'broken.html');
    const status = page.locator('.operations output');
    const rows = page.locator('.operations tbody tr');
    const all = Number((await status.textContent()).match(/([\d,]+) operations/)[1].replace(/,/g, ''));
    check(`all ${all} operations are there`, all >= 100);
    const search = async (text, wanted) => {
        await page.fill('.operations input', text);
        await page.waitForFunction(() => {
            const told = document.querySelector('.operations output').textContent;
            return told.includes('found') && !told.includes('looking');
        });
        const texts = await rows.evaluateAll((found) => found.map((row) => row.innerText));
        check(`'${text}' finds ${await status.textContent()}`,
            texts.length > 0 && texts.every((row) => wanted.test(row)));
    };
    await search('write', /\twrite/);
    await search('read 3', /\tread\t3\t/);
    await search('w1 write', /\t1\b.*\twrite/);
    await page.fill('.operations input', 'nosuchthing');
    await page.waitForFunction(() =>
        document.querySelector('.operations output').textContent === '0 found');
    check('what is not there is not found', await rows.count() === 0);
    await page.fill('.operations input', '');
    await page.waitForFunction(() =>
        document.querySelector('.operations output').textContent.includes('operations'));
    await page.click('.operations button.jump >> nth=5');
    check('a row leads to its place in the timeline',
        /^worker \d/.test(await page.textContent('.picked')));
    await page.click('.operations button:has-text("Later")');
    check('Later turns the page', (await status.textContent()).startsWith('101 '));
    await close(page, 'search');
}

async function testMany(context) {
    const page = await open(context, 'many.html');
    const drawn = () => page.locator('details[open] .timeline .view').count();
    check('several: nothing is drawn before it is looked at', await drawn() === 0);
    await page.click('section.summary a >> nth=0');
    await page.waitForSelector('details[open] .timeline .view');
    check('a link opens its scenario', await drawn() === 1);
    await close(page, 'several');
}

async function testHostile(context) {
    const page = await open(context, 'hostile.html');
    check('a title that is a script is shown as text',
        (await page.textContent('.verdict')).includes('</script><script>'));
    check('no element came of it', await page.locator('img').count() === 0);
    await close(page, 'hostile');
}

// Layout: nothing wider than the screen, in either scheme.
async function testSizes(context) {
    for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 360], ['dark', 360]]) {
        const page = await open(context, 'broken.html');
        await page.emulateMedia({colorScheme: scheme});
        await page.setViewportSize({width, height: 800});
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        check(`${scheme}, ${width} wide: the page is ${wide} wide`, wide <= width);
        await page.screenshot({path: path.join(folder, `${scheme}-${width}.png`), fullPage: true});
        await close(page, `${scheme} ${width}`);
    }
}

// Stated, not judged: how fast depends on the machine and on who else uses it.
async function testMillion(context) {
    const page = await open(context, 'million.html');
    const ready = await page.evaluate(() => document.documentElement.dataset.ready);
    const told = await page.textContent('.operations output');
    console.log(`       ${told} are open after ${ready} ms`);
    const frames = await page.evaluate(() => new Promise((done) => {
        const times = [];
        const step = (before) => requestAnimationFrame((now) => {
            times.push(now - before);
            document.querySelector('.view').dispatchEvent(new KeyboardEvent('keydown',
                {key: times.length < 12 ? '+' : times.length < 40 ? 'ArrowRight' : '-'}));
            if (times.length < 60)
                step(now);
            else
                done(times.sort((a, b) => a - b));
        });
        step(performance.now());
    }));
    console.log(`       60 steps of zoom and pan: median ${frames[30].toFixed(0)} ms a frame, ` +
        `slowest ${frames[59].toFixed(0)} ms`);
    await page.fill('.operations input', 'unlock round:7');
    await page.waitForFunction(() => {
        const text = document.querySelector('.operations output').textContent;
        return text.includes('found') && !text.includes('looking');
    });
    check(`search over all: ${await page.textContent('.operations output')}`,
        await page.locator('.operations tbody tr').count() > 0);
    await close(page, 'million');
}

async function main() {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'lockproof-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
        executablePath: program, headless: true, args: FLAGS, viewport: {width: 1280, height: 900}});
    try {
        const tests = [testKeyboard, testZoom, testSearch, testMany, testHostile, testSizes];
        if (fs.existsSync(path.join(folder, 'million.html')))
            tests.push(testMillion);
        for (const test of tests)
            await test(context);
    } finally {
        await context.close();
        fs.rmSync(profile, {recursive: true, force: true});
    }
    process.exitCode = failed ? 1 : 0;
}

main();
