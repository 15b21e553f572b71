//! The editor in every window: nothing runs out of it, and `HAIRLINE_SCREENS` names a folder for pictures of it.

use super::page::{choose, click, draw, ready, traced, wait_for_state};
use crate::browser::{Browser, READY, WINDOWS, settle};
use crate::support::Server;

const WIDER: &str = "const [w, h] = [document.documentElement.clientWidth, document.documentElement.clientHeight];
    return [...document.querySelectorAll('.editor-bar *, .editor-tools *, .stage, .zooms')].filter((e) => {
        const box = e.getBoundingClientRect(); return box.right > w + 0.5 || box.bottom > h + 0.5 }).map((e) => e.outerHTML.slice(0, 80))";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_editor_fits_every_window() {
    let server = Server::start();
    let mut id = String::new();
    for (name, window) in WINDOWS {
        let browser = Browser::open(window).await;
        if id.is_empty() {
            browser.client.goto(&server.url).await.unwrap();
            browser.run("document.querySelector('button.sample').click()").await;
            browser.wait_for(READY).await;
            let found = browser.run("return document.querySelector('[data-prediction]').dataset.prediction").await;
            id = found.as_str().unwrap().to_owned();
        }
        browser.client.goto(&format!("{}/predictions/{id}/edit", server.url)).await.unwrap();
        ready(&browser).await;
        browser.run("document.querySelector('[data-do=fit]').click()").await;
        choose(&browser, "brush", 24).await;
        draw(&browser, &[[150.0, 120.0], [260.0, 180.0], [380.0, 150.0]]).await;
        wait_for_state(&browser, "Not saved yet; kept in this browser").await;
        settle(&browser).await;
        browser.screenshot(&format!("editor-{name}")).await;
        let wider = browser.run(WIDER).await;
        assert!(wider.as_array().unwrap().is_empty(), "{name} runs out of the window: {wider}");
        if name == "wide-light" {
            more(&browser).await;
        }
        browser.client.clone().close().await.unwrap();
    }
}

/// Tracing, pixels from near, and the sheet of keys.
async fn more(browser: &Browser) {
    choose(browser, "trace", 24).await;
    browser.run("const { mask } = document.querySelector('mask-editor'); mask.replace('nothing', new Uint8Array(mask.data.length))").await;
    click(browser, &[[203.0, 515.0], [517.0, 394.0], [923.0, 237.0]]).await;
    traced(browser).await;
    wait_for_state(browser, "Not saved yet; kept in this browser").await;
    settle(browser).await;
    browser.screenshot("editor-trace").await;
    browser.run("const { view } = document.querySelector('mask-editor').surface; view.zoomTo(12, 517 * view.scale + view.x, 394 * view.scale + view.y); document.querySelector('mask-editor').surface.redraw()").await;
    settle(browser).await;
    browser.screenshot("editor-near").await;
    browser.run("document.querySelector('[data-do=help]').click()").await;
    settle(browser).await;
    browser.screenshot("editor-keys").await;
}
