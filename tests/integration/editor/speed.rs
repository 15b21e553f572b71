//! How smooth a stroke is; wants the machine for itself.

use std::time::Duration;

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};

use super::page::{choose, open, predict};
use crate::browser::{Browser, WIDE};
use crate::measuring::statistics::percentile;
use crate::support::{Server, jpeg};

/// Within this many milliseconds a move is to be painted.
const BAR_MS: f64 = 33.0;
const MOVES: u32 = 240;

/// Notes for every place that the pointer passed how long it took until the frame that shows it was drawn.
const WATCH: &str = "const { canvas } = document.querySelector('mask-editor').surface;
    window.delays = [];
    canvas.addEventListener('pointermove', (event) => {
        if (!event.buttons) return;
        const passed = (event.getCoalescedEvents() ?? [event]).map(({ timeStamp }) => timeStamp);
        // After the editor's own callback of the same frame. Reading a pixel waits until all is drawn.
        requestAnimationFrame(() => {
            canvas.getContext('2d').getImageData(0, 0, 1, 1);
            const channel = new MessageChannel();
            channel.port1.onmessage = () => delays.push(...passed.map((time) => performance.now() - time));
            channel.port2.postMessage(null);
        });
    })";

async fn delays(browser: &Browser) -> Vec<f64> {
    let boxed = browser.run("const b = document.querySelector('[data-picture]').getBoundingClientRect(); return [b.left, b.top, b.width, b.height]").await;
    let [left, top, width, height]: [f64; 4] = serde_json::from_value(boxed).unwrap();
    let at = |i: u32| {
        let turn = f64::from(i) / f64::from(MOVES) * std::f64::consts::TAU;
        (left + width * (0.5 + 0.35 * turn.cos()), top + height * (0.5 + 0.35 * (3.0 * turn).sin()))
    };
    let place = |i: u32| PointerAction::MoveTo {
        duration: Some(Duration::from_millis(16)),
        x: at(i).0.round(),
        y: at(i).1.round(),
    };
    let mut mouse =
        MouseActions::new("mouse".into()).then(place(0)).then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
    for i in 1..=MOVES {
        mouse = mouse.then(place(i));
    }
    browser.run("window.delays.length = 0").await;
    browser.client.perform_actions(mouse.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT })).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    serde_json::from_value(browser.run("return window.delays").await).unwrap()
}

#[tokio::test]
#[ignore = "measures time: wants the machine for itself, and chromium and chromedriver"]
async fn a_stroke_on_twelve_megapixels_is_painted_as_it_is_drawn() {
    let server = Server::start();
    let id = predict(&server, &jpeg(4000, 3000));
    let browser = Browser::open(WIDE).await;
    open(&browser, &server, &id).await;
    browser.run(WATCH).await;
    for (zoom, size) in [("fit", 60), ("actual", 20)] {
        browser.run(&format!("document.querySelector('[data-do={zoom}]').click()")).await;
        choose(&browser, "brush", size).await;
        let found = delays(&browser).await;
        let within = found.iter().filter(|&&delay| delay <= BAR_MS).count() as f64 / found.len() as f64;
        let undo = browser.run("return document.querySelector('mask-editor').mask.undoBytes").await;
        println!(
            "stroke of {size} px on 12 megapixels, {zoom}: {:.1} % of {} moves painted within {BAR_MS} ms (median {:.1}, p95 {:.1} ms); undo holds {undo} bytes",
            100.0 * within,
            found.len(),
            percentile(&found, 0.5),
            percentile(&found, 0.95)
        );
        assert!(found.len() as u32 >= MOVES / 2, "too few moves came: {}", found.len());
        assert!(within >= 0.95, "{zoom}");
    }
    browser.client.clone().close().await.unwrap();
}
