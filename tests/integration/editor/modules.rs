//! The editor's modules without its page: undo, memory, PNG, shapes.

use serde_json::Value;

use crate::browser::{Browser, WIDE};
use crate::support::Server;

/// Runs `body`, an async function's, in a page that may import the editor's modules.
async fn in_page(body: &str) -> Value {
    let server = Server::start();
    let browser = Browser::open(WIDE).await;
    browser.client.goto(&server.url).await.unwrap();
    let script = format!(
        "const done = arguments[0];
         (async () => {{
            const [{{ MaskDocument, UNDO_LIMIT }}, raster, png] = await Promise.all(['mask', 'raster', 'png'].map((name) => import(`/assets/editor/${{name}}.js`)));
            let seed = 7;
            const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
            const sum = (data) => data.reduce((sum, value) => sum + value, 0);
            const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);
            {body}
         }})().then(done, (error) => done(`${{error}} ${{error.stack}}`))"
    );
    let answer = browser.client.execute_async(&script, vec![]).await.unwrap();
    browser.client.clone().close().await.unwrap();
    answer
}

const SCRIBBLE: &str = "const scribble = (mask) => {
    mask.begin('brush');
    const place = () => ({ x: random() * mask.width, y: random() * mask.height, r: 1 + random() * 20 });
    const kind = random();
    if (kind < 0.6) raster.stretch(mask, place(), place(), random() < 0.6 ? 1 : 0);
    else if (kind < 0.8) raster.polygon(mask, [place(), place(), place()], random() < 0.6 ? 1 : 0);
    else raster.turnArea(mask, Math.floor(random() * mask.width), Math.floor(random() * mask.height), 1e9);
    return mask.commit();
};";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn undo_and_redo_bring_back_every_pixel() {
    let body = format!(
        "{SCRIBBLE}
         const mask = new MaskDocument(301, 203);
         const states = [mask.data.slice()];
         while (states.length < 60) if (scribble(mask)) states.push(mask.data.slice());
         const wrong = [];
         const check = (what, i) => {{
            if (!same(mask.data, states[i])) wrong.push(`${{what}} ${{i}}`);
            if (mask.crackPixels !== sum(mask.data)) wrong.push(`${{what}} ${{i}}: ${{mask.crackPixels}} pixels`);
         }};
         check('done', 59);
         for (let i = 58; i >= 0; i--) {{ mask.undo(); check('undo', i); }}
         for (let i = 1; i < 60; i++) {{ mask.redo(); check('redo', i); }}
         const levels = new MaskDocument(301, 203, mask.data.slice()).levels;
         levels.forEach((level, i) => same(level.data, mask.levels[i].data) || wrong.push(`level ${{i}}`));
         return wrong.join(', ')"
    );
    assert_eq!(in_page(&body).await, "");
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn undo_stays_within_its_memory() {
    // Fills and empties a mask of 12 megapixels, the largest steps there are; a smaller limit is reached sooner.
    let body = "const mask = new MaskDocument(4000, 3000, new Uint8Array(12e6), UNDO_LIMIT / 8);
        let most = 0;
        for (let i = 0; i < 8; i++) {
            mask.replace('fill', new Uint8Array(12e6).fill(1 - (i & 1)));
            most = Math.max(most, mask.undoBytes);
        }
        const really = [...mask.done].reduce((sum, step) => sum + [...step.tiles.values()].reduce((s, bits) => s + bits.byteLength, 0), 0);
        const steps = mask.done.length;
        const state = mask.state;
        while (mask.undo());
        const floor = mask.state;
        while (mask.redo());
        return [new MaskDocument(1, 1).limit, mask.limit, most, really, steps, mask.undoBytes, Number(mask.state === state && floor !== state)]";
    let answer = in_page(body).await;
    let figures: Vec<u64> = serde_json::from_value(answer.clone()).unwrap_or_else(|_| panic!("{answer}"));
    let [usual, limit, most, really, steps, after, named] = figures[..] else { panic!("{answer}") };
    println!(
        "8 steps that each turn 12 megapixels, limit {limit}: {steps} kept, {most} bytes at most, {really} in bits"
    );
    assert_eq!(usual, 64 * 1024 * 1024);
    assert!(most <= limit && really <= most && after <= limit && (2..8).contains(&steps) && named == 1, "{answer}");
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_mask_survives_png() {
    let body = "const wrong = [];
        for (const [width, height] of [[1, 1], [7, 3], [8, 8], [301, 203], [2100, 2000]]) {
            const data = Uint8Array.from({ length: width * height }, () => random() < 0.3 ? 1 : 0);
            const back = await png.decodeMask(await png.encodeMask(data, width, height), width, height);
            if (!same(data, back)) wrong.push(`${width} × ${height}`);
        }
        return wrong.join(', ')";
    assert_eq!(in_page(body).await, "");
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn shapes_hold_the_pixels_whose_middle_they_hold() {
    let body = "const wrong = [];
        const inside = (corners, x, y) => corners.reduce((odd, a, i) => {
            const b = corners[(i + 1) % corners.length];
            return a.y <= y !== b.y <= y && x > a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y) ? !odd : odd;
        }, false);
        for (let round = 0; round < 20; round++) {
            const corners = Array.from({ length: 3 + Math.floor(random() * 5) }, () => ({ x: random() * 120 - 10, y: random() * 90 - 10 }));
            const mask = new MaskDocument(100, 70);
            mask.begin('polygon');
            raster.polygon(mask, corners, 1);
            mask.commit();
            for (let i = 0; i < 7000; i++) if (mask.data[i] !== Number(inside(corners, (i % 100) + 0.5, Math.floor(i / 100) + 0.5))) wrong.push(`polygon ${round} ${i}`);
        }
        // A ring of corners holds together, and its inside does not leak through them.
        const ring = new MaskDocument(9, 9);
        ring.begin('brush');
        const diamond = [[4, 1], [5, 2], [6, 3], [7, 4], [6, 5], [5, 6], [4, 7], [3, 6], [2, 5], [1, 4], [2, 3], [3, 2]];
        ring.keep({ x: 0, y: 0, width: 9, height: 9 });
        for (const [x, y] of diamond) ring.data[y * 9 + x] = 1;
        ring.changed({ x: 0, y: 0, width: 9, height: 9 });
        ring.commit();
        ring.begin('fill');
        if (!raster.turnArea(ring, 4, 4, 20) || ring.data[0] || sum(ring.data) !== 25) wrong.push(`filled ${sum(ring.data)}`);
        ring.commit();
        ring.begin('fill');
        if (!raster.turnArea(ring, 4, 1, 30) || sum(ring.data) !== 0) wrong.push(`removed all but ${sum(ring.data)}`);
        ring.commit();
        if (raster.turnArea(ring, 0, 0, 80)) wrong.push('too large');
        return wrong.slice(0, 5).join(', ')";
    assert_eq!(in_page(body).await, "");
}
