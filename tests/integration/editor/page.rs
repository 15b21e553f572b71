//! The editor's page, driven by pointer and keys.

use std::time::Duration;

use fantoccini::actions::{InputSource, MouseActions, PointerAction};
use fantoccini::{Locator, actions::MOUSE_BUTTON_LEFT};
use serde_json::Value;

use crate::browser::{Browser, settle};
use crate::measuring::shapes::Point;
use crate::support::Server;

/// How long the pointer takes from place to place.
const MOVE: Duration = Duration::from_millis(40);

/// What the masks of a test are compared as: a value for every pixel, row by row.
pub type Mask = Vec<bool>;

/// Has the server predict a photograph; gives the prediction's id.
pub fn predict(server: &Server, photo: &[u8]) -> String {
    let answer = server.post_file("/predict?mask=none", "my wall.png", photo);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Opens the editor of a prediction at actual size.
pub async fn open(browser: &Browser, server: &Server, id: &str) {
    browser.client.goto(&format!("{}/predictions/{id}/edit", server.url)).await.unwrap();
    ready(browser).await;
}

pub async fn ready(browser: &Browser) {
    browser.wait_for("return document.querySelector('mask-editor[data-ready]') !== null").await;
    browser.run("document.querySelector('[data-do=actual]').click()").await;
    settle(browser).await;
}

/// Chooses a tool, and the brush's diameter in pixels of the photograph.
pub async fn choose(browser: &Browser, tool: &str, size: u32) {
    let script = format!(
        "const e = document.querySelector('mask-editor'); e.options.set({{ size: {size} }}); e.querySelector('[data-tool={tool}]').click()"
    );
    browser.run(&script).await;
}

/// Places on the screen, in CSS pixels, of points of the photograph; and the points that are just there.
async fn on_screen(browser: &Browser, points: &[Point]) -> Vec<([i64; 2], Point)> {
    const SCRIPT: &str = "const { surface: { view, canvas, ratio } } = document.querySelector('mask-editor');
        const box = canvas.getBoundingClientRect();
        return arguments[0].map(([x, y]) => {
            const css = [(x * view.scale + Math.round(view.x)) / ratio + box.left, (y * view.scale + Math.round(view.y)) / ratio + box.top].map(Math.round);
            const { x: px, y: py } = view.photoPoint((css[0] - box.left) * ratio, (css[1] - box.top) * ratio);
            return [css, [px, py]];
        })";
    let places = browser.client.execute(SCRIPT, vec![serde_json::json!(points)]).await.unwrap();
    serde_json::from_value(places).unwrap()
}

/// Draws along points of the photograph with the button held; gives the points that were really met.
pub async fn draw(browser: &Browser, points: &[Point]) -> Vec<Point> {
    let places = on_screen(browser, points).await;
    let mut mouse = MouseActions::new("mouse".into());
    for (i, ([x, y], _)) in places.iter().enumerate() {
        mouse = mouse.then(PointerAction::MoveTo { duration: Some(MOVE), x: *x as f64, y: *y as f64 });
        if i == 0 {
            mouse = mouse.then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        }
    }
    let mouse = mouse.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    browser.client.perform_actions(mouse).await.unwrap();
    settle(browser).await;
    places.into_iter().map(|(_, point)| point).collect()
}

/// Clicks at points of the photograph, one after the other.
pub async fn click(browser: &Browser, points: &[Point]) {
    for ([x, y], _) in on_screen(browser, points).await {
        let mouse = MouseActions::new("mouse".into())
            .then(PointerAction::MoveTo { duration: Some(Duration::ZERO), x: x as f64, y: y as f64 })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        browser.client.perform_actions(mouse).await.unwrap();
    }
}

/// Waits until all that was clicked with the tracing tool is in the mask.
pub async fn traced(browser: &Browser) {
    const SCRIPT: &str =
        "const done = arguments[0]; document.querySelector('mask-editor').tools.trace.waiting.then(() => done(true))";
    browser.client.execute_async(SCRIPT, vec![]).await.unwrap();
}

/// Presses a button that stands in the page with `data-do`.
pub async fn press(browser: &Browser, what: &str) {
    browser.client.find(Locator::Css(&format!("[data-do={what}]"))).await.unwrap().click().await.unwrap();
}

/// Waits until the state line says `text`.
pub async fn wait_for_state(browser: &Browser, text: &str) {
    let script = format!("return document.querySelector('[data-state]').textContent.startsWith({text:?})");
    browser.wait_for(&script).await;
}

/// The mask in the page.
pub async fn mask(browser: &Browser) -> Mask {
    const RUNS: &str = "const { data } = document.querySelector('mask-editor').mask; const runs = [];
        for (let i = 1, from = 0; i <= data.length; i++) if (data[i] !== data[from]) { if (data[from]) runs.push([from, i]); from = i }
        return [data.length, runs]";
    let (length, runs): (usize, Vec<[usize; 2]>) = serde_json::from_value(browser.run(RUNS).await).unwrap();
    let mut mask = vec![false; length];
    for [from, to] in runs {
        mask[from..to].fill(true);
    }
    mask
}

/// The mask that the server gives at `path`.
pub fn served(server: &Server, path: &str) -> Mask {
    let answer = server.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let picture = image::load_from_memory(&answer.body).unwrap().into_luma8();
    assert!(picture.as_raw().iter().all(|&value| value == 0 || value == 255), "{path} is no mask");
    picture.as_raw().iter().map(|&value| value == 255).collect()
}

/// SHA-256 of the photograph that the page shows.
pub async fn image(browser: &Browser) -> String {
    browser.run("return document.querySelector('mask-editor').dataset.image").await.as_str().unwrap().to_owned()
}

/// The versions of a photograph's label, newest first.
pub fn versions(server: &Server, image: &str) -> Vec<Value> {
    let answer = server.get(&format!("/api/v1/images/{image}/labels"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["labels"].as_array().unwrap().clone()
}

/// What a brush of `diameter` covers along a line: pixels whose middle is within.
pub fn stroke(line: &[Point], diameter: f64, width: usize, height: usize) -> Mask {
    let near = |x: f64, y: f64| {
        line.windows(2).any(|pair| {
            let [[ax, ay], [bx, by]] = [pair[0], pair[1]];
            let (dx, dy) = (bx - ax, by - ay);
            let share = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            (x - ax - share * dx).hypot(y - ay - share * dy) <= 0.5 * diameter
        })
    };
    (0..width * height).map(|i| near((i % width) as f64 + 0.5, (i / width) as f64 + 0.5)).collect()
}

/// Pixels that are crack in either.
pub fn both(a: &[bool], b: &[bool]) -> Mask {
    a.iter().zip(b).map(|(a, b)| *a || *b).collect()
}

/// Panics unless two masks are equal, and says where they are not.
#[track_caller]
pub fn assert_same(found: &[bool], wanted: &[bool], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}: sizes");
    let differing: Vec<usize> = (0..found.len()).filter(|&i| found[i] != wanted[i]).collect();
    assert!(differing.is_empty(), "{what}: {} pixels differ, first {:?}", differing.len(), differing.first());
}
